#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/http/sse.h"

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define CASES(a) (sizeof(a) / sizeof((a)[0]))

/* Events as "name|data;" */
struct seen {
    struct strbuf log;
    int stop_after; /* the n-th event returns VDO_E_CANCELLED; 0: never */
    int n;
};

static int note(void *arg, const char *event, const char *data, size_t len)
{
    struct seen *seen = arg;

    assert_int_equal(data[len], '\0');
    strbuf_addf(&seen->log, "%s|", event);
    strbuf_add(&seen->log, data, len);
    strbuf_addc(&seen->log, ';');
    return ++seen->n == seen->stop_after ? VDO_E_CANCELLED : VDO_OK;
}

/* Feed in pieces of `step` bytes after a first one of `first`. */
static int run(const char *text, size_t len, size_t first, size_t step, size_t max_line,
               struct seen *seen)
{
    struct sse_reader *reader;
    struct err err = {0};
    size_t at = 0;
    int rc = VDO_OK;

    strbuf_init(&seen->log, 100000);
    seen->n = 0;
    reader = sse_reader_new(max_line, note, seen);
    while (at < len && !rc) {
        size_t piece = at == 0 ? first : step;

        if (piece > len - at)
            piece = len - at;
        /* A copy of its own, so that a sanitizer sees a read past the piece. */
        char *copy = malloc(piece ? piece : 1);
        memcpy(copy, text + at, piece);
        rc = sse_feed(reader, copy, piece, &err);
        free(copy);
        at += piece;
        if (piece == 0)
            break;
    }
    if (!rc)
        rc = sse_finish(reader, &err);
    sse_reader_free(reader);
    return rc;
}

struct stream_case {
    const char *what;
    const char *text;
    const char *events;
};

static const struct stream_case STREAMS[] = {
    {"nothing", "", ""},
    {"one event", "data: a\n\n", "|a;"},
    {"an event name", "event: ping\ndata: {}\n\n", "ping|{};"},
    {"the name does not stay", "event: x\ndata: 1\n\ndata: 2\n\n", "x|1;|2;"},
    {"the last name counts", "event: x\nevent: y\ndata: 1\n\n", "y|1;"},
    {"lines of data are joined", "data: a\ndata: b\ndata\ndata: c\n\n", "|a\nb\n\nc;"},
    {"an empty data line is an event", "data\n\n", "|;"},
    {"a field without data is none", "event: x\n\ndata: 1\n\n", "|1;"},
    {"CRLF", "event: e\r\ndata: a\r\n\r\n", "e|a;"},
    {"CR", "event: e\rdata: a\r\rdata: b\r\r", "e|a;|b;"},
    {"a mixture", "data: a\r\ndata: b\rdata: c\n\r\ndata: d\n\r", "|a\nb\nc;|d;"},
    {"LF CR is two ends", "data: a\n\rdata: b\n\n", "|a;|b;"},
    {"comments", ": hello\ndata: a\n:\n: ping\n\n", "|a;"},
    {"a BOM at the start",
     "\xEF\xBB\xBF"
     "data: a\n\n",
     "|a;"},
    {"a BOM alone on its line", "\xEF\xBB\xBF\ndata: a\n\n", "|a;"},
    {"a BOM later is a part of the name",
     "data: a\n\n\xEF\xBB\xBF"
     "data: b\n\n",
     "|a;"},
    {"half a BOM is none",
     "\xEF\xBB"
     "data: a\n\n",
     ""},
    {"one space is taken off", "data:  a\ndata:b\n\n", "| a\nb;"},
    {"a colon in the value", "data: a: b\n\n", "|a: b;"},
    {"unknown fields", "id: 7\nretry: 10\nfoo: bar\nDATA: x\ndata: a\n\n", "|a;"},
    {"the last event without its blank line", "data: a\n\ndata: b\n", "|a;|b;"},
    {"the last line without its end", "data: a\n\nevent: e\ndata: b", "|a;e|b;"},
    {"a carriage return at the very end", "data: a\r", "|a;"},
    {"many blank lines", "\n\n\ndata: a\n\n\n\n\ndata: b\n\n", "|a;|b;"},
    {"UTF-8 is passed on", "data: \xC3\xA4\xF0\x9F\x98\x80\n\n", "|\xC3\xA4\xF0\x9F\x98\x80;"},
};

static void sse_feed__gives_the_same_events_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES(STREAMS); i++) {
        const struct stream_case *c = &STREAMS[i];
        size_t len = strlen(c->text);

        for (size_t first = 1; first <= len + 1; first++) {
            for (size_t step = 1; step <= 3; step++) {
                struct seen seen = {0};
                int rc = run(c->text, len, first, step, 1000, &seen);

                if (rc || strcmp(seen.log.ptr, c->events) != 0)
                    fail_msg("%s, split at %zu by %zu: rc %d, \"%s\" instead of \"%s\"", c->what,
                             first, step, rc, seen.log.ptr, c->events);
                strbuf_release(&seen.log);
            }
        }
    }
}

