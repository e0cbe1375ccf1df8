#include "vdo/base/assets.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char top[64];

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-assets-XXXXXX");
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    assets_override(NULL);
    return fs_remove_tree(top, NULL);
}

static void assets_name__lists_sorted_names_that_all_load(void **state)
{
    size_t n = 0;

    (void)state;
    for (; assets_name(n); n++) {
        char *bytes = NULL;
        size_t len = 0;

        if (n)
            assert_true(strcmp(assets_name(n - 1), assets_name(n)) < 0);
        assert_int_equal(assets_load(assets_name(n), &bytes, &len, NULL), 0);
        assert_int_equal(bytes[len], '\0');
        free(bytes);
    }
    assert_true(n > 0);
    assert_null(assets_name(n + 1));
}

static void assets_load__names_what_is_missing(void **state)
{
    static const char *const rows[] = {"", "templates/none.md", "../etc/passwd", "/etc/passwd"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *bytes = NULL;
        struct err err = {0};

        assert_int_equal(assets_load(rows[i], &bytes, NULL, &err), VDO_E_NOT_FOUND);
        assert_non_null(strstr(err.text, rows[i]));
        assert_null(bytes);
    }
}

static void assets_override__asks_the_directory_first(void **state)
{
    const char *name = assets_name(0);
    AUTO_FREE char *path = fs_join(top, name);
    AUTO_FREE char *dir = xstrdup(path);
    char *built_in = NULL;
    char *bytes = NULL;

    (void)state;
    assert_int_equal(assets_load(name, &built_in, NULL, NULL), 0);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_make_dirs(dir, 0755, NULL), 0);
    assert_int_equal(fs_write_atomic(path, "mine", 4, 0644, NULL), 0);
    assets_override(top);
    assert_int_equal(assets_load(name, &bytes, NULL, NULL), 0);
    assert_string_equal(bytes, "mine");
    free(bytes);
    if (assets_name(1)) { /* not replaced */
        assert_int_equal(assets_load(assets_name(1), &bytes, NULL, NULL), 0);
        free(bytes);
    }
    assets_override(NULL);
    assert_int_equal(assets_load(name, &bytes, NULL, NULL), 0);
    assert_string_equal(bytes, built_in);
    free(bytes);
    free(built_in);
}

static void assets_override__does_not_fall_back_when_the_replacement_is_broken(void **state)
{
    const char *name = assets_name(0);
    AUTO_FREE char *path = fs_join(top, name);
    char *bytes = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(fs_make_dirs(path, 0755, NULL), 0); /* a directory in its place */
    assets_override(top);
    assert_int_equal(assets_load(name, &bytes, NULL, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, path));
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(assets_name__lists_sorted_names_that_all_load),
        WITH_TOP(assets_load__names_what_is_missing),
        WITH_TOP(assets_override__asks_the_directory_first),
        WITH_TOP(assets_override__does_not_fall_back_when_the_replacement_is_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
