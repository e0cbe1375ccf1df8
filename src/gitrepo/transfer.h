/*
 * transfer: a conversation with a remote in a child process of this program, because libgit2 1.5
 * has no time-outs and maps whole packs: the child has a deadline and limits of its own.
 *
 * The order goes to its standard input as JSON, so that the password is in no argument list and no
 * environment; the answer comes on its standard output.
 *   order   {op: "fetch"|"push"|"look", dir, timeout_ms, url, username?, password?, tls_ca?,
 * branch?, commit?, expected?} answer  {code, text, outcome?, found?}
 */
#ifndef VDO_SRC_GITREPO_TRANSFER_H
#define VDO_SRC_GITREPO_TRANSFER_H

#include "remote_push.h"

/*
 * op      "fetch", or with push: "push", "look"
 * push    NULL for fetch
 * lock_fd the mirror's lock; the child holds it too, so that it outlives us
 * answer  set for push and look, also with VDO_E_CONFLICT; NULL for fetch
 * was_cut may be NULL; true when the child was killed or said nothing: the outcome is unknown
 */
int transfer_run(const struct mirror *mirror, const struct git_remote_spec *remote, const char *op,
                 const struct push_order *push, int lock_fd, struct push_answer *answer,
                 bool *was_cut, struct err *err);

#endif
