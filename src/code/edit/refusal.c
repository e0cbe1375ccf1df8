#include "refusal.h"

#include "vdo/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int refuse(struct refusal *why, enum edit_reason reason, const char *fmt, ...)
{
    va_list ap;

    if (why->reason != REASON_NONE)
        return VDO_E_REFUSED;
    why->reason = reason;
    va_start(ap, fmt);
    if (vasprintf(&why->message, fmt, ap) < 0)
        abort();
    va_end(ap);
    return VDO_E_REFUSED;
}

void refusal_candidate(struct refusal *why, const char *path, long line, char *text)
{
    if (why->candidate_path) {
        free(text);
        return;
    }
    why->candidate_path = xstrdup(path);
    why->candidate_line = line;
    why->candidate_text = text;
}

const char *reason_name(enum edit_reason reason)
{
    static const char *const NAMES[] = {
        [REASON_NONE] = "none",           [REASON_ALREADY_APPLIED] = "already_applied",
        [REASON_AMBIGUOUS] = "ambiguous", [REASON_NOT_FOUND] = "not_found",
        [REASON_TRUNCATED] = "truncated", [REASON_ELIDED] = "elided",
        [REASON_MALFORMED] = "malformed", [REASON_OVERLAP] = "overlap",
        [REASON_EXISTS] = "exists",       [REASON_MISSING] = "missing",
        [REASON_OUTSIDE] = "outside",     [REASON_PROTECTED] = "protected",
        [REASON_TOO_LARGE] = "too_large", [REASON_EMPTY] = "empty",
    };

    return NAMES[reason];
}

void refusal_release(struct refusal *why)
{
    free(why->message);
    free(why->candidate_path);
    free(why->candidate_text);
    *why = (struct refusal){0};
}
