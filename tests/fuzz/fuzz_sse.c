/*
 * However the bytes of a stream are split, the reader gives the same events and the same end.
 *
 * The first byte says how the rest is split; the second how long a line may be.
 */
#include "vdo/base/strbuf.h"
#include "vdo/http/sse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_MAX = 8 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *arg, const char *event, const char *data, size_t len)
{
    struct strbuf *log = arg;

    if (strlen(data) > len || data[len] != '\0')
        abort();
    strbuf_addf(log, "%zu %s|", len, event);
    strbuf_add(log, data, len);
    strbuf_addc(log, ';');
    return VDO_OK;
}

static int run(const char *bytes, size_t len, size_t step, size_t max_line, struct strbuf *log)
{
    struct sse_reader *reader = sse_reader_new(max_line, note, log);
    int rc = VDO_OK;

    for (size_t at = 0; at < len && !rc; at += step)
        rc = sse_feed(reader, bytes + at, step < len - at ? step : len - at, NULL);
    if (!rc)
        rc = sse_finish(reader, NULL);
    if (rc != VDO_OK && rc != VDO_E_TOO_LARGE)
        abort();
    if (rc && sse_feed(reader, "\n", 1, NULL) != rc)
        abort();
    sse_reader_free(reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 2;
    struct strbuf whole;
    size_t steps[2];
    int rc;

    if (size < 3)
        return 0;
    strbuf_init(&whole, LOG_MAX);
    rc = run(bytes, size - 2, size, 1u + data[1], &whole);
    steps[0] = 1;
    steps[1] = 1u + data[0];
    for (int i = 0; i < 2; i++) {
        struct strbuf split;

        strbuf_init(&split, LOG_MAX);
        if (run(bytes, size - 2, steps[i], 1u + data[1], &split) != rc)
            abort();
        if (split.len != whole.len || memcmp(split.ptr, whole.ptr, split.len) != 0)
            abort();
        strbuf_release(&split);
    }
    strbuf_release(&whole);
    return 0;
}
