#include "tally.h"

#include "name.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* Keys are hashes already. */
#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned)(*(const uint64_t *)(key)))
#include <uthash.h>

enum { STATES = RESULT_SKIPPED + 1, MAX_FORMATS = 64, MAX_FILE = 300 };

struct test {
    uint64_t key;
    enum result_state state[TALLY_SIDES];
    char *name;
    UT_hash_handle hh;
};

struct problem {
    char *file;
    int line;
    char *message;
};

struct tally {
    char *root; /* with its slash; NULL */
    struct test *tests;
    size_t unnamed[TALLY_SIDES][STATES];
    struct failure *failures[RESULTS_MAX_FAILURES];
    size_t n_failures;
    struct failure *spare[RESULTS_MAX_FAILURES]; /* those that became part of another */
    size_t n_spare;
    struct problem problems[RESULTS_MAX_FAILURES];
    size_t n_problems;
    const char *formats[MAX_FORMATS]; /* static texts */
    size_t n_formats;
};

struct tally *tally_new(void)
{
    return xcalloc(1, sizeof(struct tally));
}

void failure_release(struct failure *failure)
{
    free(failure->name);
    free(failure->canon);
    free(failure->file);
    free(failure->message);
    clip_release(&failure->detail);
    *failure = (struct failure){0};
}

void tally_free(struct tally *tally)
{
    struct test *test = tally ? tally->tests : NULL;

    if (!tally)
        return;
    /* The elements stay chained in their order. */
    HASH_CLEAR(hh, tally->tests);
    while (test) {
        struct test *next = test->hh.next;

        free(test->name);
        free(test);
        test = next;
    }
    for (size_t i = 0; i < tally->n_failures; i++) {
        failure_release(tally->failures[i]);
        free(tally->failures[i]);
    }
    for (size_t i = 0; i < tally->n_spare; i++) {
        failure_release(tally->spare[i]);
        free(tally->spare[i]);
    }
    for (size_t i = 0; i < tally->n_problems; i++) {
        free(tally->problems[i].file);
        free(tally->problems[i].message);
    }
    free(tally->root);
    free(tally);
}

void tally_set_root(struct tally *tally, const char *dir)
{
    size_t len = dir ? strlen(dir) : 0;

    while (len && dir[len - 1] == '/')
        len--;
    free(tally->root);
    tally->root = len ? xasprintf("%.*s/", (int)len, dir) : NULL;
}

size_t tally_strip_root(const struct tally *tally, char *line, size_t len)
{
    size_t root = tally->root ? strlen(tally->root) : 0;
    char *at = line;

    if (!root)
        return len;
    while ((at = memmem(at, len - (size_t)(at - line), tally->root, root))) {
        memmove(at, at + root, len - root - (size_t)(at - line) + 1);
        len -= root;
    }
    return len;
}

static int rank(enum result_state state)
{
    static const int ranks[] = {
        [RESULT_UNKNOWN] = 0, [RESULT_SKIPPED] = 1, [RESULT_PASSED] = 2, [RESULT_FAILED] = 3};

    return ranks[state];
}

static struct test *find_test(const struct tally *tally, uint64_t key)
{
    struct test *test;

    HASH_FIND(hh, tally->tests, &key, sizeof(key), test);
    return test;
}

void tally_unnamed(struct tally *tally, enum tally_side side, enum result_state state, size_t n)
{
    tally->unnamed[side][state] += n;
}

static struct test *add_test(struct tally *tally, uint64_t key, char *name)
{
    struct test *test = xcalloc(1, sizeof(*test));

    test->key = key;
    test->name = name;
    HASH_ADD(hh, tally->tests, key, sizeof(test->key), test);
    return test;
}

void tally_test(struct tally *tally, enum tally_side side, const char *name,
                enum result_state state)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    uint64_t key = name_key(clipped);
    struct test *test = find_test(tally, key);

    if (!test && (key == name_key("") || HASH_COUNT(tally->tests) >= RESULTS_MAX_NAMES)) {
        tally_unnamed(tally, side, state, 1);
        return;
    }
    if (!test)
        test = add_test(tally, key, xstrdup(clipped));
    if (rank(state) > rank(test->state[side]))
        test->state[side] = state;
    if (state == RESULT_FAILED)
        (void)tally_failure(tally, side, clipped);
}

