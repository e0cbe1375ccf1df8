#include "repo.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <string.h>

#include <git2/sys/commit.h>

/* Names come from outside; what a commit header cannot hold is left out. */
static char *clean_name(const char *name, const char *fallback)
{
    char *clean = xstrdup(name ? name : "");
    size_t len = 0;

    for (const char *at = clean; *at; at++)
        if (!strchr("<>", *at) && !iscntrl((unsigned char)*at))
            clean[len++] = *at;
    while (len > 0 && clean[len - 1] == ' ')
        len--;
    clean[len] = '\0';
    if (clean[strspn(clean, " .,:;\"'\\")])
        return clean;
    auto_free_ptr(&clean);
    return xstrdup(fallback);
}

static int make_signature(const struct commit_spec *spec, git_signature **out, struct err *err)
{
    AUTO_FREE char *name = clean_name(spec->author_name, "unknown");
    AUTO_FREE char *email = clean_name(spec->author_email, "unknown@localhost");
    int rc = git_signature_new(out, name, email, spec->time_s, 0);

    return rc ? fail_git(err, rc, "author '%.100s' <%.100s>", name, email) : VDO_OK;
}

static int make_commit(struct mirror *mirror, const struct commit_spec *spec,
                       const git_signature *who, git_oid *out, struct err *err)
{
    git_oid tree;
    git_oid parent;
    const git_oid *parents[] = {&parent};
    int rc = parse_oid(spec->tree, &tree, err);

    if (!rc && spec->parent)
        rc = parse_oid(spec->parent, &parent, err);
    if (rc)
        return rc;
    rc = git_commit_create_from_ids(out, mirror->repo, NULL, who, who, NULL, spec->message, &tree,
                                    spec->parent ? 1 : 0, parents);
    return rc ? fail_git(err, rc, "make the commit of tree %s", spec->tree) : VDO_OK;
}

int mirror_commit(struct mirror *mirror, const struct commit_spec *spec, char oid[GIT_OID_HEX_SIZE],
                  struct err *err)
{
    git_signature *who = NULL;
    git_oid made;
    int rc = make_signature(spec, &who, err);

    if (rc)
        return rc;
    rc = make_commit(mirror, spec, who, &made, err);
    git_signature_free(who);
    if (!rc)
        oid_to_hex(&made, oid);
    return rc;
}
