#include "proxy_request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { HTTP_PORT = 80, BAD_REQUEST = 400, NOT_IMPLEMENTED = 501 };

static const char http[] = "http://";
static const char close_line[] = "Connection: close\r\n\r\n";

size_t proxy_head_end(const char *bytes, size_t len)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);

    return end ? (size_t)(end - bytes) + 4 : 0;
}

/* The three parts of the request line; false when there are not exactly three, one blank apart. */
struct request_line {
    const char *method;
    size_t method_len;
    const char *target;
    size_t target_len;
    const char *version; /* up to the line's end */
    size_t version_len;
};

static bool cut_line(const char *head, size_t len, struct request_line *out)
{
    const char *end = memmem(head, len, "\r\n", 2);
    const char *first;
    const char *last;

    if (!end)
        return false;
    for (const char *c = head; c < end; c++) {
        if (iscntrl((unsigned char)*c))
            return false;
    }
    first = memchr(head, ' ', (size_t)(end - head));
    last = memrchr(head, ' ', (size_t)(end - head));
    if (!first || first == head || last <= first + 1 ||
        memchr(first + 1, ' ', (size_t)(last - first - 1)))
        return false;
    *out = (struct request_line){head,      (size_t)(first - head),
                                 first + 1, (size_t)(last - first - 1),
                                 last + 1,  (size_t)(end - last - 1)};
    return out->version_len == 8 && memcmp(out->version, "HTTP/1.", 7) == 0;
}

/* The authority of "http://authority/path". */
static size_t authority_len(const char *from, const char *end)
{
    size_t len = 0;

    while (from + len < end && !strchr("/?#", from[len]))
        len++;
    return len;
}

int proxy_request_parse(const char *head, size_t len, struct proxy_request *out, const char **why)
{
    struct request_line line;
    const char *from;
    int default_port = 0;
    size_t n;

    *why = "this is no request to an HTTP proxy";
    if (memchr(head, '\0', len) || !cut_line(head, len, &line))
        return BAD_REQUEST;
    from = line.target;
    n = line.target_len;
    out->tunnel = line.method_len == 7 && memcmp(line.method, "CONNECT", 7) == 0;
    if (!out->tunnel) {
        if (n < sizeof(http) || strncasecmp(from, http, sizeof(http) - 1) != 0) {
            *why = "only CONNECT and http:// addresses are passed on";
            return NOT_IMPLEMENTED;
        }
        from += sizeof(http) - 1;
        n = authority_len(from, line.target + line.target_len);
        default_port = HTTP_PORT;
    }
    *why = "the host or port asked for is malformed";
    return host_port_parse(from, n, default_port, out->host, &out->port) ? 0 : BAD_REQUEST;
}

static bool is_for_proxies(const char *name, size_t len)
{
    static const char *const names[] = {"connection", "proxy-connection", "proxy-authorization",
                                        "keep-alive", "upgrade"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (len == strlen(names[i]) && strncasecmp(name, names[i], len) == 0)
            return true;
    }
    return false;
}

struct writer {
    char *to;
    size_t len;
};

static void put(struct writer *w, const char *bytes, size_t len)
{
    memcpy(w->to + w->len, bytes, len);
    w->len += len;
}

static void put_line(struct writer *w, const struct request_line *line)
{
    const char *end = line->target + line->target_len;
    const char *path = line->target + sizeof(http) - 1;

    path += authority_len(path, end);
    put(w, line->method, line->method_len);
    put(w, " ", 1);
    if (path == end || *path != '/')
        put(w, "/", 1);
    put(w, path, (size_t)(end - path));
    put(w, " ", 1);
    put(w, line->version, line->version_len);
    put(w, "\r\n", 2);
}

// NOLINTNEXTLINE(readability-non-const-parameter): it is written through the writer
size_t proxy_request_rewrite(const char *head, size_t len, char out[PROXY_REWRITTEN_MAX])
{
    struct writer w = {.to = out};
    struct request_line line;
    const char *at;
    const char *end = head + len - 2; /* before the empty line */

    if (!cut_line(head, len, &line))
        return 0;
    put_line(&w, &line);
    at = line.version + line.version_len + 2;
    while (at < end) {
        const char *next = memmem(at, (size_t)(end - at), "\r\n", 2);
        const char *colon = memchr(at, ':', (size_t)(end - at));

        next = next ? next + 2 : end;
        if (!colon || colon >= next || !is_for_proxies(at, (size_t)(colon - at)))
            put(&w, at, (size_t)(next - at));
        at = next;
    }
    put(&w, close_line, sizeof(close_line) - 1);
    return w.len;
}
