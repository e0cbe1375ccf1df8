/* Worktrees: opening, bringing over, writing trees; what a sandboxed process may have planted. */
#include "git_fixture.h"
#include "must.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char *dir;
    char *remote;
    char *files; /* the worktree */
    char *git_dir;
    char *mirror_dir;
    struct mirror *mirror;
    struct worktree *worktree;
    char base[GIT_OID_HEX_SIZE];
};

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));

    p->dir = git_fixture_dir();
    p->remote = fs_join(p->dir, "remote");
    p->files = fs_join(p->dir, "work/files");
    p->git_dir = fs_join(p->dir, "work/git");
    p->mirror_dir = fs_join(p->dir, "mirror.git");
    git_fixture_run(p->dir, "git init -q remote");
    assert_int_equal(mirror_open(p->mirror_dir, &p->mirror, NULL), VDO_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    worktree_close(p->worktree);
    mirror_close(p->mirror);
    (void)fs_remove_tree(p->dir, NULL);
    free(p->dir);
    free(p->remote);
    free(p->files);
    free(p->git_dir);
    free(p->mirror_dir);
    free(p);
    return 0;
}

static void open_at(struct place *p, const char *tree)
{
    worktree_close(p->worktree);
    p->worktree = NULL;
    MUST(worktree_open(p->mirror, p->files, p->git_dir, p->base, tree, &p->worktree, &err));
}

/* Run the script in the remote, commit all of it, fetch, and open the worktree there. */
static void commit_and_open(struct place *p, const char *script)
{
    const struct git_remote_spec spec = {.url = p->remote, .timeout_ms = 20000};
    AUTO_FREE char *all = xasprintf("%s\ngit -c core.autocrlf=false add -A; git commit -q "
                                    "--allow-empty -m one",
                                    script);

    git_fixture_run(p->remote, all);
    MUST(mirror_fetch(p->mirror, &spec, &err));
    MUST(mirror_resolve(p->mirror, "main", p->base, &err));
    open_at(p, p->base);
}

static char *tree_of(struct place *p)
{
    char tree[GIT_OID_HEX_SIZE];

    MUST(worktree_write_tree(p->worktree, tree, &err));
    return xstrdup(tree);
}

/* What git itself makes of a tree id in the mirror: "mode path" lines. */
static char *list_tree(struct place *p, const char *tree)
{
    AUTO_FREE char *script =
        xasprintf("git ls-tree -r --full-tree %s | sed 's/ [a-z]* [0-9a-f]*\\t/ /'", tree);

    return git_fixture_sh(p->mirror_dir, script);
}

static void assert_lists(struct place *p, const char *expected)
{
    AUTO_FREE char *tree = tree_of(p);
    AUTO_FREE char *list = list_tree(p, tree);

    assert_string_equal(list, expected);
}

static void assert_unchanged(struct place *p)
{
    AUTO_FREE char *tree = tree_of(p);
    AUTO_FREE char *script = xasprintf("git rev-parse %s^{tree}", p->base);
    AUTO_FREE char *expected = git_fixture_sh(p->mirror_dir, script);

    assert_string_equal(tree, expected);
}

static void worktree_open__makes_every_kind_of_file(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir -p a/b; echo x >a/b/c; ln -s b a/l; ln -s /nowhere out; echo s >s;"
                       "chmod 755 s; printf x >'odd name'; printf y >$(printf 'n\\377');"
                       "git update-index --add --cacheinfo "
                       "160000,0123456789012345678901234567890123456789,sub; mkdir sub");
    free(git_fixture_sh(p->files, "[ \"$(cat a/b/c)\" = x ]; [ \"$(readlink a/l)\" = b ];"
                                  "[ -x s ]; [ ! -x a/b/c ]; [ -d sub ]; [ -z \"$(ls sub)\" ];"
                                  "[ -f 'odd name' ]; [ -f $(printf 'n\\377') ]; [ ! -e .git ];"
                                  "[ \"$(readlink out)\" = /nowhere ]"));
    assert_string_equal(worktree_dir(p->worktree), p->files);
}

static void worktree_write_tree__of_untouched_files_is_the_tree_of_the_commit(void **state)
{
    struct place *p = *state;

    commit_and_open(p,
                    "mkdir -p a/b; seq 50 >a/b/c; ln -s b a/l; echo s >s; chmod +x s;"
                    "printf 'x\\r\\n' >crlf; printf '' >empty; git update-index --add "
                    "--cacheinfo 160000,0123456789012345678901234567890123456789,sub; mkdir sub");
    assert_unchanged(p);
    assert_unchanged(p);
    open_at(p, p->base);
    assert_unchanged(p);
}

