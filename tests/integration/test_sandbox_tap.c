/* What a run without a network tries to reach: it fails as where there is no network, and is seen.
 * As the user who runs the tests, and as an ordinary one when that is root. */
#include "vdo/sandbox/sandbox.h"

#include "ordinary_user.h"
#include "sandbox_fixture.h"

#include "../../src/sandbox/host.h"
#include "../../src/sandbox/tap.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/json/json.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ANSWER_MS = 15000,
    QUIET_MS = 50,
    BURST = 100,
    SERVED_PORT = 4711,
    LOOKED_AT = 200,
    FLOOD = 3 * LOOKED_AT
};

/* ---- inside: this program again, as "./prober inside WHAT..." ---- */

static int open_to(const char *address, int port, int type, struct sockaddr_storage *to,
                   socklen_t *len)
{
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;

    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        *len = sizeof(*in);
    } else if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        *len = sizeof(*in6);
    } else {
        abort();
    }
    return socket(to->ss_family, type | SOCK_CLOEXEC, 0);
}

/* 0, or the errno of connect(2). */
static int connect_by_tcp(const char *address, int port)
{
    struct sockaddr_storage to;
    socklen_t len;
    int fd = open_to(address, port, SOCK_STREAM, &to, &len);
    int error = connect(fd, (struct sockaddr *)&to, len) ? errno : 0;

    (void)close(fd);
    return error;
}

/* What a connected socket hears of what it has sent. */
static int send_by_udp(const char *address, int port)
{
    struct sockaddr_storage to;
    socklen_t len;
    int fd = open_to(address, port, SOCK_DGRAM, &to, &len);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte;
    int error = 0;

    if (connect(fd, (struct sockaddr *)&to, len) || send(fd, "x", 1, 0) != 1 ||
        poll(&wait, 1, ANSWER_MS) <= 0 || recv(fd, &byte, 1, 0) < 0)
        error = errno;
    (void)close(fd);
    return error;
}

static int send_unconnected(const char *address, int port)
{
    struct sockaddr_storage to;
    socklen_t len;
    int one = 1;
    int fd = open_to(address, port, SOCK_DGRAM, &to, &len);
    int error;

    (void)setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
    error = sendto(fd, "x", 1, 0, (struct sockaddr *)&to, len) < 0 ? errno : 0;
    (void)close(fd);
    return error;
}

/* Join the group on the loopback, send to it, hear it, and meet no error afterwards. */
static int send_to_group(const char *address, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct ip_mreqn group = {.imr_address = {htonl(INADDR_LOOPBACK)}};
    int hears = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sends = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd wait = {.fd = sends, .events = POLLIN};
    char byte;
    int error = 0;

    if (bind(hears, (struct sockaddr *)&at, sizeof(at)) ||
        inet_pton(AF_INET, address, &group.imr_multiaddr) != 1 ||
        setsockopt(hears, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)) ||
        setsockopt(sends, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)))
        return errno;
    at.sin_addr = group.imr_multiaddr;
    if (connect(sends, (struct sockaddr *)&at, sizeof(at)) || send(sends, "x", 1, 0) != 1 ||
        recv(hears, &byte, 1, 0) != 1 ||
        (poll(&wait, 1, QUIET_MS) > 0 && send(sends, "x", 1, 0) != 1))
        error = errno;
    (void)close(hears);
    (void)close(sends);
    return error;
}

static int serve(const char *address)
{
    struct sockaddr_storage at;
    socklen_t len;
    int one = 1;
    int fd = open_to(address, SERVED_PORT, SOCK_STREAM, &at, &len);

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    return bind(fd, (struct sockaddr *)&at, len) || listen(fd, 8) ? errno : 0;
}

static int look_up(const char *name)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

    return getaddrinfo(name, "443", &hints, &found) ? EHOSTUNREACH : 0;
}

/* Many at the same time, none of them waited for on its own. */
static int burst(const char *address, int port)
{
    struct pollfd waits[BURST];
    int error = 0;

    for (int i = 0; i < BURST; i++) {
        struct sockaddr_storage to;
        socklen_t len;

        waits[i] =
            (struct pollfd){.fd = open_to(address, port, SOCK_STREAM | SOCK_NONBLOCK, &to, &len),
                            .events = POLLOUT};
        if (connect(waits[i].fd, (struct sockaddr *)&to, len) == 0)
            return 0;
        if (errno != EINPROGRESS)
            return errno == ENETUNREACH ? EPROTO : errno;
    }
    for (int i = 0; i < BURST; i++) {
        socklen_t len = sizeof(error);

        /* It may be told a moment before there is an error: see tap.h. */
        for (int k = 0; k < ANSWER_MS && error == 0; k++) {
            if (poll(&waits[i], 1, ANSWER_MS) != 1)
                return ETIME;
            if (getsockopt(waits[i].fd, SOL_SOCKET, SO_ERROR, &error, &len))
                return errno;
            (void)poll(NULL, 0, error == 0);
        }
        if (error != ENETUNREACH)
            return error ? error : EBADE;
        error = i + 1 < BURST ? 0 : error;
    }
    return error;
}

