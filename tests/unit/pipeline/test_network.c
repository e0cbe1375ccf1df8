/* What a step keeps of its commands' attempts. Refused ones, which go to the job's log too, are in
 * tests/e2e/test_network.py. */
#include "../../../src/pipeline/network.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct job_run run;

static int clear(void **state)
{
    (void)state;
    json_decref(run.result);
    json_decref(run.network);
    run = (struct job_run){.result = json_object()};
    return 0;
}

static int clear_all(void **state)
{
    (void)clear(state);
    json_decref(run.result);
    run.result = NULL;
    return 0;
}

static json_t *reached(const char *host, int port)
{
    return json_pack("[{s:s, s:i, s:b, s:s, s:i}]", "host", host, "port", port, "allowed", 1, "why",
                     "", "count", 1);
}

/* network NULL: nobody saw it. Takes network. */
static void keep(enum runs_on on, const char *command, json_t *network, bool host_network)
{
    const struct sandbox_spec spec = {.network = host_network};
    struct sandbox_result result = {.network = network};

    run.runs_on = on;
    network_keep(&run, command, &spec, &result);
    sandbox_result_release(&result);
}

static const json_t *leave(void)
{
    network_leave(&run);
    return js_at(run.result, "network");
}

static const char *on(size_t i)
{
    return js_str(json_array_get(js_at(run.result, "network"), i), "on", "missing");
}

static void network_keep__has_each_attempt_of_each_command_once(void **state)
{
    (void)state;
    keep(RUNS_ON_CHANGE, "make check", reached("a.example", 443), false);
    keep(RUNS_ON_CHANGE, "make check", reached("a.example", 443), false);
    keep(RUNS_ON_CHANGE, "make check", reached("a.example", 80), false);
    keep(RUNS_ON_CHANGE, "make check", reached("b.example", 443), false);
    keep(RUNS_ON_CHANGE, "make lint", reached("a.example", 443), false);
    assert_int_equal(json_array_size(leave()), 4);
    assert_string_equal(js_str(json_array_get(js_at(run.result, "network"), 3), "command", ""),
                        "make lint");
}

static void network_keep__tells_where_a_command_ran(void **state)
{
    (void)state;
    keep(RUNS_ON_BASE, "make check", reached("old.example", 443), false);
    keep(RUNS_ON_BASE, "make check", reached("both.example", 443), false);
    keep(RUNS_ON_CHANGE, "make check", reached("both.example", 443), false);
    keep(RUNS_ON_CHANGE, "make check", reached("new.example", 443), false);
    keep(RUNS_ON_SETUP, "make check", reached("both.example", 443), false);
    (void)leave();
    assert_string_equal(on(0), "base");
    assert_string_equal(on(1), "both");
    assert_string_equal(on(2), "change");
    assert_string_equal(on(3), "setup");
    assert_string_equal(on(4), "missing");
}

static void network_keep__cuts_commands_to_a_line(void **state)
{
    char longer[NETWORK_MAX_COMMAND * 2 + 1];
    const char *command;

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    keep(RUNS_ON_CHANGE, "a\nb\tc", reached("a.example", 443), false);
    keep(RUNS_ON_CHANGE, longer, reached("a.example", 443), false);
    (void)leave();
    assert_string_equal(js_str(json_array_get(js_at(run.result, "network"), 0), "command", ""),
                        "a b c");
    command = js_str(json_array_get(js_at(run.result, "network"), 1), "command", "");
    assert_int_equal(strlen(command), NETWORK_MAX_COMMAND + 3);
    assert_string_equal(command + NETWORK_MAX_COMMAND, "...");
}

static void network_keep__has_a_most(void **state)
{
    (void)state;
    for (int i = 1; i <= NETWORK_MAX_ATTEMPTS + 5; i++)
        keep(RUNS_ON_CHANGE, "make check", reached("a.example", i), false);
    assert_int_equal(json_array_size(leave()), NETWORK_MAX_ATTEMPTS);
    assert_string_equal(on(NETWORK_MAX_ATTEMPTS - 1), "change");
    assert_string_equal(
        js_str(json_array_get(js_at(run.result, "network"), NETWORK_MAX_ATTEMPTS - 1), "why", ""),
        "more attempts than are listed");
}

static void network_keep__has_room_for_the_change_whatever_the_base_does(void **state)
{
    (void)state;
    for (int i = 1; i <= NETWORK_MAX_ATTEMPTS + 5; i++)
        keep(RUNS_ON_BASE, "make check", reached("a.example", i), false);
    keep(RUNS_ON_CHANGE, "make check", reached("a.example", 1), false);
    keep(RUNS_ON_CHANGE, "make check", reached("new.example", 1), false);
    assert_int_equal(json_array_size(leave()), NETWORK_MAX_ATTEMPTS + 1);
    assert_string_equal(on(0), "both");
    assert_string_equal(on(NETWORK_MAX_ATTEMPTS), "change");
}

static void network_leave__says_what_nobody_saw_and_forgets(void **state)
{
    (void)state;
    keep(RUNS_ON_CHANGE, "make check", NULL, false);
    assert_null(leave());
    assert_true(js_bool(run.result, "network_unseen", false));
    (void)clear(NULL);
    keep(RUNS_ON_SETUP, "npm ci", NULL, true);
    keep(RUNS_ON_CHANGE, "make check", json_array(), false);
    assert_null(leave());
    assert_null(js_at(run.result, "network_unseen"));
    keep(RUNS_ON_CHANGE, "make check", reached("a.example", 443), false);
    (void)leave();
    (void)clear(NULL);
    assert_null(leave());
}

#define TEST(function) cmocka_unit_test_setup(function, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(network_keep__has_each_attempt_of_each_command_once),
        TEST(network_keep__tells_where_a_command_ran),
        TEST(network_keep__cuts_commands_to_a_line),
        TEST(network_keep__has_a_most),
        TEST(network_keep__has_room_for_the_change_whatever_the_base_does),
        TEST(network_leave__says_what_nobody_saw_and_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, clear_all);
}
