#include "vdo/checks/results.h"

#include "formats/format.h"
#include "junit.h"
#include "splitter.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Sorted by name. */
static const struct format *const formats[] = {
    &automake_format, &boost_format,    &bun_format,    &cargo_format,     &catch2_format,
    &cmocka_format,   &compiler_format, &ctest_format,  &dart_format,      &deno_format,
    &dotnet_format,   &exunit_format,   &gojson_format, &gotest_format,    &gradle_format,
    &jest_format,     &junit_format,    &maven_format,  &meson_format,     &minitest_format,
    &mocha_format,    &nextest_format,  &node_format,   &phpunit_format,   &playwright_format,
    &prove_format,    &pytest_format,   &rspec_format,  &scalatest_format, &swifttesting_format,
    &tap_format,      &unittest_format, &vitest_format, &xctest_format,
};

enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };
_Static_assert(FORMATS <= 64, "one bit of wants[] a format");

struct results {
    struct splitter lines;
    struct tally *tally;
    struct reading reading[FORMATS];
    uint64_t wants[256]; /* one bit a format, by a line's first character behind blanks */
    bool ended;
};

static void take_line(void *arg, char *line, size_t len);

static void prepare(struct results *results, size_t i)
{
    const struct format *format = formats[i];

    results->reading[i] = (struct reading){.tally = results->tally, .format = format};
    if (format->state_size)
        results->reading[i].state = xcalloc(1, format->state_size);
    for (int c = 0; c < 256; c++) {
        if (!format->first || (c && strchr(format->first, c)))
            results->wants[c] |= (uint64_t)1 << i;
    }
}

struct results *results_new(void)
{
    struct results *results = xcalloc(1, sizeof(*results));

    results->tally = tally_new();
    splitter_init(&results->lines, take_line, results);
    for (size_t i = 0; i < FORMATS; i++)
        prepare(results, i);
    return results;
}

void results_free(struct results *results)
{
    if (!results)
        return;
    json_decref(results_end(results));
    for (size_t i = 0; i < FORMATS; i++)
        free(results->reading[i].state);
    splitter_release(&results->lines);
    tally_free(results->tally);
    free(results);
}

void results_root(struct results *results, const char *dir)
{
    tally_set_root(results->tally, dir);
}

static void take_line(void *arg, char *line, size_t len)
{
    struct results *results = arg;
    struct reading *compiler = NULL;
    bool in_block = false;
    uint64_t wanted;

    len = tally_strip_root(results->tally, line, len);
    wanted = results->wants[(unsigned char)line[text_indent(line)]];
    for (size_t i = 0; i < FORMATS; i++) {
        struct reading *r = &results->reading[i];

        in_block |= r->in_block;
        if (!(wanted >> i & 1) && !r->all_lines)
            continue;
        if (r->format == &compiler_format)
            compiler = r;
        else
            r->format->line(r, line, len);
    }
    /* In a failure's lines no compiler speaks. */
    if (compiler && !in_block)
        compiler->format->line(compiler, line, len);
}

void results_feed(struct results *results, const char *bytes, size_t len)
{
    splitter_feed(&results->lines, bytes, len);
}

int results_feed_junit(struct results *results, const char *bytes, size_t len, struct err *err)
{
    return junit_read_file(results->tally, bytes, len, err);
}

json_t *results_end(struct results *results)
{
    if (!results->ended) {
        results->ended = true;
        splitter_end(&results->lines);
        for (size_t i = 0; i < FORMATS; i++) {
            if (results->reading[i].format->end)
                results->reading[i].format->end(&results->reading[i]);
        }
    }
    return tally_json(results->tally);
}

enum result_state results_of(const struct results *results, const char *name)
{
    return tally_state(results->tally, name);
}

void results_visit(const struct results *results, results_visit_fn visit, void *arg)
{
    tally_visit(results->tally, visit, arg);
}
