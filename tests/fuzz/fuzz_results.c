/*
 * However an output is split, the same is read in it; what is read is valid UTF-8, within its caps
 * and agrees with itself. The same bytes are also read as a JUnit file.
 *
 * The first byte says how the rest is split.
 */
#include "vdo/checks/results.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_failure(const json_t *failure)
{
    if (strlen(js_str(failure, "name", "")) > RESULTS_MAX_NAME * 3 ||
        strlen(js_str(failure, "message", "")) > RESULTS_MAX_MESSAGE * 3UL ||
        strlen(js_str(failure, "detail", "")) > RESULTS_MAX_DETAIL * 3UL + 300 ||
        js_int(failure, "line", 0) < 0)
        abort();
}

static void check_name(void *arg, const char *name, enum result_state state)
{
    if (!*name || state == RESULT_UNKNOWN || results_of(arg, name) == RESULT_UNKNOWN)
        abort();
}

static void check_whole(struct results *results, const json_t *read)
{
    char text[200];
    size_t i;
    json_t *failure;
    size_t listed = json_array_size(js_at(read, "failures"));

    if (listed > RESULTS_MAX_FAILURES ||
        json_array_size(js_at(read, "problems")) > RESULTS_MAX_FAILURES)
        abort();
    json_array_foreach (js_at(read, "failures"), i, failure)
        check_failure(failure);
    if (strlen(results_text(read, text, sizeof(text))) >= sizeof(text))
        abort();
    if (results_agree(read, 0) != (js_int(read, "failed", 0) == 0))
        abort();
    results_visit(results, check_name, results);
}

static char *read_split(const char *bytes, size_t len, size_t step)
{
    struct results *results = results_new();
    json_t *read;
    char *text;

    results_root(results, "/root");
    for (size_t at = 0; at < len; at += step)
        results_feed(results, bytes + at, step < len - at ? step : len - at);
    read = results_end(results);
    check_whole(results, read);
    text = js_dump(read);
    json_decref(read);
    results_free(results);
    return text;
}

static void read_junit(const char *bytes, size_t len)
{
    struct results *results = results_new();
    struct err err = {0};
    int rc = results_feed_junit(results, bytes, len, &err);
    json_t *read;

    if (rc != VDO_OK && rc != VDO_E_INVALID && rc != VDO_E_TOO_LARGE)
        abort();
    read = results_end(results);
    check_whole(results, read);
    json_decref(read);
    results_free(results);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;
    size_t steps[2];
    char *whole;

    if (size < 2)
        return 0;
    steps[0] = 1;
    steps[1] = 1u + data[0];
    whole = read_split(bytes, size - 1, size);
    for (int i = 0; i < 2; i++) {
        char *split = read_split(bytes, size - 1, steps[i]);

        if (strcmp(split, whole) != 0)
            abort();
        free(split);
    }
    free(whole);
    read_junit(bytes, size - 1);
    return 0;
}
