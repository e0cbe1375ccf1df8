#include "walk.h"

#include "ignore.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 128, MAX_IGNORE_FILE = 256 * 1024 };

struct walk {
    const struct walk_options *options;
    walk_fn fn;
    void *arg;
    struct walk_stats *stats;
    struct err *err;
    struct ignore_level *ignore;
    char path[VDO_MAX_PATH_BYTES + 1];
};

struct name {
    char *text;
    bool is_dir;
};

struct names {
    struct name *list;
    size_t n;
    size_t cap;
};

bool walk_path_is_plain(const char *path)
{
    size_t len = strlen(path);

    if (!len || len > VDO_MAX_PATH_BYTES)
        return false;
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            return false;
    }
    return utf8_is_valid(path, len);
}

/* git sorts a directory as if its name ended in a slash. */
static int compare_names(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    const unsigned char *p = (const unsigned char *)x->text;
    const unsigned char *q = (const unsigned char *)y->text;
    int c;
    int d;

    while (*p && *p == *q) {
        p++;
        q++;
    }
    c = *p ? *p : x->is_dir ? '/' : 0;
    d = *q ? *q : y->is_dir ? '/' : 0;
    return c - d;
}

/* Is it something the walk enters or gives? out_dir tells which. */
static bool wanted(int dir_fd, const struct dirent *entry, bool *out_dir)
{
    struct stat st;
    unsigned char type = entry->d_type;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        strcmp(entry->d_name, ".git") == 0)
        return false;
    if (type == DT_UNKNOWN) {
        if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            return false;
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_LNK;
    }
    *out_dir = type == DT_DIR;
    return type == DT_DIR || type == DT_REG;
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i].text);
    free(names->list);
}

/* The DIR takes fd over, so the caller gives a copy. */
static bool read_names(int fd, struct names *out, struct walk_stats *stats)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;
    bool is_dir;

    if (!dir) {
        if (copy >= 0)
            (void)close(copy);
        return false;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(dir)) && out->n <= VDO_MAX_TREE_FILES) {
        if (!wanted(fd, entry, &is_dir))
            continue;
        if (!walk_path_is_plain(entry->d_name)) {
            stats->skipped++;
            continue;
        }
        if (out->n == out->cap) {
            out->cap = out->cap ? out->cap * 2 : 32;
            out->list = xreallocarray(out->list, out->cap, sizeof(*out->list));
        }
        out->list[out->n++] = (struct name){xstrdup(entry->d_name), is_dir};
    }
    (void)closedir(dir);
    if (out->n)
        qsort(out->list, out->n, sizeof(*out->list), compare_names);
    return true;
}

