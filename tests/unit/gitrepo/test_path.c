/* path_check, path_check_in, path_open_in: every rule, and what must not be refused. */
#include "vdo/gitrepo/path.h"

#include "../../../src/gitrepo/path_disk.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct row {
    const char *why;
    const char *path;
};

static const struct row fine[] = {
    {"a plain file", "README.md"},
    {"a file in directories", "src/gitrepo/path.c"},
    {"a hidden file", ".gitignore"},
    {"git's own attribute file", ".gitattributes"},
    {"a module list", ".gitmodules"},
    {"a directory that begins like .git", ".github/workflows/ci.yml"},
    {"a file that ends in .git", "fixtures/repo.git"},
    {"a name that holds git", "git/.gitx"},
    {"blanks", "My Documents/a b.txt"},
    {"three dots", ".../a"},
    {"a dot in front", ".a/..b"},
    {"letters outside ASCII", "\xc3\xa4/\xe6\x97\xa5\xe6\x9c\xac.txt"},
    {"an emoji", "\xf0\x9f\x9a\x80.md"},
    {"a colon", "a:b/c"},
    {"a name that begins like a device", "console.c"},
    {"a name that ends like a device", "falcon"},
    {"a device name as extension", "icon.con"},
    {"a port without number", "com"},
    {"a port with two digits", "com10.txt"},
    {"a tilde", "git~10"},
    {"a tilde and no number", "git~x"},
    {"a shell's favourites", "a;b|c&d$(e)'f\"g*?.txt"},
    {"a leading dash", "-rf"},
    {"the marks of a joiner elsewhere", "a\xe2\x80\x8d"
                                        "b"},
    {"many blanks and then letters", ".git                        x"},
};

static const struct row refused[] = {
    {"empty", ""},
    {"absolute", "/etc/passwd"},
    {"absolute with two slashes", "//host/share"},
    {"a drive", "C:/x"},
    {"the directory itself", "."},
    {"a dot component", "./a"},
    {"a dot component inside", "a/./b"},
    {"a dot component at the end", "a/."},
    {"the parent", ".."},
    {"a parent in front", "../a"},
    {"a parent inside", "a/../b"},
    {"a parent at the end", "a/.."},
    {"a doubled slash", "a//b"},
    {"a trailing slash", "a/"},
    {"only a slash", "/"},
    {"a backslash", "a\\b"},
    {"a parent behind backslashes", "a\\..\\..\\b"},
    {"a newline", "a\nb"},
    {"a tab", "a\tb"},
    {"an escape", "a\x1b[2J"},
    {"a delete", "a\x7f"},
    {"a C1 control", "a\xc2\x85"
                     "b"},
    {"a lone continuation byte", "a\x80"},
    {"a cut sequence", "a\xc3"},
    {"an overlong slash", "a\xc0\xaf"
                          "b"},
    {"an overlong dot of three bytes", "\xe0\x80\xae"},
    {"a surrogate", "\xed\xa0\x80"},
    {"past the last code point", "\xf4\x90\x80\x80"},
    {"latin-1", "caf\xe9"},
    {".git", ".git"},
    {"below .git", ".git/config"},
    {".git inside", "vendor/lib/.git/hooks/pre-commit"},
    {"upper case", ".GIT/config"},
    {"mixed case", ".Git"},
    {"a trailing dot", ".git./config"},
    {"a trailing blank", ".git /config"},
    {"dots and blanks", ".git . . /config"},
    {"very many trailing blanks", ".git                              /config"},
    {"the short name", "git~1"},
    {"the short name in upper case", "GIT~1/config"},
    {"another short name", "git~2"},
    {"the short name with a dot", "git~1."},
    {"an NTFS stream", ".git::$INDEX_ALLOCATION/config"},
    {"an NTFS stream by name", ".git:x"},
    {"a stream behind a blank", ".git :x"},
    {"a joiner inside", ".g\xe2\x80\x8cit/config"},
    {"a joiner in front", "\xe2\x80\x8d.git"},
    {"a mark at the end", ".git\xef\xbb\xbf"},
    {"right to left inside", ".g\xe2\x80\xaeIT"},
    {"a deprecated format mark", ".gi\xe2\x81\xaat"},
    {"a joiner and a blank", ".git\xe2\x80\x8d ."},
    {"very many joiners",
     ".g\xe2\x80\x8c\xe2\x80\x8c\xe2\x80\x8c\xe2\x80\x8c\xe2\x80\x8c\xe2\x80\x8c\xe2\x80\x8cit"},
    {"CON", "CON"},
    {"con below", "src/con"},
    {"nul with extension", "NUL.txt"},
    {"aux", "aux"},
    {"aux as directory", "aux/a"},
    {"aux with extension", "a/aux.c"},
    {"prn with a blank", "prn .txt"},
    {"com1", "com1"},
    {"lpt9 with extension", "LPT9.tar.gz"},
    {"com with a raised one", "com\xc2\xb9"},
    {"the console's input", "CONIN$"},
    {"the console's output", "conout$.x"},
    {"a device's stream", "nul:x"},
};

