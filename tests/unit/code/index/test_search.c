#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/code/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static void put(const char *path, const char *bytes, size_t len)
{
    AUTO_FREE char *full = fs_join(root, path);
    AUTO_FREE char *dir = xstrdup(full);
    struct err err = {0};

    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_make_dirs(dir, 0700, &err), 0);
    assert_int_equal(fs_write_atomic(full, bytes, len, 0600, &err), 0);
}

static void put_text(const char *path, const char *text)
{
    put(path, text, strlen(text));
}

static int make_root(void **state)
{
    (void)state;
    (void)strcpy(root, "/tmp/vdo-search-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    struct err err = {0};

    (void)state;
    return fs_remove_tree(root, &err);
}

/* What a search gives, or the text of its failure. */
static char *search(const char *pattern, const char *glob)
{
    struct err err = {0};
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    if (code_search_dir(root, pattern, glob, 100, 10000, &out, &err)) {
        strbuf_release(&out);
        return xasprintf("%s: %s", vdo_code_name(err.code), err.text);
    }
    return strbuf_take(&out, NULL);
}

static char *list(const char *sub, size_t max)
{
    struct err err = {0};
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    if (code_list_dir(root, sub, max, &out, &err)) {
        strbuf_release(&out);
        return xasprintf("%s: %s", vdo_code_name(err.code), err.text);
    }
    return strbuf_take(&out, NULL);
}

#define CHECK_SEARCH(pattern, glob, expected)               \
    do {                                                    \
        AUTO_FREE char *found_ = search((pattern), (glob)); \
        assert_string_equal(found_, (expected));            \
    } while (0)

#define CHECK_LIST(sub, max, expected)               \
    do {                                             \
        AUTO_FREE char *found_ = list((sub), (max)); \
        assert_string_equal(found_, (expected));     \
    } while (0)

static void search__gives_path_line_and_text_in_path_order(void **state)
{
    (void)state;
    put_text("b.c", "int one;\r\n\r\nint two;\n");
    put_text("a/x.c", "\n\nint two;");
    CHECK_SEARCH("int +two", NULL,
                 "a/x.c:3: int two;\nb.c:3: int two;\n(2 matching lines in 2 of 2 files)\n");
}

static void search__understands_what_people_write(void **state)
{
    static const struct {
        const char *why;
        const char *pattern;
        bool found;
    } rows[] = {
        {"a digit class", "v\\d+", true},
        {"a word class in brackets", "parse_[\\w]+\\(", true},
        {"a blank class", "return\\s+parse", true},
        {"a group that does not capture", "(?:foo|parse)_args", true},
        {"a lazy quantifier", "ret.*?args", true},
        {"a word boundary", "\\bparse_args\\b", true},
        {"a word boundary that is none", "\\barse_args", false},
        {"a leading fold", "(?i)PARSE_ARGS", true},
        {"the case counts otherwise", "PARSE_ARGS", false},
        {"a brace that is no count", "if (x) {", false},
        {"a literal brace", "x\\) {", true},
        {"a count", "e{2}d", true},
        {"an optional letter at the end of the literal", "parse_argsx?", true},
        {"a star on the last letter of the literal", "parse_argsx*\\(", true},
        {"a count of zero", "parse_argsx{0,2}", true},
        {"an alternation at the top", "nothing_here|parse_args", true},
        {"an escaped bracket in a class", "\\([\\]v]", true},
        {"a dash escaped in a class", "need[a\\-z]", true},
        {"a dot in a class", "v7[\\.]", true},
        {"anchors", "^ +if", true},
        {"an end anchor", "\\{$", true},
        {"a tab", "\\tneed-ed", true},
        {"a negated digit class", "v\\D", false},
        {"a named class", "[[:upper:]]", false},
        {"a quantifier without an atom", "*nothing", false},
        {"a possessive quantifier", "parse_a++rgs", true},
        {"counts one after the other", "[a-z]{2,40}_[a-z]{2,40}", true},
    };

    (void)state;
    put_text("f.c", "  if (x) {\n    return parse_args(v7.x);\n\tneed-ed\n need\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *found = search(rows[i].pattern, NULL);

        if ((strstr(found, "f.c:") != NULL) != rows[i].found)
            fail_msg("%s: %s gave %s", rows[i].why, rows[i].pattern, found);
    }
}

static void search__refuses_with_the_reason(void **state)
{
    static const struct {
        const char *pattern;
        const char *reason;
    } rows[] = {
        {"", "invalid: search pattern: it is empty"},
        {"foo(", "invalid: search pattern: ( without ); write \\( for a parenthesis"},
        {"foo)", "invalid: search pattern: ) without (; write \\) for a parenthesis"},
        {"[a", "invalid: search pattern: [ without ]; write \\[ for a bracket"},
        {"a\\", "invalid: search pattern: it ends in a backslash; write \\\\ for one"},
        {"(a)\\1", "invalid: search pattern: back-references are not supported"},
        {"a(?=b)", "invalid: search pattern: look-around and named groups are not supported; (?: ) "
                   "and a leading (?i) are"},
        {"a\\nb",
         "invalid: search pattern: lines are matched one by one, so \\n and \\r never match"},
        {"\\p{L}", "invalid: search pattern: unknown escape; \\d \\w \\s \\b \\t are known"},
        {"((a{1,255}){1,255}){1,255}", "invalid: search pattern: repetition counts are too large"},
        {"a{5000}", "invalid: search pattern: repetition counts are too large"},
        {"a{99999999999999999999,}", "invalid: search pattern: repetition counts are too large"},
        {"(((((a*)*)*)*)*){2,255}0", "invalid: search pattern: repetition counts are too large"},
        {"a**", "invalid: search pattern: two repetitions in a row"},
        {"a{2}{3}", "invalid: search pattern: two repetitions in a row"},
    };

    (void)state;
    put_text("f.c", "x\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_SEARCH(rows[i].pattern, NULL, rows[i].reason);
}

static void search__takes_globs_with_braces_and_directories(void **state)
{
    (void)state;
    put_text("src/a.c", "hit\n");
    put_text("src/a.h", "hit\n");
    put_text("src/deep/b.py", "hit\n");
    put_text("doc/c.md", "hit\n");
    CHECK_SEARCH("hit", "*.{c,h}",
                 "src/a.c:1: hit\nsrc/a.h:1: hit\n(2 matching lines in 2 of 2 files)\n");
    CHECK_SEARCH("hit", "src/deep", "src/deep/b.py:1: hit\n(1 matching lines in 1 of 1 files)\n");
    CHECK_SEARCH("hit", "./doc/*.md", "doc/c.md:1: hit\n(1 matching lines in 1 of 1 files)\n");
    CHECK_SEARCH("hit", "*.rs", "(no match in 0 files)\n");
}

static void search__leaves_out_what_is_ignored_linked_binary_or_git(void **state)
{
    AUTO_FREE char *link_path = fs_join(root, "link.c");
    AUTO_FREE char *loop = fs_join(root, "keep/loop");

    (void)state;
    put_text(".gitignore", "*.log\nbuild/\n/only_here.c\n!keep.log\n# not a rule\n");
    put_text("a.log", "hit\n");
    put_text("keep.log", "hit\n");
    put_text("build/x.c", "hit\n");
    put_text("only_here.c", "hit\n");
    put_text("keep/only_here.c", "hit\n");
    put_text("keep/.gitignore", "*.tmp\n");
    put_text("keep/y.tmp", "hit\n");
    put_text(".git/config", "hit\n");
    put_text("keep/.vdoignore", "secret.txt\n");
    put_text("keep/secret.txt", "hit\n");
    put("bin.dat", "hit\0hit\n", 8);
    assert_int_equal(symlink("/etc/passwd", link_path), 0);
    assert_int_equal(symlink("..", loop), 0);
    CHECK_SEARCH("hit|root", NULL,
                 "keep.log:1: hit\nkeep/only_here.c:1: hit\n(2 matching lines in 2 of 5 files)\n");
}

static void search__stops_at_its_limits_and_says_so(void **state)
{
    struct err err = {0};
    AUTO_STRBUF out = {0};
    AUTO_FREE char *lines = xmalloc(2001);

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        memcpy(lines + 2 * i, "x\n", 2);
    put("many.txt", lines, 2000);
    strbuf_init(&out, 1 << 20);
    assert_int_equal(code_search_dir(root, "x", NULL, 2, 0, &out, &err), 0);
    assert_string_equal(out.ptr, "many.txt:1: x\nmany.txt:2: x\n(stopped at 2 matching lines; "
                                 "narrow the pattern or the glob)\n");
}

static void search__shows_a_long_line_around_the_match(void **state)
{
    size_t len = 3 * 1024 * 1024 / 2;
    AUTO_FREE char *line = xmalloc(len + 1);
    AUTO_FREE char *found = NULL;

    (void)state;
    memset(line, 'a', len);
    memcpy(line + 2000, "NEEDLE", 6);
    put("one_line.js", line, len);
    found = search("NEE.LE", NULL);
    assert_non_null(strstr(found, "NEEDLE"));
    assert_true(strlen(found) < 400);
}

static void search__survives_a_pattern_that_makes_many_states(void **state)
{
    size_t len = 300 * 1024;
    AUTO_FREE char *text = xmalloc(len + 1);
    AUTO_FREE char *found = NULL;

    (void)state;
    for (size_t i = 0; i < len; i++)
        text[i] = i % 1000 == 999 ? '\n' : "ab"[(i * 2654435761U >> 13) & 1];
    put("states.txt", text, len);
    found = search("(a|b)*a(a|b){14}c", NULL);
    assert_string_equal(found, "(no match in 1 files)\n");
}

static void search__passes_over_files_that_are_too_large(void **state)
{
    AUTO_FREE char *path = fs_join(root, "huge.txt");

    (void)state;
    put_text("huge.txt", "hit\n");
    assert_int_equal(truncate(path, 2LL << 30), 0);
    CHECK_SEARCH("hit", NULL,
                 "(no match in 0 files)\n(1 files over 2097152 bytes were not searched)\n");
}

static void list__shows_files_and_folds_what_does_not_fit(void **state)
{
    (void)state;
    put_text("README", "");
    put_text("src/a.c", "");
    put_text("src/b.c", "");
    put_text("src/x/c.c", "");
    put_text("src.txt", "");
    CHECK_LIST(NULL, 10, "README\nsrc.txt\nsrc/a.c\nsrc/b.c\nsrc/x/c.c\n");
    CHECK_LIST("", 4, "README\nsrc.txt\nsrc/ (3 files)\n");
    CHECK_LIST("src", 10, "src/a.c\nsrc/b.c\nsrc/x/c.c\n");
    CHECK_LIST("./src//x/", 10, "src/x/c.c\n");
    CHECK_LIST(".", 2, "README\nsrc.txt\n(1 more entries; list a directory of them)\n");
}

static void list__refuses_what_is_no_directory_of_the_tree(void **state)
{
    AUTO_FREE char *link_path = fs_join(root, "out");

    (void)state;
    put_text("a.c", "");
    assert_int_equal(symlink("/etc", link_path), 0);
    CHECK_LIST("nowhere", 5, "not_found: nowhere is no directory of the tree");
    CHECK_LIST("a.c", 5, "not_found: a.c is no directory of the tree");
    CHECK_LIST("../", 5, "not_found: ../ is no directory of the tree");
    CHECK_LIST("out", 5, "not_found: out is no directory of the tree");
    CHECK_LIST(".git", 5, "not_found: .git is no directory of the tree");
}

static void list__of_an_empty_tree_says_so(void **state)
{
    (void)state;
    CHECK_LIST(NULL, 5, "(no files)\n");
}

static void list__leaves_out_names_that_cannot_be_shown(void **state)
{
    (void)state;
    put_text("good.c", "");
    put_text("bad\xff.c", "");
    put_text("line\nbreak.c", "");
    CHECK_LIST(NULL, 5, "good.c\n");
}

static void list__does_not_enter_more_directories_than_a_path_may_have(void **state)
{
    AUTO_FREE char *deep = xcalloc(1, 4000);

    (void)state;
    for (size_t i = 0; i < 150; i++)
        (void)strcat(deep, "deep/");
    (void)strcat(deep, "x.c");
    put_text(deep, "");
    put_text("y.c", "");
    CHECK_LIST(NULL, 5, "y.c\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        T(search__gives_path_line_and_text_in_path_order),
        T(search__understands_what_people_write),
        T(search__refuses_with_the_reason),
        T(search__takes_globs_with_braces_and_directories),
        T(search__leaves_out_what_is_ignored_linked_binary_or_git),
        T(search__stops_at_its_limits_and_says_so),
        T(search__shows_a_long_line_around_the_match),
        T(search__survives_a_pattern_that_makes_many_states),
        T(search__passes_over_files_that_are_too_large),
        T(list__shows_files_and_folds_what_does_not_fit),
        T(list__refuses_what_is_no_directory_of_the_tree),
        T(list__of_an_empty_tree_says_so),
        T(list__leaves_out_names_that_cannot_be_shown),
        T(list__does_not_enter_more_directories_than_a_path_may_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
