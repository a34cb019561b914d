// SPDX-License-Identifier: GPL-2.0-only
/** The text of the file trace. Its lines are those of a kernel, but for what is in them. */
import test from "ava";
import { ftrace_lines } from "./ftrace.ts";
import { event, trace_of } from "./testutil.ts";

/* Of Linux 6.18's instance of tracefs, with this event on. */
const TEXT = "address=0x55f8da3e4bc8 ip=0x7f7405aa9aa2 error_code=0x7";
const REAL = `# tracer: nop
#
# entries-in-buffer/entries-written: 1/1   #P:2
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
            bash-15569   [000] d....  2060.946521: page_fault_user: ${TEXT}
`;

test("header and line are a kernel's, to the byte", (t) => {
	const e = event(0, 2060946520777, "page_fault_user", {}, { pid: 15569, flags: 1, text: () => TEXT });
	const trace = { ...trace_of([e]), comm: () => "bash" };
	trace.buffers = [
		{ pages: [], written: 1, overrun: 0 },
		{ pages: [], written: 0, overrun: 0 },
	];
	t.is([...ftrace_lines(trace)].map((line) => `${line}\n`).join(""), REAL);
});

test("depth, interrupts, the idle task, microseconds that are rounded up", (t) => {
	const e = event(11, 999_999_500, "x", {}, { pid: 0, flags: 8, preempt_count: 0x12, text: () => "y" });
	t.is([...ftrace_lines(trace_of([e]))].at(-1), "          <idle>-0       [011] ..h21     1.000000: x: y");
});

test("lost events are said where they are missing", (t) => {
	const events = [event(0, 1000, "a"), event(1, 2000, "b", {}, { lost: 7 }), event(1, 3000, "c")];
	const trace = trace_of(events);
	trace.buffers[1].overrun = 7;
	const lines = [...ftrace_lines(trace)].slice(12);
	t.deepEqual(
		lines.map((line) => (line.includes("-") ? line.trim().split(" ").at(-1) : line)),
		["a:", "##### CPU 1 buffer started ####", "CPU:1 [LOST 7 EVENTS]", "b:", "c:"],
	);
});
