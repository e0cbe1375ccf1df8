#include "../../../src/sandbox/host.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *status_of(const json_t *lines, const char *fact)
{
    size_t i;
    json_t *line;

    json_array_foreach (lines, i, line) {
        if (strcmp(js_str(line, "fact", ""), fact) == 0)
            return js_str(line, "status", "");
    }
    return "missing";
}

static const char *text_of(const json_t *lines, const char *fact)
{
    size_t i;
    json_t *line;

    json_array_foreach (lines, i, line) {
        if (strcmp(js_str(line, "fact", ""), fact) == 0)
            return js_str(line, "text", "");
    }
    return "missing";
}

static void sandbox_facts__of_a_bare_host_fail_where_bubblewrap_is_asked_for(void **state)
{
    struct sandbox bare = {.needs_bwrap = true};
    json_auto_t *lines = sandbox_facts(&bare);

    (void)state;
    assert_string_equal(status_of(lines, "bubblewrap"), "fail");
    assert_non_null(strstr(text_of(lines, "bubblewrap"), "apt-get install"));
    assert_string_equal(status_of(lines, "userns"), "fail");
    assert_non_null(strstr(text_of(lines, "userns"), "max_user_namespaces"));
    assert_string_equal(status_of(lines, "seccomp"), "fail");
    assert_string_equal(status_of(lines, "cgroup"), "note");
    assert_non_null(strstr(text_of(lines, "cgroup"), "Delegate=yes"));
    assert_string_equal(status_of(lines, "landlock"), "note");
    assert_string_equal(status_of(lines, "container"), "ok");
}

static void sandbox_facts__of_a_bare_host_fail_nothing_where_it_is_not_asked_for(void **state)
{
    struct sandbox bare = {.needs_bwrap = false};
    json_auto_t *lines = sandbox_facts(&bare);
    size_t i;
    json_t *line;

    (void)state;
    json_array_foreach (lines, i, line)
        assert_string_not_equal(js_str(line, "status", ""), "fail");
}

static void sandbox_facts__name_what_was_found(void **state)
{
    struct sandbox rich = {.needs_bwrap = true,
                           .version = "9.9.9",
                           .available = true,
                           .tapped = true,
                           .cgroups = {.level = CGROUP_V2},
                           .facts = {.user_namespaces = true,
                                     .seccomp = true,
                                     .landlock_abi = 4,
                                     .id_mapped = true,
                                     .engines = {"/usr/bin/podman", "/usr/bin/docker"}}};
    json_auto_t *lines = sandbox_facts(&rich);
    size_t i;
    json_t *line;

    (void)state;
    json_array_foreach (lines, i, line)
        assert_string_equal(js_str(line, "status", ""), "ok");
    assert_string_equal(text_of(lines, "bubblewrap"), "9.9.9");
    assert_non_null(strstr(text_of(lines, "cgroup"), "version 2"));
    assert_non_null(strstr(text_of(lines, "landlock"), "version 4"));
    assert_non_null(strstr(text_of(lines, "attempts"), "try to reach is seen"));
    assert_non_null(strstr(text_of(lines, "container"), "/usr/bin/podman and /usr/bin/docker"));
}

static void sandbox_facts__say_why_attempts_cannot_be_seen(void **state)
{
    struct sandbox s = {.needs_bwrap = true,
                        .available = true,
                        .untapped = "cannot prepare its surroundings: Operation not permitted"};
    json_auto_t *lines = sandbox_facts(&s);

    (void)state;
    assert_string_equal(status_of(lines, "attempts"), "note");
    assert_non_null(strstr(text_of(lines, "attempts"), "Operation not permitted"));
}

static void sandbox_facts__speak_of_attempts_as_the_driver_has_it(void **state)
{
    struct sandbox container = {.available = true};
    struct sandbox nothing = {.needs_bwrap = true};
    json_auto_t *with_containers = sandbox_facts(&container);
    json_auto_t *without = sandbox_facts(&nothing);

    (void)state;
    assert_string_equal(status_of(with_containers, "attempts"), "note");
    assert_non_null(strstr(text_of(with_containers, "attempts"), "in containers"));
    assert_string_equal(status_of(without, "attempts"), "note");
    assert_non_null(strstr(text_of(without, "attempts"), "nothing can be run"));
}

static void facts_engine__knows_no_other_program(void **state)
{
    (void)state;
    assert_null(facts_engine("sh"));
    assert_null(facts_engine(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sandbox_facts__of_a_bare_host_fail_where_bubblewrap_is_asked_for),
        cmocka_unit_test(sandbox_facts__of_a_bare_host_fail_nothing_where_it_is_not_asked_for),
        cmocka_unit_test(sandbox_facts__name_what_was_found),
        cmocka_unit_test(sandbox_facts__say_why_attempts_cannot_be_seen),
        cmocka_unit_test(sandbox_facts__speak_of_attempts_as_the_driver_has_it),
        cmocka_unit_test(facts_engine__knows_no_other_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
