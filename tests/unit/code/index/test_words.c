#include "../../../../src/code/index/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct word_parts split(const char *text)
{
    struct word_parts parts;

    word_split(text, strlen(text), &parts);
    return parts;
}

static uint32_t term(const char *text)
{
    return word_term(text, strlen(text));
}

static void words__forms_of_one_word_meet(void **state)
{
    static const char *const rows[][2] = {
        {"cached", "cache"},           {"caching", "cache"},        {"caches", "cache"},
        {"Provisioning", "provision"}, {"deprecated", "deprecate"}, {"deprecation", "deprecate"},
        {"retries", "retry"},          {"retried", "retry"},        {"headers", "header"},
        {"stopped", "stop"},           {"parsing", "parse"},        {"indexes", "index"},
        {"matches", "match"},          {"selection", "select"},     {"queries", "query"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (term(rows[i][0]) != term(rows[i][1]))
            fail_msg("%s and %s do not meet", rows[i][0], rows[i][1]);
    }
}

static void words__different_words_stay_apart(void **state)
{
    static const char *const rows[][2] = {
        {"string", "str"},     {"thing", "th"},     {"class", "cla"}, {"status", "statu"},
        {"bus", "bu"},         {"red", "r"},        {"need", "ne"},   {"analysis", "analysi"},
        {"process", "proces"}, {"server", "serve"}, {"pass", "pas"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (term(rows[i][0]) == term(rows[i][1]))
            fail_msg("%s and %s meet", rows[i][0], rows[i][1]);
    }
}

static void words__identifiers_split_alike_in_every_style(void **state)
{
    static const char *const rows[] = {"parseHTTPHeaders", "parse_http_headers", "ParseHttpHeaders",
                                       "PARSE_HTTP_HEADERS", "parse-http-headers"};
    struct word_parts first = split(rows[0]);

    (void)state;
    assert_int_equal(first.n, 3);
    assert_true(first.compound);
    assert_int_equal(first.part[0], term("parse"));
    assert_int_equal(first.part[1], term("http"));
    assert_int_equal(first.part[2], term("header"));
    for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct word_parts parts = split(rows[i]);

        assert_int_equal(parts.n, 3);
        assert_int_equal(parts.whole, first.whole);
        assert_memory_equal(parts.part, first.part, 3 * sizeof(parts.part[0]));
    }
}

static void words__neighbours_join_to_the_identifier(void **state)
{
    (void)state;
    assert_int_equal(word_join("Rule", 4, "tester", 6), split("RuleTester").whole);
    assert_int_equal(word_join("reverse", 7, "proxy", 5), split("reverseproxy").whole);
    assert_int_not_equal(word_join("rule", 4, "test", 4), split("RuleTester").whole);
}

static void words__what_is_no_word_gives_nothing(void **state)
{
    static const char *const rows[] = {"", "x", "_", "__", "7", "42", "_1_"};
    char longer[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(split(rows[i]).n, 0);
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(split(longer).n, 0);
}

static void words__many_parts_are_cut_not_overrun(void **state)
{
    struct word_parts parts = split("aa_bb_cc_dd_ee_ff_gg_hh_ii_jj_kk_ll_mm_nn_oo_pp");

    (void)state;
    assert_int_equal(parts.n, WORD_MAX_PARTS);
    assert_true(parts.compound);
}

static void words__bytes_of_other_scripts_are_letters(void **state)
{
    struct word_parts parts = split("gr\xc3\xb6\xc3\x9f"
                                    "e_wert");

    (void)state;
    assert_int_equal(parts.n, 2);
    assert_true(word_byte(0xc3));
    assert_false(word_byte('-'));
}

static void words__noise_is_known_by_whole_words(void **state)
{
    (void)state;
    assert_true(word_is_noise("the", 3));
    assert_true(word_is_noise("your", 4));
    assert_true(word_is_noise("a", 1));
    assert_true(word_is_noise("github", 6));
    assert_false(word_is_noise("th", 2));
    assert_false(word_is_noise("request", 7));
    assert_false(word_is_noise("zzz", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__forms_of_one_word_meet),
        cmocka_unit_test(words__different_words_stay_apart),
        cmocka_unit_test(words__identifiers_split_alike_in_every_style),
        cmocka_unit_test(words__neighbours_join_to_the_identifier),
        cmocka_unit_test(words__what_is_no_word_gives_nothing),
        cmocka_unit_test(words__many_parts_are_cut_not_overrun),
        cmocka_unit_test(words__bytes_of_other_scripts_are_letters),
        cmocka_unit_test(words__noise_is_known_by_whole_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
