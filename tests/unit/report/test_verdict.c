#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    json_t *value = NULL;
    struct err err = {0};

    if (js_parse(text, strlen(text), &value, &err))
        fail_msg("%s", err.text);
    return value;
}

static const json_t *row_of(const json_t *rows, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        if (strcmp(js_str(row, "name", ""), name) == 0)
            return row;
    }
    fail_msg("no row is called %s", name);
    return NULL;
}

static const char *status_of(const char *points_text, const char *files_text, const char *name,
                             const char **out_headline)
{
    static char status[32];
    struct job job = {.id = "j1"};
    json_auto_t *points = parse(points_text);
    json_auto_t *files = parse(files_text);
    json_auto_t *deliver = json_pack("{s:O, s:i, s:i}", "files", files, "added", 3, "removed", 1);
    json_auto_t *rows = report_verdict(&job, points, deliver);

    (void)strncpy(status, js_str(row_of(rows, name), "status", ""), sizeof(status) - 1);
    if (out_headline)
        *out_headline = report_headline(rows, points);
    return status;
}

#define FILES "[{\"path\":\"a.c\",\"action\":\"M\",\"planned\":true}]"
#define CHECK(before, after)                                                             \
    "{\"verify\":{\"checks\":[{\"name\":\"t\",\"run\":\"make check\",\"before\":" before \
    ",\"after\":" after "}]}}"
#define PASS    "{\"ran\":true,\"ok\":true,\"exit\":0}"
#define FAIL    "{\"ran\":true,\"ok\":false,\"exit\":2}"
#define NOT_RUN "{\"ran\":false,\"ok\":false,\"why\":\"no isolation\"}"

static void checks_decide_the_headline(void **state)
{
    static const struct {
        const char *points;
        const char *status;
        const char *headline;
    } rows[] = {
        {CHECK(PASS, PASS), "pass", "verified"},
        {CHECK(FAIL, PASS), "pass", "verified"},
        {CHECK(PASS, FAIL), "fail", "failing"},
        {CHECK(FAIL, FAIL), "warn", "failing"},
        {CHECK(NOT_RUN, NOT_RUN), "unknown", "unverified (no checks)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *headline = NULL;

        assert_string_equal(status_of(rows[i].points, FILES, "check: t", &headline),
                            rows[i].status);
        assert_string_equal(headline, rows[i].headline);
    }
}

static void without_checks_the_row_says_why(void **state)
{
    const char *headline = NULL;

    (void)state;
    assert_string_equal(status_of("{\"verify\":{\"skipped\":\"no isolation here\",\"checks\":[]}}",
                                  FILES, "checks", &headline),
                        "unknown");
    assert_string_equal(headline, "unverified (no checks)");
}

static void what_the_review_mended_is_what_counts(void **state)
{
    const char *headline = NULL;

    (void)state;
    (void)status_of("{\"verify\":{\"checks\":[{\"name\":\"t\",\"after\":" PASS "}]},"
                    "\"review\":{\"checks\":[{\"name\":\"t\",\"after\":" FAIL "}]}}",
                    FILES, "check: t", &headline);
    assert_string_equal(headline, "failing");
}

static void files_outside_the_plan_are_named(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "files outside the plan", NULL), "pass");
    assert_string_equal(status_of("{}", "[{\"path\":\"b.c\",\"action\":\"A\",\"planned\":false}]",
                                  "files outside the plan", NULL),
                        "warn");
    assert_string_equal(
        status_of("{}",
                  "[{\"path\":\"t.c\",\"action\":\"A\",\"planned\":false,\"by_tester\":true}]",
                  "files outside the plan", NULL),
        "pass");
}

