#include "netns.h"

#include "tap_packet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

enum {
    LOOPBACK = 1, /* the index that every network namespace gives it */
    N_V4 = 3,     /* sockets that are always there */
    N_ALL = 5,
    ANSWER_SIZE = 4096
};

/* All unicast addresses but the loopback, for which the kernel has its own routes. */
static const struct net {
    uint8_t family;
    uint8_t bits;
    uint8_t first[16];
} nets[] = {{AF_INET, 1, {0}},     {AF_INET, 2, {0x80}},  {AF_INET, 3, {0xc0}},
            {AF_INET6, 3, {0x20}}, {AF_INET6, 7, {0xfc}}, {AF_INET6, 96, {0x00, 0x64, 0xff, 0x9b}}};

/* ---- requests to rtnetlink ---- */

struct requests {
    uint8_t bytes[1024];
    size_t len;
    unsigned n;
};

static struct nlmsghdr *begin(struct requests *r, int type, int flags, const void *body, size_t len)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(void *)(r->bytes + r->len);

    *header = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
                                .nlmsg_type = (uint16_t)type,
                                .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
                                .nlmsg_seq = r->n++};
    memcpy(NLMSG_DATA(header), body, len);
    r->len += NLMSG_ALIGN(header->nlmsg_len);
    return header;
}

static void attribute(struct requests *r, struct nlmsghdr *header, int type, const void *value,
                      size_t len)
{
    struct rtattr *at = (struct rtattr *)(void *)(r->bytes + r->len);

    at->rta_type = (unsigned short)type;
    at->rta_len = (unsigned short)RTA_LENGTH(len);
    memcpy(RTA_DATA(at), value, len);
    header->nlmsg_len += (uint32_t)RTA_ALIGN(at->rta_len);
    r->len += RTA_ALIGN(at->rta_len);
}

static void route(struct requests *r, int type, int flags, const struct net *net)
{
    static const uint8_t own4[4] = {127, 0, 0, 1};
    static const uint8_t own6[16] = {[15] = 1};
    const int loopback = LOOPBACK;
    bool v4 = net->family == AF_INET;
    const struct rtmsg body = {.rtm_family = net->family,
                               .rtm_dst_len = net->bits,
                               .rtm_table = RT_TABLE_MAIN,
                               .rtm_protocol = RTPROT_STATIC,
                               .rtm_scope = v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                               .rtm_type = RTN_UNICAST};
    struct nlmsghdr *header = begin(r, type, flags, &body, sizeof(body));

    attribute(r, header, RTA_DST, net->first, v4 ? 4 : 16);
    attribute(r, header, RTA_OIF, &loopback, sizeof(loopback));
    attribute(r, header, RTA_PREFSRC, v4 ? own4 : own6, v4 ? 4 : 16);
}

/* Send them and read the acknowledgements. Only the first `needed` must be carried out: a kernel
 * without IPv6 refuses the rest. 0, or -1 with errno. */
static int carry_out(int fd, const struct requests *r, unsigned needed)
{
    uint8_t bytes[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
    unsigned seen = 0;
    int error = 0;

    if (send(fd, r->bytes, r->len, 0) != (ssize_t)r->len)
        return -1;
    while (seen < r->n) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        int left = (int)n;

        if (n <= 0)
            return -1;
        for (const struct nlmsghdr *h = (const void *)bytes; NLMSG_OK(h, (unsigned)left);
             h = NLMSG_NEXT(h, left)) {
            const struct nlmsgerr *answer = NLMSG_DATA(h);

            if (h->nlmsg_type != NLMSG_ERROR)
                continue;
            seen++;
            if (answer->error && h->nlmsg_seq < needed && !error)
                error = -answer->error;
        }
    }
    errno = error;
    return error ? -1 : 0;
}

