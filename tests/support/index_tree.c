#include "index_tree.h"

#include "git_fixture.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int index_tree_setup(void **state)
{
    struct index_tree *t = xcalloc(1, sizeof(*t));

    t->dir = git_fixture_dir();
    t->root = fs_join(t->dir, "tree");
    t->db = fs_join(t->dir, "index.db");
    assert_int_equal(fs_make_dirs(t->root, 0700, NULL), VDO_OK);
    assert_int_equal(code_index_open(t->db, &t->index, NULL), VDO_OK);
    *state = t;
    return 0;
}

int index_tree_teardown(void **state)
{
    struct index_tree *t = *state;

    code_index_close(t->index);
    assert_int_equal(fs_remove_tree(t->dir, NULL), VDO_OK);
    free(t->dir);
    free(t->root);
    free(t->db);
    free(t);
    return 0;
}

void index_tree_put_bytes(struct index_tree *t, const char *path, const void *bytes, size_t len)
{
    AUTO_FREE char *full = fs_join(t->root, path);
    AUTO_FREE char *dir = xstrdup(full);

    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_make_dirs(dir, 0700, NULL), VDO_OK);
    assert_int_equal(fs_write_atomic(full, bytes, len, 0600, NULL), VDO_OK);
}

void index_tree_put(struct index_tree *t, const char *path, const char *text)
{
    index_tree_put_bytes(t, path, text, strlen(text));
}

void index_tree_remove(struct index_tree *t, const char *path)
{
    AUTO_FREE char *full = fs_join(t->root, path);

    assert_int_equal(unlink(full), 0);
}

struct code_index_stats index_tree_refresh(struct index_tree *t)
{
    struct code_index_stats stats;
    struct err err = {0};

    if (code_index_dir(t->index, t->root, NULL, &err))
        fail_msg("%s", err.text);
    code_index_stats(t->index, &stats);
    return stats;
}

char *index_tree_locate(struct index_tree *t, const char *text, size_t n)
{
    struct code_hit *hits = NULL;
    struct err err = {0};
    struct strbuf out;
    size_t found = 0;

    if (code_index_locate(t->index, text, n, &hits, &found, &err))
        fail_msg("%s", err.text);
    strbuf_init(&out, 1 << 20);
    for (size_t i = 0; i < found; i++) {
        assert_true(*hits[i].reason);
        assert_true(hits[i].line <= hits[i].line_end);
        (void)strbuf_addf(&out, "%s ", hits[i].path);
    }
    code_hits_free(hits, found);
    return strbuf_take(&out, NULL);
}
