#include "lock_files.h"

#include "../workspace.h"
#include "dir_walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/checks/find.h"
#include "vdo/json/json.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES (16UL * VDO_MIB)

static const char *const filled[] = {"node_modules",  "bower_components", "vendor", ".venv",
                                     "venv",          ".bundle",          "Pods",   ".pnpm-store",
                                     "__pypackages__"};

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static bool is_lock_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    for (const char *const *name = checks_lock_files(); *name; name++) {
        if (fnmatch(*name, slash ? slash + 1 : path, 0) == 0)
            return true;
    }
    return false;
}

bool lock_files_is_filled(const char *name)
{
    for (size_t i = 0; i < N_OF(filled); i++) {
        if (strcmp(filled[i], name) == 0)
            return true;
    }
    return false;
}

static int note_entry(void *arg, const struct tree_entry *entry)
{
    if (is_lock_file(entry->path))
        (void)json_object_set_new(arg, entry->path, json_string(entry->oid));
    return 0;
}

int lock_files_at_base(struct job_run *run, json_t **out, struct err *err)
{
    json_auto_t *found = json_object();
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = mirror_walk(run->mirror, run_str(run, "checkout.base_sha"), false, note_entry, found,
                         err);
    if (!rc)
        *out = json_incref(found);
    return rc;
}

struct comparison {
    struct job_run *run;
    const json_t *at_base;
    size_t same;
    bool differs;
};

static bool has_blob(const struct comparison *c, const struct dir_entry *entry, const char *oid)
{
    AUTO_FREE char *is = NULL;
    AUTO_FREE char *was = NULL;
    size_t is_len = 0;
    size_t was_len = 0;

    return dir_read(entry, MOST_BYTES, &is, &is_len, NULL) == 0 &&
           mirror_read_blob(c->run->mirror, oid, MOST_BYTES, &was, &was_len, NULL) == 0 &&
           is_len == was_len && memcmp(is, was, is_len) == 0;
}

static enum dir_walk_next compare(void *arg, const struct dir_entry *entry)
{
    struct comparison *c = arg;
    const char *oid;

    if (S_ISDIR(entry->st->st_mode))
        return strcmp(entry->path, ".git") == 0 ? DIR_WALK_PASS_OVER : DIR_WALK_ON;
    if (!is_lock_file(entry->path))
        return DIR_WALK_ON;
    oid = json_string_value(json_object_get(c->at_base, entry->path));
    c->differs = !oid || !has_blob(c, entry, oid);
    c->same++;
    return c->differs ? DIR_WALK_END : DIR_WALK_ON;
}

int lock_files_same(struct job_run *run, const json_t *at_base, const char *dir, bool *out,
                    struct err *err)
{
    struct comparison c = {.run = run, .at_base = at_base};
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = dir_walk(dir, compare, &c, err);
    if (!rc)
        *out = !c.differs && c.same == json_object_size(at_base);
    return rc;
}
