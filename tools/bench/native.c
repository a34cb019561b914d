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
/* A CPU that has slept is slow at first: the same so many times, and the last one counts. As guest.ts does. */
#define PASSES 3

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

static void unmap(volatile char *p, size_t pages)
{
	munmap((void *)p, pages * PAGE);
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
	unmap(p, pages);
	return ns;
}

static double file(size_t pages, int write)
{
	static char buf[PAGE];
	FILE *f = tmpfile();
	volatile char *p;
	double ns;
	size_t i;

	if (!f)
		exit(1);
	for (i = 0; i < pages; i++)
		if (fwrite(buf, PAGE, 1, f) != 1)
			exit(1);
	fflush(f);
	p = map_small(pages, PROT_READ | (write ? PROT_WRITE : 0), 0, fileno(f));
	ns = touch_timed(p, pages, write ? 1 : AROUND, write);
	unmap(p, pages);
	fclose(f);
	return ns;
}

static double map_unmap(size_t rounds)
{
	double start = now();
	size_t i;

	for (i = 0; i < rounds; i++)
		unmap(map(1, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1), 1);
	return (now() - start) / rounds;
}

static double fork_exit(size_t rounds, size_t pages)
{
	volatile char *p = map_small(pages, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1);
	double start, ns;
	size_t i;

	touch(p, pages, 1, 1);
	start = now();
	for (i = 0; i < rounds; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			exit(1);
	}
	ns = (now() - start) / rounds;
	unmap(p, pages);
	return ns;
}

static double measure(const char *kind, size_t n, size_t pages)
{
	if (!strcmp(kind, "file") || !strcmp(kind, "cow"))
		return file(n, !strcmp(kind, "cow"));
	if (!strcmp(kind, "mmap"))
		return map_unmap(n);
	if (!strcmp(kind, "fork"))
		return fork_exit(n, pages);
	return anon(kind, n);
}

int main(int argc, char **argv)
{
	size_t n, pages;
	double ns = 0;
	int pass;

	if (argc < 3)
		return 2;
	n = strtoul(argv[2], NULL, 10);
	pages = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	for (pass = 0; pass < PASSES; pass++)
		ns = measure(argv[1], n, pages);
	printf("%.1f\n", ns);
	return 0;
}
