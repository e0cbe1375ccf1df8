/*
 * How fast test output is read: a log of 100 MB each of what pytest -v, go test -json and a noisy
 * program print, and a JUnit file, against only looking for line ends with memchr().
 */
#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/checks/results.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 * 1024, TOTAL = 100 * 1000 * 1000, ROUNDS = 3, TESTS = 15000 };

static void pytest_log(struct strbuf *log)
{
    (void)strbuf_adds(log, "============================= test session starts "
                           "==============================\n");
    for (int i = 0; log->len < TOTAL - 20000; i++)
        (void)strbuf_addf(log, "tests/unit/test_module_%d.py::TestClass::test_case_%d PASSED %s\n",
                          i % TESTS / 100, i % TESTS, "                          [ 50%]");
    (void)strbuf_adds(log, "====== 15000 passed in 61.00s (0:01:01) ======\n");
}

static void go_log(struct strbuf *log)
{
    static const char event[] = "{\"Time\":\"2026-01-01T00:00:00.000000000Z\",\"Action\":\"%s\","
                                "\"Package\":\"example.com/p%d\",\"Test\":\"TestCase%d\"%s}\n";

    for (int i = 0; log->len < TOTAL - 20000; i++) {
        (void)strbuf_addf(log, event, "run", i % 100, i % TESTS, "");
        (void)strbuf_addf(log, event, "output", i % 100, i % TESTS,
                          ",\"Output\":\"    case_test.go:12: a line of the log\\n\"");
        (void)strbuf_addf(log, event, "pass", i % 100, i % TESTS, ",\"Elapsed\":0.01");
    }
}

static void noise_log(struct strbuf *log)
{
    (void)strbuf_adds(log, "TAP version 13\n");
    for (int i = 1; log->len < TOTAL - 20000; i++) {
        for (int k = 0; k < 50; k++)
            (void)strbuf_addf(log,
                              "2026-01-01 00:00:00 INFO worker %d: handled request %d in "
                              "%d ms, nothing to see\n",
                              k, i, k);
        (void)strbuf_addf(log, "ok %d - case %d\n", i, i % TESTS);
    }
}

static void junit_file(struct strbuf *log)
{
    (void)strbuf_adds(log, "<?xml version=\"1.0\"?><testsuites><testsuite name=\"s\">\n");
    for (int i = 0; log->len < TOTAL - 20000; i++)
        (void)strbuf_addf(log,
                          "<testcase classname=\"tests.module_%d\" name=\"case_%d\" "
                          "time=\"0.010\"><system-out>a line of output</system-out></testcase>\n",
                          i % 100, i % TESTS);
    (void)strbuf_adds(log, "</testsuite></testsuites>\n");
}

static void read_output(const struct strbuf *log)
{
    struct results *results = results_new();
    json_t *read;

    for (size_t at = 0; at < log->len; at += PIECE)
        results_feed(results, log->ptr + at, log->len - at < PIECE ? log->len - at : PIECE);
    read = results_end(results);
    if (js_int(read, "passed", 0) < TESTS || js_int(read, "failed", 0))
        abort();
    json_decref(read);
    results_free(results);
}

static void read_file(const struct strbuf *log)
{
    struct results *results = results_new();
    json_t *read;

    if (results_feed_junit(results, log->ptr, log->len, NULL))
        abort();
    read = results_end(results);
    if (js_int(read, "passed", 0) != TESTS)
        abort();
    json_decref(read);
    results_free(results);
}

static void scan(const struct strbuf *log)
{
    const char *end = log->ptr + log->len;
    volatile size_t lines = 0;

    for (const char *p = log->ptr; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
}

/* The best of some rounds, in MB/s. */
static double measure(void (*work)(const struct strbuf *log), const struct strbuf *log)
{
    double best = 0;

    for (int i = 0; i < ROUNDS; i++) {
        int64_t start_ms = clock_mono_ms(clock_real());

        work(log);
        int64_t took_ms = clock_mono_ms(clock_real()) - start_ms;
        double speed = (double)log->len / 1000.0 / (double)(took_ms > 0 ? took_ms : 1);

        best = speed > best ? speed : best;
    }
    return best;
}

int main(void)
{
    static const struct {
        const char *name;
        void (*make)(struct strbuf *log);
        void (*work)(const struct strbuf *log);
    } samples[] = {
        {"pytest -v", pytest_log, read_output},
        {"go test -json", go_log, read_output},
        {"TAP in a noisy log", noise_log, read_output},
        {"JUnit file", junit_file, read_file},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        AUTO_STRBUF log = {0};

        strbuf_init(&log, TOTAL + 20000);
        samples[i].make(&log);
        double reading = measure(samples[i].work, &log);
        double scanning = measure(scan, &log);

        printf("results %-18s %4zu MB: %6.0f MB/s, line scan %6.0f MB/s\n", samples[i].name,
               log.len / 1000000, reading, scanning);
    }
    return 0;
}
