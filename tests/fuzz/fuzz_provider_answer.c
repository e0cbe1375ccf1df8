/*
 * What surrounds an answer: error bodies of every protocol with any status, and text that should be
 * a structured answer. No crash; what is read as structured fits the schema.
 */
#include "../../src/model/dialect.h"
#include "../../src/model/failure.h"

#include "vdo/json/json.h"
#include "vdo/json/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_ops *const all[] = {&anthropic_ops, &openai_chat_ops,
                                                 &openai_responses_ops, &gemini_ops};
static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"v\"],\"properties\":{\"v\":{\"type\":\"string\",\"enum\":"
    "[\"a\",\"b\"]},\"n\":{\"type\":\"integer\",\"minimum\":1},\"l\":{\"type\":\"array\",\"items\":"
    "{\"type\":\"object\",\"properties\":{\"x\":{\"type\":\"string\"}}}}}}";

static void read_error(const char *body, size_t len, unsigned pick)
{
    static const int statuses[] = {302, 400, 401, 404, 413, 422, 429, 500, 529};
    struct http_result http = {.status = statuses[(pick >> 2) % 9],
                               .headers = (char *)(uintptr_t) "retry-after: 5\n"};
    struct config_provider provider = {.name = (char *)(uintptr_t) "p"};
    struct failure failure;
    char *text;

    failure_from_http(all[pick % 4], &http, body, len, 0, &failure);
    text = failure_explain(&failure, &provider);
    if (failure.kind == FAIL_NONE || !*text || (failure.kind == FAIL_KEY && failure.retry))
        abort();
    free(text);
}

static void read_structured(const char *text)
{
    json_t *schema = json_loads(schema_text, 0, NULL);
    json_t *value = NULL;
    struct err err = {0};
    int rc = dialect_read(schema, text, &value, &err);

    if ((rc == 0) != (value != NULL) || (rc && !*err.text))
        abort();
    if (value && schema_check(schema, value, NULL))
        abort();
    json_decref(value);
    json_decref(schema);
}

/* The bytes as a schema of our own. */
static void make_strict(const char *bytes, size_t len)
{
    json_t *schema = NULL;
    json_t *strict;

    if (js_parse(bytes, len, &schema, NULL))
        return;
    strict = dialect_strict(schema);
    if (!json_is_object(strict))
        abort();
    json_decref(strict);
    json_decref(schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = calloc(1, size);
    memcpy(text, data + 1, size - 1);
    read_error(text, size - 1, data[0]);
    read_structured(text);
    make_strict(text, size - 1);
    free(text);
    return 0;
}
