/* Mirrors of repositories on this machine: fetching, finding, reading, exporting, comparing. */
#include "git_fixture.h"
#include "must.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char *dir;     /* everything */
    char *remote;  /* dir/remote, a repository with files */
    char *mirrors; /* dir/mirror.git */
    struct mirror *mirror;
};

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));

    p->dir = git_fixture_dir();
    p->remote = fs_join(p->dir, "remote");
    p->mirrors = fs_join(p->dir, "mirror.git");
    git_fixture_run(p->dir, "git init -q remote");
    assert_int_equal(mirror_open(p->mirrors, &p->mirror, NULL), VDO_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    mirror_close(p->mirror);
    (void)fs_remove_tree(p->dir, NULL);
    free(p->dir);
    free(p->remote);
    free(p->mirrors);
    free(p);
    return 0;
}

static int fetch(struct place *p, struct err *err)
{
    const struct git_remote_spec spec = {.url = p->remote, .timeout_ms = 20000};

    return mirror_fetch(p->mirror, &spec, err);
}

static void must_fetch(struct place *p)
{
    MUST(fetch(p, &err));
}

static void assert_resolves(struct place *p, const char *ref, const char *script)
{
    AUTO_FREE char *expected = git_fixture_sh(p->remote, script);
    char oid[GIT_OID_HEX_SIZE];
    struct err err = {0};

    if (mirror_resolve(p->mirror, ref, oid, &err))
        fail_msg("%s: %s", ref, err.text);
    assert_string_equal(oid, expected);
}

