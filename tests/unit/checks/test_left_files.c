#include "edit_tree.h"

#include "vdo/base/mem.h"
#include "vdo/checks/find.h"
#include "vdo/json/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SUITE(name) "<testsuite name=\"s\"><testcase name=\"" name "\"/></testsuite>"

struct read {
    struct results *results;
    json_t *files;
    json_t *read;
    int rc;
    struct err err;
};

static void read_dir(struct read *read, const char *dir, int64_t since_ms)
{
    *read = (struct read){.results = results_new()};
    read->rc = checks_read_junit(dir, since_ms, read->results, &read->files, &read->err);
    read->read = results_end(read->results);
}

static void release(struct read *read)
{
    results_free(read->results);
    json_decref(read->files);
    json_decref(read->read);
}

static void usual_places_are_read(void **state)
{
    char *dir = edit_tree_new();
    struct read read;

    (void)state;
    edit_tree_put(dir, "junit.xml", SUITE("a"));
    edit_tree_put(dir, "target/surefire-reports/TEST-org.demo.ATest.xml", SUITE("b"));
    edit_tree_put(dir, "app/build/test-results/test/TEST-B.xml", SUITE("c"));
    edit_tree_put(dir, "test-results/unit.xml", SUITE("d"));
    edit_tree_put(dir, "node_modules/x/junit.xml", SUITE("not"));
    edit_tree_put(dir, "pom.xml", "<project/>");
    edit_tree_put(dir, "other.xml", SUITE("not either"));
    read_dir(&read, dir, 0);
    assert_int_equal(read.rc, 0);
    assert_int_equal(json_array_size(read.files), 4);
    assert_int_equal(js_int(read.read, "passed", -1), 4);
    release(&read);
    edit_tree_remove(dir);
}

static void files_from_before_the_run_are_not_read_whatever_their_times_say(void **state)
{
    static const struct timespec future[2] = {{.tv_sec = 4102444800}, {.tv_sec = 4102444800}};
    char *dir = edit_tree_new();
    AUTO_FREE char *path = xasprintf("%s/junit.xml", dir);
    struct stat st;
    struct read read;

    (void)state;
    edit_tree_put(dir, "junit.xml", SUITE("old"));
    assert_int_equal(utimensat(AT_FDCWD, path, future, 0), 0);
    assert_int_equal(stat(path, &st), 0);
    read_dir(&read, dir, (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000 + 1);
    assert_int_equal(read.rc, 0);
    assert_int_equal(json_array_size(read.files), 0);
    release(&read);
    edit_tree_remove(dir);
}

static void planted_links_lead_nowhere(void **state)
{
    char *dir = edit_tree_new();
    char *outside = edit_tree_new();
    AUTO_FREE char *link_file = xasprintf("%s/junit.xml", dir);
    AUTO_FREE char *link_dir = xasprintf("%s/test-results", dir);
    AUTO_FREE char *loop = xasprintf("%s/build", dir);
    AUTO_FREE char *pipe = xasprintf("%s/TEST-pipe.xml", dir);
    AUTO_FREE char *target = xasprintf("%s/secret.xml", outside);
    struct read read;

    (void)state;
    edit_tree_put(outside, "secret.xml", SUITE("secret"));
    assert_int_equal(symlink(target, link_file), 0);
    assert_int_equal(symlink(outside, link_dir), 0);
    assert_int_equal(symlink(".", loop), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    read_dir(&read, dir, 0);
    assert_int_equal(read.rc, 0);
    assert_int_equal(json_array_size(read.files), 0);
    release(&read);
    edit_tree_remove(outside);
    edit_tree_remove(dir);
}

static void a_file_that_is_no_junit_is_named_with_the_reason(void **state)
{
    char *dir = edit_tree_new();
    struct read read;

    (void)state;
    edit_tree_put(dir, "junit.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><testsuite/>");
    read_dir(&read, dir, 0);
    assert_int_equal(read.rc, 0);
    assert_string_equal(js_str(read.files, "0.path", ""), "junit.xml");
    assert_non_null(strstr(js_str(read.files, "0.why", ""), "document type"));
    assert_int_equal(json_array_size(js_at(read.read, "formats")), 0);
    release(&read);
    edit_tree_remove(dir);
}

static void more_files_than_the_cap_are_told(void **state)
{
    char *dir = edit_tree_new();
    struct read read;

    (void)state;
    for (int i = 0; i <= CHECKS_MAX_JUNIT_FILES; i++) {
        AUTO_FREE char *name = xasprintf("TEST-%d.xml", i);

        edit_tree_put(dir, name, SUITE("a"));
    }
    read_dir(&read, dir, 0);
    assert_int_equal(read.rc, VDO_E_TOO_LARGE);
    assert_int_equal(json_array_size(read.files), CHECKS_MAX_JUNIT_FILES);
    release(&read);
    edit_tree_remove(dir);
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
    struct results *results = results_new();
    json_t *files = NULL;

    (void)state;
    assert_int_equal(checks_read_junit("/nonexistent", 0, results, &files, NULL), VDO_E_IO);
    assert_null(files);
    results_free(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_places_are_read),
        cmocka_unit_test(files_from_before_the_run_are_not_read_whatever_their_times_say),
        cmocka_unit_test(planted_links_lead_nowhere),
        cmocka_unit_test(a_file_that_is_no_junit_is_named_with_the_reason),
        cmocka_unit_test(more_files_than_the_cap_are_told),
        cmocka_unit_test(a_directory_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests_name("checks/left_files", tests, NULL, NULL);
}
