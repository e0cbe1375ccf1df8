/*
 * diff_lines: the added lines of a unified diff in git's form, with their places.
 *
 * What is not understood is passed over: a diff comes from git, but from files that anybody wrote.
 */
#ifndef VDO_CHECKS_DIFF_LINES_H
#define VDO_CHECKS_DIFF_LINES_H

#include <stddef.h>

struct added_line {
    const char *path; /* of the new file, without "b/" and git's quoting */
    int line;         /* of the new file */
    const char *text; /* not NUL-terminated, without its end */
    size_t len;
};

/* Called for each in order; what it points to is the diff's and lives during the call only. */
typedef void (*diff_line_fn)(void *arg, const struct added_line *added);

void diff_added_lines(const char *diff, size_t len, diff_line_fn take, void *arg);

#endif
