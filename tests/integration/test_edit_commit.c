/*
 * What an applied answer leaves on disk, and what a kill in the middle of it does.
 */
#include "edit_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char ANSWER[] = "*** Begin Patch\n"
                             "*** Update File: a.txt\n@@\n-one\n+1\n"
                             "*** Add File: new/deep/file.txt\n+hello\n"
                             "*** Delete File: gone/old.txt\n"
                             "*** Update File: b.txt\n*** Move to: moved.txt\n@@\n-two\n+2\n"
                             "*** End Patch\n";

static int set_up(void **state)
{
    char *dir = edit_tree_new();

    edit_tree_put(dir, "a.txt", "one\nrest\n");
    edit_tree_put(dir, "b.txt", "two\nrest\n");
    edit_tree_put(dir, "gone/old.txt", "old\n");
    edit_tree_put(dir, "keep/k.txt", "k\n");
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    edit_tree_remove(*state);
    return 0;
}

static int apply_text(const char *dir, const char *answer, struct err *err)
{
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;
    int rc = edit_apply_answer(&options, EDIT_AUTO, answer, strlen(answer), &report, err);

    json_decref(report);
    return rc;
}

static char *path_in(const char *dir, const char *path)
{
    return fs_join(dir, path);
}

static void edit_commit__makes_all_changes_and_leaves_nothing_else(void **state)
{
    char *files;

    assert_int_equal(apply_text(*state, ANSWER, NULL), 0);
    files = edit_tree_files(*state);
    assert_string_equal(files, "=== a.txt 7 bytes\n1\nrest\n\n"
                               "=== keep/k.txt 2 bytes\nk\n\n"
                               "=== moved.txt 7 bytes\n2\nrest\n\n"
                               "=== new/deep/file.txt 6 bytes\nhello\n\n");
    free(files);
}

static void edit_commit__takes_an_emptied_directory_away(void **state)
{
    char *gone = path_in(*state, "gone");

    assert_int_equal(apply_text(*state, ANSWER, NULL), 0);
    assert_false(fs_exists(gone));
    free(gone);
}

