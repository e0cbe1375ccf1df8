/* Trees and texts that are made to break an index, or that just happen to be odd. */
#include "../../src/code/index/ctags.h"
#include "../../src/code/index/extractor.h"

#include "index_tree.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void tree__may_be_empty(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *found = NULL;

    assert_int_equal(index_tree_refresh(t).files, 0);
    found = index_tree_locate(t, "anything", 10);
    assert_string_equal(found, "");
}

static void tree__links_pipes_and_git_data_are_not_entered(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *loop = fs_join(t->root, "a/loop");
    AUTO_FREE char *out = fs_join(t->root, "out");
    AUTO_FREE char *file = fs_join(t->root, "passwd.txt");
    AUTO_FREE char *fifo = fs_join(t->root, "pipe.c");

    index_tree_put(t, "a/x.c", "int x;\n");
    index_tree_put(t, ".git/config", "[core]\n");
    index_tree_put(t, "sub/.git", "gitdir: ../x\n");
    assert_int_equal(symlink("..", loop), 0);
    assert_int_equal(symlink("/etc", out), 0);
    assert_int_equal(symlink("/etc/passwd", file), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(index_tree_refresh(t).files, 1);
}

static void tree__options_for_ctags_are_not_taken_from_it(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *mark = fs_join(t->dir, "mark");
    AUTO_FREE char *options =
        xasprintf("--langdef=evil\n--map-evil=+.c\n--regex-evil=/(.*)/pwned/x/\n-o %s\n", mark);
    struct code_symbol *found = NULL;
    AUTO_FREE char *before = getcwd(NULL, 0);
    size_t n = 0;

    index_tree_put(t, ".ctags.d/evil.ctags", options);
    index_tree_put(t, ".ctags", options);
    index_tree_put(t, "x.c", "int good(void) { return 0; }\n");
    assert_int_equal(chdir(t->root), 0);
    if (!index_tree_refresh(t).has_ctags) {
        assert_int_equal(chdir(before), 0);
        skip();
    }
    assert_int_equal(chdir(before), 0);
    assert_int_equal(code_index_symbols(t->index, "pwned", 5, &found, &n, NULL), 0);
    assert_int_equal(n, 0);
    code_symbols_free(found, n);
    assert_int_equal(code_index_symbols(t->index, "good", 5, &found, &n, NULL), 0);
    assert_int_equal(n, 1);
    code_symbols_free(found, n);
    assert_false(fs_exists(mark));
}

static void tree__huge_files_are_listed_and_not_read(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *path = fs_join(t->root, "huge.c");
    struct code_index_stats stats;

    index_tree_put(t, "huge.c", "int needle;\n");
    assert_int_equal(truncate(path, 2LL << 30), 0);
    index_tree_put(t, "small.c", "int x;\n");
    stats = index_tree_refresh(t);
    assert_int_equal(stats.files, 2);
    assert_int_equal(stats.indexed, 1);
    assert_true(code_index_has_file(t->index, "huge.c"));
}

static void tree__one_line_of_megabytes_is_no_source(void **state)
{
    static const size_t sizes[] = {1900 * 1024, 10 * 1024 * 1024};
    struct index_tree *t = *state;

    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *text = xmalloc(sizes[i]);

        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = "abc_ defG(){}\"'`/*0"[(k * 2654435761U >> 9) % 19];
        index_tree_put_bytes(t, i ? "ten.js" : "two.js", text, sizes[i]);
    }
    index_tree_put(t, "x.js", "var x;\n");
    assert_int_equal(index_tree_refresh(t).indexed, 1);
}

static void tree__paths_that_cannot_be_shown_are_left_out(void **state)
{
    struct index_tree *t = *state;
    struct code_index_stats stats;
    AUTO_FREE char *deep = xcalloc(1, 4096);

    index_tree_put(t, "good.c", "int x;\n");
    index_tree_put(t,
                   "b\xff"
                   "d.c",
                   "int x;\n");
    index_tree_put(t, "tab\there.c", "int x;\n");
    for (int i = 0; i < 200; i++)
        (void)strcat(deep, "d/");
    (void)strcat(deep, "x.c");
    index_tree_put(t, deep, "int x;\n");
    stats = index_tree_refresh(t);
    assert_int_equal(stats.files, 1);
    assert_int_equal(stats.skipped, 3);
}

static void tree__a_path_of_four_thousand_bytes_is_borne(void **state)
{
    struct index_tree *t = *state;
    char name[251];
    int fd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file;

    memset(name, 'n', 250);
    name[250] = '\0';
    for (int i = 0; i < 17; i++) { /* over what one system call takes */
        int below;

        assert_int_equal(mkdirat(fd, name, 0700), 0);
        below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(below >= 0);
        (void)close(fd);
        fd = below;
    }
    file = openat(fd, "x.c", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(file, "int x;\n", 7), 7);
    (void)close(file);
    (void)close(fd);
    index_tree_put(t, "good.c", "int x;\n");
    assert_int_equal(index_tree_refresh(t).files, 1);
}

