/* Pushing into repositories on this machine: bare ones and ones with checked-out files. */
#include "git_fixture.h"
#include "must.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct place {
    char *dir;
    char *target; /* a repository with checked-out files, at one commit */
    char *mirror_dir;
    struct mirror *mirror;
    char base[GIT_OID_HEX_SIZE];
    char commit[GIT_OID_HEX_SIZE]; /* on base, in the mirror only */
    char next[GIT_OID_HEX_SIZE];   /* on commit */
    char other[GIT_OID_HEX_SIZE];  /* on base too */
};

static void make_commit(struct place *p, const char *message, const char *parent,
                        char oid[GIT_OID_HEX_SIZE])
{
    AUTO_FREE char *script =
        xasprintf("b=$(echo '%s' | git hash-object -w --stdin); r=$(mktemp); rm $r;"
                  "export GIT_INDEX_FILE=$r; git read-tree %s; git update-index --add --cacheinfo"
                  " 100644,$b,dir/new; git write-tree; rm -f $r",
                  message, parent);
    AUTO_FREE char *tree = git_fixture_sh(p->mirror_dir, script);
    const struct commit_spec spec = {tree, parent, message, "VDO", "vdo@example.org", 1700000000};

    MUST(mirror_commit(p->mirror, &spec, oid, &err));
}

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    struct git_remote_spec spec = {.timeout_ms = 20000};

    p->dir = git_fixture_dir();
    p->target = fs_join(p->dir, "target");
    p->mirror_dir = fs_join(p->dir, "mirror.git");
    git_fixture_run(p->dir, "git init -q target; cd target; mkdir dir; echo a >dir/a; git add .;"
                            "git commit -qm one");
    assert_int_equal(mirror_open(p->mirror_dir, &p->mirror, NULL), VDO_OK);
    spec.url = p->target;
    MUST(mirror_fetch(p->mirror, &spec, &err));
    MUST(mirror_resolve(p->mirror, "main", p->base, &err));
    make_commit(p, "change", p->base, p->commit);
    make_commit(p, "more", p->commit, p->next);
    make_commit(p, "other", p->base, p->other);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    mirror_close(p->mirror);
    (void)fs_remove_tree(p->dir, NULL);
    free(p->dir);
    free(p->target);
    free(p->mirror_dir);
    free(p);
    return 0;
}

static int push(struct place *p, const char *branch, const char *commit, const char *expected,
                enum push_outcome *outcome, char *found, struct err *err)
{
    const struct git_remote_spec spec = {.url = p->target, .timeout_ms = 20000};

    return mirror_push(p->mirror, &spec, branch, commit, expected, outcome, found, err);
}

static void must_push(struct place *p, const char *branch, const char *commit, const char *expected,
                      enum push_outcome wanted)
{
    enum push_outcome outcome = (enum push_outcome) - 1;

    MUST(push(p, branch, commit, expected, &outcome, NULL, &err));
    assert_int_equal(outcome, wanted);
}

static void assert_branch(struct place *p, const char *branch, const char *commit)
{
    AUTO_FREE char *script = xasprintf("git rev-parse refs/heads/%s; git fsck --strict 2>&1"
                                       " | grep -v '^dangling\\|^notice' || true",
                                       branch);
    AUTO_FREE char *found = git_fixture_sh(p->target, script);

    assert_string_equal(found, commit);
}

/* Everything but refs and objects. */
static char *surroundings(struct place *p)
{
    return git_fixture_sh(p->target, "cat .git/HEAD .git/config; sha1sum .git/index; find . -path "
                                     "./.git -prune -o -type f -exec sha1sum {} +;"
                                     "git symbolic-ref -q HEAD || true; git rev-parse HEAD");
}

