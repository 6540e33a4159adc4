/* Preloaded into a node of an end-to-end run: its wall clock, and that alone, is wrong by the milliseconds (signed, 64 bits, of this
 * machine's byte order) that stand in the file SHIFTED_CLOCK_FILE now. The file is mapped, so a clock jumps while the node runs, and timers,
 * which run on the monotonic clock, do not. A node that cannot have the wrong clock it was meant to have does not start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "the system call fills a struct timespec only where long has 64 bits");

static const volatile int64_t *shift_ms;

__attribute__((constructor)) static void map_shift(void)
{
    const char *path = getenv("SHIFTED_CLOCK_FILE");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift_ms, PROT_READ, MAP_SHARED, file, 0);
    if (page == MAP_FAILED) {
        fprintf(stderr, "shifted clock: cannot map SHIFTED_CLOCK_FILE (%s): %s\n", path == NULL ? "not set" : path, strerror(errno));
        _exit(2);
    }
    close(file);
    shift_ms = page;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && shift_ms != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t nanoseconds = now->tv_nsec + *shift_ms % 1000 * 1000000;
        int64_t carried = (nanoseconds >= 1000000000) - (nanoseconds < 0);
        now->tv_sec += *shift_ms / 1000 + carried;
        now->tv_nsec = nanoseconds - carried * 1000000000;
    }
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    (void)zone; /* the kernel's time zone has been obsolete for decades */
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    if (now != NULL)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
