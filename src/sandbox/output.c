#include "output.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <inttypes.h>
#include <string.h>

void output_init(struct output *output, size_t most)
{
    strbuf_init(&output->head, most);
    strbuf_init(&output->tail, most * 2);
    output->most = most;
    output->dropped = 0;
}

static void drop_front(struct output *o, size_t len)
{
    memmove(o->tail.ptr, o->tail.ptr + len, o->tail.len - len);
    strbuf_truncate(&o->tail, o->tail.len - len);
    o->dropped += len;
}

void output_add(struct output *output, const char *bytes, size_t len)
{
    size_t room = output->most - output->head.len;
    size_t first = len < room ? len : room;

    (void)strbuf_add(&output->head, bytes, first);
    bytes += first;
    len -= first;
    if (len > output->most) {
        output->dropped += output->tail.len + len - output->most;
        strbuf_clear(&output->tail);
        bytes += len - output->most;
        len = output->most;
    }
    if (output->tail.len + len > output->most * 2)
        drop_front(output, output->tail.len + len - output->most);
    (void)strbuf_add(&output->tail, bytes, len);
}

char *output_text(const struct output *output)
{
    size_t extra = output->tail.len > output->most ? output->tail.len - output->most : 0;
    uint64_t dropped = output->dropped + extra;
    AUTO_STRBUF text = {0};
    json_t *clean;
    char *copy;

    strbuf_init(&text, output->most * 2 + 128);
    (void)strbuf_add(&text, output->head.ptr, output->head.len);
    if (dropped)
        (void)strbuf_addf(&text, "\n... %" PRIu64 " bytes left out ...\n", dropped);
    (void)strbuf_add(&text, output->tail.ptr + extra, output->tail.len - extra);
    clean = js_string_lossy(text.ptr, text.len);
    copy = xmemdup0(json_string_value(clean), json_string_length(clean));
    json_decref(clean);
    return copy;
}

void output_release(struct output *output)
{
    strbuf_release(&output->head);
    strbuf_release(&output->tail);
}