static void worktree_write_tree__lets_no_attribute_rewrite_a_file(void **state)
{
    struct place *p = *state;

    commit_and_open(p,
                    "echo '* -text -ident' >.git/info/attributes;"
                    "printf 'a\\r\\nb\\r\\n' >dos; printf 'a\\nb\\n' >unix; printf '$Id$\\n' >id;"
                    "printf 'a\\r\\nb\\n' >mixed;"
                    "echo '* text=auto eol=crlf ident' >.gitattributes");
    assert_unchanged(p);
    free(git_fixture_sh(p->files, "[ $(wc -c <unix) = 4 ]; [ $(wc -c <dos) = 6 ];"
                                  "[ $(wc -c <id) = 5 ]; printf 'c\\r\\n' >>unix; touch dos"));
    {
        AUTO_FREE char *tree = tree_of(p);
        AUTO_FREE char *script = xasprintf("git cat-file blob %s:unix | od -c | head -1", tree);
        AUTO_FREE char *bytes = git_fixture_sh(p->mirror_dir, script);

        assert_string_equal(bytes, "0000000   a  \\n   b  \\n   c  \\r  \\n");
    }
}

static void worktree_write_tree__sees_every_kind_of_change(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir -p a b/c; echo 1 >a/same; echo 2 >a/changed; echo 3 >a/gone;"
                       "echo 4 >b/c/x; echo 5 >mode; echo 6 >tolink; ln -s a/same tofile;"
                       "echo 7 >todir; mkdir tofile2; echo 8 >tofile2/x");
    git_fixture_run(p->files, "echo 22 >a/changed; rm a/gone; rm -r b; chmod +x mode;"
                              "rm tolink; ln -s mode tolink; rm tofile; echo t >tofile; rm todir;"
                              "mkdir todir; echo d >todir/x; rm -r tofile2; echo f >tofile2;"
                              "mkdir -p new/deep empty; echo n >new/deep/f; mkfifo pipe");
    assert_lists(p, "100644 a/changed\n100644 a/same\n100755 mode\n100644 new/deep/f\n"
                    "100644 todir/x\n100644 tofile\n100644 tofile2\n120000 tolink");
}

static void worktree_write_tree__sees_a_change_of_the_same_size_at_once(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "printf aaaa >f; printf keep >k");
    for (int i = 0; i < 50; i++) {
        AUTO_FREE char *name = fs_join(p->files, "f");
        AUTO_FREE char *tree = NULL;
        AUTO_FREE char *bytes = NULL;
        char text[8];
        size_t len;
        FILE *file = fopen(name, "w");

        (void)snprintf(text, sizeof(text), "%04d", i);
        (void)fputs(text, file);
        (void)fclose(file);
        tree = tree_of(p);
        assert_int_equal(mirror_read_file(p->mirror, tree, "f", 9, &bytes, &len, NULL), VDO_OK);
        assert_string_equal(bytes, text);
    }
}

static void worktree_write_tree__is_not_fooled_by_an_old_modification_time(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "printf aaaa >f");
    assert_unchanged(p);
    git_fixture_run(p->files, "touch -r f ../stamp; printf bbbb >f; touch -r ../stamp f");
    {
        AUTO_FREE char *tree = tree_of(p);
        AUTO_FREE char *bytes = NULL;
        size_t len;

        assert_int_equal(mirror_read_file(p->mirror, tree, "f", 9, &bytes, &len, NULL), VDO_OK);
        assert_string_equal(bytes, "bbbb");
    }
}

static void worktree_write_tree__leaves_ignored_files_out_but_not_tracked_ones(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir -p build sub; printf '*.o\\nbuild/\\n!keep.o\\n/top\\n' >.gitignore;"
                       "printf '*\\n!.gitignore\\n!yes*\\n' >sub/.gitignore; echo t >tracked.o;"
                       "echo b >build/tracked; git add -f .; git commit -qm ignored");
    git_fixture_run(p->files,
                    "echo x >new.o; echo x >keep.o; echo x >build/new; echo x >top;"
                    "mkdir d; echo x >d/top; echo x >d/a.o; echo x >sub/no; echo x >sub/yes1;"
                    "echo changed >tracked.o; echo changed >build/tracked;"
                    "mkdir d/build; echo x >d/build/x");
    assert_lists(p, "100644 .gitignore\n100644 build/tracked\n100644 d/top\n100644 keep.o\n"
                    "100644 sub/.gitignore\n100644 sub/yes1\n100644 tracked.o");
    git_fixture_run(p->files, "rm build/tracked");
    {
        AUTO_FREE char *without = tree_of(p);

        /* A file of the base that a step deleted and a later one makes again is not a stranger. */
        open_at(p, without);
        git_fixture_run(p->files, "mkdir build; echo again >build/tracked; echo x >build/other");
        assert_lists(p, "100644 .gitignore\n100644 build/tracked\n100644 d/top\n100644 keep.o\n"
                        "100644 sub/.gitignore\n100644 sub/yes1\n100644 tracked.o");
    }
}