static void edit_commit__keeps_the_mode_of_a_changed_file(void **state)
{
    char *path = path_in(*state, "run.sh");
    struct stat st;

    edit_tree_put_bytes(*state, "run.sh", "echo one\n", 9, 0750);
    assert_int_equal(
        apply_text(*state, "--- a/run.sh\n+++ b/run.sh\n@@\n-echo one\n+echo 1\n", NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    free(path);
}

static void edit_commit__keeps_the_owner_of_a_changed_file(void **state)
{
    char *path = path_in(*state, "a.txt");
    struct stat st;

    if (geteuid() != 0) {
        free(path);
        skip();
    }
    assert_int_equal(chown(path, 1234, 2345), 0);
    assert_int_equal(apply_text(*state, "--- a/a.txt\n+++ b/a.txt\n@@\n-one\n+1\n", NULL), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 1234);
    assert_int_equal(st.st_gid, 2345);
    free(path);
}

static void edit_commit__sets_the_mode_that_a_diff_asks_for(void **state)
{
    char *path = path_in(*state, "a.txt");
    struct stat st;

    assert_int_equal(
        apply_text(*state, "diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n", NULL),
        0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    free(path);
}

static void edit_commit__does_not_follow_a_link_to_a_file(void **state)
{
    char *link = path_in(*state, "link.txt");
    char *before;
    char *after;

    assert_int_equal(symlink("a.txt", link), 0);
    before = edit_tree_dump(*state);
    assert_int_equal(apply_text(*state, "--- a/link.txt\n+++ b/link.txt\n@@\n-one\n+1\n", NULL),
                     VDO_E_REFUSED);
    after = edit_tree_dump(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
    free(link);
}

static void edit_commit__does_not_leave_the_tree_through_a_linked_directory(void **state)
{
    char *outside = edit_tree_new();
    char *link = path_in(*state, "out");
    char *files;

    assert_int_equal(symlink(outside, link), 0);
    assert_int_equal(
        apply_text(*state, "*** Begin Patch\n*** Add File: out/x.txt\n+x\n*** End Patch\n", NULL),
        VDO_E_REFUSED);
    files = edit_tree_dump(outside);
    assert_string_equal(files, "");
    free(files);
    free(link);
    edit_tree_remove(outside);
}

static void edit_commit__changes_nothing_in_a_dry_run(void **state)
{
    struct edit_options options = {.dir = *state, .dry_run = true};
    char *before = edit_tree_dump(*state);
    json_t *report = NULL;
    char *after;

    assert_int_equal(edit_apply_answer(&options, EDIT_AUTO, ANSWER, strlen(ANSWER), &report, NULL),
                     0);
    assert_int_equal(json_array_size(json_object_get(report, "files")), 4);
    after = edit_tree_dump(*state);
    assert_string_equal(before, after);
    json_decref(report);
    free(before);
    free(after);
}

static void edit_commit__respects_protected_globs(void **state)
{
    const char *globs[] = {"*.lock", "new/**", NULL};
    struct edit_options options = {.dir = *state, .protect = globs};
    char *before = edit_tree_dump(*state);
    json_t *report = NULL;
    char *after;

    assert_int_equal(edit_apply_answer(&options, EDIT_AUTO, ANSWER, strlen(ANSWER), &report, NULL),
                     VDO_E_REFUSED);
    assert_string_equal(js_str(report, "reason", ""), "protected");
    after = edit_tree_dump(*state);
    assert_string_equal(before, after);
    json_decref(report);
    free(before);
    free(after);
}

static void edit_commit__says_when_the_directory_is_none(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(apply_text("/nonexistent/tree", ANSWER, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "/nonexistent/tree"));
}

static void edit_commit__waits_for_nobody_but_says_who_is_there(void **state)
{
    int fd = open(*state, O_RDONLY | O_DIRECTORY);
    struct err err = {0};

    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(apply_text(*state, ANSWER, &err), VDO_E_TEMPORARY);
    (void)close(fd);
    assert_int_equal(apply_text(*state, ANSWER, NULL), 0);
}

/* --- recovery ------------------------------------------------------------------------------ */

/* The stage as a killed process leaves it. */
static void put_stage(const char *dir, const char *name, const char *content)
{
    char *stage = path_in(dir, ".vdo-edit");
    char *path = xasprintf(".vdo-edit/%s", name);
    char *owner;
    struct stat st;

    edit_tree_put(dir, path, content);
    assert_int_equal(stat(stage, &st), 0);
    owner = xasprintf("vdo-edit %llx:%llx\n", (unsigned long long)st.st_dev,
                      (unsigned long long)st.st_ino);
    edit_tree_put(dir, ".vdo-edit/.owner", owner);
    free(owner);
    free(path);
    free(stage);
}

static void edit_recover__removes_what_was_staged_without_a_journal(void **state)
{
    char *before = edit_tree_dump(*state);
    char *after;

    put_stage(*state, "0", "half");
    assert_int_equal(edit_recover(*state, NULL), 0);
    after = edit_tree_dump(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void edit_recover__finishes_a_journal(void **state)
{
    char *files;

    put_stage(*state, "0", "1\nrest\n");
    put_stage(*state, "2", "hello\n");
    put_stage(*state, "journal", "w 0 a.txt\nd 1 gone/old.txt\nw 2 keep/new.txt\nw 3 b.txt\nend\n");
    assert_int_equal(edit_recover(*state, NULL), 0);
    files = edit_tree_files(*state);
    assert_string_equal(files, "=== a.txt 7 bytes\n1\nrest\n\n"
                               "=== b.txt 9 bytes\ntwo\nrest\n\n" /* its step had been made */
                               "=== keep/k.txt 2 bytes\nk\n\n"
                               "=== keep/new.txt 6 bytes\nhello\n\n");
    free(files);
}

static void edit_recover__refuses_a_journal_that_leads_outside(void **state)
{
    static const char *const BAD[] = {
        "w 0 ../x\nend\n",
        "w 0 /etc/x\nend\n",
        "w 0 .git/config\nend\n",
        "x 0 a.txt\nend\n",
        "w ../a a.txt\nend\n",
        "w 0 a.txt\n",
        "garbage",
        "",
    };

    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct err err = {0};

        put_stage(*state, "journal", BAD[i]);
        assert_int_equal(edit_recover(*state, &err), VDO_E_IO);
        assert_non_null(strstr(err.text, "damaged"));
    }
}

static void edit_recover__does_not_believe_a_journal_of_the_repository(void **state)
{
    static const char *const OWNERS[] = {NULL, "vdo-edit 1:2\n", ""};

    for (size_t i = 0; i < sizeof(OWNERS) / sizeof(OWNERS[0]); i++) {
        struct err err = {0};
        char *before;
        char *after;

        edit_tree_put(*state, ".vdo-edit/0", "evil\n");
        edit_tree_put(*state, ".vdo-edit/journal", "w 0 .github/workflows/x.yml\nd 1 a.txt\nend\n");
        if (OWNERS[i])
            edit_tree_put(*state, ".vdo-edit/.owner", OWNERS[i]);
        before = edit_tree_dump(*state);
        assert_int_equal(apply_text(*state, ANSWER, &err), VDO_E_IO);
        assert_non_null(strstr(err.text, "not of VDO's making"));
        after = edit_tree_dump(*state);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
}

static void edit_recover__does_nothing_where_nothing_happened(void **state)
{
    char *before = edit_tree_dump(*state);
    char *after;

    assert_int_equal(edit_recover(*state, NULL), 0);
    after = edit_tree_dump(*state);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* --- killed at every system call ----------------------------------------------------------- */

/* Run the answer in a child and kill it at its n-th system call. 1: it was killed, 0: it ended
 * before, -1: this machine lets nobody trace. */
static int apply_killed_at(const char *dir, int n)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
            _exit(99);
        (void)raise(SIGSTOP);
        _exit(apply_text(dir, ANSWER, NULL) == 0 ? 0 : 1);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return -1;
    for (int i = 0; i < n; i++) {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || waitpid(pid, &status, 0) != pid)
            return -1;
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return 0;
        }
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return 1;
}

static void edit_commit__is_all_or_nothing_when_killed_at_any_system_call(void **state)
{
    char *before = edit_tree_dump(*state);
    char *after = NULL;
    size_t undone = 0;
    size_t done = 0;
    int rc = 1;

    {
        void *other = NULL;

        (void)set_up(&other);
        assert_int_equal(apply_text(other, ANSWER, NULL), 0);
        after = edit_tree_dump(other);
        edit_tree_remove(other);
    }
    for (int n = 1; rc == 1; n++) {
        void *tree = NULL;
        char *now;

        (void)set_up(&tree);
        rc = apply_killed_at(tree, n);
        if (rc == 1) {
            assert_int_equal(edit_recover(tree, NULL), 0);
            now = edit_tree_dump(tree);
            if (strcmp(now, before) == 0)
                undone++;
            else
                done++;
            if (strcmp(now, before) != 0)
                assert_string_equal(now, after);
            free(now);
        }
        edit_tree_remove(tree);
    }
    free(before);
    free(after);
    if (rc < 0)
        skip();
    assert_true(undone > 20);
    assert_true(done > 10);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(edit_commit__makes_all_changes_and_leaves_nothing_else),
        TREE_TEST(edit_commit__takes_an_emptied_directory_away),
        TREE_TEST(edit_commit__keeps_the_mode_of_a_changed_file),
        TREE_TEST(edit_commit__keeps_the_owner_of_a_changed_file),
        TREE_TEST(edit_commit__sets_the_mode_that_a_diff_asks_for),
        TREE_TEST(edit_commit__does_not_follow_a_link_to_a_file),
        TREE_TEST(edit_commit__does_not_leave_the_tree_through_a_linked_directory),
        TREE_TEST(edit_commit__changes_nothing_in_a_dry_run),
        TREE_TEST(edit_commit__respects_protected_globs),
        TREE_TEST(edit_commit__says_when_the_directory_is_none),
        TREE_TEST(edit_commit__waits_for_nobody_but_says_who_is_there),
        TREE_TEST(edit_recover__removes_what_was_staged_without_a_journal),
        TREE_TEST(edit_recover__finishes_a_journal),
        TREE_TEST(edit_recover__refuses_a_journal_that_leads_outside),
        TREE_TEST(edit_recover__does_not_believe_a_journal_of_the_repository),
        TREE_TEST(edit_recover__does_nothing_where_nothing_happened),
        TREE_TEST(edit_commit__is_all_or_nothing_when_killed_at_any_system_call),
    };

    return cmocka_run_group_tests_name("edit commit", tests, NULL, NULL);
}
