/* paths: the files that an answer names, in prose, at a fence or in a header. */
#ifndef VDO_CODE_EDIT_PATHS_H
#define VDO_CODE_EDIT_PATHS_H

#include "lines.h"
#include "work.h"

#include <stdbool.h>
#include <stddef.h>

/* Each result is freed with free(). */

/* The file that a line of prose names, or NULL. weak: it does so in the middle of a sentence. */
char *path_from_line(struct work *work, const struct line *line, bool *weak);
/* The file that a fence's info string names, or NULL. */
char *path_from_info(struct work *work, const char *info, size_t len);
/* A path as written in a header: blanks, quotes and a leading "./" taken off. */
char *path_clean(const char *ptr, size_t len);

#endif