static int flood(const char *address, int port)
{
    int error = ENETUNREACH;

    for (int i = 0; i < FLOOD && error == ENETUNREACH; i++)
        error = connect_by_tcp(address, port);
    return error;
}

/* A request to VDO's proxy for a host that is not listed. 0 when it is refused. */
static int ask_proxy(const char *host, int port)
{
    struct sockaddr_storage to;
    socklen_t len;
    int fd = open_to("127.0.0.1", 3128, SOCK_STREAM, &to, &len);
    char text[256];
    int n = snprintf(text, sizeof(text), "CONNECT %s:%d HTTP/1.1\r\n\r\n", host, port);

    if (connect(fd, (struct sockaddr *)&to, len) || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n ||
        recv(fd, text, sizeof(text), 0) < 12)
        return errno;
    return strncmp(text + 9, "403", 3) == 0 ? 0 : EPROTO;
}

static int try_one(const char *what)
{
    AUTO_FREE char *copy = xstrdup(what);
    char *rest = NULL;
    const char *how = strtok_r(copy, " ", &rest);
    const char *address = strtok_r(NULL, " ", &rest);
    const char *port_text = strtok_r(NULL, " ", &rest);
    int port = port_text ? atoi(port_text) : 0;

    static const struct {
        const char *name;
        int (*run)(const char *, int);
    } ways[] = {{"tcp", connect_by_tcp}, {"udp", send_by_udp}, {"sendto", send_unconnected},
                {"burst", burst},        {"flood", flood},     {"proxy", ask_proxy},
                {"group", send_to_group}};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, how) == 0)
            return ways[i].run(address, port);
    }
    return strcmp(how, "serve") == 0 ? serve(address) : look_up(address);
}

static int inside(char **what)
{
    for (; *what; what++) {
        int error = try_one(*what);

        (void)printf("%s: %s\n", *what, error ? strerrorname_np(error) : "ok");
    }
    return 0;
}

/* ---- outside ---- */

static char dir[64];

static int make_dir(void **state)
{
    AUTO_FREE char *path = NULL;
    char *bytes;
    size_t len;
    struct err err = {0};

    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/vdo-tap-XXXXXX");
    assert_non_null(mkdtemp(dir));
    path = fs_join(dir, "prober");
    assert_int_equal(fs_read_file("/proc/self/exe", 256u << 20, &bytes, &len, &err), 0);
    assert_int_equal(fs_write_atomic(path, bytes, len, 0755, &err), 0);
    free(bytes);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    return fs_remove_tree(dir, NULL);
}

enum { MOST_TRIED = 12 };

struct trial {
    const char *what[MOST_TRIED];
    const char *allow;
    bool network;
};

