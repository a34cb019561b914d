// SPDX-License-Identifier: GPL-2.0-only
/**
 * Tests in herd7's language: what comes out, as herd7 prints it; what is
 * refused, with its line; and that it is said what was not looked at.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { stepper_bundle } from "../explore/outside/explorer.ts";
import type { LitmusAnswer, LitmusRequest } from "../explore/protocol.ts";
import type { Model } from "../explore/outside/types.ts";
import { UserError } from "../lib/errors.ts";
import { here } from "../lib/root.ts";
import { holds, parse_prop, print_condition } from "./condition.ts";
import { agreement, make_ready, question, report } from "./herd_run.ts";
import { load_kernel } from "./litmus.ts";
import { Tokens } from "./tokens.ts";

const kernel = (await load_kernel(await stepper_bundle())) as unknown as {
	LITMUS_OPS: string[];
	litmus_states(
		cpus: LitmusRequest["cpus"],
		model: Model,
		places: string[],
		max: number,
		search: undefined,
		init: LitmusRequest["init"],
	): LitmusAnswer;
};

/** The answer to a test, and what of the model was not looked at. */
function look(text: string, model: Model = "lkmm") {
	const ready = make_ready("t.litmus", text, kernel.LITMUS_OPS);
	const { cpus, places, init } = question(ready, model, 10_000);
	const answer = kernel.litmus_states(cpus, model, places, 10_000, undefined, init);
	return { ...report(ready, model, answer, 0), unseen: ready.unseen, problem: answer.problem };
}

const MP = (write: string, read: string, condition = "exists (1:r1=1 /\\ 1:r2=0)") => `C MP
(* Message passing: READ_ONCE( *x) is no comment (* and this is one in one *). *)
{}
P0(int *x, int *y) { // Producer
	WRITE_ONCE(*x, 1);
	${write}
}
P1(int *x, int *y) {
	int r1; /* flag */
	int r2;
	${read}
	r2 = READ_ONCE(*x);
}
${condition} (* Bad. *)
`;
const RELEASE = "smp_store_release(y, 1);";
const ACQUIRE = "r1 = smp_load_acquire(y);";

test("what is printed is what herd7 prints", (t) => {
	t.is(
		look(MP(RELEASE, ACQUIRE)).text,
		`Test MP Allowed
States 3
1:r1=0; 1:r2=0;
1:r1=0; 1:r2=1;
1:r1=1; 1:r2=1;
No
Witnesses
Positive: 0 Negative: 3
Condition exists (1:r1=1 /\\ 1:r2=0)
Observation MP Never 0 3
Time MP 0.00
`,
	);
	/* ~exists is met by the states that are not as it says. */
	const forbidden = look(MP("WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y);", "~exists (1:r1=1 /\\ 1:r2=0)"));
	t.regex(forbidden.text, /^Test MP Forbidden\nStates 4\n[\s\S]*\nNo\nWitnesses\nPositive: 3 Negative: 1\n/);
	t.regex(forbidden.text, /\nCondition ~exists \(.*\)\nObservation MP Sometimes 1 3\n/);
	const required = look(MP(RELEASE, ACQUIRE, "locations [x; y]\nforall (1:r1=0 \\/ 1:r2=1)"));
	t.regex(required.text, /^Test MP Required\nStates 3\n1:r1=0; 1:r2=0; x=1; y=1;\n[\s\S]*\nOk\n/);
	t.regex(required.text, /\nObservation MP Always 3 0\n/);
	const filtered = look(MP(RELEASE, ACQUIRE, "filter (1:r1=1)\nexists (1:r2=1)"));
	t.regex(filtered.text, /\nStates 1\n1:r2=1;\nOk\n[\s\S]*Always 1 0\n/);
	t.regex(
		look(MP(RELEASE, ACQUIRE, "")).text,
		/^Test MP Required\nStates 1\n\nOk\n[\s\S]*Condition forall \(true\)\n/,
	);
});

