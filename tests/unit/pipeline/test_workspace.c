#include "../../../src/pipeline/workspace.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void workspace_place_of__is_the_same_wherever_the_repository_lies(void **state)
{
    static const struct {
        const char *repository;
        const char *place;
    } rows[] = {
        {"owner/name", "/workspaces/name"},
        {"/home/me/projects/name", "/workspaces/name"},
        {"/home/me/projects/name//", "/workspaces/name"},
        {"owner/a.b_c-d", "/workspaces/a.b_c-d"},
        {"owner/.github", "/workspaces/github"},
        {"/x/..", "/workspaces/repository"},
        {"/x/...", "/workspaces/repository"},
        {"/", "/workspaces/repository"},
        {"", "/workspaces/repository"},
        {"/x/it's $(here)", "/workspaces/it_s___here_"},
        {"/x/caf\xc3\xa9", "/workspaces/caf__"},
    };
    char long_name[300];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *place = workspace_place_of(rows[i].repository);

        assert_string_equal(place, rows[i].place);
    }
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    AUTO_FREE char *place = workspace_place_of(long_name);
    assert_int_equal(strlen(place), strlen("/workspaces/") + 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workspace_place_of__is_the_same_wherever_the_repository_lies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
