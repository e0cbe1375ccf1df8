/* Several threads, each with its own handle on the same mirror. */
#include "git_fixture.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_THREADS = 4, N_ROUNDS = 5 };

struct worker {
    pthread_t thread;
    const char *dir;
    int number;
    int rc;
    struct err err;
};

static int write_number(const char *files, int number, int round)
{
    AUTO_FREE char *path = fs_join(files, "number");
    AUTO_FREE char *text = xasprintf("%d %d\n", number, round);

    return fs_write_atomic(path, text, strlen(text), 0644, NULL);
}

/* One job: fetch, open, change, commit, push a branch of its own. */
static int do_job(struct worker *w, struct mirror *mirror, int round)
{
    AUTO_FREE char *remote = fs_join(w->dir, "remote");
    AUTO_FREE char *files = xasprintf("%s/files%d", w->dir, w->number);
    AUTO_FREE char *git_dir = xasprintf("%s/git%d", w->dir, w->number);
    AUTO_FREE char *branch = xasprintf("vdo/%d-%d", w->number, round);
    const struct git_remote_spec spec = {.url = remote, .timeout_ms = 60000};
    struct commit_spec commit = {.message = branch, .author_name = "V", .author_email = "v@e"};
    struct worktree *worktree = NULL;
    enum push_outcome outcome;
    char base[GIT_OID_HEX_SIZE];
    char tree[GIT_OID_HEX_SIZE];
    char made[GIT_OID_HEX_SIZE];
    int rc = mirror_fetch(mirror, &spec, &w->err);

    if (!rc)
        rc = mirror_resolve(mirror, "main", base, &w->err);
    if (!rc)
        rc = worktree_open(mirror, files, git_dir, base, base, &worktree, &w->err);
    if (!rc)
        rc = write_number(files, w->number, round);
    if (!rc)
        rc = worktree_write_tree(worktree, tree, &w->err);
    commit.tree = tree;
    commit.parent = base;
    if (!rc)
        rc = mirror_commit(mirror, &commit, made, &w->err);
    if (!rc)
        rc = mirror_push(mirror, &spec, branch, made, NULL, &outcome, NULL, &w->err);
    worktree_close(worktree);
    return rc;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    AUTO_FREE char *mirror_dir = fs_join(w->dir, "mirror.git");
    struct mirror *mirror = NULL;

    w->rc = mirror_open(mirror_dir, &mirror, &w->err);
    for (int round = 0; !w->rc && round < N_ROUNDS; round++)
        w->rc = do_job(w, mirror, round);
    mirror_close(mirror);
    return NULL;
}

static void jobs_on_one_mirror__do_not_get_in_each_others_way(void **state)
{
    AUTO_FREE char *dir = git_fixture_dir();
    AUTO_FREE char *remote = fs_join(dir, "remote");
    AUTO_FREE char *branches = NULL;
    struct worker workers[N_THREADS] = {0};

    (void)state;
    git_fixture_run(dir, "git init -q remote; cd remote; for i in 1 2 3 4 5 6; do mkdir d$i;"
                         "seq $i 100 >d$i/f; done; git add .; git commit -qm one");
    for (int i = 0; i < N_THREADS; i++) {
        workers[i].dir = dir;
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        if (workers[i].rc)
            fail_msg("%d: %s", i, workers[i].err.text);
    }
    branches = git_fixture_sh(remote, "git for-each-ref --format='%(refname)' refs/heads/vdo | "
                                      "while read r; do [ \"$(git show $r:number)\" = "
                                      "\"$(echo ${r##*/} | tr - ' ')\" ]; echo; done | wc -l;"
                                      "git fsck --strict 2>&1 | grep -v ^dangling || true");
    assert_string_equal(branches, "20");
    assert_int_equal(fs_remove_tree(dir, NULL), VDO_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_on_one_mirror__do_not_get_in_each_others_way),
    };

    /* Without TZ glibc reads the zone anew at each mktime(), under a lock of its own that
     * ThreadSanitizer cannot see. */
    if (setenv("TZ", "UTC", 1))
        return 1;
    return cmocka_run_group_tests(tests, git_fixture_start, git_fixture_stop);
}