/** Programs, what their condition is seen to be under lkmm and tso, and how much is said to be unseen. */
const CASES: [string, string, string, string, number][] = [
	["message passing, all marked", MP("WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y);"), "Sometimes", "Never", 0],
	["fences", MP("smp_wmb(); WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y); smp_rmb();"), "Never", "Never", 0],
	[
		"a wrong fence",
		MP("smp_rmb(); WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y); smp_rmb();"),
		"Sometimes",
		"Never",
		0,
	],
	[
		"a lock",
		`C L
{} P0(int *x, int *y, spinlock_t *l) { spin_lock(l); WRITE_ONCE(*x, 1); WRITE_ONCE(*y, 1); spin_unlock(l); }
P1(int *x, int *y, spinlock_t *l) { int r1, r2; spin_lock(l); r1 = READ_ONCE(*y); r2 = READ_ONCE(*x); spin_unlock(l); }
exists (~(1:r1=1:r2))`,
		"Never",
		"Never",
		0,
	],
	[
		"load buffering is not looked at, and said so",
		`C LB
{} P0(int *x, int *y) { int r = READ_ONCE(*x); WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r = READ_ONCE(*y); WRITE_ONCE(*x, r); }
exists (0:r=1 /\\ 1:r=1)`,
		"Never",
		"Never",
		1,
	],
	[
		"a control dependency is enough",
		`C LB
{} P0(int *x, int *y) { int r = READ_ONCE(*x); if (r) WRITE_ONCE(*y, 1); else { smp_mb(); } }
P1(int *x, int *y) { int r = READ_ONCE(*y); if (!r || r == 2) ; else WRITE_ONCE(*x, 1); }
exists (0:r=1 /\\ 1:r=1)`,
		"Never",
		"Never",
		0,
	],
	[
		"but not behind the if",
		`C LB
{} P0(int *x, int *y) { int r = READ_ONCE(*x); if (r) { } WRITE_ONCE(*y, 1); }
P1(int *x, int *y) { int r = READ_ONCE(*y); WRITE_ONCE(*x, r); }
exists (0:r=1 /\\ 1:r=1)`,
		"Never",
		"Never",
		1,
	],
	[
		"an address dependency",
		`C AD
{ int a = 1; int b = 5; int *p = &a; }
P0(int *b, int **p) { WRITE_ONCE(*b, 2); smp_store_release(p, b); }
P1(int **p) { int *r1 = READ_ONCE(*p); int r2 = READ_ONCE(*r1); }
exists (1:r1=b /\\ 1:r2=5)`,
		"Never",
		"Never",
		0,
	],
	[
		"a value that is stored and read back",
		`C RB
{ p=a; }
P0(int *x, int **p) { WRITE_ONCE(*x, 1); smp_store_release(p, x); }
P1(int **p, int **z) { int r1 = READ_ONCE(*p); WRITE_ONCE(*z, r1); int r2 = READ_ONCE(*z); int r3 = READ_ONCE(*r2); }
exists (1:r1=x /\\ 1:r2=x /\\ 1:r3=0)`,
		"Never",
		"Never",
		1,
	],
	[
		"atomics: one of two gets it",
		`C A
{ v=1; } P0(atomic_t *v) { int r = atomic_dec_and_test(v); }
P1(atomic_t *v) { int r; r = atomic_inc_not_zero(v); if (r) { r = 3 * 2 - (r << 1) + 1; } }
forall ((0:r=1 /\\ 1:r=0 /\\ v=0) \\/ (0:r=0 /\\ 1:r=5 /\\ v=1))`,
		"Always",
		"Always",
		0,
	],
	[
		"cmpxchg, xchg and their orders",
		`C X
{ x=0; 1:r9=7; } P0(int *x, int *y) { int r = cmpxchg(x, 0, 1); (void)xchg_relaxed(y, 2); atomic_add(3, y); }
P1(int *x) { int r = cmpxchg_acquire(x, 0, r9); }
forall ((0:r=0 /\\ 1:r=1 /\\ x=1 \\/ 0:r=7 /\\ 1:r=0 /\\ x=7) /\\ y=5)`,
		"Always",
		"Always",
		0,
	],
	[
		"a call on the right of && is made only then",
		`C S
{ x=0; } P0(int *x) { int r; r = READ_ONCE(*x) != 0 && xchg(x, 5) == 0; }
exists (x=5)`,
		"Never",
		"Never",
		0,
	],
	[
		"a grace period",
		`C G
{} P0(int *x, int *y) { int r1; int r2; rcu_read_lock(); r1 = READ_ONCE(*x); r2 = READ_ONCE(*y); rcu_read_unlock(); }
P1(int *x, int *y) { WRITE_ONCE(*y, 1); synchronize_rcu(); WRITE_ONCE(*x, 1); }
exists (0:r1=1 /\\ 0:r2=0)`,
		"Never",
		"Never",
		0,
	],
	[
		"who waits for ever comes to no state",
		"C D\n{} P0(int *x, spinlock_t *l) { spin_lock(l); spin_lock(l); WRITE_ONCE(*x, 1); } exists (x=1)",
		"Never",
		"Never",
		0,
	],
];
for (const [title, text, lkmm, tso, unseen] of CASES)
	test(`under lkmm and tso: ${title}`, (t) => {
		const weak = look(text);
		t.is(weak.problem, undefined);
		t.is(weak.seen, lkmm as typeof weak.seen);
		t.is(weak.unseen.length, unseen, weak.unseen.join("\n"));
		t.is(weak.text.match(/^Unseen /gm)?.length ?? 0, unseen);
		t.is(look(text, "tso").seen, tso as typeof weak.seen);
	});