/* A file may call a test by a longer or shorter name than the output does. */
static bool same_test(const struct failure *failure, const char *canon, enum tally_side side)
{
    if (strcmp(failure->canon, canon) == 0)
        return true;
    return side == TALLY_FILE &&
           (name_is_tail(failure->canon, canon) || name_is_tail(canon, failure->canon));
}

struct failure *tally_failure(struct tally *tally, enum tally_side side, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    AUTO_FREE char *canon = name_canon(clipped);
    struct failure *failure;

    for (size_t i = 0; i < tally->n_failures; i++) {
        if (same_test(tally->failures[i], canon, side))
            return tally->failures[i];
    }
    if (tally->n_failures == RESULTS_MAX_FAILURES)
        return NULL;
    failure = tally->n_spare ? tally->spare[--tally->n_spare] : xcalloc(1, sizeof(*failure));
    failure_release(failure);
    failure->name = xstrdup(clipped);
    failure->canon = xstrdup(canon);
    tally->failures[tally->n_failures++] = failure;
    return failure;
}

void failure_merge(struct failure *from, struct failure *to)
{
    if (!to->file && from->file) {
        to->file = from->file;
        to->line = from->line;
        from->file = NULL;
    }
    if (!to->message) {
        to->message = from->message;
        from->message = NULL;
    }
    if (to->detail.head_len == 0) {
        clip_release(&to->detail);
        to->detail = from->detail;
        from->detail = (struct clip){0};
    }
    failure_release(from);
}

void tally_rename(struct tally *tally, struct failure *failure, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    AUTO_FREE char *canon = name_canon(clipped);
    size_t at = 0;

    while (at < tally->n_failures && tally->failures[at] != failure)
        at++;
    if (at == tally->n_failures)
        return;
    for (size_t i = 0; i < tally->n_failures; i++) {
        if (i == at || strcmp(tally->failures[i]->canon, canon) != 0)
            continue;
        failure_merge(failure, tally->failures[i]);
        tally->spare[tally->n_spare++] = failure;
        tally->n_failures--;
        for (; at < tally->n_failures; at++)
            tally->failures[at] = tally->failures[at + 1];
        return;
    }
    free(failure->name);
    free(failure->canon);
    failure->name = xstrdup(clipped);
    failure->canon = xstrdup(canon);
}

void failure_place(struct failure *failure, const struct place *place)
{
    if (!failure || failure->file || place->len == 0 || place->len > MAX_FILE)
        return;
    failure->file = xmemdup0(place->file, place->len);
    failure->line = place->line;
}

void failure_place_in(struct failure *failure, const char *text)
{
    struct place place;

    if (failure && !failure->file && text_place(text, &place))
        failure_place(failure, &place);
}

static size_t clip_len(size_t len)
{
    return len < RESULTS_MAX_MESSAGE ? len : RESULTS_MAX_MESSAGE;
}

void failure_message(struct failure *failure, const char *text, size_t len)
{
    len = text_len(text, len);
    if (failure && !failure->message && len)
        failure->message = xmemdup0(text, clip_len(len));
}

void failure_detail(struct failure *failure, const char *line, size_t len)
{
    if (failure)
        clip_add(&failure->detail, line, text_len(line, len));
}

void tally_problem(struct tally *tally, const char *file, size_t file_len, int line,
                   const char *message, size_t len)
{
    struct problem *problem = tally->problems;
    struct problem *end = problem + tally->n_problems;

    if (file_len > 2 && memcmp(file, "./", 2) == 0)
        file += 2, file_len -= 2;
    file_len = file_len < MAX_FILE ? file_len : MAX_FILE;
    len = clip_len(text_len(message, len));
    for (; problem < end; problem++) {
        if (problem->line == line && strlen(problem->file) == file_len &&
            memcmp(problem->file, file, file_len) == 0 && strlen(problem->message) == len &&
            memcmp(problem->message, message, len) == 0)
            return;
    }
    if (tally->n_problems == RESULTS_MAX_FAILURES)
        return;
    *problem = (struct problem){xmemdup0(file, file_len), line, xmemdup0(message, len)};
    tally->n_problems++;
}