static void worktree_write_tree__takes_no_planted_git_directory(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir lib; echo x >lib/x; echo y >y");
    git_fixture_run(
        p->files,
        "git init -q .; git init -q nested; cd nested; echo n >n; git add n;"
        "git commit -qm n; cd ..; mkdir -p lib/.git/hooks; echo evil >lib/.git/config;"
        "echo 'gitdir: /etc' >nested2; mkdir dir; echo 'gitdir: ../nested/.git' >dir/.git;"
        "mkdir .GIT 'git~1' '.git.'; echo e >.GIT/config; echo e >'git~1/config';"
        "echo e >.git./x; printf '[core]\\n\\texcludesFile = /dev/zero\\n' >>.git/config;"
        "echo f >dir/f");
    assert_lists(p, "100644 dir/f\n100644 lib/x\n100644 nested/n\n100644 nested2\n100644 y");
    open_at(p, p->base);
    free(git_fixture_sh(p->files,
                        "[ \"$(find . | sort | tr '\\n' ' ')\" = '. ./lib ./lib/x ./y ' ]"));
}

static void worktree_write_tree__follows_no_link_and_waits_at_no_pipe(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir d e; echo x >d/x; echo y >e/y; echo '*.o' >.gitignore");
    git_fixture_run(
        p->files, "mkdir ../../outside; echo secret >../../outside/x;"
                  "rm -r d; ln -s ../../outside d; rm .gitignore; ln -s /dev/zero .gitignore;"
                  "mkdir f; mkfifo f/.gitignore; echo z >f/z; ln -s ../f/.gitignore e/.gitignore");
    assert_lists(p, "120000 .gitignore\n120000 d\n120000 e/.gitignore\n100644 e/y\n100644 f/z");
}

static void worktree_write_tree__keeps_submodules_as_they_are(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "git update-index --add --cacheinfo "
                       "160000,0123456789012345678901234567890123456789,sub; mkdir sub;"
                       "echo x >x");
    git_fixture_run(p->files, "echo planted >sub/file; git init -q sub");
    assert_unchanged(p);
    git_fixture_run(p->files, "rm -rf sub");
    assert_unchanged(p);
    open_at(p, p->base);
    free(git_fixture_sh(p->files, "[ -d sub ]; [ -z \"$(ls -A sub)\" ]"));
    git_fixture_run(p->files, "rmdir sub; echo file >sub");
    assert_lists(p, "100644 sub\n100644 x");
}

static void worktree_write_tree__reads_what_a_process_made_unreadable(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir d; echo x >d/x; echo y >y");
    git_fixture_run(p->files, "echo z >d/z; chmod 000 y d/x d; chmod 000 .");
    assert_lists(p, "100644 d/x\n100644 d/z\n100644 y");
    git_fixture_run(p->files, "chmod 000 d .");
    open_at(p, p->base);
    assert_unchanged(p);
    git_fixture_run(p->files, "echo changed >d/x; echo new >d/n; chmod 555 d .");
    open_at(p, p->base);
    assert_unchanged(p);
}

static void worktree_write_tree__stores_large_files_whole(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *tree = NULL;
    AUTO_FREE char *script = NULL;

    commit_and_open(p, "echo x >x");
    git_fixture_run(p->files, "head -c 20000000 /dev/zero | tr '\\0' a >large; echo end >>large");
    tree = tree_of(p);
    script = xasprintf("[ $(git rev-parse %s:large) = $(git hash-object --no-filters "
                       "../work/files/large) ]; git fsck --strict 2>&1",
                       tree);
    free(git_fixture_sh(p->mirror_dir, script));
    assert_int_equal(access(p->files, F_OK), 0);
}

static void worktree_write_tree__refuses_a_path_that_is_too_long(void **state)
{
    struct place *p = *state;
    char tree[GIT_OID_HEX_SIZE] = "before";
    struct err err = {0};

    commit_and_open(p, "echo x >x");
    git_fixture_run(p->files, "perl -e 'for (1..30) { mkdir q(d) x 200; chdir q(d) x 200 } "
                              "open F, q(>f)'");
    assert_int_equal(worktree_write_tree(p->worktree, tree, &err), VDO_E_TOO_LARGE);
    assert_string_equal(tree, "before");
    open_at(p, p->base);
    assert_unchanged(p);
}

