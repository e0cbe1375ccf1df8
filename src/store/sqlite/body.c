#include "body.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include <lz4.h>

char *body_pack(const char *body, size_t len, size_t *out_len, size_t *out_raw_len)
{
    /* Less room than it needs as it is: LZ4 gives up as soon as nothing is won. */
    char *packed = len > 1 ? xmalloc(len - 1) : NULL;
    int n = packed ? LZ4_compress_default(body, packed, (int)len, (int)len - 1) : 0;

    if (n > 0) {
        *out_len = (size_t)n;
        *out_raw_len = len;
        return packed;
    }
    free(packed);
    *out_len = len;
    *out_raw_len = 0;
    return xmemdup0(body, len);
}

bool body_unpack(const char *packed, size_t len, size_t raw_len, char **out, size_t *out_len)
{
    char *body;

    if (raw_len == 0) {
        *out = xmemdup0(packed, len);
        *out_len = len;
        return true;
    }
    if (raw_len > VDO_MAX_WEBHOOK_BODY || len >= raw_len)
        return false;
    body = xmalloc(raw_len + 1);
    if (LZ4_decompress_safe(packed, body, (int)len, (int)raw_len) != (int)raw_len) {
        free(body);
        return false;
    }
    body[raw_len] = '\0';
    *out = body;
    *out_len = raw_len;
    return true;
}
