#include "work.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void work_init(struct work *work, const struct edit_options *options)
{
    *work = (struct work){.options = options};
}

void work_forget(struct work_file *file)
{
    for (size_t i = 0; i < file->n_insertions; i++) {
        for (size_t k = 0; k < file->insertions[i].n; k++)
            free(file->insertions[i].owned[k]);
        free(file->insertions[i].owned);
        free(file->insertions[i].v);
    }
    free(file->insertions);
    free(file->removed);
    free(file->after);
    free(file->before);
    file->insertions = NULL;
    file->n_insertions = 0;
    file->removed = NULL;
    file->after = NULL;
    file->before = NULL;
    file->pending = false;
}

static void free_file(struct work_file *file)
{
    work_forget(file);
    match_text_release(&file->text);
    free(file->path);
    free(file->from);
    free(file->bytes);
    free(file->disk_bytes);
    json_decref(file->edits);
    free(file);
}

void work_release(struct work *work)
{
    for (size_t i = 0; i < work->n; i++)
        free_file(work->files[i]);
    free(work->files);
    *work = (struct work){0};
}

static bool is_protected(const char *const *globs, const char *path)
{
    for (size_t i = 0; globs && globs[i]; i++) {
        if (path_glob_match(globs[i], path))
            return true;
    }
    return false;
}

int work_check_path(const struct work *work, const char *path, struct refusal *why, struct err *err)
{
    struct err local = {0};
    int rc = path_check_in(work->options->dir, path, false, &local);

    if (rc == VDO_E_IO) {
        *err = local;
        return rc;
    }
    if (rc && rc != VDO_E_NOT_FOUND)
        return refuse(why, REASON_OUTSIDE, "%s", local.text);
    if (is_protected(path_protected_always(), path) || is_protected(work->options->protect, path) ||
        strncmp(path, EDIT_STAGE_DIR, strlen(EDIT_STAGE_DIR)) == 0)
        return refuse(why, REASON_PROTECTED, "%s is protected and is never written", path);
    return VDO_OK;
}

static int read_all(int fd, const char *path, struct work_file *file, struct refusal *why,
                    struct err *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return err_set(err, VDO_E_IO, "read %s: %s", path, strerrordesc_np(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(why, REASON_OUTSIDE, "%s is not a regular file", path);
    if ((size_t)st.st_size > VDO_MAX_SOURCE_FILE)
        return refuse(why, REASON_TOO_LARGE, "%s has %lld bytes; files over %lu are not edited",
                      path, (long long)st.st_size, VDO_MAX_SOURCE_FILE);
    file->disk_mode = st.st_mode & 07777;
    file->bytes = xmalloc((size_t)st.st_size + 1);
    while (file->len < (size_t)st.st_size) {
        ssize_t n = read(fd, file->bytes + file->len, (size_t)st.st_size - file->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, VDO_E_IO, "read %s: %s", path, strerrordesc_np(errno));
        if (n == 0)
            break;
        file->len += (size_t)n;
    }
    file->bytes[file->len] = '\0';
    return VDO_OK;
}

static void learn_endings(struct work_file *file)
{
    size_t crlf = 0;
    size_t lf = 0;

    for (size_t i = 0; i < file->text.lines.n; i++) {
        crlf += file->text.lines.v[i].eol == EOL_CRLF;
        lf += file->text.lines.v[i].eol == EOL_LF;
    }
    file->eol = crlf > lf ? EOL_CRLF : EOL_LF;
    file->mixed = crlf > 0 && lf > 0;
}

static void split_file(struct work_file *file)
{
    match_text_release(&file->text);
    file->bom = file->len >= 3 && memcmp(file->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    lines_split(&file->text.lines, file->bytes + file->bom, file->len - file->bom);
    learn_endings(file);
    file->final_eol = -1;
}

void work_set_bytes(struct work_file *file, char *bytes, size_t len)
{
    if (file->on_disk && !file->disk_bytes) {
        file->disk_bytes = file->bytes;
        file->disk_len = file->len;
    } else {
        free(file->bytes);
    }
    file->bytes = bytes;
    file->len = len;
    split_file(file);
}

static struct work_file *add_file(struct work *work, const char *path)
{
    struct work_file *file = xcalloc(1, sizeof(*file));

    if (work->n == work->cap) {
        work->cap = work->cap ? work->cap * 2 : 8;
        work->files = xreallocarray(work->files, work->cap, sizeof(struct work_file *));
    }
    file->path = xstrdup(path);
    file->final_eol = -1;
    file->eol = EOL_LF;
    file->edits = json_array();
    work->files[work->n++] = file;
    return file;
}

static struct work_file *known_file(const struct work *work, const char *path)
{
    for (size_t i = 0; i < work->n; i++) {
        if (strcmp(work->files[i]->path, path) == 0)
            return work->files[i];
    }
    return NULL;
}

static int load(struct work *work, struct work_file *file, struct refusal *why, struct err *err)
{
    struct err local = {0};
    int fd = -1;
    int rc = path_open_in(work->options->dir, file->path,
                          O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, &fd, &local);

    if (rc == VDO_E_NOT_FOUND)
        return VDO_OK;
    if (rc == VDO_E_IO || rc == VDO_E_TEMPORARY) {
        *err = local;
        return rc;
    }
    if (rc)
        return refuse(why, REASON_OUTSIDE, "%s", local.text);
    rc = read_all(fd, file->path, file, why, err);
    (void)close(fd);
    if (rc)
        return rc;
    file->on_disk = true;
    file->exists = true;
    file->mode = file->disk_mode;
    split_file(file);
    return VDO_OK;
}

int work_open(struct work *work, const char *path, struct work_file **out, struct refusal *why,
              struct err *err)
{
    int rc;

    *out = known_file(work, path);
    if (*out)
        return VDO_OK;
    rc = work_check_path(work, path, why, err);
    if (rc)
        return rc;
    *out = add_file(work, path);
    return load(work, *out, why, err);
}

bool work_has_file(struct work *work, const char *path)
{
    struct work_file *file = known_file(work, path);
    struct err ignored = {0};
    int fd = -1;
    bool found;

    if (file)
        return file->exists;
    if (path_open_in(work->options->dir, path, O_RDONLY | O_CLOEXEC, 0, &fd, &ignored))
        return false;
    {
        struct stat st;

        found = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    }
    (void)close(fd);
    return found;
}

bool work_file_differs(const struct work_file *file)
{
    const char *disk = file->disk_bytes ? file->disk_bytes : file->bytes;
    size_t disk_len = file->disk_bytes ? file->disk_len : file->len;

    if (file->exists != file->on_disk || file->from)
        return true;
    if (!file->exists)
        return false;
    return file->len != disk_len || memcmp(file->bytes, disk, disk_len) != 0 ||
           file->mode != file->disk_mode;
}
