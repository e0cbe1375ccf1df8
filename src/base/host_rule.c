#include "vdo/base/host_rule.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_LABEL = 63 };

/* The canonical text of an address, or false when it is none. */
static bool to_address(const char *text, char out[HOST_NAME_SIZE])
{
    unsigned char bytes[16];

    for (int i = 0; i < 2; i++) {
        int family = i ? AF_INET6 : AF_INET;

        if (inet_pton(family, text, bytes) == 1)
            return inet_ntop(family, bytes, out, HOST_NAME_SIZE) != NULL;
    }
    return false;
}

/* Letters, digits, hyphens and underscores between dots; the last part is no number, or resolvers
 * would take the whole for an address in an odd form ("127.1", "0x7f000001"). */
static bool is_name(const char *text)
{
    const char *last = text;
    size_t label = 0;

    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0)
                return false;
            label = 0;
            last = c + 1;
        } else if ((!isalnum((unsigned char)*c) && *c != '-' && *c != '_') ||
                   ++label > MOST_LABEL) {
            return false;
        }
    }
    return label > 0 && !isdigit((unsigned char)*last);
}

static bool take_port(const char *text, uint16_t *out)
{
    size_t len = strspn(text, "0123456789");
    long port = len > 0 && len <= 5 ? strtol(text, NULL, 10) : 0;

    if (text[len] != '\0' || port < 1 || port > 65535)
        return false;
    *out = (uint16_t)port;
    return true;
}

/* Cut "host:port" in place; *port is NULL when there is none. False when it is malformed. */
static bool cut(char *text, char **host, char **port)
{
    char *close = NULL;

    *host = text;
    *port = NULL;
    if (*text == '[') {
        close = strchr(text, ']');
        if (!close || (close[1] != '\0' && close[1] != ':'))
            return false;
        *host = text + 1;
        *port = close[1] ? close + 2 : NULL;
        *close = '\0';
        return strchr(*host, ':') != NULL;
    }
    close = strchr(text, ':');
    if (close) {
        *close = '\0';
        *port = close + 1;
    }
    return !close || !strchr(*port, ':');
}

static void tidy(char *host)
{
    size_t len = strlen(host);

    if (len > 1 && host[len - 1] == '.')
        host[len - 1] = '\0';
    for (char *c = host; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static bool parse(const char *text, size_t len, int default_port, char host[HOST_NAME_SIZE],
                  uint16_t *out_port, bool *out_address)
{
    char copy[HOST_NAME_SIZE + 8];
    char *name;
    char *port;

    if (len >= sizeof(copy) || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!cut(copy, &name, &port) || strlen(name) >= HOST_NAME_SIZE)
        return false;
    if (port ? !take_port(port, out_port) : default_port <= 0)
        return false;
    if (!port)
        *out_port = (uint16_t)default_port;
    tidy(name);
    *out_address = to_address(name, host);
    if (*out_address)
        return true;
    (void)snprintf(host, HOST_NAME_SIZE, "%s", name);
    return is_name(host);
}

bool host_port_parse(const char *text, size_t len, int default_port, char host[HOST_NAME_SIZE],
                     uint16_t *out_port)
{
    bool address;

    return parse(text, len, default_port, host, out_port, &address);
}

const char *host_rule_parse(const char *text, struct host_rule *out)
{
    bool below = strncmp(text, "*.", 2) == 0;
    const char *rest = below ? text + 2 : text;

    *out = (struct host_rule){.below = below};
    if (strstr(text, "://") || strpbrk(text, "/@?#"))
        return "expected a host such as registry.example.org, without scheme, path and user";
    if (strchr(rest, '*'))
        return "a star stands only in front: *.example.org";
    if (!parse(rest, strlen(rest), HOST_DEFAULT_PORT, out->host, &out->port, &out->address))
        return "expected HOST, HOST:PORT or *.HOST, such as registry.example.org:443; an IPv6 "
               "address stands in brackets";
    if (below && out->address)
        return "nothing is below an address";
    if (below && !strchr(out->host, '.'))
        return "a star needs two names behind it, such as *.example.org";
    return NULL;
}

bool host_rule_covers(const struct host_rule *rule, const char *host, uint16_t port)
{
    size_t len = strlen(host);
    size_t top = strlen(rule->host);

    if (port != rule->port)
        return false;
    if (!rule->below)
        return strcasecmp(rule->host, host) == 0;
    return len > top + 1 && host[len - top - 1] == '.' &&
           strcasecmp(host + len - top, rule->host) == 0;
}
