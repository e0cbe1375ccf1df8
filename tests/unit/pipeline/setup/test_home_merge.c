/* What third-party code may leave in the upper part of a HOME; that the result is what the kernel
 * shows is in tests/integration/test_home_kept.c. */
#include "../../../../src/pipeline/setup/home_merge.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include "ordinary_user.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];
static char *below;
static char *upper;
static char *out;

static void put(const char *path, const char *text)
{
    AUTO_FREE char *full = fs_join(top, path);
    AUTO_FREE char *dir = xstrdup(full);

    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_make_dirs(dir, 0755, NULL), 0);
    assert_int_equal(fs_write_atomic(full, text, strlen(text), 0644, NULL), 0);
}

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-merge-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    below = fs_join(top, "below");
    upper = fs_join(top, "upper");
    out = fs_join(top, "out");
    put("below/a/one", "1");
    put("below/a/two", "2");
    put("below/b/three", "3");
    put("below/c", "c");
    put("outside/secret", "secret");
    return mkdir(upper, 0700);
}

static int remove_top(void **state)
{
    (void)state;
    free(below);
    free(upper);
    free(out);
    return fs_remove_tree(top, NULL);
}

static bool is(const char *path, const char *text)
{
    AUTO_FREE char *full = fs_join(top, path);
    AUTO_FREE char *bytes = NULL;

    return fs_read_file(full, 100, &bytes, NULL, NULL) == 0 && strcmp(bytes, text) == 0;
}

static bool there(const char *path)
{
    AUTO_FREE char *full = fs_join(top, path);
    struct stat st;

    return lstat(full, &st) == 0;
}

static void hide(const char *path)
{
    AUTO_FREE char *full = fs_join(top, path);

    assert_int_equal(mknod(full, S_IFCHR | 0600, makedev(0, 0)), 0);
}

static void merge(void)
{
    AUTO_FREE char *why = NULL;
    struct err err = {0};

    if (home_merge(below, upper, out, &why, &err))
        fail_msg("%s", err.text);
    if (why)
        fail_msg("%s", why);
}

static bool below_is_whole(void)
{
    return is("below/a/one", "1") && is("below/a/two", "2") && is("below/b/three", "3") &&
           is("below/c", "c");
}

