/* The outputs of real tools below tests/fixtures/results, each beside what is to be read in it. */
#include "results_told.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/checks/results.h"
#include "vdo/json/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIXTURES "tests/fixtures/results"

enum { LONGEST = 1024 * 1024, LEAST_FIXTURES = 100 };

static char *read_whole(const char *path, size_t *out_len)
{
    struct err err = {0};
    char *bytes = NULL;

    if (fs_read_file(path, LONGEST, &bytes, out_len, &err))
        fail_msg("%s", err.text);
    return bytes;
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name);
    size_t m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

/* Fed in pieces of so many bytes. */
static char *told(const char *path, const char *bytes, size_t len, size_t piece)
{
    struct results *results = results_new();
    struct err err = {0};
    json_t *read;
    char *text;

    results_root(results, "/project");
    if (ends_in(path, ".xml") && results_feed_junit(results, bytes, len, &err))
        fail_msg("%s: %s", path, err.text);
    for (size_t at = 0; !ends_in(path, ".xml") && at < len; at += piece)
        results_feed(results, bytes + at, len - at < piece ? len - at : piece);
    read = results_end(results);
    text = results_told(read);
    json_decref(read);
    results_free(results);
    return text;
}

static void check(const char *path)
{
    size_t len;
    AUTO_FREE char *bytes = read_whole(path, &len);
    AUTO_FREE char *expected_path = xasprintf("%.*s.expect", (int)strlen(path) - 4, path);
    size_t expected_len;
    AUTO_FREE char *expected = read_whole(expected_path, &expected_len);
    static const size_t pieces[] = {LONGEST, 1, 13, 4096};

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        AUTO_FREE char *is = told(path, bytes, len, pieces[i]);

        if (strcmp(is, expected) != 0)
            fail_msg("%s in pieces of %zu bytes is read as\n%s", path, pieces[i], is);
    }
}

static size_t check_tool(const char *tool)
{
    AUTO_FREE char *dir = fs_join(FIXTURES, tool);
    DIR *entries = opendir(dir);
    size_t n = 0;

    if (!entries)
        return 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        AUTO_FREE char *path = fs_join(dir, entry->d_name);

        if (ends_in(path, ".txt") || ends_in(path, ".xml")) {
            check(path);
            n++;
        }
    }
    (void)closedir(entries);
    return n;
}

static void what_real_tools_print_is_read_however_it_is_split(void **state)
{
    DIR *tools = opendir(FIXTURES);
    size_t n = 0;

    (void)state;
    assert_non_null(tools);
    for (struct dirent *entry = readdir(tools); entry; entry = readdir(tools)) {
        if (entry->d_name[0] != '.')
            n += check_tool(entry->d_name);
    }
    (void)closedir(tools);
    assert_true(n >= LEAST_FIXTURES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_real_tools_print_is_read_however_it_is_split),
    };

    return cmocka_run_group_tests_name("checks/results_fixtures", tests, NULL, NULL);
}