static void mirror_push__makes_a_branch_and_touches_no_checked_out_file(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;

    git_fixture_run(p->target,
                    "echo dirty >>dir/a; echo staged >s; git add s; echo u >untracked;"
                    "printf '#!/bin/sh\\ntouch hooked\\nexit 1\\n' >.git/hooks/pre-receive;"
                    "cp .git/hooks/pre-receive .git/hooks/reference-transaction;"
                    "chmod +x .git/hooks/*");
    before = surroundings(p);
    must_push(p, "vdo/fix-1", p->commit, NULL, PUSH_DONE);
    after = surroundings(p);
    assert_string_equal(before, after);
    git_fixture_run(p->target, "rm .git/hooks/*; [ \"$(git show vdo/fix-1:dir/new)\" = change ]");
    assert_branch(p, "vdo/fix-1", p->commit);
}

static void mirror_push__again_finds_it_there(void **state)
{
    struct place *p = *state;

    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    must_push(p, "b", p->commit, NULL, PUSH_ALREADY_THERE);
    must_push(p, "b", p->commit, p->base, PUSH_ALREADY_THERE);
}

static void mirror_push__moves_a_branch_forward_from_where_it_is_expected(void **state)
{
    struct place *p = *state;

    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    must_push(p, "b", p->next, p->commit, PUSH_DONE);
    assert_branch(p, "b", p->next);
}

struct refusal {
    const char *why;
    const char *prepare; /* in the target */
    const char *branch;
    const char *commit;
    const char *expected;
    int rc;
    const char *found;
};

static void mirror_push__refuses_what_would_take_something_away(void **state)
{
    struct place *p = *state;
    const struct refusal rows[] = {
        {"a foreign branch of that name", "git branch b", "b", p->commit, NULL, VDO_E_CONFLICT,
         p->base},
        {"the branch has moved", "git branch b", "b", p->next, p->commit, VDO_E_CONFLICT, p->base},
        {"the branch is gone", "true", "gone", p->next, p->commit, VDO_E_CONFLICT, ""},
        {"it is not built on what is there",
         "git branch side; git checkout -q side;"
         "git commit -q --allow-empty -m x; git checkout -q main",
         "side", p->commit, NULL, VDO_E_CONFLICT, NULL},
        {"a branch stands in the way", "git branch vdo", "vdo/x", p->commit, NULL, VDO_E_CONFLICT,
         ""},
        {"the branch is checked out", "true", "main", p->commit, p->base, VDO_E_REFUSED, NULL},
        {"the branch is checked out elsewhere", "git worktree add -q -b wt ../wt", "wt", p->commit,
         p->base, VDO_E_REFUSED, NULL},
        {"the branch is checked out and not born", "git checkout -q --orphan unborn", "unborn",
         p->commit, NULL, VDO_E_REFUSED, NULL},
        {"a name with two dots", "true", "a..b", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a name that goes up", "true", "../../HEAD", p->commit, NULL, VDO_E_INVALID, NULL},
        {"an empty name", "true", "", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a name that is an option", "true", "-f", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a name with a blank", "true", "a b", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a name that ends in .lock", "true", "a.lock", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a colon", "true", "a:b", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a wildcard", "true", "a*", p->commit, NULL, VDO_E_INVALID, NULL},
        {"a short commit id", "true", "n", "0123", NULL, VDO_E_INVALID, NULL},
        {"an unknown commit", "true", "n", "0123456789012345678901234567890123456789", NULL,
         VDO_E_NOT_FOUND, NULL},
    };

    git_fixture_run(p->dir, "cp -a target pristine");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum push_outcome outcome;
        char found[GIT_OID_HEX_SIZE] = "untouched";
        struct err err = {0};
        AUTO_FREE char *before = NULL;
        AUTO_FREE char *after = NULL;
        int rc;

        git_fixture_run(p->dir, "rm -rf target wt; cp -a pristine target");
        git_fixture_run(p->target, rows[i].prepare);
        before = git_fixture_sh(p->target, "git for-each-ref; git status --porcelain");
        rc = push(p, rows[i].branch, rows[i].commit, rows[i].expected, &outcome, found, &err);
        if (rc != rows[i].rc)
            fail_msg("%s: %d (%s)", rows[i].why, rc, err.text);
        if (rows[i].found)
            assert_string_equal(found, rows[i].found);
        after = git_fixture_sh(p->target, "git for-each-ref; git status --porcelain");
        assert_string_equal(before, after);
    }
}

static void mirror_push__never_drops_commits_even_from_where_it_is_expected(void **state)
{
    struct place *p = *state;
    enum push_outcome outcome;
    struct err err = {0};

    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    assert_int_equal(push(p, "b", p->other, p->commit, &outcome, NULL, &err), VDO_E_CONFLICT);
    assert_branch(p, "b", p->commit);
}

static void mirror_push__works_where_head_is_detached(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->target, "git checkout -q --detach");
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    must_push(p, "main", p->next, p->base, PUSH_DONE);
    assert_branch(p, "main", p->next);
}