static void protected_paths_are_looked_at_in_the_diff(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "protected paths", NULL), "pass");
    assert_string_equal(
        status_of("{}", "[{\"path\":\".github/workflows/x.yml\"}]", "protected paths", NULL),
        "fail");
    assert_string_equal(status_of("{\"checkout\":{\"protect\":[\"LICENSE\"]}}",
                                  "[{\"path\":\"LICENSE\"}]", "protected paths", NULL),
                        "fail");
}

static void tests_and_review_have_their_rows(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "tests added", NULL), "warn");
    assert_string_equal(
        status_of("{}", "[{\"path\":\"tests/test_a.c\",\"action\":\"A\"}]", "tests added", NULL),
        "pass");
    assert_string_equal(
        status_of(
            "{}",
            "[{\"path\":\"tests/test_a.c\",\"action\":\"A\"},{\"path\":\"tests/test_b.c\",\"action\":"
            "\"D\"},{\"path\":\"tests/test_c.c\",\"action\":\"M\"}]",
            "tests added", NULL),
        "warn");
    assert_string_equal(status_of("{\"review\":{\"skipped\":\"down\"}}", FILES, "review", NULL),
                        "unknown");
    assert_string_equal(
        status_of("{\"review\":{\"verdict\":\"changes\",\"findings\":[{\"severity\":\"high\","
                  "\"state\":\"open\"}]}}",
                  FILES, "review", NULL),
        "fail");
    assert_string_equal(
        status_of("{\"review\":{\"verdict\":\"approve\",\"findings\":[]}}", FILES, "review", NULL),
        "pass");
}

/* A row of the verdict of `points`, of a job of a type; "status|text". */
static const char *row_text(const char *type, const char *points_text, const char *name)
{
    static char out[3000];
    char type_copy[16];
    struct job job = {.id = "j1", .type = type_copy};
    json_auto_t *points = parse(points_text);
    json_auto_t *deliver = parse("{\"files\":" FILES ",\"commit\":"
                                 "\"cccccccccccccccccccccccccccccccccccccccc\"}");
    json_auto_t *rows = NULL;
    const json_t *row;

    (void)snprintf(type_copy, sizeof(type_copy), "%s", type);
    rows = report_verdict(&job, points, deliver);
    row = row_of(rows, name);
    (void)snprintf(out, sizeof(out), "%s|%s|%s", js_str(row, "status", ""), js_str(row, "text", ""),
                   js_str(row, "command", ""));
    return out;
}

#define TESTS(passed, names) \
    "\"tests\":{\"formats\":[\"tap\"],\"passed\":" passed ",\"failed\":0,\"failures\":[" names "]}"
#define JOINED(before, after, more)                                                      \
    "{\"verify\":{\"checks\":[{\"name\":\"t\",\"run\":\"make check\",\"before\":" before \
    ",\"after\":" after "," more "}]}}"

