/* What a run said: two streams, and the report files it has left. */
#include "../../../../src/pipeline/verify/reading.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

struct place {
    char dir[64];
};

static int make_dir(void **state)
{
    static struct place place;

    (void)snprintf(place.dir, sizeof(place.dir), "/tmp/vdo-reading-XXXXXX");
    *state = &place;
    return mkdtemp(place.dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    const struct place *place = *state;

    return fs_remove_tree(place->dir, NULL);
}

static int64_t in_ms(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

/* A file that is newer than the reading: file systems' clocks tick more slowly than ours. */
static void leave(const struct place *place, const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(place->dir, name);
    struct timespec now;
    struct stat st;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    do {
        assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
        assert_int_equal(stat(path, &st), 0);
    } while (in_ms(&st.st_ctim) <= in_ms(&now));
}

static void feed(struct reading *reading, int stream, const char *text)
{
    reading_feed(reading, stream, text, strlen(text));
}

static void lines_of_two_streams_do_not_run_into_each_other(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;

    feed(reading, 1, "ok 1 - o");
    feed(reading, 2, "a warn");
    feed(reading, 1, "ne\nnot ok 2 -");
    feed(reading, 2, "ing\n");
    feed(reading, 1, " two\n1..2"); /* without an end of line */
    read = reading_end(reading, 1);
    reading_free(reading);
    assert_int_equal(reading_state(read, "one"), 'p');
    assert_int_equal(reading_state(read, "two"), 'f');
    assert_int_equal(reading_state(read, "three"), '\0');
    assert_true(js_bool(read, "agree", false));
}

static void an_exit_code_of_0_beside_a_failure_is_a_disagreement(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;

    feed(reading, 1, "not ok 1 - one\n1..1\n");
    read = reading_end(reading, 0);
    reading_free(reading);
    assert_false(js_bool(read, "agree", true));
}

static void a_report_file_that_names_more_tests_counts_alone(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;

    feed(reading, 1, "ok 1 - one\n1..1\n");
    leave(place, "junit.xml",
          "<testsuite><testcase classname=\"a\" name=\"x\"/><testcase classname=\"a\" name=\"y\">"
          "<failure message=\"boom\"/></testcase></testsuite>");
    read = reading_end(reading, 1);
    reading_free(reading);
    assert_int_equal(js_int(read, "junit", 0), 1);
    assert_int_equal(js_int(read, "tests.passed", 0), 1);
    assert_int_equal(js_int(read, "tests.failed", 0), 1);
    assert_int_equal(reading_state(read, "one"), '\0');
}

static void a_failure_is_not_hidden_behind_a_longer_list_of_passes(void **state)
{
    static const char *const says[] = {"not ok 1 - one\n1..1\n", "ok 1 - one\nok 2 - two\n1..2\n"};
    static const char *const files[] = {
        "<testsuite><testcase name=\"x\"/><testcase name=\"y\"/></testsuite>",
        "<testsuite><testcase name=\"x\"><failure message=\"boom\"/></testcase></testsuite>"};
    const struct place *place = *state;

    for (int i = 0; i < 2; i++) {
        struct reading *reading = reading_new(place->dir, place->dir);
        json_auto_t *read = NULL;

        feed(reading, 1, says[i]);
        leave(place, "junit.xml", files[i]);
        read = reading_end(reading, 0);
        reading_free(reading);
        assert_int_equal(js_int(read, "tests.failed", 0), 1);
        assert_false(js_bool(read, "agree", true));
    }
}

static void a_report_that_is_no_xml_is_said(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;

    feed(reading, 1, "ok 1 - one\n1..1\n");
    leave(place, "junit.xml", "<testsuite><testcase name=\"x\">");
    read = reading_end(reading, 0);
    reading_free(reading);
    assert_int_equal(json_array_size(js_at(read, "unread")), 1);
    assert_non_null(strstr(js_str(read, "unread.0", ""), "junit.xml ("));
}

/* Paths in output and report files are those of the run, not of the host. */
static void places_are_told_below_where_the_run_saw_its_directory(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, "/workspaces/demo");
    json_auto_t *read = NULL;

    feed(reading, 1, "/workspaces/demo/src/a.c:3:5: error: no such thing\n");
    read = reading_end(reading, 1);
    reading_free(reading);
    assert_string_equal(js_str(read, "tests.problems.0.file", ""), "src/a.c");
}

static void a_line_without_an_end_costs_no_more_than_its_cap(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;
    static char block[40000];

    memset(block, 'x', sizeof(block));
    for (int i = 0; i < 500; i++)
        reading_feed(reading, 1 + i % 2, block, sizeof(block));
    feed(reading, 1, "\nok 1 - one\n1..1\n");
    read = reading_end(reading, 0);
    reading_free(reading);
    assert_int_equal(reading_state(read, "one"), 'p');
}

static void names_beyond_the_cap_are_left_out_and_said_to_be(void **state)
{
    const struct place *place = *state;
    struct reading *reading = reading_new(place->dir, place->dir);
    json_auto_t *read = NULL;
    char line[300];

    for (int i = 0; i < 12000; i++) {
        (void)snprintf(line, sizeof(line), "ok %d - %0*d\n", i + 1, 250, i);
        feed(reading, 1, line);
    }
    read = reading_end(reading, 0);
    reading_free(reading);
    assert_true(js_bool(read, "names_cut", false));
    assert_int_equal(js_int(read, "tests.passed", 0), 12000);
    assert_true(json_object_size(js_at(read, "names")) < 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_of_two_streams_do_not_run_into_each_other, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(an_exit_code_of_0_beside_a_failure_is_a_disagreement,
                                        make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(a_report_file_that_names_more_tests_counts_alone, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(a_failure_is_not_hidden_behind_a_longer_list_of_passes,
                                        make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(a_report_that_is_no_xml_is_said, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(places_are_told_below_where_the_run_saw_its_directory,
                                        make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(a_line_without_an_end_costs_no_more_than_its_cap, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(names_beyond_the_cap_are_left_out_and_said_to_be, make_dir,
                                        drop_dir),
    };

    return cmocka_run_group_tests_name("pipeline/reading", tests, NULL, NULL);
}
