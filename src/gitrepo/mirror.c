#include "lock.h"
#include "repo.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_LOCK_MS = 30000, LEAST_SHORT_ID = 4 };

static int make_repository(const char *dir, git_repository **out)
{
    git_repository_init_options options;

    (void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    options.mode = GIT_REPOSITORY_INIT_SHARED_UMASK;
    options.initial_head = "vdo-mirror"; /* never born: branches live below refs/remotes */
    return git_repository_init_ext(out, dir, &options);
}

/* The lock keeps two from making it at once; what a crash left half made is completed. */
static int open_or_make(const char *dir, git_repository **out, struct err *err)
{
    int lock_fd = -1;
    int rc = git_repository_open_bare(out, dir);

    if (rc != GIT_ENOTFOUND)
        return rc ? fail_git(err, rc, "open mirror %s", dir) : VDO_OK;
    git_error_clear();
    rc = fs_make_dirs(dir, 0700, err);
    if (!rc)
        rc = lock_mirror(dir, OPEN_LOCK_MS, NULL, &lock_fd, err);
    if (rc)
        return rc;
    rc = make_repository(dir, out);
    if (rc)
        (void)fail_git(err, rc, "make mirror %s", dir);
    (void)close(lock_fd);
    return rc ? VDO_E_IO : VDO_OK;
}

void mirror_reload(struct mirror *mirror)
{
    git_reference *ref = NULL;
    const char *target;

    free(mirror->default_branch);
    mirror->default_branch = NULL;
    if (git_reference_lookup(&ref, mirror->repo, REF_DEFAULT) == 0) {
        target = git_reference_symbolic_target(ref);
        if (target && strncmp(target, REF_ORIGIN, strlen(REF_ORIGIN)) == 0)
            mirror->default_branch = xstrdup(target + strlen(REF_ORIGIN));
    }
    git_reference_free(ref);
    git_error_clear();
}

int mirror_open(const char *dir, struct mirror **out, struct err *err)
{
    struct mirror *mirror = xcalloc(1, sizeof(*mirror));
    int rc = open_or_make(dir, &mirror->repo, err);

    if (rc) {
        mirror_close(mirror);
        return rc;
    }
    rc = git_repository_odb(&mirror->odb, mirror->repo);
    if (rc) {
        (void)fail_git(err, rc, "open objects of mirror %s", dir);
        mirror_close(mirror);
        return VDO_E_IO;
    }
    mirror->dir = xstrdup(dir);
    mirror_reload(mirror);
    *out = mirror;
    return VDO_OK;
}

void mirror_close(struct mirror *mirror)
{
    if (!mirror)
        return;
    git_odb_free(mirror->odb);
    git_repository_free(mirror->repo);
    free(mirror->default_branch);
    free(mirror->dir);
    free(mirror);
}

const char *mirror_default_branch(const struct mirror *mirror)
{
    return mirror->default_branch;
}

static int peel_to_commit(git_object *object, char oid[GIT_OID_HEX_SIZE])
{
    git_object *commit = NULL;
    int rc = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);

    if (!rc)
        oid_to_hex(git_object_id(commit), oid);
    git_object_free(commit);
    return rc;
}

/* A ref by its full name, to the commit behind it. */
static int resolve_name(struct mirror *mirror, const char *name, char oid[GIT_OID_HEX_SIZE])
{
    git_object *object = NULL;
    git_oid target;
    int rc = git_reference_name_to_id(&target, mirror->repo, name);

    if (!rc)
        rc = git_object_lookup(&object, mirror->repo, &target, GIT_OBJECT_ANY);
    if (!rc)
        rc = peel_to_commit(object, oid);
    git_object_free(object);
    return rc;
}

static int resolve_id(struct mirror *mirror, const char *hex, char oid[GIT_OID_HEX_SIZE])
{
    size_t len = strlen(hex);
    git_object *object = NULL;
    git_oid id;
    int rc;

    if (len < LEAST_SHORT_ID || len > GIT_OID_HEXSZ || strspn(hex, "0123456789abcdefABCDEF") != len)
        return GIT_ENOTFOUND;
    rc = git_oid_fromstrn(&id, hex, len);
    if (!rc)
        rc = git_object_lookup_prefix(&object, mirror->repo, &id, len, GIT_OBJECT_ANY);
    if (!rc)
        rc = peel_to_commit(object, oid);
    git_object_free(object);
    return rc;
}

static int resolve_any(struct mirror *mirror, const char *ref, char oid[GIT_OID_HEX_SIZE])
{
    AUTO_FREE char *branch = NULL;
    AUTO_FREE char *tag = NULL;

    if (strlen(ref) == GIT_OID_HEXSZ && resolve_id(mirror, ref, oid) == 0)
        return 0;
    if (strcmp(ref, "HEAD") == 0)
        return resolve_name(mirror, REF_HEAD, oid) ? resolve_name(mirror, "HEAD", oid) : 0;
    if (strncmp(ref, "refs/tags/", 10) == 0)
        return resolve_name(mirror, ref, oid);
    if (strncmp(ref, "refs/heads/", 11) == 0)
        ref += 11;
    branch = xasprintf(REF_ORIGIN "%s", ref);
    tag = xasprintf("refs/tags/%s", ref);
    if (resolve_name(mirror, branch, oid) == 0 || resolve_name(mirror, tag, oid) == 0)
        return 0;
    return resolve_id(mirror, ref, oid);
}

int mirror_resolve(struct mirror *mirror, const char *ref, char oid[GIT_OID_HEX_SIZE],
                   struct err *err)
{
    char found[GIT_OID_HEX_SIZE];
    int rc = resolve_any(mirror, ref, found);

    git_error_clear();
    if (rc == GIT_EAMBIGUOUS)
        return err_set(err, VDO_E_INVALID, "'%.200s' is the start of several commit ids", ref);
    if (rc)
        return err_set(err, VDO_E_NOT_FOUND, "no branch, tag or commit '%.200s'", ref);
    memcpy(oid, found, sizeof(found));
    return VDO_OK;
}
