#include "vdo/config/yaml.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/base/utf8.h"

#include "scalar.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct yaml_doc {
    json_t *value;
    json_t *places; /* path -> [line, column, key line, key column, text or null] */
};

struct builder {
    const char *name;
    const char *bytes;
    yaml_parser_t parser;
    struct yaml_doc *doc;
    struct strbuf path;
    int depth;
    struct err *err;
};

static int read_node(struct builder *b, yaml_event_t *event, const yaml_mark_t *key, json_t **out);

/* Paths are as long as their keys, and those are part of at most VDO_MAX_YAML_BYTES. */
#define MAX_PATH_BYTES (2 * VDO_MAX_YAML_BYTES)

static int fail_at(struct builder *b, const yaml_mark_t *mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int fail_at(struct builder *b, const yaml_mark_t *mark, const char *fmt, ...)
{
    AUTO_FREE char *path = xstrndup(b->path.ptr, b->path.len < 150 ? b->path.len : 150);
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    scalar_make_printable(path);
    scalar_make_printable(text);
    return err_set(b->err, VDO_E_INVALID, "%s:%zu:%zu: %s%s%s", b->name, mark->line + 1,
                   mark->column + 1, path, *path ? ": " : "", text);
}

/* Where the byte at the offset stands; libyaml gives no mark for what it cannot decode. */
static yaml_mark_t mark_of_byte(const char *bytes, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)bytes[i] & 0xC0U) != 0x80U) {
            mark.column++;
        }
    }
    return mark;
}

static int fail_syntax(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    yaml_mark_t mark = p->problem_mark;

    if (p->error == YAML_READER_ERROR)
        mark = mark_of_byte(b->bytes, p->problem_offset);
    b->path.len = 0;
    return fail_at(b, &mark, "syntax error: %s%s%s", p->problem ? p->problem : "not YAML",
                   p->context ? ", " : "", p->context ? p->context : "");
}

static int next_event(struct builder *b, yaml_event_t *event)
{
    return yaml_parser_parse(&b->parser, event) ? VDO_OK : fail_syntax(b);
}

static void note_place(struct builder *b, const yaml_mark_t *value, const yaml_mark_t *key,
                       const char *text)
{
    const yaml_mark_t *k = key ? key : value;
    json_t *place = json_pack("[iiiis?]", (int)value->line + 1, (int)value->column + 1,
                              (int)k->line + 1, (int)k->column + 1, text);

    assert(place);
    (void)json_object_set_new(b->doc->places, b->path.ptr, place);
}

static int refuse_extras(struct builder *b, const yaml_event_t *event, const yaml_char_t *anchor,
                         const yaml_char_t *tag)
{
    if (anchor)
        return fail_at(b, &event->start_mark, "anchors are not allowed: &%.60s",
                       (const char *)anchor);
    if (tag)
        return fail_at(b, &event->start_mark, "tags are not allowed: %.60s", (const char *)tag);
    return VDO_OK;
}

static int read_scalar(struct builder *b, const yaml_event_t *event, const yaml_mark_t *key,
                       json_t **out)
{
    const char *text = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int rc = refuse_extras(b, event, event->data.scalar.anchor, event->data.scalar.tag);

    if (rc)
        return rc;
    if (strlen(text) != event->data.scalar.length)
        return fail_at(b, &event->start_mark, "a text cannot hold a NUL character");
    *out = plain ? scalar_to_json(text) : json_string(text);
    assert(*out);
    note_place(b, &event->start_mark, key, text);
    return VDO_OK;
}

static int enter(struct builder *b, const yaml_event_t *event)
{
    if (++b->depth <= VDO_MAX_YAML_DEPTH)
        return VDO_OK;
    return err_set(b->err, VDO_E_TOO_LARGE, "%s:%zu:%zu: nested deeper than %d levels", b->name,
                   event->start_mark.line + 1, event->start_mark.column + 1, VDO_MAX_YAML_DEPTH);
}

static int read_sequence(struct builder *b, json_t *array)
{
    size_t before = b->path.len;
    int rc = VDO_OK;

    while (!rc) {
        yaml_event_t event;
        json_t *item = NULL;

        rc = next_event(b, &event);
        if (rc)
            return rc;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return VDO_OK;
        }
        (void)strbuf_addf(&b->path, "%s%zu", before ? "." : "", json_array_size(array));
        rc = read_node(b, &event, NULL, &item);
        yaml_event_delete(&event);
        if (!rc) {
            (void)json_array_append_new(array, item);
            strbuf_truncate(&b->path, before);
        }
    }
    return rc;
}