static void path_check__lets_ordinary_names_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        struct err err = {0};

        if (path_check(fine[i].path, &err))
            fail_msg("%s: %s", fine[i].why, err.text);
    }
}

static void path_check__refuses_what_breaks_a_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct err err = {0};

        if (path_check(refused[i].path, &err) != VDO_E_REFUSED)
            fail_msg("%s was let pass", refused[i].why);
        assert_non_null(strstr(err.text, "refused: "));
        assert_null(strpbrk(err.text, "\n\t\x1b"));
    }
    assert_int_equal(path_check(NULL, NULL), VDO_E_REFUSED);
}

static void path_check__limits_component_and_path(void **state)
{
    char path[4200];

    (void)state;
    memset(path, 'a', sizeof(path));
    path[255] = '\0';
    assert_int_equal(path_check(path, NULL), VDO_OK);
    path[255] = 'a';
    path[256] = '\0';
    assert_int_equal(path_check(path, NULL), VDO_E_REFUSED);
    memset(path, 'a', sizeof(path));
    for (size_t i = 128; i < sizeof(path); i += 128)
        path[i] = '/';
    path[4095] = 'b';
    path[4096] = '\0';
    path[4095] = 'a';
    assert_int_equal(path_check(path, NULL), VDO_OK);
    path[4096] = 'a';
    path[4097] = '\0';
    assert_int_equal(path_check(path, NULL), VDO_E_REFUSED);
}

static void path_check__names_the_path_and_the_rule(void **state)
{
    struct err err = {0};

    (void)state;
    (void)path_check("a/../b", &err);
    assert_string_equal(err.text, "path 'a/../b' refused: it has a '..' component");
    err_clear(&err);
    (void)path_check("a\nb\xff", &err);
    assert_string_equal(err.text, "path 'a\\x0ab\\xff' refused: it has a control character");
}

/* A tree with a file, a directory, links inside and outside, and a pipe. */
static int make_tree(void **state)
{
    char root[] = "/tmp/vdo-path-XXXXXX";
    char outside[64];
    int fd;

    assert_non_null(mkdtemp(root));
    (void)snprintf(outside, sizeof(outside), "%s/outside", root);
    assert_int_equal(mkdir(outside, 0700), 0);
    assert_int_equal(chdir(root), 0);
    assert_int_equal(mkdir("tree", 0700), 0);
    assert_int_equal(mkdir("tree/dir", 0700), 0);
    fd = open("outside/secret", O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "secret", 6), 6);
    (void)close(fd);
    fd = open("tree/dir/file", O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "content", 7), 7);
    (void)close(fd);
    assert_int_equal(symlink(outside, "tree/away"), 0);
    assert_int_equal(symlink("../outside", "tree/up"), 0);
    assert_int_equal(symlink("dir", "tree/inner"), 0);
    assert_int_equal(symlink("dir/file", "tree/link"), 0);
    assert_int_equal(symlink("nowhere", "tree/dangling"), 0);
    assert_int_equal(symlink("/proc/self/root/etc", "tree/magic"), 0);
    assert_int_equal(mkfifo("tree/pipe", 0600), 0);
    *state = xstrdup(root);
    return 0;
}

static int remove_tree(void **state)
{
    assert_int_equal(chdir("/"), 0);
    (void)fs_remove_tree(*state, NULL);
    free(*state);
    return 0;
}

struct disk_row {
    const char *path;
    bool allow_link;
    int rc;
};

