/* Attacks on the sandbox's own network, and on the proxy of one that may reach one port of the
 * host, HOST_PORT. */
#include "attacks_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROXY = 3128, ANSWER_MS = 15000, MANY = 1000, HALF_OPEN = 64, BOMB_MIB = 4 };

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* The status that comes back: 0 when the connection is closed instead, -1 when nothing comes. */
static int answer_of(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char text[256] = "";
    ssize_t n;

    if (poll(&wait, 1, ANSWER_MS) <= 0)
        return -1;
    n = recv(fd, text, sizeof(text) - 1, 0);
    return n > 12 ? atoi(text + 9) : 0;
}

static int ask(const char *request)
{
    int fd = dial(PROXY);
    int status;

    if (fd < 0 || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        return -1;
    status = answer_of(fd);
    (void)close(fd);
    return status;
}

static int connect_to(const char *target)
{
    char request[512];

    (void)snprintf(request, sizeof(request), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target,
                   target);
    return ask(request);
}

static int allowed_still_works(void)
{
    char target[64];

    (void)snprintf(target, sizeof(target), "127.0.0.1:%s", need("HOST_PORT"));
    return connect_to(target) == 200 ? 0 : broken("what is allowed is not reached:", target);
}

static int expect_refusals(const char *const *targets)
{
    for (; *targets; targets++) {
        int status = connect_to(*targets);

        if (status != 403 && status != 400)
            return broken(status == 200 ? "reached" : "got no clear refusal for", *targets);
    }
    return 0;
}

static int proxy_unlisted(void)
{
    static const char *const targets[] = {"example.org:443",
                                          "127.0.0.1:1",
                                          "127.0.0.1:22",
                                          "127.1:80",
                                          "0x7f000001:80",
                                          "2130706433:80",
                                          "0.0.0.0:80",
                                          "[::1]:80",
                                          "[::ffff:127.0.0.1]:80",
                                          "[64:ff9b::7f00:1]:80",
                                          "localhost:80",
                                          "example.org",
                                          "example.org:0",
                                          "example.org:65536",
                                          "example.org:443@127.0.0.1:80",
                                          "user@127.0.0.1:80",
                                          "/etc/passwd",
                                          NULL};
    int status = ask("GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n");

    if (status != 403)
        return broken("not refused:", "GET of an unlisted host");
    if (ask("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") != 501 ||
        ask("GET ftp://example.org/ HTTP/1.1\r\n\r\n") != 501 || ask("nonsense\r\n\r\n") != 400)
        return broken("no clear answer to", "what is no proxy request");
    return expect_refusals(targets) || allowed_still_works();
}

/* Only localhost, a name, is listed: not the address it leads to. */
static int proxy_loopback_name(void)
{
    char target[64];

    (void)snprintf(target, sizeof(target), "localhost:%s", need("HOST_PORT"));
    return connect_to(target) == 403 ? 0 : broken("a name led to the host's", "loopback");
}

static int proxy_metadata(void)
{
    static const char *const targets[] = {"169.254.169.254:80",          "[fd00:ec2::254]:80",
                                          "[::ffff:169.254.169.254]:80", "100.100.100.200:80",
                                          "metadata.google.internal:80", NULL};

    return expect_refusals(targets) || allowed_still_works();
}

static int proxy_head_bomb(void)
{
    static char block[1 << 20];
    int fd = dial(PROXY);
    int status;

    memset(block, 'a', sizeof(block));
    if (fd < 0 || send(fd, "CONNECT ", 8, MSG_NOSIGNAL) != 8)
        return broken("cannot connect to", "the proxy");
    for (int i = 0; i < BOMB_MIB; i++)
        (void)!send(fd, block, sizeof(block), MSG_NOSIGNAL);
    status = answer_of(fd);
    if (status != 400 && status != 0)
        return broken("the proxy did not end", "a request head of 4 MiB");
    return allowed_still_works();
}

static int proxy_slow_loris(void)
{
    for (int i = 0; i < HALF_OPEN; i++) {
        int fd = dial(PROXY);

        if (fd < 0 || send(fd, "CONNECT x", 9, MSG_NOSIGNAL) != 9)
            return broken("cannot connect to", "the proxy");
    }
    return allowed_still_works();
}

/* More than the proxy takes at once, none of them closed before the end. */
static int proxy_many_connections(void)
{
    static int fds[MANY];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PROXY), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (int i = 0; i < MANY; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fds[i] < 0 ||
            (connect(fds[i], (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS))
            break;
    }
    for (int i = 0; i < MANY; i++) {
        if (fds[i] > 0)
            (void)close(fds[i]);
    }
    return allowed_still_works();
}

/* Nothing of the proxy is inside: no process to be taken over, no descriptor, no second way. */
static int proxy_take_over(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(PROXY), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0)
        return broken("took over", "the proxy's port");
    if (dial(atoi(need("HOST_PORT"))) >= 0)
        return broken("reached without the proxy:", need("HOST_PORT"));
    for (int n = 3; n < 4096; n++) {
        if (fcntl(n, F_GETFD) >= 0 && n != fd)
            return broken("has an inherited", "descriptor");
    }
    for (int pid = 1; pid < 50; pid++) {
        for (int n = 3; n < 64; n++) {
            char path[64];
            int opened;

            (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, n);
            opened = open(path, O_RDWR);
            if (opened >= 0 && pid != getpid())
                return broken("opened", path);
        }
    }
    return allowed_still_works();
}

