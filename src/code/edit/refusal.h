/*
 * refusal: why an answer was not applied, in a form a model can act on.
 */
#ifndef VDO_CODE_EDIT_REFUSAL_H
#define VDO_CODE_EDIT_REFUSAL_H

#include "vdo/base/err.h"

#include <stddef.h>

/* The reasons of `vdo apply --json`. */
enum edit_reason {
    REASON_NONE,
    REASON_ALREADY_APPLIED,
    REASON_AMBIGUOUS,
    REASON_NOT_FOUND,
    REASON_TRUNCATED,
    REASON_ELIDED,
    REASON_MALFORMED,
    REASON_OVERLAP,
    REASON_EXISTS,
    REASON_MISSING,
    REASON_OUTSIDE,
    REASON_PROTECTED,
    REASON_TOO_LARGE,
    REASON_EMPTY,
};

struct refusal {
    enum edit_reason reason;
    char *message;        /* owned */
    char *candidate_path; /* owned; NULL: there is no candidate */
    long candidate_line;
    char *candidate_text; /* owned */
};

/* Record the reason unless one is recorded already. Returns VDO_E_REFUSED. */
int refuse(struct refusal *why, enum edit_reason reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Take over text (allocated). Does nothing when a candidate is known already but frees text. */
void refusal_candidate(struct refusal *why, const char *path, long line, char *text);
const char *reason_name(enum edit_reason reason);
void refusal_release(struct refusal *why);

#endif
