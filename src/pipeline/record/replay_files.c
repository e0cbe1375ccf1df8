/* The repository that a replay works on: the files of the record, or of the job's mirror. */
#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *from_hex(const char *text, size_t *out_len)
{
    size_t n = strlen(text) / 2;
    char *bytes = xmalloc(n + 1);

    for (size_t i = 0; i < n; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            free(bytes);
            return NULL;
        }
        bytes[i] = (char)(high * 16 + low);
    }
    bytes[n] = '\0';
    *out_len = n;
    return bytes;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int write_file(const char *dir, const char *path, const char *bytes, size_t len,
                      unsigned mode, struct err *err)
{
    int fd = -1;
    int failed;
    int rc =
        path_open_in(dir, path, O_WRONLY | O_CREAT | O_EXCL, mode & 0111 ? 0755 : 0644, &fd, err);

    if (rc)
        return rc;
    failed = write_all(fd, bytes, len);
    if (close(fd) || failed)
        return err_set(err, VDO_E_IO, "write %s", path);
    return VDO_OK;
}

static int write_entry(const char *dir, const json_t *file, struct err *err)
{
    const char *path = js_str(file, "path", "");
    const char *text = js_str(file, "text", NULL);
    unsigned mode = (unsigned)js_int(file, "mode", 0100644);
    size_t len = text ? strlen(text) : 0;
    AUTO_FREE char *bytes = text ? xstrdup(text) : from_hex(js_str(file, "hex", ""), &len);
    int rc;

    if (!bytes)
        return err_set(err, VDO_E_INVALID, "%s: hex: not hexadecimal digits", path);
    rc = path_check_in(dir, path, false, err);
    if (!rc)
        rc = path_make_parents_in(dir, path, 0755, err);
    if (rc)
        return rc;
    if (mode == 0120000) {
        AUTO_FREE char *link = fs_join(dir, path);

        return symlink(bytes, link) ? err_set(err, VDO_E_IO, "link %s", path) : VDO_OK;
    }
    return write_file(dir, path, bytes, len, mode, err);
}

/* Links last, so that no file is written through one. */
static int write_entries(const char *dir, const json_t *files, bool links, struct err *err)
{
    const json_t *file;
    size_t i;

    json_array_foreach (files, i, file) {
        bool is_link = js_int(file, "mode", 0) == 0120000;
        int rc = is_link == links ? write_entry(dir, file, err) : VDO_OK;

        if (rc)
            return err_wrap(err, "files.%zu", i), rc;
    }
    return VDO_OK;
}

static int export_mirror(const char *data_dir, const char *key, const char *base, const char *dir,
                         struct err *err)
{
    AUTO_FREE char *path = xasprintf("%s/mirrors/%s", data_dir, key);
    struct mirror *mirror = NULL;
    int rc = mirror_open(path, &mirror, err);

    if (!rc)
        rc = mirror_export(mirror, base, dir, err);
    mirror_close(mirror);
    return rc ? (err_wrap(err, "the files of %.10s", base), rc) : VDO_OK;
}

/* The one branch of a new repository gets the name that the job's base had. */
static int name_branch(const char *dir, const char *name, struct err *err)
{
    AUTO_FREE char *head = xasprintf("ref: refs/heads/%s\n", name);
    AUTO_FREE char *head_path = fs_join(dir, ".git/HEAD");
    AUTO_FREE char *from = fs_join(dir, ".git/refs/heads/main");
    AUTO_FREE char *to = xasprintf("%s/.git/refs/heads/%s", dir, name);
    AUTO_FREE char *parent = xmemdup0(to, (size_t)(strrchr(to, '/') - to));
    AUTO_FREE char *parked = fs_join(dir, ".git/replay-base");
    int rc = path_check(name, err);

    if (rc || strcmp(name, "main") == 0)
        return rc;
    if (rename(from, parked))
        return err_set(err, VDO_E_IO, "name the branch %s", name);
    rc = fs_make_dirs(parent, 0755, err);
    if (!rc && rename(parked, to))
        rc = err_set(err, VDO_E_IO, "name the branch %s", name);
    return rc ? rc : fs_write_atomic(head_path, head, strlen(head), 0644, err);
}

int replay_make_repository(const struct replay *replay, const char *data_dir, const char *dir,
                           struct err *err)
{
    const json_t *files = json_object_get(replay->record, "files");
    const json_t *checkout = replay_checkpoint(replay, "checkout");
    int rc = VDO_OK;

    if (json_is_array(files)) {
        rc = fs_make_dirs(dir, 0755, err);
        if (!rc)
            rc = write_entries(dir, files, false, err);
        if (!rc)
            rc = write_entries(dir, files, true, err);
    } else if (data_dir) {
        rc = export_mirror(data_dir, js_str(replay->record, "mirror", ""),
                           js_str(checkout, "base_sha", ""), dir, err);
    } else {
        rc = err_set(err, VDO_E_INVALID, "the record holds no files: export it again");
    }
    if (!rc)
        rc = gitrepo_make(dir, "The base of a recorded job", "VDO", "vdo@users.noreply.github.com",
                          clock_now_ms(clock_real()) / 1000, err);
    return rc ? rc : name_branch(dir, js_str(checkout, "base", "main"), err);
}
