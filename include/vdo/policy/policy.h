/*
 * policy: who may ask for what, and what needs a person.
 *
 * Pure decisions on facts that were re-read; nothing here talks to a forge or a store. Threads:
 * any.
 */
#ifndef VDO_POLICY_POLICY_H
#define VDO_POLICY_POLICY_H

#include "vdo/base/err.h"
#include "vdo/config/config.h"
#include "vdo/config/repo_config.h"
#include "vdo/forge/forge.h"

#include <stdbool.h>
#include <stddef.h>

/* May somebody of this level start, cancel, approve, retry jobs? least: config's
 * trigger.permission. VDO_E_REFUSED says which level is missing. */
int policy_may_command(const char *least, enum forge_permission has, struct err *err);

/*
 * May this account be listened to at all? Our own account, Bots and Organizations may not.
 * sender_type: "User", "Bot", ...; via_app_id: the App that acted for the sender, 0 for none.
 */
int policy_may_speak(const struct forge_identity *us, int64_t sender_id, const char *sender_login,
                     const char *sender_type, int64_t via_app_id, struct err *err);

/*
 * Does a plan need a person's word? approval.paths of the repository against the planned files
 * first: a path under "supervised" or "human" needs one. Then approval.plan: "human" always,
 * "supervised" unless the planner calls the risk low, "auto" never. True: buf says why.
 */
bool policy_plan_needs_person(const struct repo_config *repo, const char *risk,
                              const char *const *files, size_t n_files, char *buf, size_t size);

#endif
