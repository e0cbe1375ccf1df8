#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/checks/results.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_text(const char *text)
{
    struct results *results = results_new();
    json_t *read;

    results_feed(results, text, strlen(text));
    read = results_end(results);
    results_free(results);
    return read;
}

static void results__counts_of_each_format(void **state)
{
    static const struct {
        const char *text;
        const char *format;
        int passed;
        int failed;
        int skipped;
    } rows[] = {
        {"TAP version 13\n1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no\n", "tap", 1, 1, 1},
        {"1..2\nok 1\nok 2\n", "tap", 2, 0, 0},
        {"1..1\nnot ok 1 - later # TODO\n", "tap", 0, 0, 1},
        {"    ok 1 - inner\n    1..1\nok 1 - outer\n1..1\n", "tap", 1, 0, 0},
        {"    not ok 1 - inner\n    1..1\nnot ok 1 - outer\n1..1\n", "tap", 0, 1, 0},
        {"    ok 1 - inner\n    1..1\nnot ok 1 - a hook\n1..1\n", "tap", 1, 1, 0},
        {"3 failed, 4 passed, 1 skipped, 1 xfailed, 1 error in 0.10s\n", "pytest", 4, 4, 2},
        {"=== 2 passed in 61.00s (0:01:01) ===\n", "pytest", 2, 0, 0},
        {"no tests ran in 0.01s\n", "pytest", 0, 0, 0},
        {"Ran 3 tests in 0.001s\n\nOK (skipped=1)\n", "unittest", 2, 0, 1},
        {"Ran 4 tests in 0.001s\n\nFAILED (failures=1, errors=2, expected failures=1)\n",
         "unittest", 0, 3, 1},
        {"ok  \texample.com/a\t0.1s\nFAIL\texample.com/b [build failed]\n", "go test", 1, 1, 0},
        {"{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"A\"}\n", "go test", 1, 0, 0},
        {"test result: ok. 5 passed; 0 failed; 2 ignored; 1 measured; 0 filtered out\n",
         "cargo test", 6, 0, 2},
        {"Tests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total\n", "jest", 3, 1, 3},
        {"      Tests  2 failed | 2 passed | 1 skipped | 1 todo (6)\n", "vitest", 2, 2, 2},
        {"  3 passing (5ms)\n  1 pending\n  2 failing\n", "mocha", 3, 2, 1},
        {"\u2139 tests 3\n\u2139 pass 2\n\u2139 fail 1\n", "node --test", 2, 1, 0},
        {"1/2 Test #1: a ....   Passed    0.01 sec\n2/2 Test #2: b ....***Failed    0.00 sec\n",
         "ctest", 1, 1, 0},
        {"[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n[  FAILED  ] b\n[  FAILED  ] b\n",
         "cmocka", 1, 1, 0},
        {"[ RUN      ] dies\n", "cmocka", 0, 1, 0},
        {"[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1\n", "maven", 2, 0, 1},
        {"[ERROR] Tests run: 3, Failures: 1, Errors: 1, Skipped: 0\n", "maven", 1, 2, 0},
        {"[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 1 s <<< FAILURE! -- in "
         "A\n[ERROR] A.a -- Time elapsed: 1 s <<< FAILURE!\nE: no\n\n[INFO] Tests run: 1, Failures: 0, "
         "Errors: 0, Skipped: 0, Time elapsed: 1 s -- in A\n[WARNING] Flakes: \n[WARNING] A.a\n"
         "[ERROR]   Run 1: A.a:3 no\n[INFO]   Run 2: PASS\n[INFO] \n"
         "[WARNING] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Flakes: 1\n",
         "maven", 2, 0, 0},
        {"[ERROR] A.a -- Time elapsed: 1 s <<< FAILURE!\nE: no\n", "maven", 0, 1, 0},
        {"1/2 a b  OK     0.11s\n2/2 c  TIMEOUT  1.00s\n", "meson test", 1, 1, 0},
        {"PASS: a\nFAIL: b\nTestsuite summary for x\n# PASS:  1\n# FAIL:  1\n# ERROR: 0\n",
         "automake", 1, 1, 0},
        {"5 examples, 2 failures, 1 pending\n", "rspec", 2, 2, 1},
        {"bun test v1.2.0\n\na.test.ts:\n\u2713 a [0.12ms]\n\u2717 b [0.10ms]\n\u00bb c\n\u270e d\n\n"
         " 1 pass\n 1 skip\n 1 todo\n 1 fail\nRan 4 tests across 1 file. [9.00ms]\n",
         "bun test", 1, 1, 2},
        {"OK (5 tests, 9 assertions)\n", "phpunit", 5, 0, 0},
        {"Tests: 7, Assertions: 4, Errors: 1, Failures: 2, Skipped: 1.\n", "phpunit", 3, 3, 1},
        {"<testsuite name=\"s\"><testcase name=\"a\"/></testsuite>\n", "junit", 1, 0, 0},
        {"org.demo.T > a() FAILED\n    E at T.java:1\n\n5 tests completed, 1 failed, 2 skipped\n",
         "gradle", 2, 1, 2},
        {"Passed!  - Failed:     0, Passed:     2, Skipped:     1, Total:     3 - a.dll\n"
         "Failed!  - Failed:     1, Passed:     1, Skipped:     0, Total:     2 - b.dll\n",
         "dotnet test", 3, 1, 1},
        {"Total tests: 39. Passed: 33. Failed: 4. Skipped: 2.\n", "dotnet test", 33, 4, 2},
        {"Total tests: 3\n     Passed: 2\n     Failed: 1\n Total time: 1 Seconds\n", "dotnet test",
         2, 1, 0},
        {"Test summary: total: 3, failed: 1, succeeded: 2, skipped: 0, duration: 1.2s\n",
         "dotnet test", 2, 1, 0},
        {"     Summary [   0.021s] 8/10 tests run: 5 passed (1 slow, 1 flaky), 2 failed, "
         "1 exec failed, 1 timed out, 2 skipped\n",
         "nextest", 5, 4, 2},
        {"  TRY 1 FAIL [   0.003s] a::b t\n  TRY 2 PASS [   0.003s] a::b t\n"
         "     Summary [   0.0s] 1 test run: 1 passed (1 flaky), 0 skipped\n",
         "nextest", 1, 0, 0},
        {"  TRY 1 FAIL [   0.003s] a::b t\n", "nextest", 0, 1, 0},
        {"5 runs, 3 assertions, 1 failures, 1 errors, 1 skips\n", "minitest", 2, 2, 1},
        {"2 doctests, 1 property, 4 tests, 2 failures, 1 excluded, 1 invalid, 1 skipped\n",
         "exunit", 2, 3, 2},
        {"test cases: 5 | 1 passed | 2 failed | 1 failed as expected | 1 skipped\n", "catch2", 2, 2,
         1},
        {"All tests passed (5 assertions in 3 test cases)\n", "catch2", 3, 0, 0},
        {"[doctest] test cases:  2 |  1 passed | 1 failed | 0 skipped\n", "catch2", 1, 1, 0},
        {"Running 3 test cases...\n\n*** No errors detected\n", "boost.test", 3, 0, 0},
        {"Test Case 'A.testB' started at 1\nTest Case 'A.testB' passed (0.0 seconds)\n", "xctest",
         1, 0, 0},
        {"\u2718 Test a() failed after 0.1 seconds with 1 issue.\n", "swift testing", 0, 1, 0},
        {"bun test v1.4.5 (a)\n\na.test.ts:\n(pass) one\n\n 3 pass\n 1 fail\nRan 4 tests across 1 "
         "file.\n",
         "bun test", 3, 1, 0},
        {"running 2 tests from ./a_test.ts\none ... ok (0ms)\n\nok | 2 passed | 0 failed (3ms)\n",
         "deno test", 2, 0, 0},
        {"Running 4 tests using 1 worker\n\n  1 failed\n    a.spec.js:4:3 \u203a b\n  1 flaky\n"
         "    a.spec.js:5:3 \u203a c\n  1 skipped\n  1 passed (1s)\n",
         "playwright", 2, 1, 1},
        {"[info] Tests: succeeded 3, failed 1, canceled 1, ignored 1, pending 0\n"
         "[error] Failed: Total 4, Failed 1, Errors 0, Passed 3\n",
         "scalatest", 3, 1, 2},
        {"00:01 +2 ~1 -1: Some tests failed.\n", "dart test", 2, 1, 1},
        {"t/a.t .. ok\nFiles=1, Tests=3,  0 wallclock secs ( 0.0 usr)\nResult: PASS\n", "prove", 3,
         0, 0},
        {"Test Summary Report\n-------\nt/c.t (Wstat: 512 Tests: 5 Failed: 2)\n  Failed tests:  1-2\n"
         "Files=1, Tests=5,  0 wallclock secs ( 0.0 usr)\n",
         "prove", 3, 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *read = read_text(rows[i].text);

        if (strcmp(js_str(read, "formats.0", ""), rows[i].format) != 0 ||
            js_int(read, "passed", -1) != rows[i].passed ||
            js_int(read, "failed", -1) != rows[i].failed ||
            js_int(read, "skipped", -1) != rows[i].skipped) {
            AUTO_FREE char *is = js_dump(read);

            fail_msg("%s is read as %s", rows[i].text, is);
        }
    }
}

static void results__ordinary_output_is_no_test_result(void **state)
{
    static const char *const rows[] = {
        "",
        "ok\nok then\nnot ok at all\n",
        "PASS\nFAIL\nFAIL: it\nERROR: no such file\n",
        "1/2 OK\n3 examples of this\nThere was 1 failure:\nOK (fine)\n",
        "5 passed\n12 passed in review\n",
        "Ran 3 tests\nOK\n",
        "  \u2714 Built target all\n  - an item\n",
        "test of strength ... is it?\n",
        "Tests: none\nTests run: a few\n",
        "[INFO] BUILD SUCCESS\n[ERROR] no\n",
        "1/2 of the tests passed\n",
        "<html><testsuite/></html>\n",
        "{\"Action\":\"walk\"}\n{not json\n",
        "\x1b[31mred\x1b[0m \x1b]0;title\x07 text\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *read = read_text(rows[i]);

        if (json_array_size(js_at(read, "formats")) || js_int(read, "passed", -1) ||
            js_int(read, "failed", -1)) {
            AUTO_FREE char *is = js_dump(read);

            fail_msg("%s is read as %s", rows[i], is);
        }
    }
}

static void results__the_same_test_named_twice_counts_once_and_the_worse_state_holds(void **state)
{
    struct results *results = results_new();
    static const char text[] = "test a ... ok\ntest a ... FAILED\ntest a ... ok\ntest b ... ok\n";

    (void)state;
    results_feed(results, text, strlen(text));
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "passed", -1), 1);
    assert_int_equal(js_int(read, "failed", -1), 1);
    assert_int_equal(results_of(results, "a"), RESULT_FAILED);
    assert_int_equal(results_of(results, "b"), RESULT_PASSED);
    assert_int_equal(results_of(results, "c"), RESULT_UNKNOWN);
    results_free(results);
}

