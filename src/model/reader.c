#include "reader.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/http/sse.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum shape { SHAPE_UNKNOWN, SHAPE_EVENTS, SHAPE_WHOLE };

struct answer_reader {
    const struct provider_ops *ops;
    struct wire_answer *answer;
    struct sse_reader *sse;
    enum shape shape;
    struct strbuf whole;
    size_t total;
    struct err why; /* of an event that could not be read */
};

/* Some servers cut a character in two between events: read such an event with the damage marked. */
static int parse_event(const char *data, size_t len, json_t **out, struct err *err)
{
    json_auto_t *clean = NULL;

    if (js_is_utf8(data, len))
        return js_parse(data, len, out, err);
    clean = js_string_lossy(data, len);
    return js_parse(json_string_value(clean), json_string_length(clean), out, err);
}

static int on_event(void *arg, const char *event, const char *data, size_t len)
{
    struct answer_reader *reader = arg;
    struct wire_answer *answer = reader->answer;
    json_auto_t *value = NULL;
    int rc;

    if (len == 0 || answer->failure.kind != FAIL_NONE)
        return VDO_OK;
    if (len == 6 && memcmp(data, "[DONE]", 6) == 0) {
        answer->complete = true;
        return VDO_OK;
    }
    rc = parse_event(data, len, &value, &reader->why);
    if (rc)
        return rc;
    if (!json_is_object(value))
        return VDO_OK;
    return reader->ops->event(answer, event, value, &reader->why);
}

struct answer_reader *answer_reader_new(const struct provider_ops *ops, struct wire_answer *answer)
{
    struct answer_reader *reader = xcalloc(1, sizeof(*reader));

    reader->ops = ops;
    reader->answer = answer;
    reader->sse = sse_reader_new(VDO_MAX_SSE_LINE, on_event, reader);
    strbuf_init(&reader->whole, VDO_MAX_HTTP_BODY);
    return reader;
}

void answer_reader_free(struct answer_reader *reader)
{
    if (!reader)
        return;
    sse_reader_free(reader->sse);
    strbuf_release(&reader->whole);
    free(reader);
}

bool answer_reader_saw_bytes(const struct answer_reader *reader)
{
    return reader->total > 0;
}

/* A line of an event stream begins with a field name or a colon; JSON and HTML do not. */
static void find_shape(struct answer_reader *reader, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n\xEF\xBB\xBF", bytes[i]) && bytes[i])
            continue;
        reader->shape = strchr("{[<\"", bytes[i]) && bytes[i] ? SHAPE_WHOLE : SHAPE_EVENTS;
        return;
    }
}

static int feed_events(struct answer_reader *reader, const char *bytes, size_t len, struct err *err)
{
    struct err why = {0};
    int rc = sse_feed(reader->sse, bytes, len, &why);

    if (rc && reader->why.code)
        return err_set(err, reader->why.code, "an event of the answer: %s", reader->why.text);
    return rc ? err_set(err, rc, "%s", why.text) : VDO_OK;
}

int answer_reader_feed(struct answer_reader *reader, const char *bytes, size_t len, struct err *err)
{
    reader->total += len;
    if (reader->total > VDO_MAX_HTTP_BODY)
        return err_set(err, VDO_E_TOO_LARGE, "an answer of more than %lu bytes", VDO_MAX_HTTP_BODY);
    if (reader->shape == SHAPE_UNKNOWN)
        find_shape(reader, bytes, len);
    if (reader->shape == SHAPE_EVENTS) {
        /* Blanks and a mark before the first event were kept until it was clear what they are. */
        int rc = VDO_OK;

        if (reader->whole.len)
            rc = feed_events(reader, reader->whole.ptr, reader->whole.len, err);
        strbuf_clear(&reader->whole);
        return rc ? rc : feed_events(reader, bytes, len, err);
    }
    return strbuf_add(&reader->whole, bytes, len) ?
               err_set(err, VDO_E_TOO_LARGE, "an answer of more than %lu bytes",
                       VDO_MAX_HTTP_BODY) :
               VDO_OK;
}

static int read_whole(struct answer_reader *reader, struct err *err)
{
    json_auto_t *value = NULL;
    const json_t *root;
    struct err why = {0};
    int rc;

    if (reader->whole.len == 0)
        return VDO_OK;
    rc = js_parse(reader->whole.ptr, reader->whole.len, &value, &why);
    if (rc)
        return err_set(err, rc, "the answer is neither an event stream nor JSON: %s", why.text);
    /* Some gateways wrap a Gemini answer or error into an array of one. */
    root = json_is_array(value) ? json_array_get(value, 0) : value;
    if (!json_is_object(root))
        return err_set(err, VDO_E_INVALID, "the answer is JSON but no object");
    return reader->ops->whole(reader->answer, root, err);
}

int answer_reader_finish(struct answer_reader *reader, const struct config_provider *provider,
                         struct err *err)
{
    struct err why = {0};
    int rc = VDO_OK;

    if (reader->shape == SHAPE_EVENTS) {
        rc = sse_finish(reader->sse, &why);
        /* What broke off in the middle of an event is a cut, which finish() sees by itself. */
        if (rc == VDO_E_INVALID && !reader->answer->complete && reader->why.code)
            rc = VDO_OK;
        if (rc)
            (void)err_set(err, rc, "%s", reader->why.code ? reader->why.text : why.text);
    } else {
        rc = read_whole(reader, err);
    }
    reader->ops->finish(reader->answer, provider);
    return rc;
}
