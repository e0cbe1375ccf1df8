#include "vdo/forge/forge.h"

#include <stdlib.h>
#include <string.h>

static const char *const permission_names[] = {
    [FORGE_NONE] = "none",   [FORGE_READ] = "read",         [FORGE_TRIAGE] = "triage",
    [FORGE_WRITE] = "write", [FORGE_MAINTAIN] = "maintain", [FORGE_ADMIN] = "admin",
};

const char *forge_permission_name(enum forge_permission permission)
{
    return permission_names[permission];
}

bool forge_permission_parse(const char *name, enum forge_permission *out)
{
    for (size_t i = 0; i < sizeof(permission_names) / sizeof(permission_names[0]); i++) {
        if (strcmp(name, permission_names[i]) == 0) {
            *out = (enum forge_permission)i;
            return true;
        }
    }
    return false;
}

void forge_repo_info_release(struct forge_repo_info *info)
{
    if (!info)
        return;
    free(info->full_name);
    free(info->default_branch);
    free(info->html_url);
    memset(info, 0, sizeof(*info));
}

void forge_issue_release(struct forge_issue *issue)
{
    if (!issue)
        return;
    free(issue->title);
    free(issue->body);
    free(issue->author);
    for (size_t i = 0; i < issue->n_labels; i++)
        free(issue->labels[i]);
    free(issue->labels);
    free(issue->html_url);
    free(issue->updated_at);
    memset(issue, 0, sizeof(*issue));
}

void forge_pull_release(struct forge_pull *pull)
{
    if (!pull)
        return;
    free(pull->html_url);
    free(pull->head_branch);
    free(pull->head_sha);
    free(pull->body);
    memset(pull, 0, sizeof(*pull));
}

void forge_comments_free(struct forge_comment *comments, size_t n)
{
    if (!comments)
        return;
    for (size_t i = 0; i < n; i++) {
        free(comments[i].body);
        free(comments[i].author);
    }
    free(comments);
}
