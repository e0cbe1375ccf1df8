#include "../../../src/pipeline/tree_slot.h"

#include "vdo/base/fs.h"
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
static char stem[96];

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-slots-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    (void)snprintf(stem, sizeof(stem), "%s/trees/repo", top);
    return 0;
}

static int remove_top(void **state)
{
    (void)state;
    return fs_remove_tree(top, NULL);
}

static struct tree_slot *take(int first, const char *number)
{
    AUTO_FREE char *dir = xasprintf("%s-%s", stem, number);
    struct tree_slot *slot = NULL;
    struct err err = {0};

    if (tree_slot_take(stem, first, &slot, &err))
        fail_msg("%s", err.text);
    assert_string_equal(tree_slot_dir(slot), dir);
    assert_true(fs_is_dir(dir));
    return slot;
}

static void tree_slot_take__passes_over_what_somebody_else_has(void **state)
{
    struct tree_slot *first = take(4, "4");
    struct tree_slot *second = take(4, "5");
    struct tree_slot *third = take(5, "6");

    (void)state;
    tree_slot_drop(first);
    first = take(4, "4");
    tree_slot_drop(first);
    tree_slot_drop(second);
    tree_slot_drop(third);
    tree_slot_drop(NULL);
}

static void tree_slot_take__says_when_all_are_in_use(void **state)
{
    struct tree_slot *slots[TREE_SLOT_MOST] = {0};
    struct tree_slot *more = NULL;
    struct err err = {0};

    (void)state;
    for (int i = 0; i < TREE_SLOT_MOST; i++)
        assert_int_equal(tree_slot_take(stem, 0, &slots[i], &err), 0);
    assert_int_equal(tree_slot_take(stem, 0, &more, &err), VDO_E_TEMPORARY);
    assert_null(more);
    assert_non_null(strstr(err.text, "in use"));
    for (int i = 0; i < TREE_SLOT_MOST; i++)
        tree_slot_drop(slots[i]);
}

static void tree_slot_take__names_a_place_that_cannot_be_made(void **state)
{
    struct tree_slot *slot = NULL;
    struct err err = {0};

    (void)state;
    (void)snprintf(stem, sizeof(stem), "%s/repo", top);
    AUTO_FREE char *file = xasprintf("%s-3", stem);
    assert_int_equal(fs_write_atomic(file, "", 0, 0600, NULL), 0);
    assert_int_equal(tree_slot_take(stem, 3, &slot, &err), VDO_E_IO);
    assert_null(slot);
    assert_non_null(strstr(err.text, file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tree_slot_take__passes_over_what_somebody_else_has,
                                        make_top, remove_top),
        cmocka_unit_test_setup_teardown(tree_slot_take__says_when_all_are_in_use, make_top,
                                        remove_top),
        cmocka_unit_test_setup_teardown(tree_slot_take__names_a_place_that_cannot_be_made, make_top,
                                        remove_top),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
