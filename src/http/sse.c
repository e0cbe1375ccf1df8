#include "vdo/http/sse.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char BOM[] = "\xEF\xBB\xBF";
enum { BOM_LEN = 3 };

struct sse_reader {
    size_t max_line;
    sse_event_fn on_event;
    void *arg;
    struct strbuf line; /* the beginning of a line whose end has not come yet */
    struct strbuf event;
    struct strbuf data;
    bool has_data;
    bool first_line; /* a BOM may stand before it */
    bool skip_lf;    /* the last byte was CR: an LF now belongs to it */
    int failed;      /* the code that ended this reader */
};

struct sse_reader *sse_reader_new(size_t max_line, sse_event_fn on_event, void *arg)
{
    struct sse_reader *reader = xcalloc(1, sizeof(*reader));

    assert(on_event);
    reader->max_line = max_line;
    reader->on_event = on_event;
    reader->arg = arg;
    reader->first_line = true;
    strbuf_init(&reader->line, max_line + BOM_LEN);
    strbuf_init(&reader->event, max_line);
    strbuf_init(&reader->data, max_line);
    return reader;
}

void sse_reader_free(struct sse_reader *reader)
{
    if (!reader)
        return;
    strbuf_release(&reader->line);
    strbuf_release(&reader->event);
    strbuf_release(&reader->data);
    free(reader);
}

static int too_large(const struct sse_reader *reader, const char *what, struct err *err)
{
    return err_set(err, VDO_E_TOO_LARGE, "event stream: %s of more than %zu bytes", what,
                   reader->max_line);
}

/* A blank line: hand the event out, if it has data, and begin the next. */
static int dispatch(struct sse_reader *reader, struct err *err)
{
    int rc = VDO_OK;

    if (reader->has_data)
        rc = reader->on_event(reader->arg, reader->event.ptr, reader->data.ptr, reader->data.len);
    reader->has_data = false;
    strbuf_clear(&reader->event);
    strbuf_clear(&reader->data);
    if (rc)
        err_set(err, (enum vdo_code)rc, "event stream: the receiver of the events stopped");
    return rc;
}

static int add_data(struct sse_reader *reader, const char *value, size_t len, struct err *err)
{
    if (reader->has_data)
        strbuf_addc(&reader->data, '\n');
    reader->has_data = true;
    return strbuf_add(&reader->data, value, len) ? too_large(reader, "an event", err) : VDO_OK;
}

/* "id" and "retry" concern reconnecting, which no caller does. */
static int take_field(struct sse_reader *reader, const char *line, size_t len, struct err *err)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : len;
    const char *value = colon ? colon + 1 : line + len;
    size_t value_len = (size_t)(line + len - value);

    if (value_len > 0 && value[0] == ' ') {
        value++;
        value_len--;
    }
    if (name_len == 4 && memcmp(line, "data", 4) == 0)
        return add_data(reader, value, value_len, err);
    if (name_len == 5 && memcmp(line, "event", 5) == 0) {
        strbuf_clear(&reader->event);
        strbuf_add(&reader->event, value, value_len);
    }
    return VDO_OK;
}

static int take_line(struct sse_reader *reader, const char *line, size_t len, struct err *err)
{
    if (reader->first_line) {
        reader->first_line = false;
        if (len >= BOM_LEN && memcmp(line, BOM, BOM_LEN) == 0) {
            line += BOM_LEN;
            len -= BOM_LEN;
        }
    }
    if (len > reader->max_line)
        return too_large(reader, "a line", err);
    return len == 0 ? dispatch(reader, err) : take_field(reader, line, len, err);
}

/* A line that may have begun in an earlier piece ends with these bytes. */
static int end_line(struct sse_reader *reader, const char *bytes, size_t len, struct err *err)
{
    int rc;

    if (reader->line.len == 0)
        return take_line(reader, bytes, len, err);
    if (strbuf_add(&reader->line, bytes, len))
        return too_large(reader, "a line", err);
    rc = take_line(reader, reader->line.ptr, reader->line.len, err);
    strbuf_clear(&reader->line);
    return rc;
}

/* Keep the beginning of a line. The cap holds here too, so that an endless line ends early. */
static int keep_rest(struct sse_reader *reader, const char *bytes, size_t len, struct err *err)
{
    size_t slack = reader->first_line ? BOM_LEN : 0;

    if (strbuf_add(&reader->line, bytes, len) || reader->line.len > reader->max_line + slack)
        return too_large(reader, "a line", err);
    return VDO_OK;
}

static int feed(struct sse_reader *reader, const char *p, const char *end, struct err *err)
{
    const char *lf = NULL; /* the next LF at or after p; `end` when there is none */

    while (p < end) {
        const char *cr;
        const char *stop;
        int rc;

        if (reader->skip_lf) {
            reader->skip_lf = false;
            if (*p == '\n') {
                p++;
                continue;
            }
        }
        /* The LF found is kept while CRs before it are consumed: one scan over the bytes, not
         * one for each line, whatever ends the lines. */
        if (!lf || lf < p) {
            lf = memchr(p, '\n', (size_t)(end - p));
            if (!lf)
                lf = end;
        }
        cr = memchr(p, '\r', (size_t)(lf - p));
        stop = cr ? cr : lf;
        if (stop == end)
            return keep_rest(reader, p, (size_t)(end - p), err);
        reader->skip_lf = cr != NULL;
        rc = end_line(reader, p, (size_t)(stop - p), err);
        if (rc)
            return rc;
        p = stop + 1;
    }
    return VDO_OK;
}

int sse_feed(struct sse_reader *reader, const char *bytes, size_t len, struct err *err)
{
    if (reader->failed)
        return err_set(err, (enum vdo_code)reader->failed, "event stream: it has failed before");
    if (len > 0)
        reader->failed = feed(reader, bytes, bytes + len, err);
    return reader->failed;
}

int sse_finish(struct sse_reader *reader, struct err *err)
{
    if (reader->failed)
        return err_set(err, (enum vdo_code)reader->failed, "event stream: it has failed before");
    if (reader->line.len > 0)
        reader->failed = end_line(reader, "", 0, err);
    if (!reader->failed)
        reader->failed = dispatch(reader, err);
    return reader->failed;
}
