/*
 * remote_push: one branch to a remote over HTTP. The caller holds the mirror's lock.
 */
#ifndef VDO_SRC_GITREPO_REMOTE_PUSH_H
#define VDO_SRC_GITREPO_REMOTE_PUSH_H

#include "remote_link.h"

struct push_order {
    const char *branch;
    git_oid commit;
    bool has_expected;
    git_oid expected; /* what the branch points at now, when has_expected */
};

/* What the remote says of the branch. */
struct push_answer {
    enum push_outcome outcome;
    bool has_found;
    git_oid found;
};

/* Read where the branch points. */
int remote_look(struct link *link, git_repository *repo, const char *branch,
                struct push_answer *answer, struct err *err);

/* Judge what was found before anything is sent: 0 to go on, with answer->outcome set when the work
 * is done already; VDO_E_CONFLICT. */
int push_judge(const struct push_order *order, struct push_answer *answer, bool *is_done,
               struct err *err);

/* As mirror_push(); answer->found is set whenever the remote could be read. */
int remote_push(struct link *link, git_repository *repo, const struct push_order *order,
                struct push_answer *answer, struct err *err);

#endif