static void results__formats_in_one_output_add_up(void **state)
{
    json_auto_t *read = read_text("1..1\nok 1 - a\n2 passed in 0.10s\ntest x ... FAILED\n");

    (void)state;
    assert_int_equal(json_array_size(js_at(read, "formats")), 3);
    assert_int_equal(js_int(read, "passed", -1), 3);
    assert_int_equal(js_int(read, "failed", -1), 1);
}

/* As in the packages of a workspace. */
static void results__runs_one_after_another_keep_the_names_of_their_tests(void **state)
{
    static const struct {
        const char *text;
        int passed;
        int failed;
        const char *name; /* of a test of the second run */
        enum result_state state;
    } rows[] = {
        {"\u2714 one (0.1ms)\n\u2139 pass 1\n\u2139 fail 0\n\u25b6 more\n  \u2714 two (0.1ms)\n"
         "\u2714 more (0.2ms)\n\u2139 pass 1\n\u2139 fail 0\n",
         2, 0, "more > two", RESULT_PASSED},
        {"\u2716 one (0.1ms)\n\u2139 pass 0\n\u2139 fail 1\n\n\u2716 failing tests:\n\n"
         "test at a.js:1:2\n\u2716 one (0.1ms)\n  Error: no\n"
         "\u25b6 more\n  \u2716 two (0.1ms)\n\u2716 more (0.2ms)\n\u2139 pass 0\n\u2139 fail 1\n",
         0, 2, "more > two", RESULT_FAILED},
        {"  \u2714 one\n\n  1 passing (5ms)\n\n  more\n    \u2714 two\n\n  1 passing (5ms)\n", 2, 0,
         "more > two", RESULT_PASSED},
        {"  1) one\n\n  0 passing (5ms)\n  1 failing\n\n  1) one:\n     Error: no\n\n"
         "  more\n    \u2714 two\n\n  1 passing (5ms)\n",
         1, 1, "more > two", RESULT_PASSED},
        {"Test Case 'A.dies' started.\nTest Case 'A.lives' started.\n"
         "Test Case 'A.lives' passed (0.1 seconds)\n",
         1, 1, "A.dies", RESULT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct results *results = results_new();

        results_feed(results, rows[i].text, strlen(rows[i].text));
        json_auto_t *read = results_end(results);
        if (js_int(read, "passed", -1) != rows[i].passed ||
            js_int(read, "failed", -1) != rows[i].failed ||
            results_of(results, rows[i].name) != rows[i].state)
            fail_msg("row %zu: %lld passed, %lld failed, %s: %d", i,
                     (long long)js_int(read, "passed", -1), (long long)js_int(read, "failed", -1),
                     rows[i].name, (int)results_of(results, rows[i].name));
        results_free(results);
    }
}

static void results__the_end_of_a_yaml_block_is_no_message(void **state)
{
    json_auto_t *read = read_text("TAP version 13\nnot ok 1 equal\n  ---\n    expected: 3\n"
                                  "    at: f (/t.js:5:5)\n  ...\n1..1\n");
    const json_t *failure = json_array_get(json_object_get(read, "failures"), 0);

    (void)state;
    assert_string_equal(js_str(failure, "name", ""), "equal");
    assert_string_equal(js_str(failure, "message", ""), "");
}

static void results__an_output_and_its_junit_file_tell_of_the_same_tests(void **state)
{
    static const char text[] = "=== FAILURES ===\n___ TestA.test_x ___\nE   assert 0\n\n"
                               "tests/test_a.py:3: AssertionError\n"
                               "=== short test summary info ===\n"
                               "FAILED tests/test_a.py::TestA::test_x - assert 0\n"
                               "=== 1 failed, 2 passed in 0.01s ===\n";
    static const char xml[] =
        "<?xml version=\"1.0\"?><testsuites><testsuite name=\"pytest\">"
        "<testcase classname=\"tests.test_a.TestA\" name=\"test_x\"><failure message=\"assert 0\"/>"
        "</testcase><testcase classname=\"tests.test_a\" name=\"test_y\"/>"
        "<testcase classname=\"tests.test_a\" name=\"test_z\"/></testsuite></testsuites>";
    struct results *results = results_new();

    (void)state;
    results_feed(results, text, strlen(text));
    assert_int_equal(results_feed_junit(results, xml, strlen(xml), NULL), 0);
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "passed", -1), 2);
    assert_int_equal(js_int(read, "failed", -1), 1);
    assert_int_equal(json_array_size(js_at(read, "failures")), 1);
    assert_string_equal(js_str(read, "failures.0.name", ""), "tests/test_a.py::TestA::test_x");
    assert_string_equal(js_str(read, "failures.0.file", ""), "tests/test_a.py");
    assert_int_equal(js_int(read, "failures.0.line", 0), 3);
    assert_int_equal(results_of(results, "tests/test_a.py::test_y"), RESULT_PASSED);
    assert_int_equal(results_of(results, "tests.test_a.TestA.test_x"), RESULT_FAILED);
    results_free(results);
}