static void worktree_open__brings_an_old_directory_over(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *first = NULL;

    commit_and_open(p, "mkdir a; echo 1 >a/x; echo 2 >y; echo '*.o' >.gitignore");
    first = xstrdup(p->base);
    git_fixture_run(p->files, "echo no >a/x; rm y; mkdir y; echo u >y/untracked; echo o >i.o;"
                              "ln -s / root; mkdir -p deep/er; chmod 000 deep; mkfifo a/pipe");
    commit_and_open(p, "echo 3 >z; rm -r a; echo file >a; chmod +x y");
    free(git_fixture_sh(p->files,
                        "[ \"$(find . | sort | tr '\\n' ' ')\" = '. ./.gitignore ./a ./y "
                        "./z ' ]; [ \"$(cat y)\" = 2 ]; [ -x y ]; [ \"$(cat a)\" = file ]"));
    assert_unchanged(p);
    open_at(p, first);
    free(git_fixture_sh(p->files,
                        "[ \"$(find . | sort | tr '\\n' ' ')\" = '. ./.gitignore ./a ./a/x "
                        "./y ' ]; [ \"$(cat a/x)\" = 1 ]; [ ! -x y ]"));
}

static void worktree_open__does_not_write_through_what_was_planted(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "mkdir d; echo 1 >d/x; echo 2 >y");
    git_fixture_run(p->files,
                    "mkdir ../../outside; echo old >../../outside/x; echo old >../../hard;"
                    "rm -r d; ln -s ../../outside d; rm y; ln ../../hard y");
    open_at(p, p->base);
    free(git_fixture_sh(p->files,
                        "[ \"$(cat ../../outside/x)\" = old ]; [ \"$(cat ../../hard)\" = old ];"
                        "[ \"$(cat d/x)\" = 1 ]; [ \"$(cat y)\" = 2 ]; [ ! -L d ]"));
}

static void worktree_open__goes_on_at_a_tree_of_an_earlier_step(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *tree = NULL;
    AUTO_FREE char *again = NULL;

    commit_and_open(p, "echo 1 >x; echo 2 >y");
    git_fixture_run(p->files, "echo 11 >x; rm y; echo 3 >z");
    tree = tree_of(p);
    worktree_close(p->worktree);
    p->worktree = NULL;
    assert_int_equal(fs_remove_tree(p->files, NULL), VDO_OK);
    open_at(p, tree);
    again = tree_of(p);
    assert_string_equal(again, tree);
    free(git_fixture_sh(p->files, "[ \"$(cat x)\" = 11 ]; [ ! -e y ]; [ \"$(cat z)\" = 3 ]"));
}

static void worktree_open__survives_a_damaged_index(void **state)
{
    struct place *p = *state;

    commit_and_open(p, "echo 1 >x");
    worktree_close(p->worktree);
    p->worktree = NULL;
    git_fixture_run(p->git_dir, "echo rubbish >index");
    open_at(p, p->base);
    assert_unchanged(p);
}

static void worktree_open__refuses_a_tree_that_is_not_safe(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *tree = NULL;
    struct worktree *worktree = NULL;
    struct err err = {0};

    git_fixture_run(p->remote,
                    "b=$(echo evil | git hash-object -w --stdin);"
                    "t=$(printf '100644 blob %s\\tconfig\\n' $b | git mktree);"
                    "t=$(printf '040000 tree %s\\t.git\\n' $t | git mktree); echo $t >../t;"
                    "git update-ref refs/heads/bad $(git commit-tree -m bad $t)");
    commit_and_open(p, "echo 1 >x");
    tree = git_fixture_sh(p->dir, "cat t");
    assert_int_equal(worktree_open(p->mirror, p->files, p->git_dir, p->base, tree, &worktree, &err),
                     VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "'.git/config'"));
    assert_null(worktree);
    assert_int_equal(worktree_open(p->mirror, p->files, p->git_dir, "main", tree, &worktree, NULL),
                     VDO_E_INVALID);
    assert_int_equal(worktree_open(p->mirror, p->files, p->git_dir,
                                   "0123456789012345678901234567890123456789", tree, &worktree,
                                   NULL),
                     VDO_E_NOT_FOUND);
    open_at(p, p->base);
    assert_unchanged(p);
}

