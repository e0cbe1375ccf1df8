/* The code index over a plain directory: what it finds, what a refresh costs, the map it draws. */
#include "index_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A small program in two languages. */
static void put_program(struct index_tree *t)
{
    index_tree_put(t, "Makefile", "all:\n\tcc\ncheck: all\n\t./run\n");
    index_tree_put(t, "AGENTS.md", "# Rules\n");
    index_tree_put(t, "README.md", "# Shop\nRetries of payments are described here.\n");
    index_tree_put(t, "src/main.c",
                   "/* Starts the shop and reads its options. */\n#include \"pay/retry.h\"\n"
                   "int main(void)\n{\n    return retry_payment(3);\n}\n");
    index_tree_put(t, "src/pay/retry.c",
                   "/* Tries a payment again with growing pauses. */\n#include \"retry.h\"\n"
                   "int retry_payment(int times)\n{\n    return times;\n}\n\n"
                   "static int pause_between(int n)\n{\n    return n * 2;\n}\n");
    index_tree_put(t, "src/pay/retry.h", "int retry_payment(int times);\n");
    index_tree_put(
        t, "src/cart.py",
        "\"\"\"The cart of a customer.\"\"\"\nclass Cart:\n    def add_item(self, item):\n"
        "        raise ValueError('basket is full')\n");
    index_tree_put(t, "tests/test_cart.py",
                   "from src.cart import Cart\n\ndef test_add_item():\n    Cart().add_item(1)\n");
}

static void locate__puts_the_file_that_the_text_is_about_first(void **state)
{
    static const struct {
        const char *text;
        const char *first;
    } rows[] = {
        {"Payment is retried too often", "src/pay/retry.c "},
        {"ValueError: basket is full", "src/cart.py "},
        {"Cart.add_item crashes", "src/cart.py "},
        {"`pause_between` returns zero", "src/pay/retry.c "},
        {"cart: wrong total", "src/cart.py "},
        {"Traceback\n  File \"/app/src/cart.py\", line 3, in add_item", "src/cart.py "},
        {"See src/pay/retry.h:1", "src/pay/retry.h "},
        {"The options are read wrongly at start", "src/main.c "},
    };
    struct index_tree *t = *state;

    put_program(t);
    (void)index_tree_refresh(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *found = index_tree_locate(t, rows[i].text, 1);

        if (strcmp(found, rows[i].first) != 0)
            fail_msg("'%s' is about %s", rows[i].text, found);
    }
}

