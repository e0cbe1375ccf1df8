#include "reading.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/checks/find.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* A longer line is fed in pieces; what the other stream says may then stand inside it. */
enum { MAX_LINE = 64 * 1024, STREAMS = 2, MAX_UNREAD = 5 };

struct reading {
    struct results *output;
    struct strbuf line[STREAMS]; /* begun and not ended */
    char *dir;
    char *place; /* the same, inside */
    int64_t began_ms;
};

struct reading *reading_new(const char *dir, const char *place)
{
    struct reading *r = xcalloc(1, sizeof(*r));

    r->output = results_new();
    results_root(r->output, place);
    for (int i = 0; i < STREAMS; i++)
        strbuf_init(&r->line[i], MAX_LINE);
    r->dir = xstrdup(dir);
    r->place = xstrdup(place);
    r->began_ms = clock_now_ms(clock_real());
    return r;
}

void reading_free(struct reading *reading)
{
    if (!reading)
        return;
    results_free(reading->output);
    for (int i = 0; i < STREAMS; i++)
        strbuf_release(&reading->line[i]);
    free(reading->dir);
    free(reading->place);
    free(reading);
}

static void flush(struct reading *r, int stream)
{
    results_feed(r->output, r->line[stream].ptr, r->line[stream].len);
    strbuf_clear(&r->line[stream]);
}

void reading_feed(void *reading, int stream, const char *bytes, size_t len)
{
    struct reading *r = reading;
    int s = stream == 2 ? 1 : 0;
    const char *last = memrchr(bytes, '\n', len);
    size_t whole = last ? (size_t)(last - bytes) + 1 : 0;

    if (whole) {
        flush(r, s);
        results_feed(r->output, bytes, whole);
    }
    bytes += whole;
    len -= whole;
    if (r->line[s].len + len > MAX_LINE) {
        flush(r, s);
        results_feed(r->output, bytes, len);
    } else {
        (void)strbuf_add(&r->line[s], bytes, len);
    }
}

/* What the run has left; *out_unread: [text] of files that were not read to their end. */
static struct results *read_files(struct reading *r, int *out_n, json_t *unread)
{
    struct results *results = results_new();
    json_auto_t *files = NULL;
    size_t i;
    json_t *file;

    results_root(results, r->place);
    (void)checks_read_junit(r->dir, r->began_ms, results, &files, NULL);
    json_array_foreach (files, i, file) {
        const char *why = js_str(file, "why", NULL);

        ++*out_n;
        if (why && json_array_size(unread) < MAX_UNREAD)
            (void)json_array_append_new(unread,
                                        json_sprintf("%s (%s)", js_str(file, "path", ""), why));
    }
    return results;
}

struct gathering {
    json_t *names;
    size_t bytes;
    bool cut;
};

static void gather(void *arg, const char *name, enum result_state state)
{
    static const char *const letters[] = {NULL, "p", "f", "s"};
    struct gathering *g = arg;

    g->bytes += strlen(name) + 8;
    if (g->bytes > READING_MAX_NAMES)
        g->cut = true;
    else if (letters[state])
        (void)json_object_set_new(g->names, name, json_string(letters[state]));
}

static int64_t count(const json_t *tests)
{
    return js_int(tests, "passed", 0) + js_int(tests, "failed", 0) + js_int(tests, "skipped", 0);
}

/* Do the files count, and not the output? The one that names failures, else the one that names more
 * tests: nobody hides a failure behind a long list of tests that pass. */
static bool files_count(const json_t *output, const json_t *files)
{
    bool output_fails = js_int(output, "failed", 0) > 0;
    bool files_fail = js_int(files, "failed", 0) > 0;

    return output_fails == files_fail ? count(files) >= count(output) : files_fail;
}

json_t *reading_end(struct reading *reading, int exit_code)
{
    struct gathering g = {.names = json_object()};
    struct results *files;
    json_t *unread = json_array();
    json_auto_t *tests = NULL;
    bool agree;
    int n_files = 0;

    for (int i = 0; i < STREAMS; i++)
        flush(reading, i);
    tests = results_end(reading->output);
    agree = results_agree(tests, exit_code);
    files = read_files(reading, &n_files, unread);
    if (n_files > 0) {
        json_auto_t *left = results_end(files);
        bool better = files_count(tests, left);

        agree = agree && results_agree(left, exit_code);
        if (better) { /* compilers speak on the output alone */
            (void)json_object_set(left, "problems", json_object_get(tests, "problems"));
            json_decref(tests);
            tests = json_incref(left);
        }
        results_visit(better ? files : reading->output, gather, &g);
    } else {
        results_visit(reading->output, gather, &g);
    }
    results_free(files);
    return json_pack("{s:O, s:b, s:i, s:o, s:o, s:b}", "tests", tests, "agree", agree, "junit",
                     n_files, "unread", unread, "names", g.names, "names_cut", g.cut);
}

json_t *reading_none(void)
{
    return json_pack("{s:{s:[], s:i, s:i, s:i, s:[], s:[], s:i}, s:b, s:i, s:[], s:{}, s:b}",
                     "tests", "formats", "passed", 0, "failed", 0, "skipped", 0, "failures",
                     "problems", "more_failures", 0, "agree", 1, "junit", 0, "unread", "names",
                     "names_cut", 0);
}

char reading_state(const json_t *reading, const char *name)
{
    const char *state = json_string_value(json_object_get(json_object_get(reading, "names"), name));

    return state ? *state : '\0';
}
