/*
 * diff_lines: which lines of which files a diff touches. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_DIFF_LINES_H
#define VDO_PIPELINE_DIFF_LINES_H

#include "vdo/gitrepo/gitrepo.h"

#include <jansson.h>

/* One line that a diff adds. */
typedef void (*diff_line_fn)(void *arg, const struct diff_file *file, int64_t line,
                             const char *text, size_t len);
/* Visit the added lines, in the numbers of the new side. */
void diff_lines_added(const struct diff *diff, diff_line_fn fn, void *arg);

/* {path: "3-9, 12"} of the lines that a diff adds or changes, on the new side; new reference. */
json_t *diff_lines_text(const struct diff *diff);

/* Does a hunk of the diff, with its lines of context, hold this line of the old side? True for a
 * file that is deleted. */
bool diff_lines_touch(const struct diff *diff, const char *path, int64_t line);

#endif
