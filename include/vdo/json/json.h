/*
 * json: strict parsing of outside bytes, and tolerant reading of what was parsed.
 *
 * jansson's json_t is our JSON type and may travel anywhere. This room adds what jansson lacks:
 * caps, clear errors, and getters that take a path and tolerate missing and null members.
 * Threads: any; one json_t belongs to one thread at a time.
 */
#ifndef VDO_JSON_JSON_H
#define VDO_JSON_JSON_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct strbuf;

/*
 * Parse one JSON document (any type at the top). Refused with VDO_E_INVALID and "line L column C:
 * why": invalid UTF-8, duplicate keys, depth over VDO_MAX_JSON_DEPTH, trailing bytes;
 * VDO_E_TOO_LARGE over VDO_MAX_JSON_BYTES. out is a new reference.
 */
int js_parse(const char *bytes, size_t len, json_t **out, struct err *err);

/* A compact text, keys sorted; free with free(). Never NULL for a valid value. */
char *js_dump(const json_t *value);
/* The same, indented by two, for people. */
char *js_dump_pretty(const json_t *value);

/*
 * Append a value as one line, members in their order: what json_dumps() writes with JSON_COMPACT
 * and JSON_ENCODE_ANY, several times faster for long strings.
 *
 * string  NULL, or called for every string that is a value: gives the valid UTF-8 to write in its
 *         place (or the same), borrowed until the next call
 * Returns 0; VDO_E_TOO_LARGE past the maximum of out; VDO_E_INVALID nested deeper than twice
 * VDO_MAX_JSON_DEPTH. out holds a part then.
 */
typedef const char *(*js_string_fn)(void *arg, const char *text, size_t *io_len);
int js_write(const json_t *value, js_string_fn string, void *arg, struct strbuf *out);

/*
 * Getters by path: "issue.user.login". Array elements are numbers: "labels.0.name".
 * A missing member, a null or another type gives the fallback; borrowed references. js_str() reads
 * as a C string: a NUL inside ends it.
 */
json_t *js_at(const json_t *value, const char *path);
const char *js_str(const json_t *value, const char *path, const char *fallback);
int64_t js_int(const json_t *value, const char *path, int64_t fallback);
double js_num(const json_t *value, const char *path, double fallback);
bool js_bool(const json_t *value, const char *path, bool fallback);

/* A JSON string of any bytes: what is not valid UTF-8 becomes U+FFFD, NULs too. New reference. */
json_t *js_string_lossy(const char *bytes, size_t len);

/* True when bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool js_is_utf8(const char *bytes, size_t len);

#endif
