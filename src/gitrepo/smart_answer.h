/*
 * smart_answer: the body of one answer of a git server, kept in an unnamed file because packs are
 * large and libgit2 wants to pull what our client pushes; and what its status means.
 */
#ifndef VDO_SRC_GITREPO_SMART_ANSWER_H
#define VDO_SRC_GITREPO_SMART_ANSWER_H

#include "remote_link.h"

#include "vdo/http/client.h"

#define SMART_MAX_ANSWER ((size_t)8 << 30)

struct smart_answer {
    int fd;
    char type[64]; /* the content type it must have */
};

/* Make the file in dir, which is on the disk that the pack will be on. */
int smart_answer_init(struct smart_answer *answer, const char *dir, const char *service, bool is_ls,
                      struct err *err);
void smart_answer_release(struct smart_answer *answer);
const char *smart_answer_type(const struct smart_answer *answer);

/* An http_body_fn; arg is the answer. Bodies of failures are dropped. */
int smart_answer_take(void *arg, int status, const char *bytes, size_t len);

/* The answer has ended: 0 when it is git's, ready to be read from the start. VDO_E_REFUSED for a
 * redirect, for credentials, and for what is not git; VDO_E_NOT_FOUND; VDO_E_TEMPORARY. */
int smart_answer_judge(struct smart_answer *answer, const struct link *link,
                       const struct http_result *result, struct err *err);

#endif
