#include "tree_list.h"

#include "dir_walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_FILE (64UL * VDO_MIB) /* larger ones count by size and time of the last change */

struct item {
    char *path;
    mode_t mode; /* kind and the owner's execute bit */
    unsigned char digest[SHA256_SIZE];
};

struct tree_list {
    struct item *items; /* sorted by path */
    size_t n;
    size_t room;
};

static mode_t kind_of(const struct stat *st)
{
    return st->st_mode & (S_IFMT | (S_ISREG(st->st_mode) ? S_IXUSR : 0));
}

static int digest_of(const struct dir_entry *entry, unsigned char digest[SHA256_SIZE])
{
    char target[PATH_MAX];
    char *bytes = NULL;
    size_t len = 0;
    ssize_t n;

    memset(digest, 0, SHA256_SIZE);
    if (S_ISLNK(entry->st->st_mode)) {
        n = readlinkat(entry->dirfd, entry->name, target, sizeof(target));
        sha256(target, n > 0 ? (size_t)n : 0, digest);
    } else if (S_ISREG(entry->st->st_mode) && (size_t)entry->st->st_size > MOST_FILE) {
        sha256(&entry->st->st_ctim, sizeof(entry->st->st_ctim), digest);
    } else if (S_ISREG(entry->st->st_mode)) {
        if (dir_read(entry, MOST_FILE, &bytes, &len, NULL))
            return -1;
        sha256(bytes, len, digest);
        free(bytes);
    }
    return 0;
}

static enum dir_walk_next add(void *arg, const struct dir_entry *entry)
{
    struct tree_list *list = arg;
    struct item *item;

    if (list->n == list->room) {
        list->room = list->room ? list->room * 2 : 256;
        list->items = xreallocarray(list->items, list->room, sizeof(*list->items));
    }
    item = &list->items[list->n++];
    *item = (struct item){.path = xstrdup(entry->path), .mode = kind_of(entry->st)};
    (void)digest_of(entry, item->digest);
    return DIR_WALK_ON;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

int tree_list_read(const char *dir, struct tree_list **out, struct err *err)
{
    struct tree_list *list = xcalloc(1, sizeof(*list));
    int rc = dir_walk(dir, add, list, err);

    if (rc) {
        tree_list_free(list);
        return rc;
    }
    if (list->n)
        qsort(list->items, list->n, sizeof(*list->items), by_path);
    *out = list;
    return VDO_OK;
}

void tree_list_free(struct tree_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i].path);
    free(list->items);
    free(list);
}

struct comparison {
    const struct tree_list *list;
    size_t seen;
    json_t *made;
    char *changed;
};

static enum dir_walk_next compare(void *arg, const struct dir_entry *entry)
{
    struct comparison *c = arg;
    const struct item key = {.path = (char *)(uintptr_t)entry->path};
    const struct item *was =
        c->list->n ? bsearch(&key, c->list->items, c->list->n, sizeof(key), by_path) : NULL;
    unsigned char digest[SHA256_SIZE];

    if (!was) {
        (void)json_array_append_new(c->made, js_string_lossy(entry->path, strlen(entry->path)));
        return DIR_WALK_PASS_OVER;
    }
    c->seen++;
    if (was->mode == kind_of(entry->st) && digest_of(entry, digest) == 0 &&
        memcmp(digest, was->digest, sizeof(digest)) == 0)
        return DIR_WALK_ON;
    c->changed = xstrdup(entry->path);
    return DIR_WALK_END;
}

int tree_list_compare(const struct tree_list *list, const char *dir, json_t **out_made,
                      char **out_changed, struct err *err)
{
    struct comparison c = {.list = list, .made = json_array()};
    int rc = dir_walk(dir, compare, &c, err);

    if (!rc && !c.changed && c.seen < list->n)
        c.changed = xstrdup("a file that was removed");
    if (rc) {
        json_decref(c.made);
        free(c.changed);
        return rc;
    }
    *out_made = c.made;
    *out_changed = c.changed;
    return VDO_OK;
}