static void home_merge__is_the_lower_one_when_nothing_was_changed(void **state)
{
    AUTO_FREE char *from = fs_join(top, "below/a/one");
    AUTO_FREE char *to = fs_join(top, "out/a/one");
    struct stat a;
    struct stat b;

    (void)state;
    merge();
    assert_true(is("out/a/one", "1") && is("out/a/two", "2") && is("out/b/three", "3") &&
                is("out/c", "c"));
    assert_int_equal(stat(from, &a) || stat(to, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    assert_true(below_is_whole());
}

static void home_merge__lets_the_upper_one_change_replace_and_hide(void **state)
{
    (void)state;
    put("upper/a/one", "mine");
    put("upper/a/new", "new");
    hide("upper/a/two");
    put("upper/b", "a file now");
    put("upper/c/d", "a directory now");
    put("upper/e/f/g", "g");
    merge();
    assert_true(is("out/a/one", "mine") && is("out/a/new", "new") && !there("out/a/two"));
    assert_true(is("out/b", "a file now") && is("out/c/d", "a directory now"));
    assert_true(is("out/e/f/g", "g"));
    assert_true(below_is_whole());
}

static void home_merge__hides_what_lies_below_an_opaque_directory(void **state)
{
    AUTO_FREE char *dir = fs_join(top, "upper/a");

    (void)state;
    put("upper/a/new", "new");
    put("upper/b/new", "new");
    if (setxattr(dir, "user.overlay.opaque", "y", 1, 0)) {
        (void)printf("# skipped: /tmp has no extended attributes of users\n");
        skip();
    }
    merge();
    assert_true(is("out/a/new", "new") && !there("out/a/one"));
    assert_true(is("out/b/new", "new") && is("out/b/three", "3"));
}

static void home_merge__opens_directories_that_their_owner_has_closed(void **state)
{
    AUTO_FREE char *dir = fs_join(top, "upper/a");

    (void)state;
    put("upper/a/new", "new");
    assert_int_equal(chmod(dir, 0), 0);
    assert_int_equal(chmod(upper, 0), 0);
    merge();
    assert_true(is("out/a/new", "new") && is("out/a/one", "1"));
}

/* A link in the place of a directory is a link, wherever it leads. */
static void home_merge__follows_no_link(void **state)
{
    AUTO_FREE char *outside = fs_join(top, "outside");
    AUTO_FREE char *a = fs_join(top, "upper/a");
    AUTO_FREE char *c = fs_join(top, "upper/c");
    AUTO_FREE char *up = fs_join(top, "below/up");
    AUTO_FREE char *new_up = fs_join(top, "out/up");
    char target[100] = "";

    (void)state;
    assert_int_equal(symlink(outside, a), 0);
    assert_int_equal(symlink("../outside/secret", c), 0);
    assert_int_equal(symlink("../outside", up), 0);
    put("upper/b/x", "x");
    merge();
    assert_true(readlink(new_up, target, sizeof(target) - 1) > 0);
    assert_string_equal(target, "../outside");
    assert_true(is("outside/secret", "secret") && !there("outside/one"));
    assert_int_equal(fs_remove_tree(out, NULL), 0);
    assert_true(is("outside/secret", "secret"));
    assert_true(below_is_whole());
}

/* Where the lower part has a link, what the upper one has in a directory of that name stays in it.
 */
static void home_merge__does_not_go_through_a_link_below(void **state)
{
    AUTO_FREE char *link = fs_join(top, "below/link");

    (void)state;
    assert_int_equal(symlink("../outside", link), 0);
    put("upper/link/x", "x");
    merge();
    assert_true(is("out/link/x", "x") && !there("out/link/secret") && !there("outside/x"));
}

static void home_merge__refuses_what_is_no_file(void **state)
{
    AUTO_FREE char *pipe = fs_join(top, "upper/a/pipe");
    AUTO_FREE char *why = NULL;
    struct err err = {0};

    (void)state;
    put("upper/a/x", "x");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(home_merge(below, upper, out, &why, &err), 0);
    assert_string_equal(why, "HOME: a/pipe is no file, directory or link");
    assert_true(below_is_whole());
}

static void home_merge__refuses_a_socket(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    AUTO_FREE char *why = NULL;

    (void)state;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent", upper);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd);
    assert_int_equal(home_merge(below, upper, out, &why, NULL), 0);
    assert_non_null(strstr(why, "agent is no file"));
}

static void home_merge__ends_at_a_depth(void **state)
{
    AUTO_FREE char *why = NULL;
    int fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    for (int i = 0; i < 200; i++) {
        int next;

        assert_int_equal(mkdirat(fd, "d", 0700), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)close(fd);
        fd = next;
    }
    (void)close(fd);
    assert_int_equal(home_merge(below, upper, out, &why, NULL), VDO_E_TOO_LARGE);
    assert_null(why);
}

static void home_merge__says_what_cannot_be_opened(void **state)
{
    AUTO_FREE char *why = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(home_merge("/nonexistent", upper, out, &why, &err), VDO_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent"));
    err = (struct err){0};
    assert_int_equal(home_merge(below, "/nonexistent", out, &why, &err), VDO_E_IO);
    put("out/x", "x");
    err = (struct err){0};
    assert_int_equal(home_merge(below, upper, out, &why, &err), VDO_E_IO);
    assert_true(below_is_whole());
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(home_merge__is_the_lower_one_when_nothing_was_changed),
        WITH_TOP(home_merge__lets_the_upper_one_change_replace_and_hide),
        WITH_TOP(home_merge__hides_what_lies_below_an_opaque_directory),
        WITH_TOP(home_merge__opens_directories_that_their_owner_has_closed),
        WITH_TOP(home_merge__follows_no_link),
        WITH_TOP(home_merge__does_not_go_through_a_link_below),
        WITH_TOP(home_merge__refuses_what_is_no_file),
        WITH_TOP(home_merge__refuses_a_socket),
        WITH_TOP(home_merge__ends_at_a_depth),
        WITH_TOP(home_merge__says_what_cannot_be_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_as_ordinary_user();
}
