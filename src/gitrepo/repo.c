#include "repo.h"

#include "vdo/base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CODE_TIMEOUT = -37 /* GIT_TIMEOUT of libgit2 1.7 */, CACHE_BYTES = 64 << 20 };

static enum vdo_code translate(int rc)
{
    switch (rc) {
    case GIT_ENOTFOUND:
        return VDO_E_NOT_FOUND;
    case GIT_EAMBIGUOUS:
    case GIT_EINVALIDSPEC:
    case GIT_EINVALID:
    case GIT_EPEEL:
        return VDO_E_INVALID;
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
        return VDO_E_REFUSED;
    case GIT_ELOCKED:
    case CODE_TIMEOUT:
        return VDO_E_TEMPORARY;
    case GIT_EEXISTS:
    case GIT_EMODIFIED:
    case GIT_ENONFASTFORWARD:
        return VDO_E_CONFLICT;
    default:
        return VDO_E_IO;
    }
}

int fail_git(struct err *err, int rc, const char *fmt, ...)
{
    const git_error *last = git_error_last(); /* NULL after some failures */
    enum vdo_code code = translate(rc);
    char context[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    if (last && last->message && last->klass != GIT_ERROR_NONE)
        (void)err_set(err, code, "%s: %.*s", context, (int)strcspn(last->message, "\n"),
                      last->message);
    else
        (void)err_set(err, code, "%s: libgit2 code %d", context, rc);
    git_error_clear();
    return code;
}

int parse_oid(const char *hex, git_oid *out, struct err *err)
{
    if (hex && strlen(hex) == GIT_OID_HEXSZ && git_oid_fromstr(out, hex) == 0)
        return VDO_OK;
    git_error_clear();
    return err_set(err, VDO_E_INVALID, "'%.60s' is not a full object id", hex ? hex : "");
}

void oid_to_hex(const git_oid *oid, char hex[GIT_OID_HEX_SIZE])
{
    (void)git_oid_tostr(hex, GIT_OID_HEX_SIZE, oid);
}

int find_tree(struct mirror *mirror, const char *treeish, git_tree **out, struct err *err)
{
    git_object *object = NULL;
    git_object *tree = NULL;
    git_oid oid;
    int rc = parse_oid(treeish, &oid, err);

    if (rc)
        return rc;
    rc = git_object_lookup(&object, mirror->repo, &oid, GIT_OBJECT_ANY);
    if (!rc)
        rc = git_object_peel(&tree, object, GIT_OBJECT_TREE);
    git_object_free(object);
    if (rc)
        return fail_git(err, rc, "tree of %s", treeish);
    *out = (git_tree *)tree;
    return VDO_OK;
}

/* Nothing of the machine's or the user's git counts; who owns a repository is not our question: a
 * service may read one of another user. */
static int set_options(void)
{
    static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL,
                                 GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA};
    int rc = 0;

    for (size_t i = 0; !rc && i < sizeof(levels) / sizeof(levels[0]); i++)
        rc = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    if (!rc)
        rc = git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    if (!rc)
        rc = git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_BYTES);
    return rc;
}

int gitrepo_startup(struct err *err)
{
    int rc = git_libgit2_init();

    if (rc < 0)
        return fail_git(err, rc, "start libgit2");
    rc = set_options();
    if (rc < 0) {
        (void)fail_git(err, rc, "set up libgit2");
        (void)git_libgit2_shutdown();
        return VDO_E_IO;
    }
    return VDO_OK;
}

void gitrepo_shutdown(void)
{
    (void)git_libgit2_shutdown();
}
