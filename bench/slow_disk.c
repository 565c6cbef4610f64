/* Preloaded into a program, it makes every fsync and fdatasync take SLOW_DISK_US microseconds longer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int synced_slowly(const char *name, int descriptor)
{
    int (*sync_file)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = sync_file(descriptor), error = errno;
    const char *delay = getenv("SLOW_DISK_US");
    long microseconds = delay ? atol(delay) : 0;
    struct timespec rest = {microseconds / 1000000, microseconds % 1000000 * 1000};

    while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
        ;
    errno = error;
    return result;
}

int fsync(int descriptor) { return synced_slowly("fsync", descriptor); }

int fdatasync(int descriptor) { return synced_slowly("fdatasync", descriptor); }