static int check_key(struct builder *b, const yaml_event_t *event)
{
    int rc;

    if (event->type == YAML_ALIAS_EVENT)
        return fail_at(b, &event->start_mark, "aliases are not allowed: *%.60s",
                       (const char *)event->data.alias.anchor);
    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(b, &event->start_mark, "a key must be a text");
    rc = refuse_extras(b, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (rc)
        return rc;
    if (event->data.scalar.length == 0 ||
        strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
        return fail_at(b, &event->start_mark, "a key cannot be empty or hold a NUL character");
    return VDO_OK;
}

static int read_member(struct builder *b, json_t *object, const yaml_event_t *key)
{
    const char *name = (const char *)key->data.scalar.value;
    yaml_event_t event;
    json_t *value = NULL;
    int rc;

    (void)strbuf_addf(&b->path, "%s%s", b->path.len ? "." : "", name);
    if (json_object_get(object, name)) {
        int first = 0;
        int column;

        yaml_doc_place(b->doc, b->path.ptr, 1, &first, &column);
        return fail_at(b, &key->start_mark, "duplicate key (first on line %d)", first);
    }
    rc = next_event(b, &event);
    if (rc)
        return rc;
    rc = read_node(b, &event, &key->start_mark, &value);
    yaml_event_delete(&event);
    if (!rc)
        (void)json_object_set_new(object, name, value);
    return rc;
}

static int read_mapping(struct builder *b, json_t *object)
{
    size_t before = b->path.len;

    for (;;) {
        yaml_event_t key;
        int rc = next_event(b, &key);

        if (rc)
            return rc;
        if (key.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&key);
            return VDO_OK;
        }
        rc = check_key(b, &key);
        if (!rc)
            rc = read_member(b, object, &key);
        yaml_event_delete(&key);
        if (rc)
            return rc;
        strbuf_truncate(&b->path, before);
    }
}

static int read_collection(struct builder *b, yaml_event_t *event, const yaml_mark_t *key,
                           json_t **out)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    json_t *value = is_map ? json_object() : json_array();
    int rc = is_map ? refuse_extras(b, event, event->data.mapping_start.anchor,
                                    event->data.mapping_start.tag) :
                      refuse_extras(b, event, event->data.sequence_start.anchor,
                                    event->data.sequence_start.tag);

    if (!rc)
        rc = enter(b, event);
    if (!rc) {
        note_place(b, &event->start_mark, key, NULL);
        rc = is_map ? read_mapping(b, value) : read_sequence(b, value);
        b->depth--;
    }
    if (rc) {
        json_decref(value);
        return rc;
    }
    *out = value;
    return VDO_OK;
}

static int read_node(struct builder *b, yaml_event_t *event, const yaml_mark_t *key, json_t **out)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(b, event, key, out);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return read_collection(b, event, key, out);
    case YAML_ALIAS_EVENT:
        return fail_at(b, &event->start_mark, "aliases are not allowed: *%.60s",
                       (const char *)event->data.alias.anchor);
    default:
        return fail_at(b, &event->start_mark, "a value is missing");
    }
}

/* One event of the stream around the document. Sets *done at its end. */
static int read_stream_event(struct builder *b, yaml_event_t *event, bool *done)
{
    switch (event->type) {
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return VDO_OK;
    case YAML_STREAM_END_EVENT:
        *done = true;
        return VDO_OK;
    case YAML_DOCUMENT_START_EVENT:
        if (b->doc->value)
            return fail_at(b, &event->start_mark, "only one document is allowed in a file");
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
            return fail_at(b, &event->start_mark, "directives are not allowed");
        return VDO_OK;
    default:
        return read_node(b, event, NULL, &b->doc->value);
    }
}

static int read_stream(struct builder *b)
{
    bool done = false;

    while (!done) {
        yaml_event_t event;
        int rc = next_event(b, &event);

        if (rc)
            return rc;
        rc = read_stream_event(b, &event, &done);
        yaml_event_delete(&event);
        if (rc)
            return rc;
    }
    if (!b->doc->value)
        b->doc->value = json_null();
    return VDO_OK;
}

static int check_bytes(struct builder *b, size_t len)
{
    uint32_t point;
    size_t size;

    if (len > VDO_MAX_YAML_BYTES)
        return err_set(b->err, VDO_E_TOO_LARGE, "%s: %zu bytes; at most %lu are read", b->name, len,
                       VDO_MAX_YAML_BYTES);
    for (size_t i = 0; i < len; i += size) {
        size = utf8_decode(b->bytes + i, len - i, &point);
        if (size == 0) {
            yaml_mark_t mark = mark_of_byte(b->bytes, i);

            return fail_at(b, &mark, "not UTF-8: byte 0x%02x", (unsigned char)b->bytes[i]);
        }
    }
    return VDO_OK;
}

int yaml_read(const char *name, const char *bytes, size_t len, struct yaml_doc **out,
              struct err *err)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct builder b = {.name = name, .err = err};
    int rc;

    if (len >= 3 && memcmp(bytes, bom, 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    b.bytes = bytes;
    strbuf_init(&b.path, MAX_PATH_BYTES);
    b.doc = xcalloc(1, sizeof(*b.doc));
    b.doc->places = json_object();
    if (!yaml_parser_initialize(&b.parser))
        abort();
    /* Not left to libyaml, which would take UTF-16 too. */
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)(len ? bytes : ""), len);
    rc = check_bytes(&b, len);
    if (!rc)
        rc = read_stream(&b);
    yaml_parser_delete(&b.parser);
    strbuf_release(&b.path);
    if (rc) {
        yaml_doc_free(b.doc);
        return rc;
    }
    *out = b.doc;
    return VDO_OK;
}

void yaml_doc_free(struct yaml_doc *doc)
{
    if (!doc)
        return;
    json_decref(doc->value);
    json_decref(doc->places);
    free(doc);
}

const json_t *yaml_doc_value(const struct yaml_doc *doc)
{
    return doc->value;
}

void yaml_doc_place(const struct yaml_doc *doc, const char *path, int key_too, int *out_line,
                    int *out_column)
{
    const json_t *place = json_object_get(doc->places, path);
    size_t at = key_too ? 2 : 0;

    *out_line = (int)json_integer_value(json_array_get(place, at));
    *out_column = (int)json_integer_value(json_array_get(place, at + 1));
}

const char *yaml_doc_text(const struct yaml_doc *doc, const char *path)
{
    return json_string_value(json_array_get(json_object_get(doc->places, path), 4));
}
