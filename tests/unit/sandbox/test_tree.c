#include "../../../src/sandbox/tree.h"

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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];

static char *at(const char *name)
{
    return fs_join(top, name);
}

static void put(const char *name, size_t bytes)
{
    AUTO_FREE char *path = at(name);
    AUTO_FREE char *data = xcalloc(1, bytes);

    memset(data, 'x', bytes);
    assert_int_equal(fs_write_atomic(path, data, bytes, 0644, NULL), 0);
}

static void make(const char *name)
{
    AUTO_FREE char *path = at(name);

    assert_int_equal(fs_make_dirs(path, 0755, NULL), 0);
}

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-tree-XXXXXX");
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    return fs_remove_tree(top, NULL);
}

static void tree_measure__counts_blocks_and_a_least_per_entry(void **state)
{
    struct tree_size size;

    (void)state;
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_int_equal(size.bytes, 0);
    put("big", 1 << 20);
    put("small", 1);
    make("d");
    put("d/small", 1);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_int_equal(size.entries, 4);
    assert_in_range(size.bytes, (1 << 20) + 3 * 4096, (1 << 20) + 16 * 4096);
}

static void tree_measure__leaves_out_what_is_younger(void **state)
{
    struct tree_size size;
    struct timespec then;
    struct statx stx;

    (void)state;
    put("old", 1);
    if (statx(AT_FDCWD, top, 0, STATX_BTIME, &stx) || !(stx.stx_mask & STATX_BTIME))
        skip();          /* the file system does not know */
    (void)usleep(20000); /* its clock goes in steps */
    (void)clock_gettime(CLOCK_REALTIME, &then);
    (void)usleep(20000);
    put("young", 1);
    make("d");
    put("d/young", 1 << 20);
    assert_int_equal(tree_measure(top, false, &then, &size), 0);
    assert_int_equal(size.entries, 1);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_int_equal(size.entries, 4);
}

static void tree_measure__does_not_follow_links(void **state)
{
    AUTO_FREE char *link = at("link");
    struct tree_size size;

    (void)state;
    assert_int_equal(symlink("/usr", link), 0);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_int_equal(size.entries, 1);
    assert_int_equal(size.bytes, 4096);
}

static void tree_measure__counts_a_file_with_two_names_once(void **state)
{
    AUTO_FREE char *one = at("one");
    AUTO_FREE char *two = at("two");
    struct tree_size size;

    (void)state;
    put("one", 1 << 20);
    assert_int_equal(link(one, two), 0);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_in_range(size.bytes, 1 << 20, (1 << 20) + 32768);
}

static void tree_measure__does_not_count_holes(void **state)
{
    AUTO_FREE char *path = at("sparse");
    struct tree_size size;

    (void)state;
    put("sparse", 1);
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_in_range(size.bytes, 4096, 65536);
}

static void tree_measure__says_when_it_is_too_deep(void **state)
{
    struct tree_size size;
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_int_equal(chdir(top), 0);
    for (int i = 0; i < TREE_MAX_DEPTH; i++) {
        assert_int_equal(mkdir("d", 0755), 0);
        assert_int_equal(chdir("d"), 0);
    }
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_false(size.too_deep);
    assert_int_equal(mkdir("d", 0755), 0);
    assert_int_equal(fchdir(here), 0);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_true(size.too_deep);
    (void)close(here);
}

static void tree_measure__fails_for_what_is_not_a_directory(void **state)
{
    AUTO_FREE char *file = at("file");
    AUTO_FREE char *missing = at("missing");
    struct tree_size size;

    (void)state;
    put("file", 1);
    assert_int_equal(tree_measure(file, false, NULL, &size), -1);
    assert_int_equal(tree_measure(missing, false, NULL, &size), -1);
}

/* Root lists everything anyway: look only as somebody else. */
static void tree_measure__opens_what_its_owner_closed_when_asked(void **state)
{
    struct tree_size size;
    struct stat st;

    (void)state;
    if (geteuid() == 0)
        skip();
    AUTO_FREE char *dark = at("dark");
    make("dark");
    put("dark/file", 1 << 20);
    assert_int_equal(chmod(dark, 0300), 0);
    assert_int_equal(tree_measure(top, false, NULL, &size), 0);
    assert_int_equal(size.unreadable, 1);
    assert_int_equal(tree_measure(top, true, NULL, &size), 0);
    assert_int_equal(size.unreadable, 0);
    assert_in_range(size.bytes, 1 << 20, 2 << 20);
    assert_int_equal(stat(dark, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0300);
}

static uid_t owner_of(const char *name)
{
    AUTO_FREE char *path = at(name);
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_uid;
}

static void tree_change_owner__there_and_back(void **state)
{
    struct stat outside;

    (void)state;
    if (geteuid() != 0)
        skip();
    AUTO_FREE char *link_path = at("d/link");
    AUTO_FREE char *foreign = at("foreign");
    make("d");
    put("d/file", 1);
    put("foreign", 1);
    assert_int_equal(chown(foreign, 777, 777), 0);
    assert_int_equal(symlink("/etc/passwd", link_path), 0);
    assert_int_equal(tree_change_owner(top, 0, 4242, 4243, true), 0);
    assert_int_equal(owner_of("."), 4242);
    assert_int_equal(owner_of("d/file"), 4242);
    assert_int_equal(owner_of("d/link"), 4242);
    assert_int_equal(owner_of("foreign"), 777);
    assert_int_equal(stat("/etc/passwd", &outside), 0);
    assert_int_equal(outside.st_uid, 0);
    assert_int_equal(tree_change_owner(top, 4242, 0, 0, false), 0);
    assert_int_equal(owner_of("."), 0);
    assert_int_equal(owner_of("d/link"), 0);
    assert_int_equal(owner_of("foreign"), 777);
}

static void tree_change_owner__leaves_files_with_a_second_name(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    AUTO_FREE char *inside = at("in/file");
    AUTO_FREE char *dir = at("in");
    AUTO_FREE char *outside = at("outside");
    make("in");
    put("in/file", 1);
    assert_int_equal(link(inside, outside), 0);
    assert_int_equal(tree_change_owner(dir, 0, 4242, 4242, true), 0);
    assert_int_equal(owner_of("in"), 4242);
    assert_int_equal(owner_of("outside"), 0);
    assert_int_equal(tree_change_owner(dir, 0, 4242, 4242, false), 0);
    assert_int_equal(owner_of("outside"), 4242);
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(tree_measure__counts_blocks_and_a_least_per_entry),
        WITH_TOP(tree_measure__leaves_out_what_is_younger),
        WITH_TOP(tree_measure__does_not_follow_links),
        WITH_TOP(tree_measure__counts_a_file_with_two_names_once),
        WITH_TOP(tree_measure__does_not_count_holes),
        WITH_TOP(tree_measure__says_when_it_is_too_deep),
        WITH_TOP(tree_measure__fails_for_what_is_not_a_directory),
        WITH_TOP(tree_measure__opens_what_its_owner_closed_when_asked),
        WITH_TOP(tree_change_owner__there_and_back),
        WITH_TOP(tree_change_owner__leaves_files_with_a_second_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_as_ordinary_user();
}