static void results_agree__holds_the_exit_code_above_what_was_read(void **state)
{
    static const struct {
        const char *text;
        int exit_code;
        bool agree;
    } rows[] = {
        {"1..1\nok 1 - a\n", 0, true},
        {"1..1\nok 1 - a\n", 1, false},
        {"1..1\nnot ok 1 - a\n", 1, true},
        {"1..1\nnot ok 1 - a\n", 0, false},
        {"1..1\nok 1 - a\na.c:3:1: error: no\n", 2, true},
        {"nothing\n", 0, true},
        {"nothing\n", 1, true},
        {"no tests ran in 0.01s\n", 5, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *read = read_text(rows[i].text);

        if (results_agree(read, rows[i].exit_code) != rows[i].agree)
            fail_msg("%s with exit code %d", rows[i].text, rows[i].exit_code);
    }
}

/* Under UBSan a sum that overflows ends the program. */
static void results__sums_of_a_forged_summary_stop_somewhere(void **state)
{
#define MANY "999999999 "
    static const char *const texts[] = {
        "PASS a.test.js\nTests:       " MANY "failed, " MANY "failed, " MANY "failed, " MANY
        "total\n",
        " FAIL  a.test.js > x\n      Tests  " MANY "failed | " MANY "failed | " MANY "failed (3)\n",
        MANY "failed, " MANY "errors, " MANY "error in 0.10s\n",
        "99999999 failed, 99999999 failed, 99999999 failed in 0.10s\n",
        "Finished in 0.1 seconds\n0 examples, " MANY "failures, " MANY "errors, " MANY
        "failures, " MANY "pending\n",
        "Tests: 1, Assertions: 4, Errors: " MANY ", Failures: " MANY ", Skipped: " MANY
        ", Incomplete: " MANY ".\n",
        "1 test completed, " MANY "failed, " MANY "skipped\n",
        "Failed!  - Failed:  " MANY ", Passed: " MANY ", Skipped: " MANY "\n"
        "Failed!  - Failed:  " MANY ", Passed: " MANY ", Skipped: " MANY "\n",
        "     Summary [ 0.1s] 1 test run: " MANY "passed, " MANY "failed, " MANY
        "exec failed, " MANY "timed out, " MANY "skipped\n",
        "1 runs, 3 assertions, " MANY "failures, " MANY "errors, " MANY "skips\n",
        "1 test, " MANY "failures, " MANY "invalid, " MANY "skipped, " MANY "excluded\n",
        "test cases: 3 | " MANY "failed | " MANY "failed as expected | " MANY "passed\n",
        "Running 999999999 test cases...\n*** No errors detected\n",
        "Tests: succeeded " MANY ", failed " MANY ", canceled " MANY ", ignored " MANY
        ", pending " MANY "\n",
        "Test Summary Report\nt/a.t (Wstat: 1 Tests: 1 Failed: " MANY
        ")\nt/b.t (Wstat: 1 Tests: 1 Failed: " MANY ")\nFiles=1, Tests=1,  0 wallclock secs ()\n",
        "Running 1 test using 1 worker\n  " MANY "flaky\n  " MANY "passed (1s)\n",
        "00:01 +" MANY "~1 -1: Some tests failed.\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_auto_t *read = read_text(texts[i]);

        assert_true(js_int(read, "failed", -1) >= 0);
        assert_true(js_int(read, "failed", -1) <= 1000000000);
        assert_true(js_int(read, "passed", -1) >= 0);
    }
#undef MANY
}

static void results__lines_that_only_look_like_results_are_none(void **state)
{
    static const char *const texts[] = {
        "Failed to reach the mirror [second try]\n",
        "\u2714 Compiled successfully in 3.2s\n",
        "Demo.dll (net10.0|x64) failed\nskipped the rest\n",
        "server (pid)\nok\n",
        "worker (12.5ms)\nFAIL\n",
        "failed to connect (see above)\n",
        "  Passed the first stage [of 3]\n",
        "there are 3 test cases: right | wrong | neither\n",
        "All tests passed (by the reviewer)\n",
        "Running 3 test cases by hand\n",
        "  1 failed\n    a.spec.js:4:3 \u203a b\n  1 passed (1s)\n",
        " 2 pass\n 1 fail\n",
        "one ... ok (1ms)\n",
        "ok | 2 passed | 0 failed (3ms)\n",
        "        FAIL [later] crate module::test\n",
        "Summary [draft] of the run: 3 failed\n",
        "  1) test adds (SumsTest)\n     and no place follows\n",
        "5 tests, 3 assertions, 1 failures, 0 errors\n",
        "- a list *** of things ***\n",
        "#   Failed test 'a'\n#   at t/a.t line 1.\n",
        "12:30 +2 guests: All tests passed, they said\n",
        "org.demo.A > b\n",
        "> Task :test FAILED\n",
        "Test Suite 'All tests' passed at 2026-02-11\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_auto_t *read = read_text(texts[i]);
        AUTO_FREE char *is = js_dump(read);

        if (json_array_size(js_at(read, "formats")) > 0 || js_int(read, "failed", -1) != 0)
            fail_msg("%s is read as %s", texts[i], is);
    }
}

static void results_text__tells_counts_and_a_few_names(void **state)
{
    static const struct {
        const char *text;
        const char *told;
    } rows[] = {
        {"nothing\n", "no test results in the output"},
        {"12 passed in 0.10s\n", "12 passed"},
        {"1..2\nok 1 - a\nnot ok 2 - b\n", "1 passed, 1 failed (b)"},
        {"1..2\nok 1 - a # SKIP\nok 2 - b\n", "1 passed, 1 skipped"},
        {"1..4\nnot ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\nnot ok 4 - d\n",
         "0 passed, 4 failed (a, b, c, ...)"},
        {"1..1\nnot ok 1 - tests/test_prices.py::test_that_a_discount_is_taken\n",
         "0 passed, 1 failed (...prices.py::test_that_a_discount_is_taken)"},
        {"a.c:1:1: error: no\n", "1 compiler error"},
    };
    char buf[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *read = read_text(rows[i].text);

        assert_string_equal(results_text(read, buf, sizeof(buf)), rows[i].told);
    }
}

static void results_text__long_names_do_not_pass_the_buffer(void **state)
{
    AUTO_STRBUF text = {0};
    char buf[200];

    (void)state;
    strbuf_init(&text, 100000);
    for (int i = 0; i < 50; i++) {
        (void)strbuf_adds(&text, "not ok 1 - ");
        for (int k = 0; k < 100; k++)
            (void)strbuf_adds(&text, "\u00fc");
        (void)strbuf_addf(&text, "%d\n", i);
    }
    json_auto_t *read = read_text(text.ptr);

    assert_true(strlen(results_text(read, buf, sizeof(buf))) < sizeof(buf));
    assert_true(js_is_utf8(buf, strlen(buf)));
}

/* ---- hostile output ---- */

static void results__names_and_failures_past_their_caps_are_counted(void **state)
{
    enum { TESTS = RESULTS_MAX_NAMES + 500, FAILING = RESULTS_MAX_FAILURES + 50 };
    struct results *results = results_new();
    char line[64];

    (void)state;
    for (int i = 0; i < TESTS; i++) {
        int len =
            snprintf(line, sizeof(line), "test t%d ... %s\n", i, i < FAILING ? "FAILED" : "ok");

        results_feed(results, line, (size_t)len);
    }
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "failed", -1), FAILING);
    assert_int_equal(js_int(read, "passed", -1), TESTS - FAILING);
    assert_int_equal(json_array_size(js_at(read, "failures")), RESULTS_MAX_FAILURES);
    assert_int_equal(js_int(read, "more_failures", -1), FAILING - RESULTS_MAX_FAILURES);
    results_free(results);
}

