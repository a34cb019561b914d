// SPDX-License-Identifier: GPL-2.0-only
/** Litmus programs on several cores: each works on one at a time, and takes the next. */
import { Core } from "../explore/outside/core.ts";
import type { LitmusAnswer, LitmusRequest } from "../explore/protocol.ts";

export interface Answered {
	answer: LitmusAnswer;
	/** How long it took. */
	seconds: number;
}

/** The answers to all, in their order, each as soon as it and those before it are known. */
export async function* on_cores(bundle: string, questions: LitmusRequest[], jobs: number): AsyncGenerator<Answered> {
	const cores = Array.from({ length: Math.min(jobs, questions.length) }, () => new Core(bundle, Infinity));
	/* A question waits for the first core that has nothing to do. */
	const idle = [...cores];
	const waiting: ((core: Core) => void)[] = [];
	const answers = questions.map(async (question) => {
		const core = idle.pop() ?? (await new Promise<Core>((resolve) => waiting.push(resolve)));
		try {
			const start = performance.now();
			const answer = await core.call("litmus", question);
			return { answer, seconds: (performance.now() - start) / 1000 };
		} finally {
			const next = waiting.shift();
			if (next) next(core);
			else idle.push(core);
		}
	});
	/* Whoever asks for one sees its error; nobody may come so far. */
	for (const a of answers) a.catch(() => {});
	try {
		for (const a of answers) yield await a;
	} finally {
		await Promise.all(cores.map((core) => core.close()));
	}
}