static void mirror_fetch__of_an_empty_repository_has_no_default_branch(void **state)
{
    struct place *p = *state;
    char oid[GIT_OID_HEX_SIZE];

    must_fetch(p);
    assert_null(mirror_default_branch(p->mirror));
    assert_int_equal(mirror_resolve(p->mirror, "main", oid, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(mirror_resolve(p->mirror, "HEAD", oid, NULL), VDO_E_NOT_FOUND);
}

static void mirror_fetch__learns_branches_tags_and_the_default(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->remote, "echo a >a; git add a; git commit -qm one; git tag v1;"
                               "git tag -am note v2; git checkout -qb trunk; echo b >b; git add b;"
                               "git commit -qm two; git branch feature/x");
    must_fetch(p);
    assert_string_equal(mirror_default_branch(p->mirror), "trunk");
    assert_resolves(p, "trunk", "git rev-parse trunk");
    assert_resolves(p, "main", "git rev-parse main");
    assert_resolves(p, "refs/heads/main", "git rev-parse main");
    assert_resolves(p, "feature/x", "git rev-parse feature/x");
    assert_resolves(p, "HEAD", "git rev-parse HEAD");
    assert_resolves(p, "v1", "git rev-parse v1");
    assert_resolves(p, "v2", "git rev-parse v2^{commit}");
    assert_resolves(p, "refs/tags/v1", "git rev-parse v1");
}

static void mirror_resolve__takes_full_and_short_ids(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    char oid[GIT_OID_HEX_SIZE];
    struct err err = {0};

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one");
    id = git_fixture_sh(p->remote, "git rev-parse HEAD");
    must_fetch(p);
    assert_resolves(p, id, "git rev-parse HEAD");
    id[8] = '\0';
    assert_resolves(p, id, "git rev-parse HEAD");
    id[3] = '\0';
    assert_int_equal(mirror_resolve(p->mirror, id, oid, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(mirror_resolve(p->mirror, "no such", oid, &err), VDO_E_NOT_FOUND);
    assert_string_equal(err.text, "no branch, tag or commit 'no such'");
    assert_int_equal(mirror_resolve(p->mirror, "../../etc/passwd", oid, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(mirror_resolve(p->mirror, "", oid, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(
        mirror_resolve(p->mirror, "0123456789012345678901234567890123456789", oid, NULL),
        VDO_E_NOT_FOUND);
}

static void mirror_fetch__follows_a_remote_that_changes(void **state)
{
    struct place *p = *state;
    char oid[GIT_OID_HEX_SIZE];

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one; git branch gone; git branch a");
    must_fetch(p);
    git_fixture_run(p->remote, "git branch -D -q gone a; git branch a/b;"
                               "git commit -q --amend --allow-empty -m other; git branch -m moved");
    must_fetch(p);
    assert_int_equal(mirror_resolve(p->mirror, "gone", oid, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(mirror_resolve(p->mirror, "main", oid, NULL), VDO_E_NOT_FOUND);
    assert_resolves(p, "a/b", "git rev-parse a/b");
    assert_string_equal(mirror_default_branch(p->mirror), "moved");
    assert_resolves(p, "moved", "git rev-parse moved");
}

static void mirror_fetch__reads_packed_refs_and_packs(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->remote, "for i in 1 2 3; do echo $i >f; git add f; git commit -qm $i;"
                               "git branch b$i; done; git pack-refs --all; git gc -q");
    must_fetch(p);
    assert_resolves(p, "b1", "git rev-parse b1");
    assert_resolves(p, "b3", "git rev-parse b3");
}

static void mirror_fetch__of_a_detached_head_has_the_commit_all_the_same(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one; git checkout -q --detach;"
                               "echo x >x; git add x; git commit -qm loose");
    must_fetch(p);
    assert_resolves(p, "HEAD", "git rev-parse HEAD");
    assert_resolves(p, "main", "git rev-parse main");
}

static void mirror_fetch__keeps_a_branch_called_head_apart(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->remote,
                    "git commit -q --allow-empty -m one;"
                    "git update-ref refs/heads/HEAD $(git commit-tree -m x HEAD^{tree})");
    must_fetch(p);
    assert_string_equal(mirror_default_branch(p->mirror), "main");
    assert_resolves(p, "HEAD", "git rev-parse main");
    assert_resolves(p, "refs/heads/HEAD", "git rev-parse refs/heads/HEAD");
}

static void mirror_fetch__is_not_stopped_by_what_a_killed_one_left(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *rest = fs_join(p->mirrors, "objects/pack/pack_git2_0123");

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one");
    must_fetch(p);
    git_fixture_run(p->remote, "git commit -q --allow-empty -m two");
    git_fixture_run(p->mirrors, "touch refs/remotes/origin/main.lock packed-refs.lock"
                                " objects/pack/pack_git2_0123");
    must_fetch(p);
    assert_resolves(p, "main", "git rev-parse main");
    assert_false(fs_exists(rest));
}

static void mirror_fetch__of_a_repository_on_this_machine_copies_no_objects(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *count = NULL;
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *bytes = NULL;
    struct mirror *second = NULL;
    size_t len;

    assert_int_equal(mirror_open(p->mirrors, &second, NULL), VDO_OK);
    git_fixture_run(p->remote, "seq 1000 >a; git add a; git commit -qm one; git gc -q");
    must_fetch(p);
    count = git_fixture_sh(p->mirrors, "find objects -type f ! -name alternates | wc -l");
    assert_string_equal(count, "0");
    id = git_fixture_sh(p->remote, "git rev-parse main");
    assert_int_equal(mirror_read_file(p->mirror, id, "a", 9999, &bytes, &len, NULL), VDO_OK);
    mirror_close(p->mirror);
    p->mirror = second; /* opened before, it learns of the objects by a fetch of its own */
    must_fetch(p);
    free(bytes);
    assert_int_equal(mirror_read_file(p->mirror, id, "a", 9999, &bytes, &len, NULL), VDO_OK);
}

static void mirror_fetch__works_where_the_history_is_cut(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->dir,
                    "cd remote; for i in 1 2 3; do echo $i >f; git add f; git commit -qm $i;"
                    "done; cd ..; git clone -q --depth 1 file://$PWD/remote shallow;"
                    "rm -rf remote; mv shallow remote");
    must_fetch(p);
    assert_resolves(p, "main", "git rev-parse main");
}

static void mirror_fetch__says_what_is_wrong(void **state)
{
    static const struct {
        const char *url;
        int rc;
    } rows[] = {
        {"/no/such/place", VDO_E_NOT_FOUND},
        {"/tmp", VDO_E_NOT_FOUND},
        {"relative/path", VDO_E_INVALID},
        {"file:///tmp/x", VDO_E_INVALID},
        {"ssh://git@host/x", VDO_E_INVALID},
        {"git@host:x", VDO_E_INVALID},
        {"git://host/x", VDO_E_INVALID},
        {"ext::sh -c true", VDO_E_INVALID},
        {"https://user:pw@host/x", VDO_E_INVALID},
        {"https://token@host/x", VDO_E_INVALID},
        {"https:///x", VDO_E_INVALID},
        {"https://host/x?token=1", VDO_E_INVALID},
        {"https://ho st/x", VDO_E_INVALID},
        {"https://host/x\r\nEvil: 1", VDO_E_INVALID},
        {"HTTP://host/x", VDO_E_INVALID},
        {"", VDO_E_INVALID},
        {NULL, VDO_E_INVALID},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct git_remote_spec spec = {.url = rows[i].url, .timeout_ms = 5000};
        struct err err = {0};
        int rc = mirror_fetch(p->mirror, &spec, &err);

        if (rc != rows[i].rc || err.code != rows[i].rc)
            fail_msg("%s: %d (%s)", rows[i].url, rc, err.text);
        assert_null(strstr(err.text, "pw"));
        assert_null(strstr(err.text, "token"));
    }
}

static void mirror_fetch__waits_for_the_lock_no_longer_than_its_time(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *lock = xasprintf("%s.lock", p->mirrors);
    atomic_bool cancel = true;
    struct git_remote_spec spec = {.url = p->remote, .timeout_ms = 50};
    int fd = open(lock, O_RDWR | O_CREAT, 0600);

    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(mirror_fetch(p->mirror, &spec, NULL), VDO_E_TEMPORARY);
    spec.timeout_ms = 60000;
    spec.cancel = &cancel;
    assert_int_equal(mirror_fetch(p->mirror, &spec, NULL), VDO_E_CANCELLED);
    (void)close(fd);
}

static void mirror_open__finds_what_an_earlier_one_fetched(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one");
    must_fetch(p);
    mirror_close(p->mirror);
    p->mirror = NULL;
    assert_int_equal(mirror_open(p->mirrors, &p->mirror, NULL), VDO_OK);
    assert_string_equal(mirror_default_branch(p->mirror), "main");
    assert_resolves(p, "main", "git rev-parse main");
}

static void mirror_open__completes_one_that_was_half_made(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *half = fs_join(p->dir, "half.git");
    struct mirror *mirror = NULL;

    git_fixture_run(p->dir, "mkdir -p half.git/refs");
    assert_int_equal(mirror_open(half, &mirror, NULL), VDO_OK);
    mirror_close(mirror);
    assert_int_not_equal(mirror_open("/proc/no-such/mirror.git", &mirror, NULL), VDO_OK);
}

static void mirror_read_file__gives_bytes_and_keeps_to_its_cap(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;

    git_fixture_run(p->remote, "mkdir d; printf 'x\\0y' >d/f; ln -s f d/l; git add .;"
                               "git commit -qm one");
    must_fetch(p);
    id = git_fixture_sh(p->remote, "git rev-parse HEAD");
    assert_int_equal(mirror_read_file(p->mirror, id, "d/f", 3, &bytes, &len, NULL), VDO_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "x\0y", 4);
    assert_int_equal(mirror_read_file(p->mirror, id, "d/f", 2, &bytes, &len, NULL),
                     VDO_E_TOO_LARGE);
    assert_int_equal(mirror_read_file(p->mirror, id, "d", 9, &bytes, &len, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(mirror_read_file(p->mirror, id, "d/g", 9, &bytes, &len, NULL),
                     VDO_E_NOT_FOUND);
    assert_int_equal(mirror_read_file(p->mirror, id, "../f", 9, &bytes, &len, NULL),
                     VDO_E_NOT_FOUND);
    assert_int_equal(mirror_read_file(p->mirror, "main", "d/f", 9, &bytes, &len, NULL),
                     VDO_E_INVALID);
    id[0] = id[0] == '0' ? '1' : '0';
    assert_int_equal(mirror_read_file(p->mirror, id, "d/f", 9, &bytes, &len, NULL),
                     VDO_E_NOT_FOUND);
}

static int list_entry(void *arg, const struct tree_entry *entry)
{
    return strbuf_addf(arg, "%06o %s %llu\n", entry->mode, entry->path,
                       (unsigned long long)entry->size);
}

static int stop_at_once(void *arg, const struct tree_entry *entry)
{
    (void)entry;
    ++*(int *)arg;
    return VDO_E_CANCELLED;
}

static void mirror_walk__lists_every_kind_in_path_order(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    AUTO_STRBUF list = {0};
    int seen = 0;

    strbuf_init(&list, 4096);
    git_fixture_run(
        p->remote,
        "mkdir -p a/b; echo 1 >a/b/c; echo 12 >a-b; printf x >$(printf 'n\\377'); ln -s a-b l;"
        "echo s >s; chmod +x s; git add .;"
        "git update-index --add --cacheinfo 160000,"
        "0123456789012345678901234567890123456789,sub; git commit -qm one");
    must_fetch(p);
    id = git_fixture_sh(p->remote, "git rev-parse HEAD");
    assert_int_equal(mirror_walk(p->mirror, id, true, list_entry, &list, NULL), VDO_OK);
    assert_string_equal(list.ptr, "100644 a-b 3\n100644 a/b/c 2\n120000 l 3\n100644 n\xff 1\n"
                                  "100755 s 2\n160000 sub 0\n");
    assert_int_equal(mirror_walk(p->mirror, id, false, stop_at_once, &seen, NULL), VDO_E_CANCELLED);
    assert_int_equal(seen, 1);
}

static void mirror_walk__stops_at_a_tree_made_to_explode(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *target = fs_join(p->dir, "out");
    AUTO_FREE char *git_dir = fs_join(p->dir, "git");
    struct worktree *worktree = NULL;
    AUTO_STRBUF list = {0};
    struct err err = {0};

    /* Ten names for the same tree, ten levels deep: ten thousand million files. */
    git_fixture_run(
        p->remote,
        "t=$(git hash-object -w --stdin </dev/null); k='100644 blob'; for d in 1 2 3 4 5 6 7 8 9 10;"
        "do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '%s %s\\tn%s\\n' \"$k\" $t $i;"
        "done | git mktree); k='040000 tree'; done;"
        "git update-ref refs/heads/main $(git commit-tree -m bomb $t)");
    must_fetch(p);
    id = git_fixture_sh(p->remote, "git rev-parse main");
    strbuf_init(&list, 64 << 20);
    assert_int_equal(mirror_walk(p->mirror, id, false, list_entry, &list, NULL), VDO_E_TOO_LARGE);
    assert_int_equal(worktree_open(p->mirror, target, git_dir, id, id, &worktree, &err),
                     VDO_E_TOO_LARGE);
    assert_non_null(strstr(err.text, "tree has over"));
}

static void mirror_walk__stops_at_a_tree_that_is_too_deep(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    AUTO_STRBUF list = {0};

    strbuf_init(&list, 1 << 20);
    git_fixture_run(p->remote,
                    "t=$(git hash-object -w --stdin </dev/null); k='100644 blob'; d=0;"
                    "while [ $d -lt 1100 ]; do t=$(printf '%s %s\\tn\\n' \"$k\" $t | git mktree);"
                    "k='040000 tree'; d=$((d+1)); done;"
                    "git update-ref refs/heads/main $(git commit-tree -m deep $t)");
    must_fetch(p);
    id = git_fixture_sh(p->remote, "git rev-parse main");
    assert_int_equal(mirror_walk(p->mirror, id, false, list_entry, &list, NULL), VDO_E_TOO_LARGE);
}

static void mirror_export__makes_the_files_byte_for_byte(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = NULL;
    AUTO_FREE char *out = fs_join(p->dir, "out");
    AUTO_FREE char *differences = NULL;

    git_fixture_run(p->remote,
                    "mkdir -p a/b; printf 'x\\r\\ny\\n' >a/b/c; ln -s ../x a/l; echo s >s;"
                    "chmod +x s; printf '* text=auto eol=crlf\\n*.i ident\\n' >.gitattributes;"
                    "printf '$Id$\\n' >k.i; git -c core.autocrlf=false add .;"
                    "git commit -qm one; mkdir ../out; echo old >../out/old");
    must_fetch(p);
    id = git_fixture_sh(p->remote, "git rev-parse HEAD");
    MUST(mirror_export(p->mirror, id, out, &err));
    differences =
        git_fixture_sh(p->dir, "cd out; find . ! -type d | sort | while read f; do"
                               " if [ -L $f ]; then printf '%s -> %s\\n' $f $(readlink $f);"
                               " else printf '%s %s %s\\n' $f $(stat -c %a $f)"
                               " $(git hash-object --no-filters $f); fi; done >../found;"
                               "cd ../remote; git ls-tree -r HEAD >../tree;"
                               "cat ../found");
    assert_null(strstr(differences, "old"));
    assert_non_null(strstr(differences, "./a/l -> ../x"));
    assert_non_null(strstr(differences, "./s 755 "));
    free(git_fixture_sh(p->dir, "cd remote; git ls-tree -r HEAD | while read m k o f; do"
                                " [ -L ../out/$f ] || [ $(git hash-object --no-filters ../out/$f)"
                                " = $o ]; done"));
    assert_int_equal(mirror_export(p->mirror, "0123", out, NULL), VDO_E_INVALID);
}

static void mirror_export__refuses_paths_that_leave_the_tree(void **state)
{
    static const char *const names[] = {"..", ".git", ".GIT", "git~1", ".g\xe2\x80\x8cit", "."};
    struct place *p = *state;
    AUTO_FREE char *out = fs_join(p->dir, "out");

    git_fixture_run(p->remote, "git hash-object -w --stdin </dev/null >../blob;"
                               "git commit -q --allow-empty -m one");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        AUTO_FREE char *script =
            xasprintf("t=$(printf '100644 blob %%s\\t%%s\\n' $(cat ../blob) '%s' | git mktree);"
                      "t=$(printf '040000 tree %%s\\tsub\\n' $t | git mktree); echo $t;"
                      "git update-ref refs/heads/bad $(git commit-tree -m bad $t)",
                      names[i]);
        AUTO_FREE char *tree = git_fixture_sh(p->remote, script);
        struct err err = {0};

        must_fetch(p);
        if (mirror_export(p->mirror, tree, out, &err) != VDO_E_REFUSED)
            fail_msg("%s: %s", names[i], err.text);
    }
}

static void mirror_export__writes_through_no_link_of_a_malformed_tree(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *out = fs_join(p->dir, "out");
    AUTO_FREE char *tree = git_fixture_sh(
        p->remote,
        "mkdir ../outside; b=$(printf evil | git hash-object -w --stdin);"
        "l=$(printf ../outside | git hash-object -w --stdin);"
        "s=$(printf '100644 blob %s\\tf\\n' $b | git mktree);"
        "perl -e 'printf \"120000 a\\0%s40000 a\\0%s\", map { pack q(H*), $_ } @ARGV' $l $s"
        " >../raw; t=$(git hash-object -w --literally -t tree ../raw); echo $t;"
        "git update-ref refs/heads/main $(git commit-tree -m bad $t)");
    AUTO_FREE char *escaped = fs_join(p->dir, "outside/f");
    struct err err = {0};

    must_fetch(p);
    assert_int_not_equal(mirror_export(p->mirror, tree, out, &err), VDO_OK);
    assert_false(fs_exists(escaped));
}

static void mirror_commit__makes_the_same_commit_again(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *tree = NULL;
    AUTO_FREE char *parent = NULL;
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *message = NULL;
    struct commit_spec spec = {.message = "Title\n\nVDO-Job: j1\n",
                               .author_name = "V<D>O\n",
                               .author_email = "vdo@example.org",
                               .time_s = 1700000001};
    char first[GIT_OID_HEX_SIZE];
    char second[GIT_OID_HEX_SIZE];

    git_fixture_run(p->remote, "echo a >a; git add a; git commit -qm one");
    must_fetch(p);
    spec.tree = tree = git_fixture_sh(p->remote, "git rev-parse HEAD^{tree}");
    spec.parent = parent = git_fixture_sh(p->remote, "git rev-parse HEAD");
    assert_int_equal(mirror_commit(p->mirror, &spec, first, NULL), VDO_OK);
    assert_int_equal(mirror_commit(p->mirror, &spec, second, NULL), VDO_OK);
    assert_string_equal(first, second);
    assert_int_equal(mirror_message(p->mirror, first, &message, NULL), VDO_OK);
    assert_string_equal(message, spec.message);
    text = git_fixture_sh(p->mirrors, "git log -1 --format='%an|%ae|%at|%P' "
                                      "$(git cat-file --batch-all-objects --batch-check |"
                                      " awk '$2==\"commit\"{print $1}' | xargs git log --no-walk"
                                      " --format='%H %s' | awk '$2==\"Title\"{print $1}')");
    assert_true(strncmp(text, "VDO|vdo@example.org|1700000001|", 31) == 0);
    assert_string_equal(text + 31, parent);
    spec.parent = NULL;
    assert_int_equal(mirror_commit(p->mirror, &spec, second, NULL), VDO_OK);
    assert_string_not_equal(first, second);
    spec.author_name = "<>";
    spec.author_email = "";
    assert_int_equal(mirror_commit(p->mirror, &spec, second, NULL), VDO_OK);
    spec.tree = "0123456789012345678901234567890123456789";
    assert_int_not_equal(mirror_commit(p->mirror, &spec, second, NULL), VDO_OK);
    spec.tree = "main";
    assert_int_equal(mirror_commit(p->mirror, &spec, second, NULL), VDO_E_INVALID);
    assert_int_equal(mirror_message(p->mirror, tree, &message, NULL), VDO_E_NOT_FOUND);
}

static const struct diff_file *find_file(const struct diff *diff, const char *path)
{
    for (size_t i = 0; i < diff->n_files; i++)
        if (strcmp(diff->files[i].path, path) == 0)
            return &diff->files[i];
    fail_msg("%s is not in the diff", path);
    return NULL;
}

static void mirror_diff__names_each_kind_of_change(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    struct diff diff = {0};

    git_fixture_run(p->remote,
                    "seq 100 >moved; echo a >changed; echo b >gone; printf 'a\\0b' >bin;"
                    "echo x >mode; git add .; git commit -qm one; git mv moved to;"
                    "echo 101 >>to; printf 'a\\nc\\n' >changed; git rm -q gone; echo n >new;"
                    "printf 'a\\0c' >bin; chmod +x mode; git add .; git commit -qm two");
    must_fetch(p);
    from = git_fixture_sh(p->remote, "git rev-parse HEAD~1");
    to = git_fixture_sh(p->remote, "git rev-parse HEAD^{tree}");
    assert_int_equal(mirror_diff(p->mirror, from, to, 65536, &diff, NULL), VDO_OK);
    assert_int_equal(diff.n_files, 6);
    assert_int_equal(find_file(&diff, "to")->action, 'R');
    assert_string_equal(find_file(&diff, "to")->old_path, "moved");
    assert_int_equal(find_file(&diff, "to")->added, 1);
    assert_int_equal(find_file(&diff, "changed")->action, 'M');
    assert_int_equal(find_file(&diff, "gone")->action, 'D');
    assert_int_equal(find_file(&diff, "gone")->removed, 1);
    assert_int_equal(find_file(&diff, "new")->action, 'A');
    assert_true(find_file(&diff, "bin")->binary);
    assert_false(find_file(&diff, "new")->binary);
    assert_int_equal(find_file(&diff, "mode")->action, 'M');
    assert_int_equal(diff.added, 3);
    assert_int_equal(diff.removed, 1);
    assert_false(diff.truncated);
    assert_non_null(strstr(diff.text, "+++ b/changed\n@@ -1 +1,2 @@\n a\n+c\n"));
    diff_release(&diff);
    diff_release(NULL);
}

static void mirror_diff__cuts_the_text_at_a_line_and_counts_on(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *from = NULL;
    AUTO_FREE char *to = NULL;
    struct diff diff = {0};

    git_fixture_run(p->remote, "git commit -q --allow-empty -m one; seq 1000 >a; seq 1000 >b;"
                               "echo x >>b; git add .; git commit -qm two");
    must_fetch(p);
    from = git_fixture_sh(p->remote, "git rev-parse HEAD~1");
    to = git_fixture_sh(p->remote, "git rev-parse HEAD");
    assert_int_equal(mirror_diff(p->mirror, from, to, 1000, &diff, NULL), VDO_OK);
    assert_true(diff.truncated);
    assert_int_equal(diff.added, 2001);
    assert_int_equal(diff.n_files, 2);
    assert_true(strlen(diff.text) <= 1000 + 64);
    assert_non_null(strstr(diff.text, "\n... the rest of the diff is cut ...\n"));
    diff_release(&diff);
    assert_int_equal(mirror_diff(p->mirror, from, from, 1000, &diff, NULL), VDO_OK);
    assert_int_equal(diff.n_files, 0);
    assert_string_equal(diff.text, "");
    diff_release(&diff);
    assert_int_equal(mirror_diff(p->mirror, from, "main", 1000, &diff, NULL), VDO_E_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mirror_fetch__of_an_empty_repository_has_no_default_branch),
        TEST(mirror_fetch__learns_branches_tags_and_the_default),
        TEST(mirror_resolve__takes_full_and_short_ids),
        TEST(mirror_fetch__follows_a_remote_that_changes),
        TEST(mirror_fetch__reads_packed_refs_and_packs),
        TEST(mirror_fetch__of_a_detached_head_has_the_commit_all_the_same),
        TEST(mirror_fetch__keeps_a_branch_called_head_apart),
        TEST(mirror_fetch__is_not_stopped_by_what_a_killed_one_left),
        TEST(mirror_fetch__of_a_repository_on_this_machine_copies_no_objects),
        TEST(mirror_fetch__works_where_the_history_is_cut),
        TEST(mirror_fetch__says_what_is_wrong),
        TEST(mirror_fetch__waits_for_the_lock_no_longer_than_its_time),
        TEST(mirror_open__finds_what_an_earlier_one_fetched),
        TEST(mirror_open__completes_one_that_was_half_made),
        TEST(mirror_read_file__gives_bytes_and_keeps_to_its_cap),
        TEST(mirror_walk__lists_every_kind_in_path_order),
        TEST(mirror_walk__stops_at_a_tree_made_to_explode),
        TEST(mirror_walk__stops_at_a_tree_that_is_too_deep),
        TEST(mirror_export__makes_the_files_byte_for_byte),
        TEST(mirror_export__refuses_paths_that_leave_the_tree),
        TEST(mirror_export__writes_through_no_link_of_a_malformed_tree),
        TEST(mirror_commit__makes_the_same_commit_again),
        TEST(mirror_diff__names_each_kind_of_change),
        TEST(mirror_diff__cuts_the_text_at_a_line_and_counts_on),
    };

    return cmocka_run_group_tests(tests, git_fixture_start, git_fixture_stop);
}