test("what a budget leaves out is said", (t) => {
	const ready = make_ready("t.litmus", MP(RELEASE, ACQUIRE), kernel.LITMUS_OPS);
	const { cpus, places, init } = question(ready, "lkmm", 1);
	const answer = kernel.litmus_states(cpus, "lkmm", places, 1, undefined, init);
	t.regex(report(ready, "lkmm", answer, 0).text, /^Unseen executions after the first 1 /m);
});

test("how an answer stands to a Result: comment", (t) => {
	const verdict = (seen: "Never" | "Sometimes" | "Always", partial: boolean) => ({
		text: "",
		ok: true,
		seen,
		partial,
	});
	t.is(agreement("Never", verdict("Never", true)), "equal");
	t.is(agreement("Sometimes", verdict("Never", true)), "open");
	t.is(agreement("Sometimes", verdict("Never", false)), "different");
	t.is(agreement("Never", verdict("Sometimes", true)), "different");
	t.is(agreement("Never", verdict("Sometimes", false)), "different");
});

const body = (code: string) => `C t\n{}\nP0(int *x, spinlock_t *l)\n{\n\tint r;\n\t${code}\n}\nexists (x=1)\n`;
const REFUSED: [string, RegExp][] = [
	["X86 t\n{}\n P0 | P1 ;\n MOV [x],$1 ;\nexists (x=1)\n", /^t.litmus:1: a test in X86 is not supported/],
	["LISA t\n{}\n", /^t.litmus:1: a test in LISA is not supported/],
	["hello\n", /^t.litmus:1: this is no litmus test/],
	["", /^t.litmus:1: this is no litmus test/],
	["C t\n", /^t.litmus:2: there is no '\{'/],
	["C t\n(* no end\n{}\n", /^t.litmus:2: this comment does not end/],
	["C t\n{}\nexists (x=1)\n", /^t.litmus:3: P0 is expected, and not 'exists'/],
	["C t\n{}\nP1(int *x) {}\n", /^t.litmus:3: P0 is expected, and not P1/],
	["C t\n{}\nP0(struct s *x) {}\n", /^t.litmus:3: a struct is not supported/],
	["C t\n{}\nP0(int x) {}\n", /^t.litmus:3: a parameter has to be a pointer/],
	[body("while (r) ;"), /^t.litmus:6: a loop is not supported/],
	[body("goto out;"), /^t.litmus:6: goto is not supported/],
	[body("*x = 1;"), /^t.litmus:6: a plain access is not supported: use WRITE_ONCE/],
	[body("r = *x;"), /^t.litmus:6: a plain access is not supported: use READ_ONCE/],
	[body("r = srcu_read_lock(x);"), /^t.litmus:6: srcu_read_lock\(\) is not supported/],
	[body("r = spin_trylock(l);"), /^t.litmus:6: spin_trylock\(\) is not supported/],
	[body("spin_lock(x);"), /^t.litmus:6: 'x' is no spinlock_t/],
	[body("WRITE_ONCE(*l, 1);"), /^t.litmus:6: 'l' is a lock/],
	[body("WRITE_ONCE(*x, q);"), /^t.litmus:6: 'q' is not declared/],
	[body("WRITE_ONCE(*x, 1)"), /^t.litmus:7: ';' is expected, and not '\}'/],
	[body("WRITE_ONCE(*x);"), /^t.litmus:6: ',' is expected, and not '\)'/],
	[body("smp_mb__before_atomic(); r = 1;"), /^t.litmus:6: smp_mb__before_atomic only stands right before/],
	[body("if (r) { smp_mb__after_spinlock(); }"), /^t.litmus:6: smp_mb__after_spinlock only stands right after/],
	[body("r = x[0];"), /^t.litmus:6: '\[' is not supported/],
	[body("r = r ? 1 : 2;"), /^t.litmus:6: '\? :' is not supported/],
	[
		"C t\n{}\nP0(int *x) { }\nexists (0:r9=1)\n",
		/^t.litmus:5: the condition asks for 0:r9, which is in no program/,
	],
	["C t\n{}\nP0(int *x) { }\nexists (x=1\n", /^t.litmus:5: '\)' is expected, and not the end of the file/],
	[`C t\n{}\n${[0, 1, 2, 3, 4, 5].map((p) => `P${p}(int *x) {}\n`).join("")}`, /^t.litmus:8: at most 5 programs/],
];
for (const [i, [text, message]] of REFUSED.entries())
	test(`refused ${i}: ${message.source}`, (t) => {
		t.throws(() => make_ready("t.litmus", text, kernel.LITMUS_OPS), { instanceOf: UserError, message });
	});

