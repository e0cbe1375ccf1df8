#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include "ordinary_user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];

static char *at(const char *name)
{
    return fs_join(top, name);
}

static void put(const char *name, const char *text)
{
    AUTO_FREE char *path = at(name);

    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void make(const char *name)
{
    AUTO_FREE char *path = at(name);

    assert_int_equal(fs_make_dirs(path, 0755, NULL), 0);
}

static void expect_text(const char *name, const char *text)
{
    AUTO_FREE char *path = at(name);
    char *is = NULL;
    size_t len;

    assert_int_equal(fs_read_file(path, 1000, &is, &len, NULL), 0);
    assert_string_equal(is, text);
    assert_int_equal(len, strlen(text));
    free(is);
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = -2;

    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-fs-XXXXXX");
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    return fs_remove_tree(top, NULL);
}

static void fs_read_file__has_a_cap_and_names_the_path(void **state)
{
    AUTO_FREE char *file = at("file");
    AUTO_FREE char *fifo = at("fifo");
    const struct {
        const char *path;
        size_t max;
        int rc;
    } rows[] = {{file, 5, 0},
                {file, 4, VDO_E_TOO_LARGE},
                {"/nonexistent/file", 10, VDO_E_NOT_FOUND},
                {"/etc/passwd/x", 10, VDO_E_NOT_FOUND},
                {top, 1000, VDO_E_INVALID},
                {fifo, 1000, VDO_E_INVALID},
                {"/dev/zero", 1000, VDO_E_INVALID}};

    (void)state;
    put("file", "12345");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *bytes = NULL;
        struct err err = {0};

        assert_int_equal(fs_read_file(rows[i].path, rows[i].max, &bytes, NULL, &err), rows[i].rc);
        assert_int_equal(bytes != NULL, rows[i].rc == 0);
        if (rows[i].rc)
            assert_non_null(strstr(err.text, rows[i].path));
        free(bytes);
    }
}

