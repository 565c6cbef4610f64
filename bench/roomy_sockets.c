/*
 * Preloaded into a program, it gives every bound socket a receive buffer of ROOMY_SOCKETS_BYTES. A network namespace
 * has no net.core.rmem_default of its own: it could be changed for the whole machine only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    int (*bind_socket)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    int result = bind_socket(descriptor, address, length), error = errno;
    const char *wanted = getenv("ROOMY_SOCKETS_BYTES");
    int bytes = wanted ? atoi(wanted) : 0;

    if (result == 0 && bytes > 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    errno = error;
    return result;
}
