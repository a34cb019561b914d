// SPDX-License-Identifier: GPL-2.0-only
/*
 * What real programs do to their memory, with a C library: for `spf record`.
 * Threads that map, fault, protect and unmap; children that copy on write and
 * exit; vfork() and execve(); a heap that grows and shrinks; files, shared and
 * private; a handler that goes on after SIGSEGV. Which, the seed says.
 *
 * usage: program SEED STEPS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static __thread unsigned rng;
static __thread sigjmp_buf on_fault;
static char *program;
static int fd;

static unsigned below(unsigned n)
{
	rng = rng * 1103515245 + 12345;
	return (rng >> 8) % n;
}

static void handler(int signo)
{
	(void)signo;
	siglongjmp(on_fault, 1);
}

static void touch(char *p, size_t len)
{
	for (size_t i = below(2) * PAGE; i < len; i += (1 + below(3)) * PAGE)
		if (sigsetjmp(on_fault, 1) == 0)
			p[i] = (char)i;
}

static void private_memory(void)
{
	size_t len = (1 + below(40)) * PAGE;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	touch(p, len);
	mprotect(p + len / 2 / PAGE * PAGE, len - len / 2 / PAGE * PAGE, below(2) ? PROT_READ : PROT_NONE);
	touch(p, len);
	if (below(2))
		madvise(p, len / 2 / PAGE * PAGE, below(2) ? MADV_DONTNEED : MADV_FREE);
	if (below(3) == 0) {
		char *q = mremap(p, len, len, MREMAP_MAYMOVE);

		if (q != MAP_FAILED)
			p = q;
	}
	if (below(3))
		munmap(p, len);
}

static void file_memory(void)
{
	size_t len = (1 + below(16)) * PAGE;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, below(2) ? MAP_SHARED : MAP_PRIVATE, fd, below(16) * PAGE);

	if (p == MAP_FAILED)
		return;
	touch(p, len);
	msync(p, len, MS_ASYNC);
	munmap(p, below(2) ? PAGE : len);
}

static void heap(void)
{
	void *p[16];

	for (int i = 0; i < 16; i++)
		if ((p[i] = malloc(1 + below(200000))) != NULL)
			*(char *)p[i] = (char)i;
	for (int i = 0; i < 16; i++)
		if (below(4))
			free(p[i]);
	if (below(3) == 0)
		sbrk((int)(below(20)) * PAGE);
}

static void child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		private_memory();
		heap();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void executed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(program, program, (char *)NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *thread(void *seed)
{
	rng = (unsigned)(size_t)seed;
	for (int i = 0; i < 8; i++)
		below(2) ? private_memory() : file_memory();
	return NULL;
}

static void threads(void)
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, (void *)(size_t)(rng + i));
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = handler };
	char name[] = "/tmp/program-XXXXXX";

	if (argc != 3)
		return 0;
	program = argv[0];
	rng = (unsigned)atoi(argv[1]);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	fd = mkstemp(name);
	unlink(name);
	if (fd < 0 || ftruncate(fd, 12 * PAGE) != 0)
		return 1;
	for (int i = atoi(argv[2]); i > 0; i--) {
		switch (below(12)) {
		case 0: child(); break;
		case 1: executed(); break;
		case 2: threads(); break;
		case 3: case 4: case 5: file_memory(); break;
		case 6: case 7: heap(); break;
		default: private_memory();
		}
	}
	return 0;
}
