/*
 * host_rule: which hosts and ports may be reached, as people write it: "registry.example.org",
 * "10.0.0.7:8081", "[::1]:8080", "*.example.org:8443".
 *
 * A name covers that name only; "*.example.org" covers every name below example.org and not
 * example.org itself. Names are compared without regard to case and a dot at the end. An address
 * is written in its canonical form, so that nothing else can stand for it. Threads: pure functions.
 */
#ifndef VDO_BASE_HOST_RULE_H
#define VDO_BASE_HOST_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOST_NAME_SIZE = 256, HOST_DEFAULT_PORT = 443, HOST_MAX_RULES = 64 };

struct host_rule {
    char host[HOST_NAME_SIZE]; /* lower case, without "*.", brackets and the dot at the end */
    uint16_t port;
    bool below;   /* "*.": the names below host */
    bool address; /* an IPv4 or IPv6 address */
};

/* Read one rule. NULL, or what is wrong with it (static). */
const char *host_rule_parse(const char *text, struct host_rule *out);

/*
 * Read "host:port" or "[address]:port" as a request names it: the port is needed unless
 * default_port is positive. False when it is neither.
 */
bool host_port_parse(const char *text, size_t len, int default_port, char host[HOST_NAME_SIZE],
                     uint16_t *out_port);

/* Does the rule cover this host and port? host as host_port_parse() gives it. */
bool host_rule_covers(const struct host_rule *rule, const char *host, uint16_t port);

#endif
