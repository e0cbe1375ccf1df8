/* markers: the lines at which the parts of an answer start and end, whatever their format. */
#ifndef VDO_CODE_EDIT_MARKERS_H
#define VDO_CODE_EDIT_MARKERS_H

#include "scan.h"

#include <stdbool.h>
#include <stddef.h>

/* Does a part of this format start at line i? */
bool udiff_starts(const struct scan *scan, size_t i);
bool apply_patch_starts(const struct scan *scan, size_t i);
bool search_replace_starts(const struct scan *scan, size_t i);
/* A line that wants to be a marker of a search block and is not one. */
bool search_replace_broken(const struct line *line);

/* Of a search block: at least three signs of one kind, a blank, the word. */
enum marker { MARK_NONE, MARK_SEARCH, MARK_MIDDLE, MARK_REPLACE };
enum marker marker_of(const struct line *line);
/* How often the sign stands at the start of the line. */
size_t line_run_of(const struct line *line, char sign);

/* Of a patch with an envelope: is it this line, but for blanks around it? */
bool line_is_mark(const struct line *line, const char *text);
/* "*** Update File:" and the like, not indented. */
bool line_is_file_mark(const struct line *line);

#endif