static void tree__that_changes_while_it_is_read_is_borne(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *dir = fs_join(t->root, "locked");

    index_tree_put(t, "locked/x.c", "int x;\n");
    index_tree_put(t, "y.c", "int x;\n");
    assert_int_equal(chmod(dir, 0), 0);
    (void)index_tree_refresh(t); /* root may read it all the same */
    assert_int_equal(chmod(dir, 0700), 0);
    index_tree_remove(t, "locked/x.c");
    assert_int_equal(index_tree_refresh(t).files, 1);
}

static void text__of_any_kind_gets_an_answer(void **state)
{
    struct index_tree *t = *state;
    size_t len = 60 * 1024;
    AUTO_FREE char *large = xmalloc(len + 1);
    const char *texts[] = {
        "", "\n", "\xf0\x9f\x98\x80", "\xff\xfe", "%s%n", "'; DROP TABLE facts;", "```", large};
    int64_t start;

    for (size_t i = 0; i < len; i++)
        large[i] = "etaoinshrdlu_XYZ./:#-`\n "[(i * 2654435761U >> 11) % 24];
    large[len] = '\0';
    for (int i = 0; i < 200; i++) {
        AUTO_FREE char *path = xasprintf("src/f%d.c", i);
        AUTO_FREE char *text = xasprintf("int f%d(int e, int t, int sh);\n%.*s", i, 4000, large);

        index_tree_put(t, path, text);
    }
    (void)index_tree_refresh(t);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO_FREE char *found = NULL;

        start = clock_mono_ms(clock_real());
        found = index_tree_locate(t, texts[i], 10);
        assert_true(strlen(found) > 10);
        assert_true(clock_mono_ms(clock_real()) - start < 5000);
    }
}

static void on_symbol(void *arg, const struct facts_symbol *symbol)
{
    assert_true(*symbol->name);
    ++*(unsigned *)arg;
}

static void ctags__bears_contents_of_any_kind(void **state)
{
    struct ctags *c = ctags_new();
    static const char *const names[] = {"a.c", "b.py", "c.js", "d.php", "e.rb", "f.hs", "g.sql"};
    AUTO_FREE char *noise = xmalloc(100000);
    unsigned symbols = 0;

    (void)state;
    if (!ctags_available())
        skip();
    for (size_t i = 0; i < 100000; i++)
        noise[i] = (char)(i * 2654435761U >> 13);
    for (size_t i = 0; i < 7; i++) {
        ctags_submit(c, names[i], noise, 100000);
        (void)ctags_collect(c, on_symbol, &symbols);
    }
    symbols = 0;
    ctags_submit(c, "x.c", "int one;\n", 9);
    ctags_submit(c, "y.c", "int two, three;\n", 16);
    assert_true(ctags_collect(c, on_symbol, &symbols));
    assert_int_equal(symbols, 1);
    assert_true(ctags_collect(c, on_symbol, &symbols));
    assert_int_equal(symbols, 3);
    ctags_free(c);
}

static void extractor__works_without_ctags(void **state)
{
    struct extractor *e = extractor_new(false);
    struct extractor_result result;

    (void)state;
    extractor_put(e, 7, "x/a.c", xstrdup("int one(void) { return 1; }\n"), 28);
    assert_true(extractor_take(e, true, &result));
    assert_int_equal(result.ticket, 7);
    assert_int_equal(result.symbols, 0);
    assert_non_null(result.facts);
    free(result.facts);
    assert_false(extractor_take(e, true, &result));
    extractor_free(e);
}

static void extractor__may_be_left_with_work_on_the_way(void **state)
{
    struct extractor *e = extractor_new(true);

    (void)state;
    for (uint64_t i = 0; i < 200; i++)
        extractor_put(e, i, "a.c", xstrdup("int x;\n"), 7);
    extractor_free(e);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, index_tree_setup, index_tree_teardown)
    const struct CMUnitTest tests[] = {
        T(tree__may_be_empty),
        T(tree__links_pipes_and_git_data_are_not_entered),
        T(tree__options_for_ctags_are_not_taken_from_it),
        T(tree__huge_files_are_listed_and_not_read),
        T(tree__one_line_of_megabytes_is_no_source),
        T(tree__paths_that_cannot_be_shown_are_left_out),
        T(tree__a_path_of_four_thousand_bytes_is_borne),
        T(tree__that_changes_while_it_is_read_is_borne),
        T(text__of_any_kind_gets_an_answer),
        cmocka_unit_test(ctags__bears_contents_of_any_kind),
        cmocka_unit_test(extractor__works_without_ctags),
        cmocka_unit_test(extractor__may_be_left_with_work_on_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