static void locate__says_why_and_where(void **state)
{
    struct index_tree *t = *state;
    struct code_hit *hits = NULL;
    size_t n = 0;

    put_program(t);
    (void)index_tree_refresh(t);
    assert_int_equal(code_index_locate(t->index, "pause_between is wrong", 1, &hits, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_non_null(strstr(hits[0].reason, "defines pause_between"));
    assert_int_equal(hits[0].line, 8);
    assert_int_equal(hits[0].line_end, 11);
    code_hits_free(hits, n);
    assert_int_equal(code_index_locate(t->index, "see src/main.c:5", 1, &hits, &n, NULL), 0);
    assert_non_null(strstr(hits[0].reason, "named in the text"));
    assert_int_equal(hits[0].line, 1);
    code_hits_free(hits, n);
}

static void locate__ranks_tests_and_docs_beside_the_source(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *about_source = NULL;
    AUTO_FREE char *about_tests = NULL;

    put_program(t);
    (void)index_tree_refresh(t);
    about_source = index_tree_locate(t, "add_item of the cart", 8);
    assert_true(strstr(about_source, "src/cart.py") < strstr(about_source, "tests/test_cart.py"));
    about_tests = index_tree_locate(t, "Add a test for add_item of the cart", 2);
    assert_non_null(strstr(about_tests, "tests/test_cart.py"));
}

static void locate__gives_the_same_answer_twice_and_at_most_n(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *a = NULL;
    AUTO_FREE char *b = NULL;
    struct code_hit *hits = NULL;
    size_t n = 99;

    put_program(t);
    (void)index_tree_refresh(t);
    a = index_tree_locate(t, "payment", 100);
    b = index_tree_locate(t, "payment", 100);
    assert_string_equal(a, b);
    assert_int_equal(code_index_locate(t->index, "payment", 0, &hits, &n, NULL), 0);
    assert_int_equal(n, 0);
    code_hits_free(hits, n);
}

static void refresh__reads_only_what_is_new(void **state)
{
    struct index_tree *t = *state;
    struct code_index_stats stats;

    put_program(t);
    stats = index_tree_refresh(t);
    assert_int_equal(stats.files, 8);
    assert_int_equal(stats.indexed, 8);
    assert_int_equal(stats.new_blobs, 8);
    if (stats.has_ctags)
        assert_in_range(stats.symbols, 6, 40);
    stats = index_tree_refresh(t);
    assert_int_equal(stats.new_blobs, 0);
    index_tree_put(t, "src/cart.py", "class Basket:\n    pass\n");
    index_tree_put(t, "copy.py", "class Basket:\n    pass\n");
    index_tree_remove(t, "README.md");
    stats = index_tree_refresh(t);
    assert_int_equal(stats.files, 8);
    assert_in_range(stats.new_blobs, 1, 2);
    assert_false(code_index_has_file(t->index, "README.md"));
    assert_true(code_index_has_file(t->index, "copy.py"));
}

static void refresh__sees_a_change_within_the_same_second_and_size(void **state)
{
    struct index_tree *t = *state;

    for (int i = 0; i < 5; i++) {
        AUTO_FREE char *text = xasprintf("word%c\n", 'a' + i);
        AUTO_FREE char *found = NULL;
        struct code_hit *hits = NULL;
        size_t n = 0;

        index_tree_put(t, "a.txt", text);
        (void)index_tree_refresh(t);
        assert_int_equal(code_index_locate(t->index, text, 1, &hits, &n, NULL), 0);
        found = xstrdup(hits[0].reason);
        code_hits_free(hits, n);
        assert_non_null(strstr(found, "words: word"));
    }
}

static void refresh__keeps_the_index_over_a_restart(void **state)
{
    struct index_tree *t = *state;

    put_program(t);
    (void)index_tree_refresh(t);
    code_index_close(t->index);
    assert_int_equal(code_index_open(t->db, &t->index, NULL), VDO_OK);
    assert_int_equal(index_tree_refresh(t).new_blobs, 0);
}

static void open__makes_a_damaged_or_foreign_file_anew(void **state)
{
    static const char *const damages[] = {"not a database, and long enough to be looked at as one. "
                                          "................................................",
                                          "SQLite format 3", ""};
    struct index_tree *t = *state;

    put_program(t);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        code_index_close(t->index);
        t->index = NULL;
        assert_int_equal(fs_write_atomic(t->db, damages[i], strlen(damages[i]), 0600, NULL), 0);
        assert_int_equal(code_index_open(t->db, &t->index, NULL), VDO_OK);
        assert_int_equal(index_tree_refresh(t).new_blobs, 8);
    }
}

static void open__refuses_a_place_that_is_not_there(void **state)
{
    struct code_index *index = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(code_index_open("/nonexistent/x/index.db", &index, &err), VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "/nonexistent/x/index.db"));
    assert_null(index);
}

static void refresh__ends_when_cancelled_and_of_a_missing_directory(void **state)
{
    struct index_tree *t = *state;
    atomic_bool cancel = true;
    struct err err = {0};

    put_program(t);
    (void)index_tree_refresh(t);
    assert_int_equal(code_index_dir(t->index, t->root, &cancel, &err), VDO_E_CANCELLED);
    err_clear(&err);
    assert_int_equal(code_index_dir(t->index, "/nonexistent", NULL, &err), VDO_E_NOT_FOUND);
    assert_true(code_index_has_file(t->index, "src/main.c")); /* the snapshot before stays */
}

