// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random system calls on this machine's own kernel, each with its result and
 * the memory map after it, as a log that guest.ts repeats on the port.
 *
 * usage: setarch -R ./fuzz SEED STEPS DIRECTORY > LOG
 *
 * It has no C library: apart from the program itself, the stack and what the
 * kernel adds, the address space holds only what the log tells. Processes and
 * threads take turns: whoever has the token makes one step and hands it on,
 * so that the log is a sequence. The token is also where the state of the
 * random numbers and what all of them have to know is kept.
 */
typedef unsigned long ulong;
typedef unsigned int u32;
typedef unsigned char u8;

#define PAGE 4096UL
#define TASK_SIZE 0x7ffffffff000UL
#define WINDOW 0x10000000UL
#define WINDOW_PAGES 128
#define NR_TASKS 6
#define NR_RECENT 24
#define LIVE_STACK (16 * PAGE)

enum {
	NR_read = 0, NR_write = 1, NR_open = 2, NR_close = 3, NR_mmap = 9,
	NR_mprotect = 10, NR_munmap = 11, NR_brk = 12, NR_rt_sigaction = 13,
	NR_pipe = 22, NR_sched_yield = 24, NR_mremap = 25, NR_msync = 26,
	NR_mincore = 27, NR_madvise = 28, NR_clone = 56, NR_fork = 57,
	NR_exit = 60, NR_wait4 = 61, NR_kill = 62, NR_uname = 63, NR_unlink = 87,
	NR_mlock = 149, NR_munlock = 150, NR_mlockall = 151,
	NR_munlockall = 152, NR_prctl = 157, NR_exit_group = 231, NR_mlock2 = 325,
};