/* What the kernel answers a request to rtnetlink: 0, or an errno. */
static int ask_rtnetlink(int type, const void *body, size_t len)
{
    struct {
        struct nlmsghdr header;
        char body[64];
    } request = {.header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
                            .nlmsg_type = (uint16_t)type,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE}};
    char answer[1024] __attribute__((aligned(NLMSG_ALIGNTO)));
    const struct nlmsghdr *header = (const void *)answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    memcpy(request.body, body, len);
    if (fd < 0 || send(fd, &request, request.header.nlmsg_len, 0) < 0 ||
        recv(fd, answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return errno;
    (void)close(fd);
    return -((const struct nlmsgerr *)NLMSG_DATA(header))->error;
}

static int change_routes(void)
{
    static const struct {
        const char *what;
        int type;
    } requests[] = {{"a new route", RTM_NEWROUTE},      {"a removed route", RTM_DELROUTE},
                    {"a new address", RTM_NEWADDR},     {"a changed interface", RTM_NEWLINK},
                    {"a removed address", RTM_DELADDR}, {"a new rule", RTM_NEWRULE},
                    {"a new neighbour", RTM_NEWNEIGH}};
    static const int families[] = {AF_INET, AF_INET6};
    /* Long enough for every kind of message; each begins with the family. */
    char body[32] = {0};

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        for (size_t f = 0; f < 2; f++) {
            int error;

            body[0] = (char)families[f];
            error = ask_rtnetlink(requests[i].type, body, sizeof(body));
            if (error != EPERM)
                return broken(strerrordesc_np(error), requests[i].what);
        }
    }
    return 0;
}

static int change_by_ioctl(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = 0};
    struct rtentry route = {.rt_flags = RTF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (ioctl(fd, SIOCSIFFLAGS, &lo) == 0 || errno != EPERM)
        return broken("took down", "the loopback");
    if (ioctl(fd, SIOCADDRT, &route) == 0 || errno != EPERM)
        return broken("may change routes by", "ioctl");
    (void)close(fd);
    return 0;
}

/* Nobody inside sees or forges packets: VDO does, from outside. */
static int change_network(void)
{
    static const int protocols[] = {IPPROTO_RAW, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP};
    const struct sockaddr_in name_server = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd;

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (socket(AF_INET, SOCK_RAW, protocols[i]) >= 0 ||
            socket(AF_INET6, SOCK_RAW, protocols[i]) >= 0 || errno != EPERM)
            return broken("opened", "a raw socket");
    }
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || socket(AF_PACKET, SOCK_DGRAM, 0) >= 0)
        return broken("opened", "a packet socket");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (const struct sockaddr *)&name_server, sizeof(name_server)) == 0)
        return broken("became", "the name server");
    (void)close(fd);
    fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);
    if (fd >= 0)
        return broken("opened for writing", "/proc/sys/net/ipv4/ip_forward");
    return change_routes() || change_by_ioctl();
}

const struct attack *find_network_attack(const char *name)
{
    static const struct attack list[] = {{"change_network", change_network},
                                         {"proxy_unlisted", proxy_unlisted},
                                         {"proxy_loopback_name", proxy_loopback_name},
                                         {"proxy_metadata", proxy_metadata},
                                         {"proxy_head_bomb", proxy_head_bomb},
                                         {"proxy_slow_loris", proxy_slow_loris},
                                         {"proxy_many_connections", proxy_many_connections},
                                         {"proxy_take_over", proxy_take_over}};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}
