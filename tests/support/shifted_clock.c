// Move the wall clock of a process, and of those it starts: by the seconds in the file that SHIFTED_CLOCK names, as a
// 64-bit integer that may change while they run. Loaded with LD_PRELOAD. Clocks that only go forward stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static int64_t shift(void)
{
	static const volatile int64_t *seconds;
	const char *path = getenv("SHIFTED_CLOCK");
	if (!seconds && path) {
		int file = open(path, O_RDONLY | O_CLOEXEC);
		void *mapped = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
		if (mapped != MAP_FAILED)
			seconds = mapped;
	}
	return seconds ? *seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int failed = real(clock, now);
	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += shift();
	return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
	struct timespec precise;
	(void)zone;
	int failed = clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return failed;
}

time_t time(time_t *now)
{
	struct timespec precise;
	clock_gettime(CLOCK_REALTIME, &precise);
	if (now)
		*now = precise.tv_sec;
	return precise.tv_sec;
}