static long syscall6(long nr, ulong a, ulong b, ulong c, ulong d, ulong e,
		     ulong f)
{
	long ret;
	register ulong r10 __asm__("r10") = d;
	register ulong r8 __asm__("r8") = e;
	register ulong r9 __asm__("r9") = f;

	__asm__ volatile("syscall" : "=a"(ret)
		: "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return ret;
}
#define sys(nr, a, b, c) syscall6(nr, (ulong)(a), (ulong)(b), (ulong)(c), 0, 0, 0)

void *memcpy(void *dst, const void *src, ulong n)
{
	u8 *d = dst;
	const u8 *s = src;

	while (n--)
		*d++ = *s++;
	return dst;
}
void *memset(void *dst, int c, ulong n)
{
	u8 *d = dst;

	while (n--)
		*d++ = c;
	return dst;
}

/* ---- the log ---- */

static char out[1 << 20];
static ulong out_len;

static void put(const char *s)
{
	while (*s)
		out[out_len++] = *s++;
}
static void put_hex(ulong n)
{
	char buf[17];
	int i = 16;

	buf[16] = 0;
	do
		buf[--i] = "0123456789abcdef"[n & 15];
	while (n >>= 4);
	put(buf + i);
}
static void put_dec(long n)
{
	char buf[24];
	int i = 23;
	ulong u = n < 0 ? -(ulong)n : (ulong)n;

	buf[23] = 0;
	do
		buf[--i] = '0' + u % 10;
	while (u /= 10);
	if (n < 0)
		buf[--i] = '-';
	put(buf + i);
}
static void flush(void)
{
	ulong done = 0;

	while (done < out_len) {
		long n = sys(NR_write, 1, out + done, out_len - done);

		if (n <= 0)
			sys(NR_exit_group, 3, 0, 0);
		done += n;
	}
	out_len = 0;
}

static char maps[1 << 19];

/* Every line of the maps, with "m " in front of it. */
static void put_maps(void)
{
	long fd = sys(NR_open, "/proc/self/maps", 0, 0);
	long n;
	ulong len = 0;

	while ((n = sys(NR_read, fd, maps + len, sizeof(maps) - 1 - len)) > 0)
		len += n;
	maps[len] = 0;
	sys(NR_close, fd, 0, 0);
	for (ulong i = 0; i < len; i++) {
		if (i == 0 || maps[i - 1] == '\n')
			put("m ");
		out[out_len++] = maps[i];
	}
}

/* ---- the token ---- */

enum { FREE, PROCESS, THREAD };

struct task {
	int kind, parent;
	int children;
	long pid;
};

static struct token {
	ulong rng;
	long steps;
	int big, lazyfree, locks, grows; /* what this run has in its mix */
	int reap; /* the task that its parent is to wait for, or -1 */
	struct task t[NR_TASKS];
	ulong recent[NR_RECENT];
} token;

static int pipes[NR_TASKS][2];

static ulong rnd(void)
{
	ulong x = token.rng;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	token.rng = x;
	return (x * 0x2545F4914F6CDD1DUL) >> 16;
}
static ulong below(ulong n) { return rnd() % n; }
static int chance(int percent) { return below(100) < (ulong)percent; }
#define pick(array) ((array)[below(sizeof(array) / sizeof((array)[0]))])

static void hand_to(int who)
{
	sys(NR_write, pipes[who][1], &token, sizeof(token));
}
static void take(int me)
{
	ulong have = 0;

	while (have < sizeof(token)) {
		long n = sys(NR_read, pipes[me][0], (u8 *)&token + have,
			     sizeof(token) - have);

		if (n <= 0)
			sys(NR_exit_group, 4, 0, 0);
		have += n;
	}
}

/* ---- accesses that may fail ---- */

static volatile int sig_no, sig_code;
static volatile ulong sig_addr;

struct siginfo { int signo, err, code, pad; ulong addr; };
struct sigaction { void *handler; ulong flags; void *restorer; ulong mask; };

/* Each access is one instruction, with a label to go on at after a signal. */
__asm__(
	".globl acc_load8, acc_load32, acc_store8, acc_store32, acc_exec, acc_out, restorer\n"
	"acc_load8: movzbl (%rdi), %eax\n ret\n"
	"acc_load32: movl (%rdi), %eax\n ret\n"
	"acc_store8: movb %sil, (%rdi)\n xorl %eax, %eax\n ret\n"
	"acc_store32: movl %esi, (%rdi)\n xorl %eax, %eax\n ret\n"
	"acc_exec: call *%rdi\n xorl %eax, %eax\n ret\n"
	"acc_out: xorl %eax, %eax\n ret\n"
	"restorer: movl $15, %eax\n syscall\n");
extern long acc_load8(ulong), acc_load32(ulong), acc_store8(ulong, u32),
	acc_store32(ulong, u32), acc_exec(ulong), acc_out(void);
extern void restorer(void);

static void handler(int signo, struct siginfo *info, void *uc)
{
	ulong *rip = (ulong *)((u8 *)uc + 168), *rsp = (ulong *)((u8 *)uc + 160);

	sig_no = signo;
	sig_code = info->code;
	sig_addr = info->addr;
	/* Of a call into nowhere the return address is on the stack already. */
	if (*rip == info->addr)
		*rsp += 8;
	*rip = (ulong)acc_out;
}

/* ---- what to do ---- */

extern char __executable_start[], _end[];
static ulong image_end; /* page after the program */
static ulong start_brk, stack_lo, stack_hi;
static ulong vdso;
static u8 vec[1 << 16] __attribute__((aligned(4096)));
static char stacks[NR_TASKS][65536] __attribute__((aligned(16)));
static int tids[NR_TASKS];

static ulong some_page(void)
{
	switch (below(20)) {
	default:
		return WINDOW + below(WINDOW_PAGES) * PAGE;
	case 0: case 1: case 2: case 3: case 4: {
		ulong a = token.recent[below(NR_RECENT)];

		return a ? a + below(5) * PAGE : WINDOW;
	}
	case 5:
		return stack_lo - below(48) * PAGE;
	case 6:
		return stack_lo + below((stack_hi - stack_lo - LIVE_STACK) / PAGE) * PAGE;
	case 7: case 8:
		return start_brk + below(80) * PAGE;
	case 9:
		return vdso + below(8) * PAGE - 6 * PAGE;
	}
}
static ulong some_addr(void)
{
	static const ulong strange[] = {
		0, 4096, 8192, 61440, 65536, TASK_SIZE - 4096, TASK_SIZE - 8192,
		TASK_SIZE, TASK_SIZE + 4096, 1UL << 48, 1UL << 63, -4096UL, -8192UL,
		-(1UL << 40), 0x7ffff7fff000, 0x555555555000,
	};

	switch (below(30)) {
	case 0:
		return pick(strange);
	case 1:
		return some_page() + 1 + below(4095);
	case 2:
		return pick(strange) + below(4096);
	default:
		return some_page();
	}
}
static ulong some_len(void)
{
	static const ulong strange[] = {
		TASK_SIZE, TASK_SIZE + 4096, TASK_SIZE - 4096, 1UL << 48, 1UL << 63,
		-1UL, -4095UL, -4096UL, -8192UL, 1UL << 46, 1UL << 43,
		TASK_SIZE - WINDOW, TASK_SIZE - WINDOW + 4096, -WINDOW,
	};

	switch (below(32)) {
	case 0:
		return 0;
	case 1:
		return pick(strange);
	case 2: case 3:
		return 1 + below(8 * PAGE);
	case 4: case 5: case 6:
		return (1 + below(40)) * PAGE;
	case 7:
		return (1 + below(2)) * (2 << 20) + (below(3) - 1) * PAGE;
	case 8:
		if (token.big)
			return (1 + below(4)) << 30;
		/* fall through */
	default:
		return (1 + below(8)) * PAGE;
	}
}
static int some_prot(int wrong)
{
	/* Not PROT_EXEC alone: with protection keys that is something else. */
	static const int prots[] = { 0, 1, 1, 2, 3, 3, 3, 3, 5, 7, 3, 1 };
	static const int wrongs[] = { 8 | 3, 16, 0x1000000 | 3, 0x2000000 | 3,
		0x3000000 | 3, 0x80000003 };

	if (wrong && chance(6))
		return pick(wrongs);
	return pick(prots);
}

/* Would it hit what we live on? An end beyond the address space is an error
 * for who does not look at `walks`. */
static int hits_us(ulong addr, ulong len, int walks)
{
	ulong start = addr & ~(PAGE - 1), end = addr + len + PAGE - 1;

	if (end < addr)
		end = walks ? -1UL : 0;
	if (!walks && (start >= TASK_SIZE || end > TASK_SIZE + PAGE))
		return 0;
	return (start < image_end && end > (ulong)__executable_start) ||
		(start < stack_hi && end > stack_hi - LIVE_STACK);
}

static void note(ulong addr)
{
	if (addr < TASK_SIZE && addr > PAGE)
		token.recent[below(NR_RECENT)] = addr & ~(PAGE - 1);
}

static const char *name_of(long nr)
{
	switch (nr) {
	case NR_mmap: return "mmap";
	case NR_mprotect: return "mprotect";
	case NR_munmap: return "munmap";
	case NR_brk: return "brk";
	case NR_mremap: return "mremap";
	case NR_msync: return "msync";
	case NR_mincore: return "mincore";
	case NR_madvise: return "madvise";
	case NR_mlock: return "mlock";
	case NR_munlock: return "munlock";
	case NR_mlockall: return "mlockall";
	case NR_munlockall: return "munlockall";
	case NR_mlock2: return "mlock2";
	}
	return "?";
}

static void put_step(int me, const char *name)
{
	put("s ");
	put_dec(me);
	put(" ");
	put(name);
}

static long call(int me, long nr, ulong a, ulong b, ulong c, ulong d, ulong e,
		 ulong f, int nargs)
{
	ulong args[6] = { a, b, c, d, e, f };
	long ret;

	put_step(me, name_of(nr));
	for (int i = 0; i < nargs; i++) {
		put(" ");
		put_hex(args[i]);
	}
	ret = syscall6(nr, a, b, c, d, e, f);
	put(" = ");
	if (ret < 0 && ret > -4096)
		put_dec(ret);
	else
		put_hex(ret);
	return ret;
}

static int file_fds[] = { 0, 0, 0 };

static ulong parse_hex(const char **s)
{
	ulong n = 0;

	for (;; (*s)++) {
		if (**s >= '0' && **s <= '9')
			n = n * 16 + **s - '0';
		else if (**s >= 'a' && **s <= 'f')
			n = n * 16 + **s - 'a' + 10;
		else
			return n;
	}
}

/* Does one mapping hold all of it, or does nothing begin there? From the map
 * after the last step of our process. `shared` is whether it is MAP_SHARED. */
static int shared, found;

static int one_mapping(ulong addr, ulong len)
{
	const char *p = maps;

	shared = found = 0;

	while (*p) {
		ulong start = parse_hex(&p), end;

		p++;
		end = parse_hex(&p);
		if (addr >= start && addr < end) {
			shared = p[4] == 's';
			found = 1;
			return len <= end - addr;
		}
		while (*p++ != '\n')
			;
	}
	return 1;
}

static int step_mmap(int me)
{
	ulong addr = 0, len = some_len(), off = 0;
	int prot = some_prot(1), flags, fd = -1, file = chance(30);

	if (chance(92))
		flags = chance(25) ? 1 : 2;
	else
		flags = below(5); /* 0, and MAP_SHARED_VALIDATE */
	if (file) {
		fd = chance(90) ? file_fds[below(10) < 7 ? 0 : below(10) < 7 ? 1 : 2] : chance(50) ? -1 : 987;
		off = below(10) < 9 ? below(44) * PAGE :
			below(2) ? 1 + below(8192) : -(below(4) + 1) * PAGE;
	} else {
		flags |= 0x20;
		if (chance(10))
			off = below(100) * PAGE + (chance(20) ? 512 : 0);
	}
	if (chance(45))
		flags |= 0x10;
	else if (chance(20))
		flags |= 0x100000;
	if ((flags & 0x100010) || chance(40))
		addr = some_addr();
	if (token.grows && chance(10))
		flags |= 0x100; /* GROWSDOWN */
	if (chance(5))
		flags |= 0x40; /* 32BIT */
	if (chance(3) && !file)
		flags = (flags & ~15) | 8; /* DROPPABLE */
	if (chance(8))
		flags |= 0x20000; /* STACK */
	if (chance(12))
		flags |= 0x4000; /* NORESERVE */
	if (token.locks && len < (1 << 20)) {
		if (chance(8))
			flags |= 0x2000; /* LOCKED */
		if (chance(10))
			flags |= 0x8000; /* POPULATE */
		if (chance(4))
			flags |= 0x10000; /* NONBLOCK */
	}
	if (chance(2))
		/* SYNC is up to the file system. Without a reservation there
		 * may be HUGETLB memory. */
		flags |= 1 << below(31) & ~(flags & 0x4000 ? 0xc0000 : 0x80000);
	/* From the last page MAP_FIXED returns the address, which is an
	 * error. */
	if ((flags & 0x100010) && addr > -PAGE)
		return 0;
	if ((flags & 0x10) && hits_us(addr, len, 0))
		return 0;
	note(call(me, NR_mmap, addr, len, prot, flags, (ulong)(long)fd, off, 6));
	return 1;
}

static int step_mremap(int me)
{
	static const int flags[] = { 0, 1, 1, 1, 3, 3, 3, 5, 7, 7, 2, 4, 6, 8, 9 };
	ulong addr = some_addr(), old = some_len(), new = chance(30) ? old : some_len();
	ulong to = some_addr();
	int f = pick(flags);

	if (chance(8))
		old = 0;
	/* Who moves several mappings walks. */
	if (hits_us(addr, old, f & 2) || ((f & 2) && hits_us(to, new, 0)))
		return 0;
	if (new > (1 << 22) && new < (1UL << 41) && !token.big)
		return 0;
	/* An area that grows may be long, but is not touched. */
	note(call(me, NR_mremap, addr, old, new, f, to, 0, 5));
	return 1;
}

static int step_madvise(int me)
{
	static const int advices[] = {
		0, 1, 2, 3, 4, 4, 4, 9, 10, 11, 12, 12, 13, 14, 15, 16, 17, 18,
		18, 19, 20, 22, 23, 23, 22, 24, 5, 6, 7, 99, 26, -1,
	};
	int advice = pick(advices);
	ulong addr = some_addr(), len = some_len();

	if (advice == 4 && token.lazyfree && chance(40))
		advice = 8;
	if (advice == 20 && !token.lazyfree && chance(50))
		advice = 21;
	if (len > 1UL << 46 && advice < 100)
		advice = below(4);
	/* That costs memory. */
	if ((advice == 22 || advice == 23) && (len > (1 << 20) || !token.locks))
		return 0;
	/* The port's files have no holes. */
	if (advice == 9 && (!one_mapping(addr, len) || !found || shared))
		return 0;
	/* Its [vvar] is made of pages. */
	if (addr < vdso && addr + len > vdso - 6 * PAGE && addr > WINDOW)
		return 0;
	if (hits_us(addr, len, 1))
		return 0;
	call(me, NR_madvise, addr, len, (ulong)(long)advice, 0, 0, 0, 3);
	return 1;
}

static int step_mincore(int me)
{
	ulong addr = some_addr(), len = some_len(), v = (ulong)vec;
	ulong pages = (len + PAGE - 1) / PAGE;
	long ret;

	if (len > TASK_SIZE)
		pages = 0;
	if (chance(8))
		v = pick(((ulong[]){ 0, TASK_SIZE, TASK_SIZE - 1, 1UL << 63, WINDOW + below(40) * PAGE }));
	else if (pages > sizeof(vec) && len < TASK_SIZE)
		return 0;
	if (v != (ulong)vec && hits_us(v, pages, 1))
		return 0;
	ret = call(me, NR_mincore, addr, len, v, 0, 0, 0, 3);
	if (ret == 0 && v == (ulong)vec) {
		put(" ");
		for (ulong i = 0; i < pages; i++)
			put(vec[i] & 1 ? "1" : "0");
	}
	return 1;
}

static int step_access(int me, int kind)
{
	static const char *const names[] = { "load8", "load32", "store8", "store32", "exec" };
	ulong addr = some_addr();
	u32 val = rnd();
	long ret = 0;

	if (chance(70))
		addr += below(64) * 64;
	if (kind == 1 || kind == 3)
		addr &= ~3UL;
	if (kind == 4)
		addr &= ~(PAGE - 1);
	/* A non-canonical address is a fault without an address. */
	if (addr > TASK_SIZE + PAGE || hits_us(addr, 4, 1))
		return 0;
	sig_no = 0;
	if (kind == 4) {
		/* It has to be a RET, or not to be there. guest.ts looks, too. */
		ret = acc_load8(addr);
		if (sig_no ? sig_no == 7 : ret != 0xc3)
			kind = 0;
		sig_no = 0;
	} else if (kind == 2 && chance(15)) {
		addr &= ~(PAGE - 1);
		val = 0xc3;
	}
	put_step(me, names[kind]);
	put(" ");
	put_hex(addr);
	if (kind == 2 || kind == 3) {
		put(" ");
		put_hex(val = kind == 2 ? val & 0xff : val);
	}
	switch (kind) {
	case 0: ret = acc_load8(addr); break;
	case 1: ret = acc_load32(addr); break;
	case 2: ret = acc_store8(addr, val); break;
	case 3: ret = acc_store32(addr, val); break;
	case 4: ret = acc_exec(addr); break;
	}
	put(" = ");
	if (sig_no) {
		put("!");
		put_dec(sig_no);
		put(" ");
		put_dec(sig_code);
		put(" ");
		put_hex(sig_addr);
	} else {
		put_hex((u32)ret);
	}
	return 1;
}

static void loop(int me);

/* Where a new thread begins; its number is on top of its stack. */
__asm__(
	".globl clone_thread\n"
	"clone_thread:\n" /* flags, stack, ptid, ctid */
	"	movq %rcx, %r10\n"
	"	movl $56, %eax\n"
	"	syscall\n"
	"	testq %rax, %rax\n"
	"	jnz 1f\n"
	"	popq %rdi\n"
	"	call thread_main\n"
	"1:	ret\n");
extern long clone_thread(ulong flags, void *stack, int *ptid, int *ctid);

__attribute__((used)) void thread_main(long me)
{
	loop(me);
}

static int step_fork(int me, int thread)
{
	int child = 1;

	while (child < NR_TASKS && token.t[child].kind != FREE)
		child++;
	if (child == NR_TASKS)
		return 0;
	/* A thread's children are those of its process. */
	token.t[child] = (struct task){ .kind = thread ? THREAD : PROCESS, .parent = me };
	token.t[me].children++;
	put_step(me, thread ? "thread " : "fork ");
	put_dec(child);
	put(" = 0\n");
	flush();
	if (thread) {
		long *top = (long *)(stacks[child] + sizeof(stacks[child]) - 64);

		*top = child;
		tids[child] = 1;
		/* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, CHILD_CLEARTID */
		if (clone_thread(0x250f00, top, 0, &tids[child]) < 0)
			sys(NR_exit_group, 5, 0, 0);
	} else {
		long pid = sys(NR_fork, 0, 0, 0);

		if (pid < 0)
			sys(NR_exit_group, 6, 0, 0);
		if (pid == 0) {
			/* The log of this step is the parent's. */
			out_len = 0;
			loop(child);
		}
		token.t[child].pid = pid;
	}
	return 1;
}

static void reap(int me)
{
	int child = token.reap;

	token.reap = -1;
	if (token.t[child].kind == PROCESS)
		sys(NR_wait4, token.t[child].pid, 0, 0x40000000);
	else
		while (*(volatile int *)&tids[child])
			sys(NR_sched_yield, 0, 0, 0);
	token.t[child].kind = FREE;
	token.t[me].children--;
	put_step(child, "exit = 0\n");
	put_step(me, "wait ");
	put_dec(child);
	put(" = 0\n");
	put_maps();
	flush();
}

static void leave(int me)
{
	int kind = token.t[me].kind;

	token.reap = me;
	hand_to(token.t[me].parent);
	/* A thread may not touch its stack from when it is waited for. */
	if (kind == THREAD)
		sys(NR_exit, 0, 0, 0);
	sys(NR_exit_group, 0, 0, 0);
}

static int step(int me)
{
	ulong a, b;

	switch (below(100)) {
	case 0 ... 19:
		return step_mmap(me);
	case 20 ... 26:
		a = some_addr();
		b = some_len();
		if (hits_us(a, b, 0))
			return 0;
		call(me, NR_munmap, a, b, 0, 0, 0, 0, 2);
		return 1;
	case 27 ... 36:
		a = some_addr();
		b = some_len();
		/* It ends at a hole; there is one below the stack. */
		if (hits_us(a, b < 1 << 30 ? b : 1 << 30, 1))
			return 0;
		call(me, NR_mprotect, a, b, some_prot(1), 0, 0, 0, 3);
		return 1;
	case 37 ... 46:
		return step_mremap(me);
	case 47 ... 50: {
		static const ulong ends[] = { 0, 1, 4096, TASK_SIZE, TASK_SIZE - 4096,
			1UL << 48, -4096UL, 0x300000 };

		a = chance(85) ? start_brk + below(40 * PAGE) : chance(30) ? start_brk - below(3) : pick(ends);
		call(me, NR_brk, a, 0, 0, 0, 0, 0, 1);
		return 1;
	}
	case 51 ... 60:
		return step_madvise(me);
	case 61 ... 63:
		a = some_addr();
		b = some_len();
		if (!token.locks || hits_us(a, b, 1) || b > (1 << 24))
			return 0;
		call(me, chance(70) ? NR_mlock : NR_mlock2, a, b, chance(10) ? below(4) : below(2), 0, 0, 0, 3);
		return 1;
	case 64:
		a = some_addr();
		b = some_len();
		call(me, NR_munlock, a, b, 0, 0, 0, 0, 2);
		return 1;
	case 65:
		if (!token.locks || chance(60))
			return 0;
		if (chance(50))
			call(me, NR_munlockall, 0, 0, 0, 0, 0, 0, 0);
		else
			call(me, NR_mlockall, chance(80) ? 1 + below(7) : below(16), 0, 0, 0, 0, 0, 1);
		return 1;
	case 66 ... 68:
		call(me, NR_msync, some_addr(), some_len(), chance(90) ? below(8) : 8 + below(20), 0, 0, 0, 3);
		return 1;
	case 69 ... 72:
		return step_mincore(me);
	case 73 ... 82:
		return step_access(me, below(2));
	case 83 ... 94:
		return step_access(me, 2 + below(2));
	case 95:
		return step_access(me, 4);
	case 96:
		return step_fork(me, 0);
	case 97:
		return chance(50) ? step_fork(me, 1) : 0;
	default:
		if (me == 0 || token.t[me].children)
			return 0;
		leave(me);
	}
	return 0;
}

/* The last step is done. The first process is its own threads' end; who else
 * waits for the token gets none. */
static void finish(void)
{
	for (int i = 1; i < NR_TASKS; i++)
		if (token.t[i].kind == PROCESS)
			sys(NR_kill, token.t[i].pid, 9, 0);
	sys(NR_exit_group, 0, 0, 0);
}

static void loop(int me)
{
	for (;;) {
		int next;

		take(me);
		if (token.steps <= 0)
			finish();
		if (token.reap >= 0)
			reap(me);
		while (!step(me))
			;
		if (out_len) {
			put("\n");
			put_maps();
			flush();
		} else {
			/* A fork has put its line out. */
			put_maps();
			flush();
		}
		next = me;
		if (--token.steps <= 0) {
			hand_to(0);
			continue;
		}
		if (chance(30))
			do
				next = below(NR_TASKS);
			while (token.t[next].kind == FREE);
		hand_to(next);
	}
}

static u32 file_word(u32 ino, u32 n)
{
	u32 h = (ino ^ 0x9e3779b9) * 0x85ebca6b ^ n * 0xc2b2ae35;

	h = (h ^ h >> 15) * 0x2c1b3c6d;
	h = (h ^ h >> 12) * 0x297a2d39;
	return h ^ h >> 15;
}

/* The bytes of a file are what the port gives a file of that number. */
static int make_file(const char *dir, int number, ulong size, int mode)
{
	static u8 data[65536];
	char path[256];
	int n = 0, fd;

	while (*dir)
		path[n++] = *dir++;
	memcpy(path + n, "/file0", 7);
	path[n + 5] += number;
	sys(NR_unlink, path, 0, 0);
	fd = sys(NR_open, path, 0102 | 01000, 0600);
	for (ulong done = 0; done < size; done += sizeof(data)) {
		ulong part = size - done < sizeof(data) ? size - done : sizeof(data);

		for (ulong i = 0; i < sizeof(data); i += 4)
			*(u32 *)(data + i) = file_word(number, (done + i) / 4);
		sys(NR_write, fd, data, part);
	}
	sys(NR_close, fd, 0, 0);
	fd = sys(NR_open, path, mode, 0);
	put("f ");
	put_dec(number);
	put(" ");
	put_dec(fd);
	put(" ");
	put_dec(size);
	put(" ");
	put_dec(mode);
	put("\n");
	return fd;
}

static ulong number(const char *s)
{
	ulong n = 0;

	while (*s)
		n = n * 10 + *s++ - '0';
	return n;
}

__attribute__((used)) void c_main(long *sp)
{
	char **argv = (char **)(sp + 1);
	struct sigaction sa = { handler, 0x40000000 | 0x4000000 | 4, restorer, 0 };
	static char uts[6 * 65];
	long *auxv = sp + 1 + sp[0] + 1;

	if (sp[0] != 4) {
		put("usage: fuzz SEED STEPS DIRECTORY\n");
		flush();
		sys(NR_exit_group, 2, 0, 0);
	}
	while (*auxv++)
		;
	for (; auxv[0]; auxv += 2)
		if (auxv[0] == 33)
			vdso = auxv[1];
	token.rng = number(argv[1]) * 0x9E3779B97F4A7C15UL + 0x1234567;
	token.steps = number(argv[2]);
	token.reap = -1;
	for (int i = 0; i < 8; i++)
		rnd();
	token.big = chance(30);
	token.locks = !token.big;
	token.lazyfree = chance(50);
	token.grows = chance(40);
	token.t[0].kind = PROCESS;
	sys(NR_rt_sigaction, 11, &sa, 0);
	syscall6(NR_rt_sigaction, 11, (ulong)&sa, 0, 8, 0, 0);
	syscall6(NR_rt_sigaction, 7, (ulong)&sa, 0, 8, 0, 0);
	/* No huge pages, whatever is advised. */
	syscall6(NR_prctl, 41, 1, 0, 0, 0, 0);

	sys(NR_uname, uts, 0, 0);
	put("k ");
	put(uts + 130);
	put("\ni ");
	put(argv[1]);
	put("\n");
	file_fds[0] = make_file(argv[3], 1, 40 * PAGE + 123, 2);
	file_fds[1] = make_file(argv[3], 2, 16 * PAGE, 0);
	file_fds[2] = make_file(argv[3], 3, 8 * PAGE, 1);
	for (int i = 0; i < NR_TASKS; i++)
		sys(NR_pipe, pipes[i], 0, 0);
	image_end = ((ulong)_end + PAGE - 1) & ~(PAGE - 1);
	start_brk = sys(NR_brk, 0, 0, 0);
	stack_hi = TASK_SIZE;
	stack_lo = stack_hi - 33 * PAGE;
	put("b ");
	put_hex(start_brk);
	put("\n");
	put_maps();
	flush();
	hand_to(0);
	loop(0);
}

__asm__(".globl _start\n_start: xorl %ebp, %ebp\n movq %rsp, %rdi\n andq $-16, %rsp\n call c_main\n hlt\n");
