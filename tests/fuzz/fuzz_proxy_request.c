/*
 * Whatever a program says to the proxy: what is taken apart names a host and a port, and the head
 * made for the server fits, is one head, and keeps nothing that is meant for a proxy.
 */
#include "../../src/sandbox/proxy_request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *head = malloc(size + 1);
    char *out = malloc(PROXY_REWRITTEN_MAX);
    struct proxy_request request;
    const char *why = NULL;
    size_t len;
    int status;

    if (!head || !out)
        abort();
    memcpy(head, data, size);
    len = proxy_head_end(head, size < PROXY_HEAD_MAX ? size : PROXY_HEAD_MAX);
    status = len ? proxy_request_parse(head, len, &request, &why) : 1;
    if (status && len && (status < 400 || status > 599 || !why))
        abort();
    if (!status) {
        struct host_rule rule;

        if (!request.host[0] || request.port == 0 || strpbrk(request.host, "/@* \r\n"))
            abort();
        if (!strchr(request.host, ':') && host_rule_parse(request.host, &rule))
            abort();
    }
    if (!status && !request.tunnel) {
        size_t n = proxy_request_rewrite(head, len, out);

        if (n == 0 || n > PROXY_REWRITTEN_MAX || proxy_head_end(out, n) != n)
            abort();
    }
    free(head);
    free(out);
    return 0;
}