static void try_in(const struct sandbox *where, const struct trial *t,
                   struct sandbox_result *result)
{
    static const char *const env[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    const char *const allow[] = {t->allow, NULL};
    const char *argv[MOST_TRIED + 3] = {"./prober", "inside"};
    struct sandbox_spec spec = {.dir = dir,
                                .argv = argv,
                                .env = env,
                                .timeout_ms = 60000,
                                .network = t->network,
                                .allow_hosts = t->allow ? allow : NULL};
    struct err err = {0};

    for (size_t i = 0; i < MOST_TRIED && t->what[i]; i++)
        argv[i + 2] = t->what[i];
    if (sandbox_run(where, &spec, result, &err))
        fail_msg("%s", err.text);
    assert_int_equal(result->end, SANDBOX_EXITED);
}

static void try_all(const struct trial *t, struct sandbox_result *result)
{
    if (!sandbox_available(sandbox) || !sandbox->tapped) {
        (void)printf("# skipped: %s %s\n", sandbox_describe(sandbox), sandbox->untapped);
        skip();
    }
    try_in(sandbox, t, result);
}

/* Lines "HOST:PORT WHY" of result.network, in its order. */
static char *attempts_of(const struct sandbox_result *result)
{
    char *text = xstrdup("");
    size_t i;
    json_t *one;

    json_array_foreach (result->network, i, one) {
        char *more = xasprintf("%s%s:%d %s\n", text, js_str(one, "host", "?"),
                               (int)js_int(one, "port", -1), js_str(one, "why", "?"));

        assert_false(js_bool(one, "allowed", true));
        assert_true(js_int(one, "count", 0) > 0);
        free(text);
        text = more;
    }
    return text;
}

static void expect(const struct trial *t, const char *output, const char *attempts)
{
    struct sandbox_result result;
    AUTO_FREE char *seen = NULL;

    try_all(t, &result);
    assert_string_equal(result.output, output);
    assert_non_null(result.network);
    seen = attempts_of(&result);
    assert_string_equal(seen, attempts);
    sandbox_result_release(&result);
}

static void sandbox_run__refuses_tcp_at_once_and_sees_it(void **state)
{
    const struct trial t = {.what = {"tcp 93.184.216.34 443", "tcp 10.1.2.3 80",
                                     "tcp 2001:db8::1 443", "tcp fd00::1 8080",
                                     "tcp ::ffff:198.51.100.7 22"}};

    (void)state;
    expect(&t,
           "tcp 93.184.216.34 443: ENETUNREACH\ntcp 10.1.2.3 80: ENETUNREACH\n"
           "tcp 2001:db8::1 443: ENETUNREACH\ntcp fd00::1 8080: ENETUNREACH\n"
           "tcp ::ffff:198.51.100.7 22: ENETUNREACH\n",
           "93.184.216.34:443 no network\n10.1.2.3:80 no network\n2001:db8::1:443 no network\n"
           "fd00::1:8080 no network\n198.51.100.7:22 no network\n");
}

static void sandbox_run__refuses_udp_and_sees_it(void **state)
{
    const struct trial t = {.what = {"udp 192.0.2.1 123", "udp 2001:db8::2 443"}};

    (void)state;
    expect(&t, "udp 192.0.2.1 123: ECONNREFUSED\nudp 2001:db8::2 443: ECONNREFUSED\n",
           "192.0.2.1:123 no network (UDP)\n2001:db8::2:443 no network (UDP)\n");
}

static void sandbox_run__sees_names_that_are_looked_up(void **state)
{
    const struct trial t = {.what = {"name packages.example.org", "name localhost"}};

    (void)state;
    expect(&t, "name packages.example.org: EHOSTUNREACH\nname localhost: ok\n",
           "packages.example.org:0 no network; name looked up\n");
}

static void sandbox_run__says_nothing_of_the_loopback(void **state)
{
    const struct trial t = {.what = {"serve 0.0.0.0", "tcp 127.0.0.1 4711", "tcp 127.8.8.8 4711",
                                     "tcp 127.0.0.1 4712", "udp 127.0.0.1 4712", "tcp ::1 4712"}};

    (void)state;
    expect(&t,
           "serve 0.0.0.0: ok\ntcp 127.0.0.1 4711: ok\ntcp 127.8.8.8 4711: ok\n"
           "tcp 127.0.0.1 4712: ECONNREFUSED\nudp 127.0.0.1 4712: ECONNREFUSED\n"
           "tcp ::1 4712: ECONNREFUSED\n",
           "");
}

static void sandbox_run__reaches_no_server_of_its_own_by_foreign_addresses(void **state)
{
    const struct trial t = {.what = {"serve ::", "tcp 192.0.2.1 4711", "tcp 2001:db8::1 4711"}};

    (void)state;
    expect(&t, "serve ::: ok\ntcp 192.0.2.1 4711: ENETUNREACH\ntcp 2001:db8::1 4711: ENETUNREACH\n",
           "192.0.2.1:4711 no network\n2001:db8::1:4711 no network\n");
}

static void sandbox_run__has_no_route_for_multicast_and_broadcast(void **state)
{
    const struct trial t = {
        .what = {"sendto 224.0.0.251 5353", "sendto 255.255.255.255 67", "sendto ff02::fb 5353"}};

    (void)state;
    expect(&t,
           "sendto 224.0.0.251 5353: ENETUNREACH\nsendto 255.255.255.255 67: ENETUNREACH\n"
           "sendto ff02::fb 5353: ENETUNREACH\n",
           "");
}

static void sandbox_run__leaves_multicast_over_the_loopback_alone(void **state)
{
    const struct trial t = {.what = {"group 224.0.0.251 5353", "group 239.1.2.3 1900"}};

    (void)state;
    expect(&t, "group 224.0.0.251 5353: ok\ngroup 239.1.2.3 1900: ok\n", "");
}

static void sandbox_run__answers_many_connections_at_the_same_time(void **state)
{
    const struct trial t = {.what = {"burst 192.0.2.1 443", "burst 2001:db8::1 443"}};
    struct sandbox_result result;

    (void)state;
    try_all(&t, &result);
    assert_string_equal(result.output, "burst 192.0.2.1 443: ENETUNREACH\n"
                                       "burst 2001:db8::1 443: ENETUNREACH\n");
    assert_true(js_int(json_array_get(result.network, 0), "count", 0) >= BURST);
    sandbox_result_release(&result);
}

static void sandbox_run__looks_at_so_many_attempts_and_refuses_the_rest(void **state)
{
    const struct trial t = {.what = {"flood 192.0.2.1 443", "tcp 192.0.2.2 443", "udp 192.0.2.3 53",
                                     "tcp 2001:db8::1 443"}};

    (void)state;
    sandbox->tap_packets = LOOKED_AT;
    expect(&t,
           "flood 192.0.2.1 443: ENETUNREACH\ntcp 192.0.2.2 443: ENETUNREACH\n"
           "udp 192.0.2.3 53: ENETUNREACH\ntcp 2001:db8::1 443: ENETUNREACH\n",
           "192.0.2.1:443 no network\n:0 the run tried more than is looked at\n");
    sandbox->tap_packets = 0;
}

static void sandbox_run__sees_what_goes_past_the_proxy(void **state)
{
    const struct trial t = {.what = {"proxy other.example 443", "tcp 192.0.2.1 443",
                                     "udp 192.0.2.1 123", "name other.example"},
                            .allow = "registry.example"};

    (void)state;
    expect(&t,
           "proxy other.example 443: ok\ntcp 192.0.2.1 443: ENETUNREACH\n"
           "udp 192.0.2.1 123: ECONNREFUSED\nname other.example: EHOSTUNREACH\n",
           "other.example:443 is not allowed\n"
           "192.0.2.1:443 not through the proxy\n192.0.2.1:123 not through the proxy (UDP)\n"
           "other.example:0 name looked up, not through the proxy\n");
}

static void sandbox_run__sees_nothing_with_the_network_of_the_host(void **state)
{
    const struct trial t = {.what = {"tcp 127.0.0.1 9"}, .network = true};
    struct sandbox_result result;

    (void)state;
    try_all(&t, &result);
    assert_null(result.network);
    sandbox_result_release(&result);
}

static void sandbox_run__without_the_tap_fails_the_same_and_sees_nothing(void **state)
{
    const struct trial t = {.what = {"tcp 192.0.2.1 443", "tcp 2001:db8::1 443", "name a.example"}};
    struct sandbox_result tapped;
    struct sandbox_result result;
    struct sandbox without;

    (void)state;
    try_all(&t, &tapped);
    without = *sandbox;
    without.tapped = false;
    try_in(&without, &t, &result);
    assert_string_equal(result.output, tapped.output);
    assert_null(result.network);
    sandbox_result_release(&tapped);
    sandbox_result_release(&result);
}

static size_t open_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    size_t n = 0;

