// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's own kernel doing what tools/bench/guest.ts does on the port:
 * touches fresh anonymous pages, one fault each, and prints ns a fault.
 *
 *   native write|read|wp PAGES
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	size_t pages, i;
	volatile char *p;
	volatile char sink;
	double start;
	int write;

	if (argc != 3)
		return 2;
	pages = strtoul(argv[2], NULL, 10);
	write = strcmp(argv[1], "read") != 0;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	p = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	if (!strcmp(argv[1], "wp"))
		for (i = 0; i < pages; i++)
			sink = p[i * 4096];
	start = now();
	if (write)
		for (i = 0; i < pages; i++)
			p[i * 4096] = 1;
	else
		for (i = 0; i < pages; i++)
			sink = p[i * 4096];
	printf("%.1f\n", (now() - start) / pages);
	(void)sink;
	return 0;
}
