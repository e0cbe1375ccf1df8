#include "../../../../src/code/index/query.h"
#include "../../../../src/code/index/words.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct query *parse(const char *text)
{
    struct query *q = xcalloc(1, sizeof(*q));

    query_parse(text, q);
    for (size_t i = 1; i < q->n_terms; i++)
        assert_true(q->terms[i - 1].number < q->terms[i].number);
    return q;
}

static const struct query_term *find(const struct query *q, const char *word)
{
    struct word_parts parts;

    word_split(word, strlen(word), &parts);
    return query_find(q, parts.whole);
}

static void query__tells_title_body_and_blocks_apart(void **state)
{
    struct query *q =
        parse("# Crash in parser\n\nThe lexer dies.\n```\nboom()\n```\nagain lexer\n");

    (void)state;
    assert_true(find(q, "parser")->title > 0);
    assert_true(find(q, "lexer")->body > 1);
    assert_true(find(q, "lexer")->title <= 0);
    assert_true(find(q, "boom")->block > 0);
    assert_true(find(q, "boom")->body <= 0);
    assert_null(find(q, "the"));
    assert_null(find(q, "nothere"));
    free(q);
}

static void query__knows_identifiers_and_joins_words(void **state)
{
    struct query *q = parse("RuleTester fails: use `foo` in the rule loader of redis-check-aof");

    (void)state;
    assert_true(find(q, "RuleTester")->whole);
    assert_true(find(q, "tester")->title > 0);
    assert_true(find(q, "foo")->code > 0);
    assert_true(find(q, "ruleloader")->joined);
    assert_true(find(q, "redischeckaof")->whole);
    free(q);
}

static void query__finds_named_paths_and_lines(void **state)
{
    static const struct {
        const char *text;
        const char *path;
        int line;
    } rows[] = {
        {"see src/a/b.c:12 please", "src/a/b.c", 12},
        {"  File \"/home/x/pkg/mod.py\", line 7, in f", "/home/x/pkg/mod.py", 7},
        {"at run (lib/cli.js:10:5)", "lib/cli.js", 10},
        {"at com.a.B.c(B.java:33)", "B.java", 33},
        {"in `./conf/app.yml`.", "conf/app.yml", 0},
        {"https://github.com/o/r/blob/main/src/x.go#L9", "src/x.go", 9},
        {"C:\\work\\src\\win.cs broke", "work/src/win.cs", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct query *q = parse(rows[i].text);
        bool found = false;

        for (size_t k = 0; k < q->n_paths; k++)
            found = found ||
                    (strstr(q->paths[k].text, rows[i].path) && q->paths[k].line == rows[i].line);
        if (!found)
            fail_msg("%s: %zu paths, first %s:%d", rows[i].text, q->n_paths, q->paths[0].text,
                     q->paths[0].line);
        free(q);
    }
}

static void query__takes_no_sentence_or_version_for_a_path(void **state)
{
    static const char *const rows[] = {"It broke.Then it worked",
                                       "since v1.2.3",
                                       "e.g. this",
                                       "https://example.org/a.html?x=1",
                                       "a.b.c.dd",
                                       "...",
                                       "1.5"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct query *q = parse(rows[i]);

        if (q->n_paths)
            fail_msg("%s gave the path %s", rows[i], q->paths[0].text);
        free(q);
    }
}

static void query__leaves_out_what_is_about_nothing(void **state)
{
    struct query *q =
        parse("Title\n<!-- secretword\nmore -->visible\nhttps://host.example/urlword\n"
              "Signed-off-by: Somebody <some@body.example>\n");

    (void)state;
    assert_null(find(q, "secretword"));
    assert_null(find(q, "urlword"));
    assert_null(find(q, "Somebody"));
    assert_non_null(find(q, "visible"));
    free(q);
}

static void query__reads_the_scope_of_the_title(void **state)
{
    struct query *a = parse("caddytls: reorder steps");
    struct query *b = parse("feat(rule-tester): more");
    struct query *c = parse("No scope here at all, only a sentence that goes on and on: see?");

    (void)state;
    assert_int_equal(a->n_scope, 1);
    assert_int_equal(a->scope[0], word_term("caddytls", 8));
    assert_int_equal(b->n_scope, 2);
    assert_int_equal(c->n_scope, 0);
    free(a);
    free(b);
    free(c);
}

static void query__knows_when_tests_or_docs_are_asked_for(void **state)
{
    struct query *a = parse("Add tests for the cache");
    struct query *b = parse("Fix typo in the manual");
    struct query *c = parse("The latest contest winner documents");

    (void)state;
    assert_true(a->about_tests);
    assert_false(a->about_docs);
    assert_true(b->about_docs);
    assert_false(c->about_tests || c->about_docs);
    free(a);
    free(b);
    free(c);
}

static void query__bears_any_text(void **state)
{
    size_t len = 300000;
    AUTO_FREE char *text = xmalloc(len + 1);
    static const char *const rows[] = {
        "",  "\n\n\n", "\xf0\x9f\x98\x80", "\xff\xfe\xfd", "```", "<!--", "`", "---", ":", "#",
        "a", "://",    "http://"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        free(parse(rows[i]));
    for (size_t i = 0; i < len; i++)
        text[i] = "abcdefghij_KLM. /:-`\n"[(i * 2654435761U >> 7) % 21];
    text[len] = '\0';
    free(parse(text));
    memset(text, 'x', len);
    free(parse(text));
    memset(text, '/', len);
    free(parse(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query__tells_title_body_and_blocks_apart),
        cmocka_unit_test(query__knows_identifiers_and_joins_words),
        cmocka_unit_test(query__finds_named_paths_and_lines),
        cmocka_unit_test(query__takes_no_sentence_or_version_for_a_path),
        cmocka_unit_test(query__leaves_out_what_is_about_nothing),
        cmocka_unit_test(query__reads_the_scope_of_the_title),
        cmocka_unit_test(query__knows_when_tests_or_docs_are_asked_for),
        cmocka_unit_test(query__bears_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