static int make_routes(int fd)
{
    const struct ifinfomsg up = {.ifi_index = LOOPBACK, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    struct requests r = {.len = 0};
    unsigned needed = 1;

    (void)begin(&r, RTM_NEWLINK, 0, &up, sizeof(up));
    for (size_t i = 0; i < N_OF(nets); i++) {
        route(&r, RTM_NEWROUTE, NLM_F_CREATE, &nets[i]);
        needed += nets[i].family == AF_INET;
    }
    return carry_out(fd, &r, needed);
}

bool netns_remove_routes(const struct netns_sockets *sockets)
{
    struct requests r = {.len = 0};
    unsigned needed = 0;

    for (size_t i = 0; i < N_OF(nets); i++) {
        route(&r, RTM_DELROUTE, 0, &nets[i]);
        needed += nets[i].family == AF_INET;
    }
    return carry_out(sockets->routes, &r, needed) == 0;
}

/* ---- sockets ---- */

/* Beginnings of TCP and UDP to other addresses than 127.0.0.0/8, and UDP to port 53 anywhere. The
 * filters only spare the tap work; it reads with its own eyes. */
static struct sock_filter filter4[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 6, 9),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 8),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 127, 0, 5),
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 53, 2, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 127, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, TAP_SNAP),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* The same, and ICMPv6 "no route" that is no answer of the tap's own. */
static struct sock_filter filter6[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 4),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0100, 0, 20),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 7),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TAP_HOPS, 18, 17),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 53),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 1, 14),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 13),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 10),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 8),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 32),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 6),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 36),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 4),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 53, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, TAP_SNAP),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Bound only once it is filtered: unbound it sees nothing. Of one protocol, because a socket for
 * all of them makes the kernel copy every packet of the loopback. */
static int open_seen(uint16_t protocol, struct sock_filter *filter, size_t n)
{
    const struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
    const struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = LOOPBACK};
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
        bind(fd, (const struct sockaddr *)&at, sizeof(at)))
        return -1;
    return fd;
}

/* The kernel holds back its ICMPv6 errors past 1,000 a second; without them the tap is blind. A
 * failure shows only in floods. */
static void lift_rate_limit(void)
{
    int fd = open("/proc/sys/net/ipv6/icmp/ratemask", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, "\n", 1);
        (void)close(fd);
    }
}

/* ---- the channel ---- */

enum { NOT_TAKEN, TAKEN };

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(N_ALL * sizeof(int))];
};

int netns_channel(int out[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out);
}

static int hand_out(int channel, const int *fds, size_t n)
{
    union control control = {.bytes = {0}};
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(c), fds, n * sizeof(int));
    return sendmsg(channel, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Nobody would answer what the command sends if the sockets got lost on the way. */
static int wait_until_taken(int channel)
{
    char taken = NOT_TAKEN;

    if (recv(channel, &taken, 1, 0) < 0)
        return -1;
    errno = ECONNABORTED;
    return taken == TAKEN ? 0 : -1;
}

int netns_furnish(int channel)
{
    int fds[N_ALL] = {[0] = open_seen(ETH_P_IP, filter4, N_OF(filter4)),
                      [1] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW),
                      [2] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
                      [3] = -1,
                      [4] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW)};
    size_t n = N_V4;

    if (fds[4] >= 0) {
        fds[3] = open_seen(ETH_P_IPV6, filter6, N_OF(filter6));
        lift_rate_limit();
        n = N_ALL;
    }
    for (size_t i = 0; i < n; i++) {
        if (fds[i] < 0)
            return -1;
    }
    return make_routes(fds[2]) || hand_out(channel, fds, n) || wait_until_taken(channel) ? -1 : 0;
}

int netns_take(int channel, struct netns_sockets *out)
{
    int fds[N_ALL] = {-1, -1, -1, -1, -1};
    union control control;
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t got = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    size_t n = 0;

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (n)
        memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    *out = (struct netns_sockets){fds[0], fds[1], fds[2], fds[3], fds[4]};
    byte = (n == N_V4 || n == N_ALL) && !(msg.msg_flags & MSG_CTRUNC) ? TAKEN : NOT_TAKEN;
    if (send(channel, &byte, 1, MSG_NOSIGNAL) == 1 && byte == TAKEN)
        return 0;
    netns_close(out);
    return -1;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void netns_close(struct netns_sockets *sockets)
{
    close_one(&sockets->seen4);
    close_one(&sockets->answer4);
    close_one(&sockets->routes);
    close_one(&sockets->seen6);
    close_one(&sockets->answer6);
}