static void fs_write_atomic__replaces_and_leaves_no_other_file(void **state)
{
    AUTO_FREE char *path = at("file");
    struct stat st;

    (void)state;
    put("file", "old old old");
    assert_int_equal(fs_write_atomic(path, "new", 3, 0600, NULL), 0);
    expect_text("file", "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(count_entries(top), 1);
    assert_int_equal(fs_write_atomic(path, NULL, 0, 0600, NULL), 0);
    expect_text("file", "");
}

static void fs_write_atomic__replaces_a_link_not_what_it_points_to(void **state)
{
    AUTO_FREE char *link = at("link");
    AUTO_FREE char *target = at("target");
    struct stat st;

    (void)state;
    put("target", "keep");
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(fs_write_atomic(link, "new", 3, 0600, NULL), 0);
    expect_text("target", "keep");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void fs_write_atomic__leaves_nothing_when_it_fails(void **state)
{
    AUTO_FREE char *dir = at("dir");
    AUTO_FREE char *missing = at("missing/file");
    struct err err = {0};

    (void)state;
    make("dir/inner");
    assert_int_equal(fs_write_atomic(dir, "x", 1, 0600, &err), VDO_E_IO);
    assert_non_null(strstr(err.text, dir));
    assert_int_equal(count_entries(top), 1);
    assert_int_equal(fs_write_atomic(missing, "x", 1, 0600, NULL), VDO_E_NOT_FOUND);
}

static void *drain(void *arg)
{
    static char buf[1000];
    const int *fd = arg;
    size_t total = 0;
    ssize_t n;

    while ((n = read(*fd, buf, sizeof(buf))) > 0)
        total += (size_t)n;
    return (void *)total;
}

static void fs_write_all__writes_what_does_not_fit_at_once(void **state)
{
    enum { MORE_THAN_A_PIPE_HOLDS = 3000000 };
    AUTO_FREE char *bytes = xcalloc(1, MORE_THAN_A_PIPE_HOLDS);
    int ends[2];
    pthread_t reader;
    void *total;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    assert_int_equal(fs_write_all(ends[1], bytes, MORE_THAN_A_PIPE_HOLDS), 0);
    (void)close(ends[1]);
    assert_int_equal(pthread_join(reader, &total), 0);
    assert_int_equal((size_t)total, MORE_THAN_A_PIPE_HOLDS);
    (void)close(ends[0]);
}

static void fs_write_all__fails_with_errno(void **state)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fs_write_all(fd, "x", 1), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(fs_write_all(fd, NULL, 0), 0);
    (void)close(fd);
}

static void fs_make_dirs__makes_what_is_missing(void **state)
{
    AUTO_FREE char *deep = at("a/b/c/");
    AUTO_FREE char *blocked = at("file/x");
    AUTO_FREE char *file = at("file");

    (void)state;
    assert_int_equal(fs_make_dirs(deep, 0700, NULL), 0);
    assert_int_equal(fs_make_dirs(deep, 0700, NULL), 0);
    assert_true(fs_is_dir(deep));
    put("file", "x");
    assert_int_not_equal(fs_make_dirs(blocked, 0700, NULL), 0);
    assert_int_not_equal(fs_make_dirs(file, 0700, NULL), 0);
    assert_false(fs_is_dir(file));
}

static void fs_remove_tree__does_not_follow_links(void **state)
{
    AUTO_FREE char *tree = at("tree");
    AUTO_FREE char *out = at("tree/out");
    AUTO_FREE char *up = at("tree/up");
    AUTO_FREE char *keep = at("keep");

    (void)state;
    make("keep/inner");
    put("keep/inner/file", "keep");
    make("tree/a/b");
    put("tree/a/b/file", "x");
    assert_int_equal(symlink(keep, out), 0);
    assert_int_equal(symlink("..", up), 0);
    assert_int_equal(fs_remove_tree(tree, NULL), 0);
    assert_false(fs_exists(tree));
    expect_text("keep/inner/file", "keep");
    assert_int_equal(fs_remove_tree(tree, NULL), 0); /* gone already */
}

static void fs_remove_tree__removes_a_link_and_not_its_target(void **state)
{
    AUTO_FREE char *link = at("link");
    AUTO_FREE char *keep = at("keep");

    (void)state;
    make("keep");
    put("keep/file", "keep");
    assert_int_equal(symlink(keep, link), 0);
    assert_int_equal(fs_remove_tree(link, NULL), 0);
    assert_false(fs_exists(link));
    expect_text("keep/file", "keep");
}

static void fs_remove_tree__removes_what_its_owner_may_not_read(void **state)
{
    AUTO_FREE char *tree = at("tree");
    AUTO_FREE char *dark = at("tree/dark");
    AUTO_FREE char *fixed = at("tree/fixed");

    (void)state;
    make("tree/dark/inner");
    make("tree/fixed/inner");
    put("tree/fixed/file", "x");
    assert_int_equal(chmod(dark, 0), 0);
    assert_int_equal(chmod(fixed, 0500), 0);
    assert_int_equal(fs_remove_tree(tree, NULL), 0);
    assert_false(fs_exists(tree));
}

/* Hostile code can nest directories deeper than any path or any number of descriptors goes. */
static void fs_remove_tree__removes_what_is_nested_very_deep(void **state)
{
    AUTO_FREE char *tree = at("tree");
    struct rlimit before;
    struct rlimit few;
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    make("tree/d0");
    assert_int_equal(chdir(tree), 0);
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(mkdir("d", 0755), 0);
        if (i % 1000 == 0)
            assert_int_equal(mkdir("e", 0755), 0);
        assert_int_equal(chdir("d"), 0);
    }
    assert_int_equal(fchdir(here), 0);
    (void)close(here);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 256;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(fs_remove_tree(tree, NULL), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_false(fs_exists(tree));
}

static void fs_copy_tree__copies_files_links_and_modes(void **state)
{
    AUTO_FREE char *from = at("from");
    AUTO_FREE char *to = at("to");
    AUTO_FREE char *script = at("from/a/script");
    AUTO_FREE char *copied = at("to/a/script");
    AUTO_FREE char *link = at("from/link");
    AUTO_FREE char *copied_link = at("to/link");
    AUTO_FREE char *fifo = at("from/fifo");
    AUTO_FREE char *copied_fifo = at("to/fifo");
    char target[64];
    struct stat a;
    struct stat b;
    ssize_t n;

    (void)state;
    make("from/a/empty");
    put("from/a/script", "#!/bin/sh\n");
    assert_int_equal(chmod(script, 0750), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    make("to");
    put("to/old", "stays");
    assert_int_equal(fs_copy_tree(from, to, NULL), 0);
    expect_text("to/a/script", "#!/bin/sh\n");
    expect_text("to/old", "stays");
    assert_int_equal(stat(script, &a), 0);
    assert_int_equal(stat(copied, &b), 0);
    assert_int_equal(b.st_mode, a.st_mode);
    assert_int_equal(b.st_mtim.tv_sec, a.st_mtim.tv_sec);
    assert_int_equal(b.st_mtim.tv_nsec, a.st_mtim.tv_nsec);
    n = readlink(copied_link, target, sizeof(target) - 1);
    assert_true(n > 0);
    target[n] = '\0';
    assert_string_equal(target, "/etc/passwd");
    assert_false(fs_exists(copied_fifo));
}

static void fs_copy_tree__does_not_write_through_links_in_the_way(void **state)
{
    AUTO_FREE char *from = at("from");
    AUTO_FREE char *to = at("to");
    AUTO_FREE char *in_the_way = at("to/file");
    AUTO_FREE char *keep = at("keep");

    (void)state;
    make("from");
    make("to");
    put("from/file", "new");
    put("keep", "keep");
    assert_int_equal(symlink(keep, in_the_way), 0);
    assert_int_equal(fs_copy_tree(from, to, NULL), 0);
    expect_text("to/file", "new");
    expect_text("keep", "keep");
}

static void fs_copy_tree__says_what_it_cannot_copy(void **state)
{
    AUTO_FREE char *from = at("missing");
    AUTO_FREE char *to = at("to");
    struct err err = {0};

    (void)state;
    assert_int_equal(fs_copy_tree(from, to, &err), VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, from));
}

static void fs_free_bytes__is_unknown_for_what_does_not_exist(void **state)
{
    (void)state;
    assert_true(fs_free_bytes("/tmp") > 0);
    assert_int_equal(fs_free_bytes("/nonexistent"), -1);
}

static void fs_join__does_not_double_the_slash(void **state)
{
    static const struct {
        const char *dir;
        const char *name;
        const char *path;
    } rows[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "/b"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *path = fs_join(rows[i].dir, rows[i].name);

        assert_string_equal(path, rows[i].path);
    }
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(fs_read_file__has_a_cap_and_names_the_path),
        WITH_TOP(fs_write_atomic__replaces_and_leaves_no_other_file),
        WITH_TOP(fs_write_atomic__replaces_a_link_not_what_it_points_to),
        WITH_TOP(fs_write_atomic__leaves_nothing_when_it_fails),
        cmocka_unit_test(fs_write_all__writes_what_does_not_fit_at_once),
        cmocka_unit_test(fs_write_all__fails_with_errno),
        WITH_TOP(fs_make_dirs__makes_what_is_missing),
        WITH_TOP(fs_remove_tree__does_not_follow_links),
        WITH_TOP(fs_remove_tree__removes_a_link_and_not_its_target),
        WITH_TOP(fs_remove_tree__removes_what_its_owner_may_not_read),
        WITH_TOP(fs_remove_tree__removes_what_is_nested_very_deep),
        WITH_TOP(fs_copy_tree__copies_files_links_and_modes),
        WITH_TOP(fs_copy_tree__does_not_write_through_links_in_the_way),
        WITH_TOP(fs_copy_tree__says_what_it_cannot_copy),
        WITH_TOP(fs_free_bytes__is_unknown_for_what_does_not_exist),
        WITH_TOP(fs_join__does_not_double_the_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_as_ordinary_user();
}