test("a pointer to nothing, and what the kernel stops at, have no answer", (t) => {
	const wild = look(
		"C t\n{}\nP0(int **p)\n{\n\tint *r = READ_ONCE(*p);\n\tint q = READ_ONCE(*r);\n}\nexists (0:q=1)\n",
	);
	t.is(wild.problem, "6: READ_ONCE() through what is no pointer to a place");
	t.regex(look(body("spin_unlock(l);")).problem ?? "", /unlocked/);
});

test("conditions", (t) => {
	const state = new Map([
		["0:r1", "1"],
		["1:r1", "1"],
		["x", "y"],
	]);
	const of = (text: string) => parse_prop(new Tokens("t", text));
	const cases: [string, boolean, string][] = [
		["0:r1=1 /\\ x=y", true, "0:r1=1 /\\ x=y"],
		["(0:r1=2 \\/ x=&y) /\\ ~(0:r1=-1)", true, "(0:r1=2 \\/ x=y) /\\ not (0:r1=-1)"],
		["0:r1=0x1 /\\ [x]=z \\/ false", false, "0:r1=1 /\\ x=z \\/ false"],
		["0:r1=1:r1", true, "0:r1=1:r1"],
		["x!=y", false, "not (x=y)"],
		["not (q=1) => true", true, "not (q=1) => true"],
	];
	for (const [text, holding, printed] of cases) {
		t.is(holds(of(text), state), holding, text);
		t.is(print_condition({ kind: "exists", prop: of(text) }), `exists (${printed})`);
	}
});

test("files and directories on the command line", (t) => {
	const dir = mkdtempSync(join(tmpdir(), "spf-litmus-"));
	t.teardown(() => rmSync(dir, { recursive: true }));
	mkdirSync(join(dir, "d/below"), { recursive: true });
	writeFileSync(join(dir, "d/a.litmus"), MP(RELEASE, ACQUIRE).replace("Message", "Result: Never. Message"));
	writeFileSync(join(dir, "d/below/b.litmus"), MP("WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y);"));
	writeFileSync(join(dir, "x86.litmus"), "X86 x\n{}\n");
	writeFileSync(join(dir, "p.jsonl"), '{"name":"w","cpus":[[{"op":"WRITE_ONCE","loc":"x","value":3}]]}\n');
	const spf = (...args: string[]) =>
		spawnSync(process.execPath, [join(here(), "bin/spf.mjs"), "litmus", ...args], {
			cwd: dir,
			encoding: "utf8",
		});
	const both = spf("d", "p.jsonl");
	t.is(both.stderr, "");
	t.is(both.status, 0);
	t.regex(both.stdout, /^Test w lkmm\nStates 1\nx=3;$/m);
	t.regex(
		both.stdout,
		/^2 tests under lkmm: 1 Never, 1 Sometimes, 0 Always; of 1 with a Result: 1 equal, .*; 0 refused$/m,
	);
	const one = spf("x86.litmus");
	t.is(one.status, 2);
	t.is(one.stderr, 'x86.litmus:1: a test in X86 is not supported: the first line has to be "C" and a name\n');
	writeFileSync(join(dir, "d/a.litmus"), MP(RELEASE, ACQUIRE).replace("Message", "Result: Sometimes. Message"));
	const wrong = spf("d/a.litmus");
	t.is(wrong.status, 1);
	t.regex(wrong.stdout, /^Expected MP Sometimes$/m);
	t.regex(spf("d", "--model", "tso").stdout, /^2 tests under tso: 2 Never, 0 Sometimes/m);
});