static void mirror_push__works_with_packed_refs_and_alternates(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->target, "git branch vdo/old; git pack-refs --all; git gc -q");
    must_push(p, "vdo/new", p->commit, NULL, PUSH_DONE);
    assert_branch(p, "vdo/new", p->commit);
    git_fixture_run(p->dir, "git clone -q --shared target shared");
    free(p->target);
    p->target = fs_join(p->dir, "shared");
    must_push(p, "vdo/new2", p->commit, NULL, PUSH_DONE);
    assert_branch(p, "vdo/new2", p->commit);
}

static void mirror_push__works_into_bare_repositories_and_linked_worktrees(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->dir, "git clone -q --bare target bare.git; git -C target worktree add -q "
                            "--detach ../linked");
    free(p->target);
    p->target = fs_join(p->dir, "linked");
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    assert_branch(p, "b", p->commit);
    free(p->target);
    p->target = fs_join(p->dir, "bare.git");
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    must_push(p, "main", p->commit, p->base, PUSH_DONE);
    assert_branch(p, "main", p->commit);
}

static void mirror_push__into_an_empty_repository_brings_everything(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->dir, "git init -q empty");
    free(p->target);
    p->target = fs_join(p->dir, "empty");
    must_push(p, "b", p->next, NULL, PUSH_DONE);
    assert_branch(p, "b", p->next);
}

static void mirror_push__works_where_the_history_is_cut(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->dir,
                    "git clone -q --depth 1 file://$PWD/target shallow; cd target;"
                    "for i in 1 2 3; do echo $i >f; git add f; git commit -qm $i; done;"
                    "cd ..; rm -rf shallow; git clone -q --depth 1 file://$PWD/target shallow");
    free(p->target);
    p->target = fs_join(p->dir, "shallow");
    {
        const struct git_remote_spec spec = {.url = p->target, .timeout_ms = 20000};

        MUST(mirror_fetch(p->mirror, &spec, &err));
        MUST(mirror_resolve(p->mirror, "main", p->base, &err));
    }
    make_commit(p, "change", p->base, p->commit);
    make_commit(p, "more", p->commit, p->next);
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    must_push(p, "b", p->next, p->commit, PUSH_DONE);
    assert_branch(p, "b", p->next);
}

static void mirror_push__says_when_there_is_no_repository(void **state)
{
    struct place *p = *state;
    enum push_outcome outcome;
    struct err err = {0};

    free(p->target);
    p->target = fs_join(p->dir, "nowhere");
    assert_int_equal(push(p, "b", p->next, NULL, &outcome, NULL, &err), VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "nowhere"));
    git_fixture_run(p->dir, "mkdir nowhere");
    assert_int_equal(push(p, "b", p->next, NULL, &outcome, NULL, NULL), VDO_E_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mirror_push__makes_a_branch_and_touches_no_checked_out_file),
        TEST(mirror_push__again_finds_it_there),
        TEST(mirror_push__moves_a_branch_forward_from_where_it_is_expected),
        TEST(mirror_push__refuses_what_would_take_something_away),
        TEST(mirror_push__never_drops_commits_even_from_where_it_is_expected),
        TEST(mirror_push__works_where_head_is_detached),
        TEST(mirror_push__works_with_packed_refs_and_alternates),
        TEST(mirror_push__works_into_bare_repositories_and_linked_worktrees),
        TEST(mirror_push__into_an_empty_repository_brings_everything),
        TEST(mirror_push__works_where_the_history_is_cut),
        TEST(mirror_push__says_when_there_is_no_repository),
    };

    return cmocka_run_group_tests(tests, git_fixture_start, git_fixture_stop);
}
