#include "edit_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

enum { MAX_DUMP = 64 * 1024 * 1024 };

char *edit_tree_new(void)
{
    const char *tmp = getenv("TMPDIR");
    char *dir = xasprintf("%s/vdo-edit-XXXXXX", tmp ? tmp : "/tmp");

    assert_non_null(mkdtemp(dir));
    return dir;
}

void edit_tree_remove(char *dir)
{
    if (dir)
        (void)fs_remove_tree(dir, NULL);
    free(dir);
}

void edit_tree_put_bytes(const char *dir, const char *path, const void *bytes, size_t len,
                         mode_t mode)
{
    char *full = fs_join(dir, path);
    char *slash = strrchr(full, '/');

    *slash = '\0';
    assert_int_equal(fs_make_dirs(full, 0755, NULL), 0);
    *slash = '/';
    assert_int_equal(fs_write_atomic(full, bytes, len, mode, NULL), 0);
    assert_int_equal(chmod(full, mode), 0);
    free(full);
}

void edit_tree_put(const char *dir, const char *path, const char *content)
{
    edit_tree_put_bytes(dir, path, content, strlen(content), 0644);
}

char *edit_tree_get(const char *dir, const char *path)
{
    char *full = fs_join(dir, path);
    char *bytes = NULL;

    assert_int_equal(fs_read_file(full, MAX_DUMP, &bytes, NULL, NULL), 0);
    free(full);
    return bytes;
}

static void dump_file(struct strbuf *sb, const char *full)
{
    char *bytes = NULL;
    size_t len = 0;

    assert_int_equal(fs_read_file(full, MAX_DUMP, &bytes, &len, NULL), 0);
    (void)strbuf_addf(sb, "%zu bytes\n", len);
    (void)strbuf_add(sb, bytes, len);
    (void)strbuf_adds(sb, "\n");
    free(bytes);
}

static void dump(struct strbuf *sb, const char *dir, const char *below, bool all)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, NULL, alphasort);

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        char *full = fs_join(dir, name);
        char *path = below[0] ? fs_join(below, name) : xstrdup(name);
        char target[PATH_MAX];
        struct stat st;

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            assert_int_equal(lstat(full, &st), 0);
            if (all || !S_ISDIR(st.st_mode))
                (void)strbuf_addf(sb, "=== %s ", path);
            if (all)
                (void)strbuf_addf(sb, "%o ", st.st_mode);
            if (S_ISDIR(st.st_mode)) {
                (void)strbuf_adds(sb, all ? "\n" : "");
                dump(sb, full, path, all);
            } else if (S_ISLNK(st.st_mode)) {
                ssize_t len = readlink(full, target, sizeof(target) - 1);

                assert_true(len >= 0);
                (void)strbuf_addf(sb, "-> %.*s\n", (int)len, target);
            } else {
                dump_file(sb, full);
            }
        }
        free(full);
        free(path);
        free(list[i]);
    }
    free(list);
}

static char *dump_tree(const char *dir, bool all)
{
    struct strbuf sb;

    strbuf_init(&sb, MAX_DUMP);
    dump(&sb, dir, "", all);
    assert_false(strbuf_overflowed(&sb));
    return strbuf_take(&sb, NULL);
}

char *edit_tree_dump(const char *dir)
{
    return dump_tree(dir, true);
}

char *edit_tree_files(const char *dir)
{
    return dump_tree(dir, false);
}
