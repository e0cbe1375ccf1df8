/*
 * event: a webhook body of GitHub as the few facts VDO uses.
 *
 * Tolerant: missing and null members become "" and 0. Strict in one thing: the shape must agree
 * with the event's name, because the name stands in an unsigned header ("event and payload
 * disagree" otherwise). Source: GitHub's webhook documentation and octokit/webhooks schemas;
 * numeric ids are the keys, names are for display. Threads: any.
 */
#ifndef VDO_FORGE_EVENT_H
#define VDO_FORGE_EVENT_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct forge_event {
    char *event;  /* "issues" */
    char *action; /* "labeled"; "" when the event has none */
    int64_t installation_id;
    int64_t repo_id;
    char *repo;
    char *default_branch;
    bool repo_archived;
    int64_t issue; /* number of the issue or pull request; 0: none */
    int64_t issue_id;
    bool is_pull;
    bool issue_open;
    char *title;
    char *body;
    char *author;  /* of the issue */
    char **labels; /* of the issue, as of the event: not to be trusted for the present */
    size_t n_labels;
    char *label; /* the one added or removed; "" when missing */
    int64_t comment_id;
    char *comment_body;
    char *sender;
    int64_t sender_id;
    char *sender_type;  /* User Bot Organization */
    int64_t via_app_id; /* performed_via_github_app of the comment; 0: none */
    char *updated_at;
    bool merged; /* pull_request.closed */
    char *head_branch;
    char *head_sha;
    char *zen;        /* ping */
    int64_t *removed; /* installation_repositories.removed: numbers of the repositories */
    size_t n_removed;
    int64_t hook_id;
};

/* VDO_E_INVALID: not JSON, not an object, too deep; VDO_E_REFUSED: event and payload disagree;
 * VDO_E_NOT_FOUND: an event VDO does not know (out then has action, repository and sender where
 * present). Release out after 0 and VDO_E_NOT_FOUND. */
int forge_event_parse(const char *event, const char *body, size_t len, struct forge_event *out,
                      struct err *err);
void forge_event_release(struct forge_event *event);
/* Is it an event that VDO can do something about? Tells it by the name alone. */
bool forge_event_is_known(const char *event);

/* Does the header "sha256=<64 hex>" sign the body with one of the secrets? Constant time in the
 * bytes. *out_which: index of the secret. */
struct secret;
bool webhook_verify(const struct secret *secrets, size_t n_secrets, const char *header,
                    const void *body, size_t len, size_t *out_which);

#endif
