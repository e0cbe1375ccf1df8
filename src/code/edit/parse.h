/*
 * parse: the readers of the formats. Each takes over where its first marker stands, adds to the
 * plan and comes back behind its last line. VDO_E_REFUSED with scan->why.
 */
#ifndef VDO_CODE_EDIT_PARSE_H
#define VDO_CODE_EDIT_PARSE_H

#include "scan.h"

int parse_udiff(struct scan *scan);
int parse_apply_patch(struct scan *scan);
int parse_search_replace(struct scan *scan);
/* At an opening fence. 1: it was a file; 0: it was not, nothing was read. */
int parse_whole(struct scan *scan);

/* At a line that wants to be a marker of a search block: always refuses. */
int refuse_broken_marker(struct scan *scan);

/* Hunk lines from scan->i on, up to what ends a hunk. */
void parse_hunk_lines(struct scan *scan, struct hunk *hunk, bool envelope);
/* Numbers of "@@ -1,2 +3,4 @@ text"; text is set to what stands behind, trimmed. */
void parse_hunk_header(const struct line *line, struct hunk *hunk, struct span *text);
/* Cut noise at the end, check that there is a change. */
int finish_hunk(struct scan *scan, struct hunk *hunk);

#endif