static void sse_feed__keeps_a_nul_byte_in_data(void **state)
{
    struct seen seen = {0};

    (void)state;
    assert_int_equal(run("data: a\0b\n\n", 11, 4, 1, 100, &seen), 0);
    assert_int_equal(seen.log.len, 5);
    assert_memory_equal(seen.log.ptr, "|a\0b;", 5);
    strbuf_release(&seen.log);
}

static void sse_feed__refuses_what_is_too_long(void **state)
{
    static const struct {
        const char *what;
        const char *text;
        int rc;
        const char *events;
    } cases[] = {
        {"a line of the longest size", "data: 7890\n\n", 0, "|7890;"},
        {"a line one longer", "data: 78901\n\n", VDO_E_TOO_LARGE, ""},
        {"a line one longer that never ends", "data: 78901", VDO_E_TOO_LARGE, ""},
        {"a comment one longer", ": 345678901\n", VDO_E_TOO_LARGE, ""},
        {"events before it are given", "data: 1\n\ndata: 78901\n\n", VDO_E_TOO_LARGE, "|1;"},
        {"an event of the longest size", "data: 1234\ndata:12345\n\n", 0, "|1234\n12345;"},
        {"an event one longer", "data: 1234\ndata: 123\ndata:12\n\n", VDO_E_TOO_LARGE, ""},
        {"an event whose joining is too much", "data: 1234\ndata:12345\ndata\n\n", VDO_E_TOO_LARGE,
         ""},
        {"a BOM does not count",
         "\xEF\xBB\xBF"
         "data: 7890\n\n",
         0, "|7890;"},
        {"behind a BOM one longer",
         "\xEF\xBB\xBF"
         "data: 78901\n\n",
         VDO_E_TOO_LARGE, ""},
    };

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++) {
        size_t len = strlen(cases[i].text);

        for (size_t first = 1; first <= len; first++) {
            struct seen seen = {0};
            int rc = run(cases[i].text, len, first, 1, 10, &seen);

            if (rc != cases[i].rc || strcmp(seen.log.ptr, cases[i].events) != 0)
                fail_msg("%s, first piece %zu: rc %d, \"%s\"", cases[i].what, first, rc,
                         seen.log.ptr);
            strbuf_release(&seen.log);
        }
    }
}

static void sse_feed__passes_on_what_the_receiver_says(void **state)
{
    struct seen seen = {.stop_after = 2};

    (void)state;
    assert_int_equal(run("data: 1\n\ndata: 2\n\ndata: 3\n\n", 27, 27, 1, 100, &seen),
                     VDO_E_CANCELLED);
    assert_string_equal(seen.log.ptr, "|1;|2;");
    strbuf_release(&seen.log);
}

static void sse_finish__passes_on_what_the_receiver_says(void **state)
{
    struct seen seen = {.stop_after = 1};

    (void)state;
    assert_int_equal(run("data: 1", 7, 7, 1, 100, &seen), VDO_E_CANCELLED);
    strbuf_release(&seen.log);
}

static void sse_feed__stays_failed(void **state)
{
    struct seen seen = {0};
    struct sse_reader *reader;
    struct err err = {0};

    (void)state;
    strbuf_init(&seen.log, 1000);
    reader = sse_reader_new(4, note, &seen);
    assert_int_equal(sse_feed(reader, "12345\n", 6, &err), VDO_E_TOO_LARGE);
    assert_non_null(strstr(err.text, "4 bytes"));
    assert_int_equal(sse_feed(reader, "\n\n", 2, NULL), VDO_E_TOO_LARGE);
    assert_int_equal(sse_finish(reader, NULL), VDO_E_TOO_LARGE);
    assert_string_equal(seen.log.ptr, "");
    sse_reader_free(reader);
    strbuf_release(&seen.log);
}

static void sse_reader_free__takes_null(void **state)
{
    (void)state;
    sse_reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sse_feed__gives_the_same_events_in_every_split),
        cmocka_unit_test(sse_feed__keeps_a_nul_byte_in_data),
        cmocka_unit_test(sse_feed__refuses_what_is_too_long),
        cmocka_unit_test(sse_feed__passes_on_what_the_receiver_says),
        cmocka_unit_test(sse_finish__passes_on_what_the_receiver_says),
        cmocka_unit_test(sse_feed__stays_failed),
        cmocka_unit_test(sse_reader_free__takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