static void a_check_row_says_whose_the_failures_are(void **state)
{
    static const struct {
        const char *points;
        const char *status;
        const char *words;
        const char *headline;
    } rows[] = {
        {JOINED(PASS, FAIL,
                "\"blame\":\"new\",\"failures\":[{\"name\":\"a\",\"kind\":\"new\"},"
                "{\"name\":\"b\",\"kind\":\"old\"}],\"old\":[\"b\"],\"flaky\":[]"),
         "fail|", "newly failing: a; fails at base too: b", "failing"},
        {JOINED(FAIL, FAIL, "\"blame\":\"old\",\"old\":[\"b\"],\"flaky\":[],\"failures\":[]"),
         "warn|", "(it failed before this change too); fails at base too: b", "failing"},
        {JOINED(PASS, FAIL, "\"blame\":\"flaky\",\"old\":[],\"flaky\":[\"c\"],\"failures\":[]"),
         "warn|", "flaky: c", "unverified (flaky)"},
        {JOINED(PASS, PASS, "\"blame\":\"flaky\",\"old\":[],\"flaky\":[],\"failures\":[]"), "warn|",
         "two runs of the same files ended differently", "verified"},
        {JOINED(PASS, "{\"ran\":true,\"ok\":true,\"exit\":0,\"agree\":false," TESTS("1", "") "}",
                "\"blame\":\"none\""),
         "warn|", "exit 0, but its output says: 1 passed",
         "unverified (exit code and output disagree)"},
        {JOINED("{\"ran\":true,\"ok\":true,\"exit\":0,\"agree\":false}",
                "{\"ran\":true,\"ok\":true,\"exit\":0,\"agree\":false," TESTS("1", "") "}",
                "\"blame\":\"none\""),
         "warn|", "exit 0, but its output says: 1 passed", "verified"},
        {JOINED(PASS, "{\"ran\":true,\"ok\":true,\"exit\":0," TESTS("0", "") "}",
                "\"blame\":\"none\""),
         "pass|", "after: 0 passed", "unverified (no test ran)"},
        {JOINED(PASS, PASS, "\"blame\":\"none\",\"fewer\":2,\"gone\":[\"a\",\"b\"]"), "warn|",
         "no longer run: a, b", "unverified (no test ran)"},
        {JOINED(PASS, "{\"ran\":true,\"ok\":true,\"exit\":0," TESTS("3", "") "}",
                "\"blame\":\"none\",\"fewer\":0,\"gone\":[\"a\"]"),
         "warn|", "no longer run: a", "verified"},
        {JOINED(PASS, "{\"ran\":true,\"ok\":true,\"exit\":0," TESTS("3", "") "}",
                "\"blame\":\"none\",\"fewer\":2,\"gone\":[]"),
         "warn|", "; tests fewer than before: 2", "verified"},
        {JOINED(FAIL, "{\"ran\":true,\"ok\":true,\"exit\":0," TESTS("3", "") "}",
                "\"blame\":\"none\",\"fewer\":1,\"gone\":[\"a\"],\"gone_failing\":true"),
         "warn|", "no longer run: a", "unverified (failing tests no longer run)"},
        {JOINED(PASS, "{\"ran\":true,\"ok\":false,\"exit\":1,\"agree\":false," TESTS("3", "") "}",
                "\"blame\":\"new\""),
         "fail|", "failed (exit 1), its output says: 3 passed", "failing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *points = parse(rows[i].points);
        const char *text = row_text("feature", rows[i].points, "check: t");

        if (strncmp(text, rows[i].status, strlen(rows[i].status)) != 0 ||
            !strstr(text, rows[i].words))
            fail_msg("row %zu: %s", i, text);
        assert_string_equal(report_headline(NULL, points), rows[i].headline);
    }
}

#define PROOF(tests, proven, passing, failing)                                   \
    "{\"checkout\":{\"base_sha\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}," \
    "\"verify\":{\"proof\":{\"skipped\":null,\"files\":[\"t/a.c\"],\"checks\":"  \
    "[{\"run\":\"make check\"}],\"more_tests\":0,\"proven\":" proven             \
    ",\"passing_at_base\":" passing ",\"failing\":" failing ",\"tests\":[" tests "]}}}"
#define EASED(tests)                                                                                 \
    "{\"verify\":{\"proof\":{\"files\":[\"t/a.c\"],\"names\":true,\"eased\":[\"old\"],\"proven\":1," \
    "\"tests\":[" tests "]}}}"
#define NEW(name, base, head, proves) \
    "{\"name\":\"" name "\",\"base\":\"" base "\",\"head\":\"" head "\",\"proves\":" proves "}"

static void new_tests_are_judged_by_the_type_of_the_job(void **state)
{
    static const struct {
        const char *type;
        const char *points;
        const char *words;
    } rows[] = {
        {"feature", PROOF(NEW("a", "failed", "passed", "true"), "1", "0", "0"),
         "pass|1 of 1 fails without the change and passes with it: a|git worktree add --detach "
         "../vdo-base bbbbbbbbbbbb && cd ../vdo-base && git checkout cccccccccccc -- 't/a.c' && "
         "make check"},
        {"feature",
         PROOF(NEW("a", "not built", "passed", "true") "," NEW("b", "passed", "passed", "false"),
               "1", "1", "0"),
         "warn|1 of 2 fails without the change and passes with it: a; does not build at base, which "
         "counts as failing: a; passes at base too, so it proves no new behaviour: b|"},
        {"feature",
         "{\"verify\":{\"proof\":{\"files\":[\"t/'; x $(y)'.sh\"],\"checks\":[{\"run\":\"make check\"}],"
         "\"proven\":1,\"tests\":[" NEW("a", "failed", "passed", "true") "]}}}",
         "pass|1 of 1 fails without the change and passes with it: a|git worktree add --detach "
         "../vdo-base  && cd ../vdo-base && git checkout cccccccccccc -- 't/'\\''; x $(y)'\\''.sh' && "
         "make check"},
        {"bugfix", PROOF(NEW("b", "passed", "passed", "false"), "0", "1", "0"), "fail|0 of 1 fail"},
        {"refactor", PROOF(NEW("b", "passed", "passed", "false"), "0", "1", "0"), "info|0 of 1"},
        {"refactor", PROOF(NEW("b", "passed", "failed", "false"), "0", "1", "1"), "fail|0 of 1"},
        {"feature", "{\"verify\":{\"skipped\":\"no isolation\"}}", "unknown|no isolation|"},
        {"feature", "{\"verify\":{\"proof\":{\"skipped\":\"no test was added\",\"tests\":[]}}}",
         "warn|no test was added|"},
        {"docs", "{\"verify\":{\"proof\":{\"skipped\":\"no test was added\",\"tests\":[]}}}",
         "info|no test was added|"},
        {"feature", PROOF("", "0", "0", "0"), "unknown|the checks name no tests"},
        {"feature", "{\"verify\":{\"proof\":{\"tests\":[],\"names\":true}}}",
         "warn|the changed test files bring no new test|"},
        /* the test was changed, not what it tests */
        {"bugfix", EASED(""),
         "fail|the changed test files bring no new test; failed before and passes without the change too "
         "once its file is changed, so the test was mended and not what it tests: old|git worktree "},
        {"test", EASED(""), "info|the changed test files bring no new test; failed before"},
        {"bugfix", EASED(NEW("a", "failed", "passed", "true")),
         "warn|1 of 1 fails without the change and passes with it: a; failed before and passes "},
        {"feature", "{}", "unknown|not run|"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = row_text(rows[i].type, rows[i].points, "new tests fail, then pass");

        if (strncmp(text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("row %zu: %s", i, text);
    }
}

static void facts_of_the_change_have_rows_or_say_why_not(void **state)
{
    static const struct {
        const char *name;
        const char *facts;
        const char *words;
    } rows[] = {
        {"secrets in the diff", "\"secrets\":[]", "pass|none found"},
        {"secrets in the diff", "\"secrets\":[{\"path\":\"a\",\"place\":\"a:3\",\"kind\":\"JWT\"}]",
         "fail|a:3 JWT|git diff -U0 "},
        {"secrets in the diff",
         "\"secrets\":[],\"allowed_secrets\":[{\"place\":\"b.bin, byte 12\",\"kind\":\"JWT\","
         "\"note\":\"its path is allowed\"}]",
         "info|none found in the added lines and binary files; allowed by the base branch: b.bin, "
         "byte 12 JWT (its path is allowed)|"},
        {"secrets in the diff", "\"licences\":[]", "unknown|not computed: the job ended before|"},
        {"lint of changed files", "\"secrets\":[],\"lint\":null",
         "unknown|not computed: the job ended before|"},
        {"licence headers lost", "\"licences\":[\"a.c\",\"b.c\"]", "fail|a.c, b.c|"},
        {"sensitive paths", "\"sensitive\":[{\"path\":\"x.yml\",\"why\":\"CI\"}]",
         "warn|x.yml (CI)|git diff --name-only "},
        {"syntax of changed files",
         "\"syntax\":{\"checked\":1,\"checkers\":[\"python3\"],\"paths\":[{\"path\":\"a.py\",\"checker\":\"python3\"}],\"broken\":[]}",
         "pass|1 file parses (python3)|python3 -m py_compile ./'a.py'"},
        /* each file by its own parser, and a name that would be more than a word */
        {"syntax of changed files",
         "\"syntax\":{\"checked\":3,\"checkers\":[\"node\",\"json\"],\"paths\":[{\"path\":\"a'b.js\","
         "\"checker\":\"node\"},{\"path\":\"c.json\",\"checker\":\"json\"},{\"path\":\"$(d).sh\","
         "\"checker\":\"bash\"}],\"broken\":[]}",
         "pass|3 files parse (node, json)|node --check ./'a'\\''b.js' && bash -n ./'$(d).sh'"},
        {"syntax of changed files",
         "\"syntax\":{\"checked\":3,\"checkers\":[\"node\"],\"paths\":[{\"path\":\"a.js\",\"checker\":"
         "\"node\"}],\"broken\":[{\"path\":\"b.py\",\"checker\":\"python3\",\"message\":\"line 1\"},"
         "{\"path\":\"c.js\",\"checker\":\"node\",\"message\":\"line 2\"}]}",
         "fail|b.py does not parse: line 1; c.js does not parse: line 2|python3 -m py_compile ./'b.py'; "
         "node --check ./'c.js'"},
        {"lint of changed files",
         "\"lint\":{\"skipped\":null,\"tools\":[{\"name\":\"a\",\"command\":\"a -q\",\"of_files\":"
         "\"'*.a'\",\"before\":1,\"after\":1,\"n_new\":0,\"new\":[]},{\"name\":\"b\",\"command\":\"b\","
         "\"of_files\":\"\",\"before\":0,\"after\":0,\"n_new\":0,\"new\":[]}],\"missing\":[]}",
         "pass|a: 1 before, 1 after, 0 new; b: 0 before, 0 after, 0 new|git diff -z --name-only "
         "--diff-filter=d  cccccccccccc -- '*.a' | xargs -0r a -q; b"},
        {"syntax of changed files",
         "\"syntax\":{\"checked\":1,\"broken\":[{\"path\":\"a.py\",\"message\":\"line 1\","
         "\"was_broken\":true}]}",
         "warn|a.py does not parse (nor did it before): line 1|"},
        {"syntax of changed files", "\"syntax\":{\"checked\":0,\"broken\":[]}", "info|"},
        {"lint of changed files", "\"lint\":{\"skipped\":\"no isolation\"}",
         "unknown|no isolation|"},
        {"lint of changed files", "\"lint\":{\"skipped\":null,\"tools\":[],\"missing\":[\"ruff\"]}",
         "unknown|not installed here: ruff|"},
        {"lint of changed files",
         "\"lint\":{\"skipped\":null,\"tools\":[{\"name\":\"make lint\",\"command\":\"make lint\","
         "\"before\":1,\"after\":3,\"n_new\":2,\"new\":[\"./a: x\",\"./a: y\"]}],\"missing\":[]}",
         "warn|make lint: 1 before, 3 after, 2 new (./a: x, ./a: y)|make lint"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char points[1000];
        const char *text;

        (void)snprintf(points, sizeof(points), "{\"verify\":{\"facts\":{%s}}}", rows[i].facts);
        text = row_text("feature", points, rows[i].name);
        if (strncmp(text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("row %zu: %s", i, text);
        assert_memory_equal(row_text("feature", "{}", rows[i].name), "unknown|not computed", 20);
    }
}

static void limits_and_the_network_have_rows(void **state)
{
    (void)state;
    assert_memory_equal(row_text("feature", "{\"verify\":{}}", "limits hit"), "pass|none|", 10);
    assert_non_null(
        strstr(row_text("feature",
                        JOINED("{\"ran\":true,\"ok\":false,\"exit\":137,\"why\":\"memory: 1 MiB\"}",
                               FAIL, "\"blame\":\"new\""),
                        "limits hit"),
               "warn|check t, before: memory: 1 MiB|"));
    assert_memory_equal(row_text("feature", "{\"verify\":{\"rounds_used_up\":true}}", "limits hit"),
                        "warn|checks: all rounds", 23);
    assert_memory_equal(row_text("feature", "{}", "network attempts"), "unknown|", 8);
    assert_memory_equal(
        row_text("feature",
                 "{\"verify\":{\"network\":[{\"host\":\"a.example\",\"port\":443,\"allowed\":false,"
                 "\"command\":\"npm ci\"}]}}",
                 "network attempts"),
        "warn|a.example:443 blocked (npm ci)|", 35);
}

static void a_secret_fails_a_job_of_which_nothing_was_pushed(void **state)
{
    struct job job = {.id = "j1", .type = (char[]){"feature"}};
    json_auto_t *points = parse(JOINED(
        PASS, PASS, "\"blame\":\"none\"")); /* the checks pass, and that is not what counts */
    json_auto_t *facts = parse("{\"secrets\":[{\"place\":\"a:3\",\"kind\":\"JWT\"}]}");
    json_auto_t *deliver = parse("{\"files\":" FILES "}");
    json_auto_t *rows = NULL;
    size_t i;
    json_t *row;

    (void)state;
    (void)json_object_set(json_object_get(points, "verify"), "facts", facts);
    rows = report_verdict(&job, points, deliver);
    assert_string_equal(report_headline(rows, points), "failing");
    assert_string_equal(js_str(row_of(rows, "secrets in the diff"), "status", ""), "fail");
    json_array_foreach (rows, i, row)
        assert_null(strstr(js_str(row, "command", ""), "git diff"));
}

#define ATTEMPT(host, port, allowed, command, on)                                              \
    "{\"host\":\"" host "\",\"port\":" #port ",\"allowed\":" #allowed                          \
    ",\"why\":\"more than is looked at\",\"count\":1,\"command\":\"" command "\",\"on\":\"" on \
    "\"}"

static void attempts_are_the_changes_when_the_base_does_not_make_them(void **state)
{
    static const struct {
        const char *points;
        const char *row;
    } rows[] = {
        {"{\"verify\":{}}", "pass|none|"},
        {"{\"verify\":{\"network\":[]}}", "pass|none|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 0, false, "make check", "change") "]}}",
         "warn|a.example blocked (make check)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("192.0.2.1", 443, false, "make check", "both") "]}}",
         "info|192.0.2.1:443 blocked, on the base too (make check)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 0, false, "make check", "base") "]}}",
         "info|a.example blocked, on the base only (make check)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 0, false, "make check",
                                              "base") "]},"
                                                      "\"review\":{\"network\":[" ATTEMPT(
                                                          "a.example", 0, false, "make check",
                                                          "change") "]}}",
         "info|a.example blocked, on the base too (make check)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 0, false, "make check",
                                              "both") "," ATTEMPT("b.example", 0, false,
                                                                  "make check", "change") "]}}",
         "warn|b.example blocked (make check), a.example blocked, on the base too (make check)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 443, true, "npm ci", "setup") "]}}",
         "info|a.example:443 allowed (npm ci)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 443, false, "npm ci", "setup") "]}}",
         "warn|a.example:443 blocked (npm ci)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("a.example", 443, false, "make", "setup") "," ATTEMPT(
             "a.example", 443, false, "make", "both") "]}}",
         "warn|a.example:443 blocked (make), a.example:443 blocked, on the base too (make)|"},
        {"{\"build\":{\"network\":[" ATTEMPT("a.example", 0, false, "npm i x",
                                             "change") "]},\"verify\":{}}",
         "warn|a.example blocked (npm i x)|"},
        {"{\"verify\":{\"network\":[" ATTEMPT("", 0, false, "make check", "change") "]}}",
         "warn|more than is looked at (make check)|"},
        {"{\"verify\":{\"network_unseen\":true}}",
         "unknown|commands without a network could not be seen on this machine (vdo doctor)|"},
        {"{\"verify\":{\"network_unseen\":true,\"network\":[" ATTEMPT("a.example", 443, true,
                                                                      "npm ci", "setup") "]}}",
         "info|a.example:443 allowed (npm ci); commands without a network could not be seen on this"},
        {"{\"verify\":{\"reach\":\"full\"}}", "unknown|setup had the whole network"},
        {"{\"verify\":{\"reach\":\"full\",\"network\":[" ATTEMPT("a.example", 0, false,
                                                                 "make check", "change") "]}}",
         "warn|a.example blocked (make check); setup had the whole network"},
        {"{\"verify\":{\"skipped\":\"no isolation\"}}", "unknown|no isolation"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = row_text("feature", rows[i].points, "network attempts");

        if (strncmp(text, rows[i].row, strlen(rows[i].row)) != 0)
            fail_msg("row %zu: %s", i, text);
    }
}