void tally_format(struct tally *tally, const char *name)
{
    if (!tally_has_format(tally, name) && tally->n_formats < MAX_FORMATS)
        tally->formats[tally->n_formats++] = name;
}

bool tally_has_format(const struct tally *tally, const char *name)
{
    for (size_t i = 0; i < tally->n_formats; i++) {
        if (strcmp(tally->formats[i], name) == 0)
            return true;
    }
    return false;
}

static enum result_state worst(const struct test *test)
{
    return rank(test->state[TALLY_FILE]) > rank(test->state[TALLY_OUTPUT]) ?
               test->state[TALLY_FILE] :
               test->state[TALLY_OUTPUT];
}

enum result_state tally_state(const struct tally *tally, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    const struct test *test = find_test(tally, name_key(clipped));

    return test ? worst(test) : RESULT_UNKNOWN;
}

void tally_visit(const struct tally *tally, results_visit_fn visit, void *arg)
{
    for (const struct test *test = tally->tests; test; test = test->hh.next)
        visit(arg, test->name, worst(test));
}

static void count(const struct tally *tally, size_t out[STATES])
{
    size_t sides[TALLY_SIDES][STATES];

    memcpy(sides, tally->unnamed, sizeof(sides));
    for (const struct test *test = tally->tests; test; test = test->hh.next) {
        for (int side = 0; side < TALLY_SIDES; side++)
            sides[side][test->state[side]]++;
    }
    for (int i = 0; i < STATES; i++)
        out[i] = sides[TALLY_FILE][i] > sides[TALLY_OUTPUT][i] ? sides[TALLY_FILE][i] :
                                                                 sides[TALLY_OUTPUT][i];
}

static json_t *lossy(const char *text)
{
    return js_string_lossy(text ? text : "", text ? strlen(text) : 0);
}

static json_t *failure_json(const struct failure *failure)
{
    AUTO_STRBUF detail = {0};

    strbuf_init(&detail, RESULTS_MAX_DETAIL + 100);
    clip_text(&failure->detail, &detail);
    return json_pack("{s:o, s:o, s:i, s:o, s:o}", "name", lossy(failure->name), "file",
                     failure->file ? lossy(failure->file) : json_null(), "line", failure->line,
                     "message", lossy(failure->message), "detail",
                     js_string_lossy(detail.ptr, detail.len));
}

json_t *tally_json(const struct tally *tally)
{
    json_t *formats = json_array();
    json_t *failures = json_array();
    json_t *problems = json_array();
    size_t counts[STATES];
    size_t more;

    count(tally, counts);
    more =
        counts[RESULT_FAILED] > tally->n_failures ? counts[RESULT_FAILED] - tally->n_failures : 0;
    for (size_t i = 0; i < tally->n_formats; i++)
        (void)json_array_append_new(formats, json_string(tally->formats[i]));
    for (size_t i = 0; i < tally->n_failures; i++)
        (void)json_array_append_new(failures, failure_json(tally->failures[i]));
    for (size_t i = 0; i < tally->n_problems; i++) {
        const struct problem *problem = &tally->problems[i];

        (void)json_array_append_new(problems, json_pack("{s:o, s:i, s:o}", "file",
                                                        lossy(problem->file), "line", problem->line,
                                                        "message", lossy(problem->message)));
    }
    return json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:I}", "formats", formats, "passed",
                     (json_int_t)counts[RESULT_PASSED], "failed", (json_int_t)counts[RESULT_FAILED],
                     "skipped", (json_int_t)counts[RESULT_SKIPPED], "failures", failures,
                     "problems", problems, "more_failures", (json_int_t)more);
}
