#include "tap.h"

#include "netns.h"
#include "tenant.h"

#include "vdo/base/proc.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROBE_MS = 5000, PROBE_PORT = 9 };

/* Of a net for documentation (RFC 5737): nobody has it. */
static const char probe_address[] = "192.0.2.1";

/* What a run does before bwrap starts, and then one attempt. In the forked child. */
static int try_to_reach(void *arg)
{
    const int *channel = arg;
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(PROBE_PORT), .sin_addr.s_addr = htonl(0xc0000201)};
    int fd;

    if (tenant_enter_network(*channel))
        return -1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)connect(fd, (const struct sockaddr *)&to, sizeof(to));
    return 0;
}

static bool was_seen(const struct attempts *attempts)
{
    return attempts->n == 1 && attempts->list[0].port == PROBE_PORT &&
           strcmp(attempts->list[0].host, probe_address) == 0;
}

bool tap_probe(char *why, size_t why_size)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct proc_spec spec = {
        .argv = argv, .prepare = try_to_reach, .timeout_ms = PROBE_MS, .head_max = 16};
    struct proc_result result;
    struct err err = {0};
    struct tap *tap;
    int inside;
    bool seen = false;

    if (tap_start(false, 0, &tap, &inside, &err)) {
        (void)snprintf(why, why_size, "%s", err.text);
        return false;
    }
    spec.prepare_arg = &inside;
    if (proc_run(&spec, &result, &err)) {
        (void)snprintf(why, why_size, "%s", err.text);
    } else {
        tap_stop(tap);
        proc_result_release(&result);
        seen = was_seen(tap_attempts(tap));
        if (!seen)
            (void)snprintf(why, why_size, "a packet socket of a network namespace saw nothing");
    }
    (void)close(inside);
    tap_free(tap);
    return seen;
}
