/* The code index over files that change after it was made, and over paths that are not there. */
#include "index_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void put_program(struct index_tree *t)
{
    index_tree_put(t, "src/main.c", "int main(void)\n{\n    return 0;\n}\n");
    index_tree_put(t, "src/pay/retry.c",
                   "/* Tries a payment again with growing pauses. */\n#include \"retry.h\"\n"
                   "int retry_payment(int times)\n{\n    return times;\n}\n\n"
                   "static int pause_between(int n)\n{\n    return n * 2;\n}\n");
    index_tree_put(t, "src/pay/retry.h", "int retry_payment(int times);\n");
    index_tree_put(t, "src/cart.py", "class Cart:\n    def add_item(self, item):\n        pass\n");
}

/* "path:line " of each definition of a name; free with free(). */
static char *defined(struct index_tree *t, const char *name)
{
    struct code_symbol *found = NULL;
    struct strbuf out;
    size_t n = 0;

    strbuf_init(&out, 4096);
    assert_int_equal(code_index_symbols(t->index, name, 20, &found, &n, NULL), 0);
    for (size_t i = 0; i < n; i++)
        (void)strbuf_addf(&out, "%s:%d ", found[i].path, found[i].line);
    code_symbols_free(found, n);
    return strbuf_take(&out, NULL);
}

static void overlay(struct index_tree *t, const char *path)
{
    const char *const paths[] = {path};

    assert_int_equal(code_index_overlay(t->index, t->root, paths, 1, NULL), 0);
}

static void expect_defined(struct index_tree *t, const char *name, const char *want)
{
    AUTO_FREE char *found = defined(t, name);

    assert_string_equal(found, want);
}

static void overlay__tells_what_the_files_are_now(void **state)
{
    struct index_tree *t = *state;
    struct code_index_stats stats;

    put_program(t);
    stats = index_tree_refresh(t);
    if (!stats.has_ctags)
        skip();
    expect_defined(t, "pause_between", "src/pay/retry.c:8 ");
    index_tree_put(t, "src/pay/retry.c", "\n\nint pause_between(int n)\n{\n    return n;\n}\n");
    index_tree_put(t, "src/new.c", "int brand_new(void)\n{\n    return 0;\n}\n");
    expect_defined(t, "brand_new", "");
    overlay(t, "src/pay/retry.c");
    overlay(t, "src/new.c");
    expect_defined(t, "pause_between", "src/pay/retry.c:3 ");
    expect_defined(t, "brand_new", "src/new.c:1 ");
    assert_true(code_index_has_file(t->index, "src/new.c"));
    index_tree_remove(t, "src/pay/retry.c");
    overlay(t, "src/pay/retry.c");
    overlay(t, "src/pay/retry.c");
    expect_defined(t, "pause_between", "");
    assert_false(code_index_has_file(t->index, "src/pay/retry.c"));
}

static void overlay__is_not_kept_for_others(void **state)
{
    struct index_tree *t = *state;
    struct code_index_stats stats;

    put_program(t);
    (void)index_tree_refresh(t);
    index_tree_put(t, "src/cart.py", "def other():\n    pass\n");
    overlay(t, "src/cart.py");
    index_tree_put(t, "src/cart.py", "class Cart:\n    pass\n");
    stats = index_tree_refresh(t);
    assert_int_equal(stats.new_blobs, 1);
    if (stats.has_ctags) {
        expect_defined(t, "Cart", "src/cart.py:1 ");
        expect_defined(t, "other", "");
    }
}

static void overlay__leaves_out_what_is_no_text_file_of_the_tree(void **state)
{
    static const char *const paths[] = {"../outside.c", "link.c", "src",       "big.c",
                                        "bin.c",        "",       "nowhere.c", "\xff.c"};
    struct index_tree *t = *state;
    AUTO_FREE char *link = fs_join(t->root, "link.c");
    AUTO_FREE char *big = fs_join(t->root, "big.c");
    AUTO_FREE char *outside = fs_join(t->dir, "outside.c");

    put_program(t);
    (void)index_tree_refresh(t);
    assert_int_equal(fs_write_atomic(outside, "int x;\n", 7, 0600, NULL), 0);
    assert_int_equal(symlink("../outside.c", link), 0);
    index_tree_put(t, "big.c", "int big;\n");
    assert_int_equal(truncate(big, (off_t)2 << 30), 0);
    index_tree_put_bytes(t, "bin.c", "int\0;", 5);
    assert_int_equal(
        code_index_overlay(t->index, t->root, paths, sizeof(paths) / sizeof(paths[0]), NULL), 0);
    assert_false(code_index_has_file(t->index, "../outside.c"));
    assert_false(code_index_has_file(t->index, "link.c"));
    assert_false(code_index_has_file(t->index, "src"));
    assert_true(code_index_has_file(t->index, "big.c")); /* listed, not searched */
    assert_true(code_index_has_file(t->index, "src/main.c"));
}

static void similar__finds_what_a_wrong_path_may_have_meant(void **state)
{
    static const struct {
        const char *path;
        const char *first; /* NULL: none */
    } rows[] = {
        {"lib/cart.py", "src/cart.py"},
        {"cart.py", "src/cart.py"},
        {"src/Cart.py", "src/cart.py"},
        {"src/cart.ts", "src/cart.py"},
        {"src/carts.py", "src/cart.py"},
        {"src/pay/retyr.c", "src/pay/retry.c"},
        {"src/pay/entirely_else.c", "src/pay/retry.c"},
        {"docs/unheard/of.md", NULL},
        {"", NULL},
        {"x", NULL},
    };
    struct index_tree *t = *state;

    put_program(t);
    (void)index_tree_refresh(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *found[3] = {NULL, NULL, NULL};
        size_t n = code_index_similar(t->index, rows[i].path, 3, found);

        if (!rows[i].first && n)
            fail_msg("%s is like %s", rows[i].path, found[0]);
        if (rows[i].first && (!n || strcmp(found[0], rows[i].first) != 0))
            fail_msg("%s is like %s", rows[i].path, n ? found[0] : "nothing");
    }
    assert_int_equal(code_index_similar(t->index, "cart.py", 0, NULL), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, index_tree_setup, index_tree_teardown)
    const struct CMUnitTest tests[] = {
        T(overlay__tells_what_the_files_are_now),
        T(overlay__is_not_kept_for_others),
        T(overlay__leaves_out_what_is_no_text_file_of_the_tree),
        T(similar__finds_what_a_wrong_path_may_have_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
