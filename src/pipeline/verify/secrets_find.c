#include "secrets_find.h"

#include "../changes.h"
#include "base_lines.h"

#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <string.h>

/* One binary file on both sides. */
static int find_in_binary(struct job_run *run, const char *tree, const struct diff_file *file,
                          const struct change_allow *allow, json_t *secrets, struct err *err)
{
    const char *old_path = file->old_path ? file->old_path : file->path;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    size_t before_len = 0;
    size_t after_len = 0;
    struct err why = {0};
    int rc = mirror_read_file(run->mirror, tree, file->path, SECRETS_MAX_BINARY, &after, &after_len,
                              &why);

    if (rc == VDO_E_TOO_LARGE)
        return err_set(err, VDO_E_REFUSED,
                       "%.200s is larger than %lu MiB, so it cannot be searched for secrets",
                       file->path, SECRETS_MAX_BINARY >> 20);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    if (file->action != 'A')
        (void)mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), old_path,
                               SECRETS_MAX_BINARY, &before, &before_len, NULL);
    change_secrets_binary(secrets, file->path, before, before_len, after, after_len, allow);
    return VDO_OK;
}

static int find_in(struct job_run *run, const char *tree, const struct diff *diff, json_t *secrets,
                   struct err *err)
{
    struct base_lines base = {.run = run};
    const struct change_allow allow = {.globs = run->repo_config->secrets_allow,
                                       .n_globs = run->repo_config->n_secrets_allow,
                                       .at_base = base_lines_have,
                                       .arg = &base};
    int rc = VDO_OK;

    change_secrets_diff(secrets, diff->text, strlen(diff->text), &allow);
    for (size_t i = 0; !rc && i < diff->n_files; i++) {
        if (diff->files[i].binary && diff->files[i].action != 'D')
            rc = find_in_binary(run, tree, &diff->files[i], &allow, secrets, err);
    }
    base_lines_release(&base);
    return rc;
}

int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err)
{
    json_t *secrets = change_secrets_new();
    struct diff diff = {0};
    int rc = changes_diff(run, tree, SECRETS_MAX_DIFF, &diff, err);

    if (!rc && diff.truncated)
        rc = err_set(err, VDO_E_REFUSED,
                     "the change is larger than %lu MiB, so it cannot be searched for secrets",
                     SECRETS_MAX_DIFF >> 20);
    if (!rc)
        rc = find_in(run, tree, &diff, secrets, err);
    diff_release(&diff);
    if (rc)
        json_decref(secrets);
    else
        *out = secrets;
    return rc;
}
