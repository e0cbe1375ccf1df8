/*
 * How long opening a worktree and writing its tree take, beside the git program doing the same.
 * BENCH_FILES sets the number of files (5000).
 */
#include "timing.h"

#include "git_fixture.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 9 };

struct bench {
    char *dir;
    char *remote;
    char *files;
    char *git_dir;
    struct mirror *mirror;
    struct worktree *worktree;
    char base[GIT_OID_HEX_SIZE];
};

typedef void (*step_fn)(struct bench *b);

static void check(int rc, const struct err *err)
{
    if (rc == VDO_OK)
        return;
    (void)fprintf(stderr, "bench_worktree: %s\n", err->text);
    exit(EXIT_FAILURE);
}

/* Median and worst of ROUNDS runs; prepare is not measured. */
static void measure(const char *name, struct bench *b, step_fn prepare, step_fn run)
{
    double took[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        double start;

        prepare(b);
        start = now_ms();
        run(b);
        took[i] = now_ms() - start;
    }
    sort_times(took, ROUNDS);
    (void)printf("%-52s %9.1f %9.1f\n", name, took[ROUNDS / 2], took[ROUNDS - 1]);
}

static void nothing(struct bench *b)
{
    (void)b;
}

static void open_files(struct bench *b)
{
    struct err err = {0};

    check(worktree_open(b->mirror, b->files, b->git_dir, b->base, b->base, &b->worktree, &err),
          &err);
}

static void close_files(struct bench *b)
{
    worktree_close(b->worktree);
    b->worktree = NULL;
}

static void remove_files(struct bench *b)
{
    close_files(b);
    check(fs_remove_tree(b->files, NULL), &(struct err){0});
    check(fs_remove_tree(b->git_dir, NULL), &(struct err){0});
}

static void change_files(const char *dir)
{
    static unsigned n;
    AUTO_FREE char *script =
        xasprintf("for d in 1 2; do echo %u >>d$d/f1; done; echo %u >d3/new", n, n);

    n++;
    git_fixture_run(dir, script);
}

static void change_ours(struct bench *b)
{
    change_files(b->files);
}

static void write_tree(struct bench *b)
{
    char tree[GIT_OID_HEX_SIZE];
    struct err err = {0};

    check(worktree_write_tree(b->worktree, tree, &err), &err);
}

static void remove_checkout(struct bench *b)
{
    git_fixture_run(b->dir, "rm -rf checkout; git clone -q --no-checkout remote checkout");
}

static void git_checkout(struct bench *b)
{
    git_fixture_run(b->dir, "cd checkout; git checkout -q -f main");
}

static void git_bring_over(struct bench *b)
{
    git_fixture_run(b->dir, "cd checkout; git checkout -q -f main; git clean -qfdx");
}

static void change_theirs(struct bench *b)
{
    AUTO_FREE char *dir = fs_join(b->dir, "checkout");

    change_files(dir);
}

static void git_write_tree(struct bench *b)
{
    git_fixture_run(b->dir, "cd checkout; git add -A && git write-tree");
}

static void setup(struct bench *b, const char *n_files)
{
    AUTO_FREE char *mirror_dir = NULL;
    AUTO_FREE char *script =
        xasprintf("git init -q remote; cd remote; n=%s; i=0; while [ $i -lt $n ]; do d=d$((i/20));"
                  "[ $((i%%20)) -gt 0 ] || mkdir -p $d; { seq $i $((i+200)); } >$d/f$((i%%20));"
                  "i=$((i+1)); done; git add .; git commit -qm files; git gc -q",
                  n_files);
    struct git_remote_spec spec = {.timeout_ms = 600000};
    struct err err = {0};

    b->dir = git_fixture_dir();
    b->remote = fs_join(b->dir, "remote");
    b->files = fs_join(b->dir, "files");
    b->git_dir = fs_join(b->dir, "git");
    mirror_dir = fs_join(b->dir, "mirror.git");
    git_fixture_run(b->dir, script);
    spec.url = b->remote;
    check(mirror_open(mirror_dir, &b->mirror, &err), &err);
    check(mirror_fetch(b->mirror, &spec, &err), &err);
    check(mirror_resolve(b->mirror, "main", b->base, &err), &err);
}

static void run(struct bench *b)
{
    (void)printf("%-52s %9s %9s\n", "ms", "median", "worst");
    measure("worktree_open, cold", b, remove_files, open_files);
    measure("git checkout, cold (baseline)", b, remove_checkout, git_checkout);
    measure("worktree_open, warm", b, close_files, open_files);
    measure("git checkout -f && git clean, warm (baseline)", b, nothing, git_bring_over);
    measure("worktree_write_tree, nothing changed", b, nothing, write_tree);
    measure("git add -A && git write-tree, nothing (baseline)", b, nothing, git_write_tree);
    measure("worktree_write_tree, 3 files changed", b, change_ours, write_tree);
    measure("git add -A && git write-tree, 3 files (baseline)", b, change_theirs, git_write_tree);
}

int main(void)
{
    const char *n_files = getenv("BENCH_FILES");
    struct bench b = {0};
    struct err err = {0};

    check(proc_start_supervisor(&err), &err);
    check(gitrepo_startup(&err), &err);
    setup(&b, n_files ? n_files : "5000");
    run(&b);
    close_files(&b);
    mirror_close(b.mirror);
    (void)fs_remove_tree(b.dir, NULL);
    free(b.dir);
    free(b.remote);
    free(b.files);
    free(b.git_dir);
    gitrepo_shutdown();
    proc_stop_supervisor();
    return EXIT_SUCCESS;
}
