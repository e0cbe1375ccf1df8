#include "vdo/sandbox/inlet.h"

#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CANNOT_START = 126, NO_COMMAND = 127, FIRST_OTHER_FD = 3 };

static int fail(const char *what)
{
    (void)fprintf(stderr, "vdo: the sandbox's way to the network: %s: %s\n", what,
                  strerrordesc_np(errno));
    return CANNOT_START;
}

static int listen_inside(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(PROXY_PORT),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, PROXY_CONNECTIONS))
        return -1;
    return fd;
}

static int hand_out(int channel, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    return sendmsg(channel, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int sandbox_inlet_main(int argc, char **argv)
{
    char *end = NULL;
    long channel = argc > 3 && strcmp(argv[2], "--") == 0 ? strtol(argv[1], &end, 10) : -1;
    int fd;

    if (channel < FIRST_OTHER_FD || channel > 65535 || *end) {
        (void)fprintf(stderr, "vdo: %s is not for people\n", SANDBOX_INLET);
        return CANNOT_START;
    }
    fd = listen_inside();
    if (fd < 0)
        return fail("listen on its loopback");
    if (hand_out((int)channel, fd))
        return fail("hand the socket out");
    /* Nothing of this program stays open in the command. */
    (void)syscall(SYS_close_range, (unsigned)FIRST_OTHER_FD, ~0U, 0U);
    (void)execvp(argv[3], argv + 3);
    (void)fprintf(stderr, "%s: %s\n", argv[3], strerrordesc_np(errno));
    return errno == ENOENT ? NO_COMMAND : CANNOT_START;
}