static void results__long_names_are_cut_and_stay_apart(void **state)
{
    struct results *results = results_new();
    char name[2000];
    char line[2100];

    (void)state;
    memset(name, 'n', sizeof(name));
    for (int i = 0; i < 2; i++) {
        int len;

        (void)snprintf(name + sizeof(name) - 3, 3, "%d", i);
        len = snprintf(line, sizeof(line), "test %s ... FAILED\n", name);
        results_feed(results, line, (size_t)len);
    }
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "failed", -1), 2);
    assert_int_equal(strlen(js_str(read, "failures.0.name", "")), RESULTS_MAX_NAME);
    assert_int_equal(results_of(results, name), RESULT_FAILED);
    results_free(results);
}

static void results__a_failure_without_end_keeps_its_first_and_last_lines(void **state)
{
    struct results *results = results_new();
    static const char begin[] = "===== FAILURES =====\n_____ test_x _____\nfirst\n";
    static const char middle[] = "a line of the middle, again and again\n";
    static const char end[] = "last\n===== 1 failed in 0.01s =====\n";
    const char *detail;

    (void)state;
    results_feed(results, begin, sizeof(begin) - 1);
    for (int i = 0; i < 100000; i++)
        results_feed(results, middle, sizeof(middle) - 1);
    results_feed(results, end, sizeof(end) - 1);
    json_auto_t *read = results_end(results);

    detail = js_str(read, "failures.0.detail", "");
    assert_true(strlen(detail) <= RESULTS_MAX_DETAIL + 100);
    assert_int_equal(strncmp(detail, "first\n", 6), 0);
    assert_non_null(strstr(detail, "lines left out"));
    assert_string_equal(detail + strlen(detail) - 5, "last\n");
    results_free(results);
}