    while (readdir(list))
        n++;
    (void)closedir(list);
    return n;
}

static void sandbox_run__leaves_no_descriptors_behind(void **state)
{
    const struct trial t = {.what = {"tcp 192.0.2.1 443"}};
    struct sandbox_result result;
    size_t before = open_descriptors();

    (void)state;
    for (int i = 0; i < 3; i++) {
        try_all(&t, &result);
        sandbox_result_release(&result);
    }
    tap_wait_for_all();
    assert_int_equal(open_descriptors(), before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_dir, remove_dir)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(sandbox_run__refuses_tcp_at_once_and_sees_it),
        TEST(sandbox_run__refuses_udp_and_sees_it),
        TEST(sandbox_run__sees_names_that_are_looked_up),
        TEST(sandbox_run__says_nothing_of_the_loopback),
        TEST(sandbox_run__reaches_no_server_of_its_own_by_foreign_addresses),
        TEST(sandbox_run__has_no_route_for_multicast_and_broadcast),
        TEST(sandbox_run__leaves_multicast_over_the_loopback_alone),
        TEST(sandbox_run__answers_many_connections_at_the_same_time),
        TEST(sandbox_run__looks_at_so_many_attempts_and_refuses_the_rest),
        TEST(sandbox_run__sees_what_goes_past_the_proxy),
        TEST(sandbox_run__sees_nothing_with_the_network_of_the_host),
        TEST(sandbox_run__without_the_tap_fails_the_same_and_sees_nothing),
        TEST(sandbox_run__leaves_no_descriptors_behind),
    };
    int failed;

    if (argc > 2 && strcmp(argv[1], "inside") == 0)
        return inside(argv + 2);
    failed = cmocka_run_group_tests(tests, sandbox_fixture_start, sandbox_fixture_stop);
    return failed ? failed : run_as_ordinary_user();
}