static void path_check_in__refuses_links_on_the_way(void **state)
{
    static const struct disk_row rows[] = {
        {"dir/file", false, VDO_OK},
        {"dir", false, VDO_OK},
        {"new", false, VDO_OK},
        {"new/deep/file", false, VDO_OK},
        {"dir/new", false, VDO_OK},
        {"link", true, VDO_OK},
        {"dangling", true, VDO_OK},
        {"link", false, VDO_E_REFUSED},
        {"dangling", false, VDO_E_REFUSED},
        {"away/secret", true, VDO_E_REFUSED},
        {"up/secret", true, VDO_E_REFUSED},
        {"up/new", true, VDO_E_REFUSED},
        {"inner/file", true, VDO_E_REFUSED},
        {"dangling/x", true, VDO_E_REFUSED},
        {"magic/passwd", true, VDO_E_REFUSED},
        {"dir/file/below", false, VDO_E_REFUSED},
        {"pipe", true, VDO_E_REFUSED},
        {"pipe/x", true, VDO_E_REFUSED},
        {"dir/.git/config", false, VDO_E_REFUSED},
        {"../outside/secret", false, VDO_E_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        int rc = path_check_in("tree", rows[i].path, rows[i].allow_link, &err);

        if (rc != rows[i].rc)
            fail_msg("%s: %d, not %d (%s)", rows[i].path, rc, rows[i].rc, err.text);
    }
    assert_int_equal(path_check_in("no-such-tree", "a", false, NULL), VDO_E_NOT_FOUND);
}

static void path_open_in__opens_only_what_lies_below(void **state)
{
    static const struct disk_row rows[] = {
        {"dir/file", false, VDO_OK},           {"dir", false, VDO_OK},
        {"new", false, VDO_E_NOT_FOUND},       {"new/deep", false, VDO_E_NOT_FOUND},
        {"link", false, VDO_E_REFUSED},        {"away/secret", false, VDO_E_REFUSED},
        {"up/secret", false, VDO_E_REFUSED},   {"inner/file", false, VDO_E_REFUSED},
        {"magic/hosts", false, VDO_E_REFUSED}, {"dir/file/x", false, VDO_E_REFUSED},
        {"pipe", false, VDO_E_REFUSED},        {"dangling", false, VDO_E_REFUSED},
        {"../tree/dir", false, VDO_E_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        int fd = -1;
        int rc = path_open_in("tree", rows[i].path, O_RDONLY, 0, &fd, &err);

        if (rc != rows[i].rc)
            fail_msg("%s: %d, not %d (%s)", rows[i].path, rc, rows[i].rc, err.text);
        assert_int_equal(fd >= 0, rc == VDO_OK);
        if (fd >= 0)
            (void)close(fd);
    }
}

static void path_open_in__creates_and_says_why_it_cannot(void **state)
{
    struct stat st;
    int fd = -1;

    (void)state;
    assert_int_equal(path_open_in("tree", "dir/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &fd, NULL),
                     VDO_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640 & ~umask(022));
    (void)close(fd);
    assert_int_equal(path_open_in("tree", "dir/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &fd, NULL),
                     VDO_E_CONFLICT);
    assert_int_equal(path_open_in("tree", "dir", O_WRONLY, 0, &fd, NULL), VDO_E_INVALID);
    assert_int_equal(path_open_in("tree", "dangling", O_WRONLY | O_CREAT, 0600, &fd, NULL),
                     VDO_E_REFUSED);
    assert_int_equal(access("tree/nowhere", F_OK), -1);
}

static void open_by_steps__follows_no_link_either(void **state)
{
    static const char *const bad[] = {"away/secret", "up/secret",   "inner/file",
                                      "link",        "magic/hosts", "dangling"};
    char text[16] = "";
    int root = open("tree", O_PATH | O_DIRECTORY);
    int fd = open_by_steps(root, "dir/file", O_RDONLY, 0);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof(text) - 1), 7);
    assert_string_equal(text, "content");
    (void)close(fd);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        assert_int_equal(open_by_steps(root, bad[i], O_RDONLY, 0), -1);
        assert_int_equal(errno, ELOOP);
    }
    assert_int_equal(open_by_steps(root, "dir/file/x", O_RDONLY, 0), -1);
    assert_int_equal(errno, ENOTDIR);
    fd = open_by_steps(root, "dir/made", O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)close(root);
}

static void path_make_parents_in__makes_directories_but_follows_no_link(void **state)
{
    (void)state;
    assert_int_equal(path_make_parents_in("tree", "a/b/c/file", 0755, NULL), VDO_OK);
    assert_true(fs_is_dir("tree/a/b/c"));
    assert_int_equal(access("tree/a/b/c/file", F_OK), -1);
    assert_int_equal(path_make_parents_in("tree", "a/b/other", 0755, NULL), VDO_OK);
    assert_int_equal(path_make_parents_in("tree", "top", 0755, NULL), VDO_OK);
    assert_int_equal(path_make_parents_in("tree", "up/x/file", 0755, NULL), VDO_E_REFUSED);
    assert_int_equal(access("outside/x", F_OK), -1);
    assert_int_equal(path_make_parents_in("tree", "dir/file/x", 0755, NULL), VDO_E_REFUSED);
    assert_int_equal(path_make_parents_in("tree", "../x/y", 0755, NULL), VDO_E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_check__lets_ordinary_names_pass),
        cmocka_unit_test(path_check__refuses_what_breaks_a_rule),
        cmocka_unit_test(path_check__limits_component_and_path),
        cmocka_unit_test(path_check__names_the_path_and_the_rule),
        cmocka_unit_test_setup_teardown(path_check_in__refuses_links_on_the_way, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(path_open_in__opens_only_what_lies_below, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(path_open_in__creates_and_says_why_it_cannot, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(open_by_steps__follows_no_link_either, make_tree,
                                        remove_tree),
        cmocka_unit_test_setup_teardown(path_make_parents_in__makes_directories_but_follows_no_link,
                                        make_tree, remove_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