static void results__what_is_no_utf8_becomes_valid(void **state)
{
    json_auto_t *read = read_text("1..1\nnot ok 1 - \xff\xfe\x80 name\n# \xc3(\n");
    const char *name = js_str(read, "failures.0.name", "");

    (void)state;
    assert_int_equal(js_int(read, "failed", -1), 1);
    assert_true(*name && js_is_utf8(name, strlen(name)));
}

static void results__a_line_without_end_is_cut(void **state)
{
    struct results *results = results_new();
    static const char block[4096] = {'x', 'x'};

    (void)state;
    results_feed(results, "1..1\nnot ok 1 - ", 16);
    for (int i = 0; i < 1000; i++)
        results_feed(results, block, sizeof(block));
    results_feed(results, "\nok 2 - after\n", 14);
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "passed", -1), 1);
    assert_int_equal(js_int(read, "failed", -1), 1);
    results_free(results);
}

static void results__paths_are_told_below_the_root(void **state)
{
    struct results *results = results_new();
    static const char text[] = "/jobs/7/after/a.c:3:1: error: no\n"
                               "1..1\nnot ok 1 - /jobs/7/after/t.test.js\n";

    (void)state;
    results_root(results, "/jobs/7/after/");
    results_feed(results, text, sizeof(text) - 1);
    json_auto_t *read = results_end(results);

    assert_string_equal(js_str(read, "problems.0.file", ""), "a.c");
    assert_string_equal(js_str(read, "failures.0.name", ""), "t.test.js");
    results_free(results);
}

