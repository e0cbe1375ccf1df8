/*
 * err: what went wrong, in a form a caller can act on and an operator can read.
 *
 * A function that can fail returns 0 or a negative enum vdo_code, and takes a
 * `struct err *err` as its last parameter (NULL when the caller needs only
 * the code). The first failure wins; outer layers add context in front of it.
 * Start from `= {0}`. No allocation: it works when memory is what ran out. Not
 * shared between threads.
 */
#ifndef VDO_BASE_ERR_H
#define VDO_BASE_ERR_H

enum vdo_code {
    VDO_OK = 0,
    VDO_E_INVALID = -1,   /* the input breaks a documented rule */
    VDO_E_NOT_FOUND = -2, /* the thing asked for does not exist */
    VDO_E_TOO_LARGE = -3, /* a size limit was reached */
    VDO_E_TEMPORARY = -4, /* worth trying again later: network, 5xx, busy */
    VDO_E_IO = -5,        /* file, socket or database failure */
    VDO_E_REFUSED = -6,  /* a policy, a permission or a limit says no; trying again will not help */
    VDO_E_CONFLICT = -7, /* somebody else changed it first: a lost lease, a moved branch */
    VDO_E_CANCELLED = -8, /* asked to stop: cancelled job, shutdown */
    VDO_E_LIMIT =
        -9, /* a limit of money, turns or time was reached: an operator or requester can raise it */
};

struct err {
    enum vdo_code code;
    char text[512]; /* one line, no trailing full stop or newline */
};

/* Record the failure unless one is recorded already. Returns `code`. */
int err_set(struct err *err, enum vdo_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of the recorded text. Returns the recorded code. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Forget the failure, so that the struct can be used for the next call. NULL is fine. */
void err_clear(struct err *err);

/* "invalid", "not_found", ... : the code's name for logs and JSON. Static text. */
const char *vdo_code_name(enum vdo_code code);

#endif