int walk_read(const struct walk_file *file, size_t max, struct walk_buffer *buffer)
{
    int fd =
        openat(file->dir_fd, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n = 0;

    if (fd < 0)
        return VDO_E_NOT_FOUND;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return VDO_E_NOT_FOUND;
    }
    if ((uint64_t)st.st_size > max) {
        (void)close(fd);
        return VDO_E_TOO_LARGE;
    }
    if (buffer->cap < (size_t)st.st_size + 1) {
        buffer->cap =
            buffer->cap * 2 > (size_t)st.st_size ? buffer->cap * 2 : (size_t)st.st_size + 1;
        free(buffer->bytes);
        buffer->bytes = xmalloc(buffer->cap);
    }
    buffer->len = 0;
    while (buffer->len < (size_t)st.st_size) {
        n = read(fd, buffer->bytes + buffer->len, (size_t)st.st_size - buffer->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buffer->len += (size_t)n;
    }
    buffer->bytes[buffer->len] = '\0';
    (void)close(fd);
    return n < 0 ? VDO_E_NOT_FOUND : VDO_OK;
}

static void add_ignore_file(struct walk *w, int fd, const char *name, const char *base)
{
    struct walk_file file = {.name = name, .dir_fd = fd};
    struct walk_buffer buffer = {0};

    if (walk_read(&file, MAX_IGNORE_FILE, &buffer) == VDO_OK)
        w->ignore = ignore_push(w->ignore, base, buffer.bytes, buffer.len);
    free(buffer.bytes);
}

static bool time_is_up(const struct walk *w)
{
    return w->options->deadline_mono_ms &&
           clock_mono_ms(clock_real()) >= w->options->deadline_mono_ms;
}

static int give_file(struct walk *w, int fd, const char *name)
{
    struct stat st;
    struct walk_file file = {.path = w->path, .name = name, .st = &st, .dir_fd = fd};

    if (w->options->cancel && atomic_load(w->options->cancel))
        return err_set(w->err, VDO_E_CANCELLED, "cancelled");
    if (w->stats->files >= VDO_MAX_TREE_FILES) {
        w->stats->cut = true;
        return 1;
    }
    if (time_is_up(w)) {
        w->stats->late = true;
        return 1;
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
        return 0;
    w->stats->files++;
    return w->fn(w->arg, &file, w->err);
}

static int walk_dir(struct walk *w, int fd, size_t path_len, int depth);

static int enter(struct walk *w, int fd, const char *name, size_t path_len, int depth)
{
    int below;
    int rc;

    if (depth >= MAX_DEPTH) {
        w->stats->skipped++;
        return 0;
    }
    below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0) {
        w->stats->skipped++;
        return 0;
    }
    rc = walk_dir(w, below, path_len, depth + 1);
    (void)close(below);
    return rc;
}

static int walk_names(struct walk *w, int fd, size_t path_len, int depth, const struct names *names)
{
    size_t base = path_len ? path_len + 1 : 0;
    int rc = 0;

    for (size_t i = 0; i < names->n && rc == 0; i++) {
        const struct name *name = &names->list[i];
        size_t len = strlen(name->text);

        if (base + len > VDO_MAX_PATH_BYTES) {
            w->stats->skipped++;
            continue;
        }
        if (path_len)
            w->path[path_len] = '/';
        memcpy(w->path + base, name->text, len + 1);
        if (ignore_match(w->ignore, w->path, name->is_dir))
            continue;
        rc = name->is_dir ? enter(w, fd, name->text, base + len, depth) :
                            give_file(w, fd, name->text);
    }
    return rc;
}

static int walk_dir(struct walk *w, int fd, size_t path_len, int depth)
{
    struct ignore_level *outer = w->ignore;
    struct names names = {0};
    int rc = 0;

    w->path[path_len] = '\0';
    if (!w->options->git_ignored)
        add_ignore_file(w, fd, ".gitignore", w->path);
    add_ignore_file(w, fd, ".vdoignore", w->path);
    if (read_names(fd, &names, w->stats))
        rc = walk_names(w, fd, path_len, depth, &names);
    else
        w->stats->skipped++;
    names_release(&names);
    w->ignore = ignore_pop(w->ignore, outer);
    return rc;
}

/* Go down to options->sub, one component at a time, taking the ignore files on the way. */
static int open_sub(struct walk *w, int *fd, size_t *path_len, int *depth)
{
    AUTO_FREE char *sub = xstrdup(w->options->sub ? w->options->sub : "");
    char *save = NULL;

    for (char *part = strtok_r(sub, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        size_t len = strlen(part);
        int below;

        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0 || strcmp(part, ".git") == 0 || ++*depth > MAX_DEPTH ||
            *path_len + len + 1 > VDO_MAX_PATH_BYTES)
            return VDO_E_NOT_FOUND;
        w->path[*path_len] = '\0';
        if (!w->options->git_ignored)
            add_ignore_file(w, *fd, ".gitignore", w->path);
        add_ignore_file(w, *fd, ".vdoignore", w->path);
        below = openat(*fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0)
            return VDO_E_NOT_FOUND;
        (void)close(*fd);
        *fd = below;
        if (*path_len)
            w->path[(*path_len)++] = '/';
        memcpy(w->path + *path_len, part, len);
        *path_len += len;
    }
    return VDO_OK;
}

int walk_tree(const char *dir, const struct walk_options *options, walk_fn fn, void *arg,
              struct walk_stats *stats, struct err *err)
{
    static const struct walk_options none = {0};
    struct walk_stats own = {0};
    struct walk *w;
    size_t path_len = 0;
    int depth = 0;
    int rc;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? VDO_E_NOT_FOUND : VDO_E_IO,
                       "open directory %s: %s", dir, strerrordesc_np(errno));
    w = xcalloc(1, sizeof(*w));
    w->options = options ? options : &none;
    w->fn = fn;
    w->arg = arg;
    w->stats = stats ? stats : &own;
    w->err = err;
    *w->stats = own;
    rc = open_sub(w, &fd, &path_len, &depth);
    if (rc)
        rc = err_set(err, rc, "%s is no directory of the tree", w->options->sub);
    else
        rc = walk_dir(w, fd, path_len, depth);
    (void)ignore_pop(w->ignore, NULL);
    (void)close(fd);
    free(w);
    return rc > 0 ? VDO_OK : rc;
}