/* ---- JUnit files ---- */

static void junit__refuses_what_is_hostile_or_no_junit(void **state)
{
    static const struct {
        const char *xml;
        const char *why;
    } rows[] = {
        {"<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite name=\"&a;\"/>", "document type"},
        {"<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><testsuite/>", "document type"},
        {"<testsuite><testcase name=\"a\"/>", "no element found"},
        {"<testsuite><testcase name=\"a\"></testsuite>", "mismatched tag"},
        {"<html/>", "neither testsuites nor testsuite"},
        {"", "no element found"},
        {"not xml", "syntax error"},
        {"<testsuite>&undefined;</testsuite>", "undefined entity"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct results *results = results_new();
        struct err err = {0};

        assert_int_equal(results_feed_junit(results, rows[i].xml, strlen(rows[i].xml), &err),
                         VDO_E_INVALID);
        if (!strstr(err.text, rows[i].why) || !strstr(err.text, "line 1"))
            fail_msg("%s: %s", rows[i].xml, err.text);
        results_free(results);
    }
}

static void junit__what_was_read_before_an_error_counts(void **state)
{
    static const char xml[] = "<testsuite>\n<testcase name=\"a\"/>\n<testcase name=\"b\">\n";
    struct results *results = results_new();
    struct err err = {0};

    (void)state;
    assert_int_equal(results_feed_junit(results, xml, sizeof(xml) - 1, &err), VDO_E_INVALID);
    json_auto_t *read = results_end(results);

    assert_int_equal(js_int(read, "passed", -1), 1);
    results_free(results);
}

static void junit__depth_and_tags_are_capped(void **state)
{
    enum { DEPTH = 200, TAG = 8 * 1024 * 1024 };
    struct results *results = results_new();
    struct err err = {0};
    AUTO_STRBUF xml = {0};

    (void)state;
    strbuf_init(&xml, TAG + 1000);
    for (int i = 0; i < DEPTH; i++)
        (void)strbuf_adds(&xml, "<testsuite>");
    assert_int_equal(results_feed_junit(results, xml.ptr, xml.len, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "nested too deeply"));

    strbuf_clear(&xml);
    err_clear(&err);
    (void)strbuf_adds(&xml, "<testsuite name=\"");
    for (int i = 0; i < TAG / 16; i++)
        (void)strbuf_adds(&xml, "0123456789abcdef");
    assert_int_equal(results_feed_junit(results, xml.ptr, xml.len, &err), VDO_E_TOO_LARGE);
    assert_int_equal(results_feed_junit(results, xml.ptr, RESULTS_MAX_JUNIT + 1, NULL),
                     VDO_E_TOO_LARGE);
    results_free(results);
}

static void junit__each_tool_s_way_of_naming(void **state)
{
    static const struct {
        const char *xml; /* a testcase */
        const char *name;
    } rows[] = {
        {"<testcase classname=\"tests.test_a\" name=\"test_x\"/>", "tests.test_a.test_x"},
        {"<testcase classname=\"sums adds\" name=\"sums adds\"/>", "sums adds"},
        {"<testcase classname=\"a.test.js\" name=\"sums &gt; adds\"/>", "a.test.js > sums > adds"},
        {"<testcase classname=\"test\" name=\"adds\"/>", "suite > adds"},
        {"<testcase name=\"adds\"/>", "suite > adds"},
        {"<testcase classname=\"\" name=\"adds\"/>", "suite > adds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct results *results = results_new();
        AUTO_FREE char *xml = xasprintf("<testsuite name=\"suite\">%s</testsuite>", rows[i].xml);

        assert_int_equal(results_feed_junit(results, xml, strlen(xml), NULL), 0);
        json_decref(results_end(results));
        if (results_of(results, rows[i].name) != RESULT_PASSED)
            fail_msg("%s is not %s", rows[i].xml, rows[i].name);
        results_free(results);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results__counts_of_each_format),
        cmocka_unit_test(results__ordinary_output_is_no_test_result),
        cmocka_unit_test(results__the_same_test_named_twice_counts_once_and_the_worse_state_holds),
        cmocka_unit_test(results__formats_in_one_output_add_up),
        cmocka_unit_test(results__the_end_of_a_yaml_block_is_no_message),
        cmocka_unit_test(results__runs_one_after_another_keep_the_names_of_their_tests),
        cmocka_unit_test(results__an_output_and_its_junit_file_tell_of_the_same_tests),
        cmocka_unit_test(results_agree__holds_the_exit_code_above_what_was_read),
        cmocka_unit_test(results__sums_of_a_forged_summary_stop_somewhere),
        cmocka_unit_test(results__lines_that_only_look_like_results_are_none),
        cmocka_unit_test(results_text__tells_counts_and_a_few_names),
        cmocka_unit_test(results_text__long_names_do_not_pass_the_buffer),
        cmocka_unit_test(results__names_and_failures_past_their_caps_are_counted),
        cmocka_unit_test(results__long_names_are_cut_and_stay_apart),
        cmocka_unit_test(results__a_failure_without_end_keeps_its_first_and_last_lines),
        cmocka_unit_test(results__what_is_no_utf8_becomes_valid),
        cmocka_unit_test(results__a_line_without_end_is_cut),
        cmocka_unit_test(results__paths_are_told_below_the_root),
        cmocka_unit_test(junit__refuses_what_is_hostile_or_no_junit),
        cmocka_unit_test(junit__what_was_read_before_an_error_counts),
        cmocka_unit_test(junit__depth_and_tags_are_capped),
        cmocka_unit_test(junit__each_tool_s_way_of_naming),
    };

    return cmocka_run_group_tests_name("checks/results", tests, NULL, NULL);
}
