#include "vdo/policy/policy.h"

#include "vdo/gitrepo/path.h"

#include <stdio.h>
#include <string.h>

int policy_may_command(const char *least, enum forge_permission has, struct err *err)
{
    enum forge_permission needed = FORGE_WRITE;

    if (!forge_permission_parse(least, &needed))
        return err_set(err, VDO_E_INVALID, "trigger.permission: '%s' is not a permission", least);
    if (has >= needed)
        return VDO_OK;
    return err_set(err, VDO_E_REFUSED, "needs permission %s on the repository, has %s",
                   forge_permission_name(needed), forge_permission_name(has));
}

int policy_may_speak(const struct forge_identity *us, int64_t sender_id, const char *sender_login,
                     const char *sender_type, int64_t via_app_id, struct err *err)
{
    if ((us->id && us->id == sender_id) ||
        (us->login && *us->login && strcmp(us->login, sender_login) == 0))
        return err_set(err, VDO_E_REFUSED, "our own event");
    if (us->app_id && us->app_id == via_app_id)
        return err_set(err, VDO_E_REFUSED, "our own event");
    if (strcmp(sender_type, "Bot") == 0)
        return err_set(err, VDO_E_REFUSED, "sender %s is a bot", sender_login);
    if (strcmp(sender_type, "Organization") == 0)
        return err_set(err, VDO_E_REFUSED, "sender %s is an organization", sender_login);
    if (sender_id == 0 || !*sender_login)
        return err_set(err, VDO_E_REFUSED, "the event names no sender");
    return VDO_OK;
}

/* auto < supervised < human */
static int strictness(const char *mode)
{
    if (mode && strcmp(mode, "human") == 0)
        return 2;
    return mode && strcmp(mode, "supervised") == 0 ? 1 : 0;
}

bool policy_plan_needs_person(const struct repo_config *repo, const char *risk,
                              const char *const *files, size_t n_files, char *buf, size_t size)
{
    int plan = strictness(repo->approval_plan);

    for (size_t i = 0; i < repo->n_approval_paths; i++) {
        const struct repo_approval_path *rule = &repo->approval_paths[i];

        for (size_t f = 0; strictness(rule->mode) > 0 && f < n_files; f++) {
            if (!files[f] || !path_glob_match(rule->glob, files[f]))
                continue;
            (void)snprintf(buf, size, "%.100s is covered by approval.paths %.60s", files[f],
                           rule->glob);
            return true;
        }
    }
    if (plan == 2) {
        (void)snprintf(buf, size, "the repository wants a person to approve every plan");
        return true;
    }
    if (plan == 1 && strcmp(risk, "low") != 0) {
        (void)snprintf(buf, size, "the plan's risk is %.20s and the repository is supervised",
                       risk);
        return true;
    }
    return false;
}