static void *index_in_a_thread(void *arg)
{
    const struct index_tree *t = arg;
    struct code_index *index = NULL;
    struct err err = {0};
    int rc = code_index_open(t->db, &index, &err);

    for (int i = 0; i < 3 && !rc; i++) {
        struct code_hit *hits = NULL;
        size_t n = 0;

        rc = code_index_dir(index, t->root, NULL, &err);
        if (!rc)
            rc = code_index_locate(index, "payment", 5, &hits, &n, &err);
        code_hits_free(hits, n);
    }
    code_index_close(index);
    return rc ? xstrdup(err.text) : NULL;
}

static void index__serves_several_threads_from_one_file(void **state)
{
    struct index_tree *t = *state;
    pthread_t threads[4];
    void *text[4] = {NULL};

    put_program(t);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, index_in_a_thread, t), 0);
    for (size_t i = 0; i < 4; i++)
        (void)pthread_join(threads[i], &text[i]);
    for (size_t i = 0; i < 4; i++) {
        if (text[i])
            fail_msg("%s", (char *)text[i]);
    }
    assert_int_equal(index_tree_refresh(t).new_blobs, 0);
}

static void symbols__are_found_exact_first(void **state)
{
    struct index_tree *t = *state;
    struct code_index_stats stats;
    struct code_symbol *found = NULL;
    struct err err = {0};
    size_t n = 0;

    put_program(t);
    index_tree_put(t, "src/b.c",
                   "int Retry_Payment_later(void) { return 0; }\n"
                   "int RETRY_PAYMENT(void) { return 0; }\n");
    stats = index_tree_refresh(t);
    if (!stats.has_ctags)
        skip();
    assert_int_equal(code_index_symbols(t->index, "retry_payment", 10, &found, &n, NULL), 0);
    assert_int_equal(n, 4);
    assert_string_equal(found[0].path, "src/pay/retry.c");
    assert_int_equal(found[0].line, 3);
    assert_string_equal(found[0].kind, "function");
    assert_string_equal(found[0].signature, "(int times)");
    assert_string_equal(found[2].name, "RETRY_PAYMENT");
    assert_string_equal(found[3].name, "Retry_Payment_later");
    code_symbols_free(found, n);
    assert_int_equal(code_index_symbols(t->index, "Cart.add_item()", 1, &found, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_string_equal(found[0].path, "src/cart.py");
    code_symbols_free(found, n);
    assert_int_equal(code_index_symbols(t->index, "nothing_like_it", 9, &found, &n, NULL), 0);
    assert_int_equal(n, 0);
    code_symbols_free(found, n);
    assert_int_equal(code_index_symbols(t->index, "", 9, &found, &n, &err), VDO_E_INVALID);
}

static char *outline(struct index_tree *t, size_t budget, const char *focus)
{
    struct err err = {0};
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    if (code_index_outline(t->index, budget, &focus, focus ? 1 : 0, &out, &err))
        fail_msg("%s", err.text);
    return strbuf_take(&out, NULL);
}

static void outline__tells_how_it_is_built_and_where_it_starts(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *again = NULL;

    put_program(t);
    (void)index_tree_refresh(t);
    text = outline(t, 2000, NULL);
    assert_non_null(strstr(text, "Languages: "));
    assert_non_null(strstr(text, "Build and test: Makefile (make"));
    assert_non_null(strstr(text, "Conventions: AGENTS.md"));
    assert_non_null(strstr(text, "Entry points: src/main.c"));
    assert_non_null(strstr(text, "src/pay/ (2)"));
    assert_non_null(strstr(text, "src/main.c: Starts the shop and reads its options."));
    assert_null(strstr(text, "test_add_item"));
    again = outline(t, 2000, NULL);
    assert_string_equal(text, again);
}

static void outline__names_the_scripts_of_a_manifest(void **state)
{
    static const struct {
        const char *manifest;
        const char *line;
    } rows[] = {
        {"{\"scripts\": {\"build\": \"tsc\", \"test:unit\": \"jest\"}}",
         "package.json (npm install && npm test; build test:unit)"},
        {"{\"scripts\": [1, 2]}", "package.json (npm install && npm test)"},
        {"{\"scripts\": {\"x\": ", "package.json (npm install && npm test)"},
        {"{}", "package.json (npm install && npm test)"},
    };
    struct index_tree *t = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *text = NULL;

        index_tree_put(t, "package.json", rows[i].manifest);
        (void)index_tree_refresh(t);
        text = outline(t, 500, NULL);
        if (!strstr(text, rows[i].line))
            fail_msg("row %zu: %s", i, text);
    }
}

static void outline__shows_the_focus_first(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *text = NULL;

    put_program(t);
    (void)index_tree_refresh(t);
    text = outline(t, 2000, "src/cart.py");
    assert_non_null(strstr(text, "Most relevant files:\nsrc/cart.py: The cart of a customer."));
    assert_true(strstr(text, "src/cart.py: ") < strstr(text, "src/main.c: "));
    assert_null(strstr(strstr(text, "src/cart.py: ") + 1, "src/cart.py: ")); /* once */
}

static void outline__keeps_within_every_budget(void **state)
{
    struct index_tree *t = *state;

    put_program(t);
    for (int i = 0; i < 100; i++) {
        AUTO_FREE char *path = xasprintf("src/gen%02d/part%d.c", i % 10, i);
        AUTO_FREE char *text = xasprintf("/* Part number %d of the shop. */\nint part_%d(void)\n"
                                         "{\n    return %d;\n}\n",
                                         i, i, i);

        index_tree_put(t, path, text);
    }
    (void)index_tree_refresh(t);
    for (size_t budget = 0; budget < 3000; budget = budget * 2 + 7) {
        AUTO_FREE char *text = outline(t, budget, "src/cart.py");

        if (strlen(text) > budget * 3)
            fail_msg("%zu bytes for %zu tokens", strlen(text), budget);
        if (budget > 500)
            assert_true(strlen(text) > budget);
    }
}

static void list__folds_the_snapshot_as_it_folds_a_directory(void **state)
{
    struct index_tree *t = *state;
    AUTO_STRBUF out = {0};
    struct err err = {0};

    put_program(t);
    (void)index_tree_refresh(t);
    strbuf_init(&out, 1 << 16);
    assert_int_equal(code_index_list(t->index, "src", 3, &out, NULL), 0);
    assert_string_equal(out.ptr, "src/cart.py\nsrc/main.c\nsrc/pay/ (2 files)\n");
    strbuf_clear(&out);
    assert_int_equal(code_index_list(t->index, "./src/pay/", 9, &out, NULL), 0);
    assert_string_equal(out.ptr, "src/pay/retry.c\nsrc/pay/retry.h\n");
    strbuf_clear(&out);
    assert_int_equal(code_index_list(t->index, "sr", 9, &out, &err), VDO_E_NOT_FOUND);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, index_tree_setup, index_tree_teardown)
    const struct CMUnitTest tests[] = {
        T(locate__puts_the_file_that_the_text_is_about_first),
        T(locate__says_why_and_where),
        T(locate__ranks_tests_and_docs_beside_the_source),
        T(locate__gives_the_same_answer_twice_and_at_most_n),
        T(refresh__reads_only_what_is_new),
        T(refresh__sees_a_change_within_the_same_second_and_size),
        T(refresh__keeps_the_index_over_a_restart),
        T(open__makes_a_damaged_or_foreign_file_anew),
        T(open__refuses_a_place_that_is_not_there),
        T(refresh__ends_when_cancelled_and_of_a_missing_directory),
        T(index__serves_several_threads_from_one_file),
        T(symbols__are_found_exact_first),
        T(outline__tells_how_it_is_built_and_where_it_starts),
        T(outline__names_the_scripts_of_a_manifest),
        T(outline__shows_the_focus_first),
        T(outline__keeps_within_every_budget),
        T(list__folds_the_snapshot_as_it_folds_a_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