/* git itself is asked whether we ignore the same files. */
static void worktree_write_tree__agrees_with_git_on_what_is_ignored(void **state)
{
    static const char *const ignores[] = {
        "*.log", "/a",      "b/",      "!keep.log", "c/**",   "**/d", "a/**/z", "#comment", "\\#x",
        "\\!y",  "sp ace ", "tail\\ ", "[a-c].t",   "?.u",    "x*y",  "d/*",    "!d/keep",  "a/b",
        "b/c/",  "*~",      "[!a]q",   "foo/*/bar", "**",     "*",    "!*/",    "!*.c",     "/*",
        "!/a",   "a**b",    "**b",     "\\*lit",    "*.[oa]", "/b/",  "!b/c",   "c",        "!c/d",
        "é*",    "[[]x",    "a\\?b",   "/**/log",   "x/",     "!x",
    };
    static const char make_files[] =
        "for d in . a b c d a/b a/b/c b/c c/d foo/1 foo/1/bar x a/x/y; do mkdir -p $d;"
        "for f in keep.log t.log a1 b1 a.t d.t q.u xay '#x' '!y' 'sp ace' 'tail ' z keep k~ aq bq m.c"
        " m.o log '*lit' aXb a/b1; do case $f in */*) ;; *) echo $d >\"$d/$f\";; esac; done; done;"
        "echo e >'\303\251a'; echo e >'a?b'; echo e >'[x'";
    struct place *p = *state;
    unsigned seed = 7;

    commit_and_open(p, "echo base >base");
    for (int round = 0; round < 60; round++) {
        AUTO_STRBUF script = {0};
        AUTO_FREE char *ours = NULL;
        AUTO_FREE char *theirs = NULL;
        AUTO_FREE char *mine = NULL;

        strbuf_init(&script, 1 << 16);
        (void)strbuf_adds(&script, make_files);
        for (int i = 0; i < 6; i++) {
            static const char *const dirs[] = {".", ".", ".", "a", "b", "c"};

            seed = seed * 1103515245U + 12345U;
            (void)strbuf_addf(&script, "\nprintf '%%s\\n' '%s' >>%s/.gitignore",
                              ignores[(seed >> 16) % (sizeof(ignores) / sizeof(ignores[0]))],
                              dirs[i]);
        }
        open_at(p, p->base);
        git_fixture_run(p->files, script.ptr);
        mine = tree_of(p);
        ours = list_tree(p, mine);
        theirs = git_fixture_sh(p->files, "export GIT_DIR=$PWD/../oracle GIT_WORK_TREE=$PWD;"
                                          "rm -rf $GIT_DIR; git init -q; git add -f base;"
                                          "git add -A . 2>/dev/null;"
                                          "git ls-tree -r $(git write-tree) |"
                                          " sed 's/ [a-z]* [0-9a-f]*\\t/ /'");
        if (strcmp(ours, theirs) != 0)
            fail_msg("%s\n--- ours\n%s\n--- git's\n%s", script.ptr + sizeof(make_files), ours,
                     theirs);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(worktree_open__makes_every_kind_of_file),
        TEST(worktree_write_tree__of_untouched_files_is_the_tree_of_the_commit),
        TEST(worktree_write_tree__lets_no_attribute_rewrite_a_file),
        TEST(worktree_write_tree__sees_every_kind_of_change),
        TEST(worktree_write_tree__sees_a_change_of_the_same_size_at_once),
        TEST(worktree_write_tree__is_not_fooled_by_an_old_modification_time),
        TEST(worktree_write_tree__leaves_ignored_files_out_but_not_tracked_ones),
        TEST(worktree_write_tree__takes_no_planted_git_directory),
        TEST(worktree_write_tree__follows_no_link_and_waits_at_no_pipe),
        TEST(worktree_write_tree__keeps_submodules_as_they_are),
        TEST(worktree_write_tree__reads_what_a_process_made_unreadable),
        TEST(worktree_write_tree__stores_large_files_whole),
        TEST(worktree_write_tree__refuses_a_path_that_is_too_long),
        TEST(worktree_open__brings_an_old_directory_over),
        TEST(worktree_open__does_not_write_through_what_was_planted),
        TEST(worktree_open__goes_on_at_a_tree_of_an_earlier_step),
        TEST(worktree_open__survives_a_damaged_index),
        TEST(worktree_open__refuses_a_tree_that_is_not_safe),
        TEST(worktree_write_tree__agrees_with_git_on_what_is_ignored),
    };

    return cmocka_run_group_tests(tests, git_fixture_start, git_fixture_stop);
}
