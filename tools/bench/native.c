// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's own kernel doing what tools/bench/guest.ts does on the port.
 * Prints ns for each fault, or for each round of what has no fault in it. Fails,
 * and says why, where this kernel does not take the faults that are meant: one
 * without a zero page has none for a write to what was read, and gives memory
 * for the read.
 *
 *   native write|read|wp|file|cow|mmap|fork N [PAGES]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define AROUND 16 /* pages that one fault on a file maps */

static volatile char sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static volatile char *map(size_t pages, int prot, int flags, int fd)
{
	volatile char *p = mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | flags, fd, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

/* What is to be touched page by page; the call has no place in a time. */
static volatile char *map_small(size_t pages, int prot, int flags, int fd)
{
	volatile char *p = map(pages, prot, flags, fd);

	madvise((void *)p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void touch(volatile char *p, size_t pages, size_t step, int write)
{
	size_t i;

	for (i = 0; i < pages; i += step) {
		if (write)
			p[i * PAGE] = 1;
		else
			sink = p[i * PAGE];
	}
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* One fault for each step, more or less. */
static double touch_timed(volatile char *p, size_t pages, size_t step, int write)
{
	long expected = pages / step, taken = -faults();
	double start = now(), ns;

	touch(p, pages, step, write);
	ns = now() - start;
	taken += faults();
	if (taken < expected * 9 / 10) {
		fprintf(stderr, "this kernel takes %ld faults for %ld %s\n", taken, expected,
			write ? "writes" : "reads");
		exit(1);
	}
	return ns / expected;
}

static double anon(const char *kind, size_t pages)
{
	volatile char *p = map_small(pages, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1);

	double ns;

	if (!strcmp(kind, "wp"))
		touch(p, pages, 1, 0);
	ns = touch_timed(p, pages, 1, strcmp(kind, "read") != 0);
	/* If it was the zero page that was read, a write has a fault of its own. */
	if (!strcmp(kind, "read"))
		touch_timed(p, pages, 1, 1);
	return ns;
}

static double file(size_t pages, int write)
{
	static char buf[PAGE];
	FILE *f = tmpfile();
	size_t i;

	if (!f)
		exit(1);
	for (i = 0; i < pages; i++)
		if (fwrite(buf, PAGE, 1, f) != 1)
			exit(1);
	fflush(f);
	if (write)
		return touch_timed(map_small(pages, PROT_READ | PROT_WRITE, 0, fileno(f)), pages, 1, 1);
	return touch_timed(map_small(pages, PROT_READ, 0, fileno(f)), pages, AROUND, 0);
}

static double map_unmap(size_t rounds)
{
	double start = now();
	size_t i;

	for (i = 0; i < rounds; i++)
		munmap((void *)map(1, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1), PAGE);
	return (now() - start) / rounds;
}

static double fork_exit(size_t rounds, size_t pages)
{
	double start;
	size_t i;

	touch(map_small(pages, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1), pages, 1, 1);
	start = now();
	for (i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			exit(1);
	}
	return (now() - start) / rounds;
}

int main(int argc, char **argv)
{
	size_t n, pages;
	double ns;

	if (argc < 3)
		return 2;
	n = strtoul(argv[2], NULL, 10);
	pages = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (!strcmp(argv[1], "file") || !strcmp(argv[1], "cow"))
		ns = file(n, !strcmp(argv[1], "cow"));
	else if (!strcmp(argv[1], "mmap"))
		ns = map_unmap(n);
	else if (!strcmp(argv[1], "fork"))
		ns = fork_exit(n, pages);
	else
		ns = anon(argv[1], n);
	printf("%.1f\n", ns);
	return 0;
}