static void more_attempts_than_are_told_are_counted(void **state)
{
    json_auto_t *points = json_pack("{s:{s:[]}}", "verify", "network");
    json_t *list = json_object_get(json_object_get(points, "verify"), "network");
    AUTO_FREE char *text = NULL;

    (void)state;
    for (int i = 1; i <= 70; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:i, s:b, s:s, s:s, s:s}", "host",
                                                    "a.example", "port", i, "allowed", 0, "why", "",
                                                    "command", "make check", "on", "change"));
    (void)json_object_set_new(json_object_get(points, "verify"), "network_unseen", json_true());
    text = json_dumps(points, 0);
    const char *row = row_text("feature", text, "network attempts");
    assert_non_null(strstr(row, "a.example:20 blocked (make check), and 50 more; commands"));
    assert_null(strstr(row, "a.example:21"));
}

static void money_is_shown_without_rounding_up_to_nothing(void **state)
{
    static const struct {
        int64_t microusd;
        const char *text;
    } rows[] = {{0, "$0.00"},       {1, "under $0.0001"}, {99, "under $0.0001"},
                {100, "$0.0001"},   {12345, "$0.0123"},   {999999, "$0.9999"},
                {1000000, "$1.00"}, {12345678, "$12.34"}};
    char buf[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(report_usd_text(rows[i].microusd, buf, sizeof(buf)), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_decide_the_headline),
        cmocka_unit_test(without_checks_the_row_says_why),
        cmocka_unit_test(what_the_review_mended_is_what_counts),
        cmocka_unit_test(files_outside_the_plan_are_named),
        cmocka_unit_test(protected_paths_are_looked_at_in_the_diff),
        cmocka_unit_test(tests_and_review_have_their_rows),
        cmocka_unit_test(a_check_row_says_whose_the_failures_are),
        cmocka_unit_test(new_tests_are_judged_by_the_type_of_the_job),
        cmocka_unit_test(facts_of_the_change_have_rows_or_say_why_not),
        cmocka_unit_test(limits_and_the_network_have_rows),
        cmocka_unit_test(a_secret_fails_a_job_of_which_nothing_was_pushed),
        cmocka_unit_test(attempts_are_the_changes_when_the_base_does_not_make_them),
        cmocka_unit_test(more_attempts_than_are_told_are_counted),
        cmocka_unit_test(money_is_shown_without_rounding_up_to_nothing),
    };

    return cmocka_run_group_tests_name("report/verdict", tests, NULL, NULL);
}
