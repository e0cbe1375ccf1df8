/*
 * match_private: what the files of the matcher share.
 */
#ifndef VDO_CODE_EDIT_MATCH_PRIVATE_H
#define VDO_CODE_EDIT_MATCH_PRIVATE_H

#include "match.h"

/* First lines of the places where all old lines stand one after the other. */
struct starts {
    size_t *v; /* owned */
    size_t n;
    size_t cap;
};

void match_starts(struct match_text *text, enum line_key key, const struct old_lines *old,
                  struct starts *out);

/* match_choose.c: what the answer says about the place. */

/* The line that the answer names, 1-based; 0: none. */
long wanted_line(const struct match_text *text, const struct hunk *hunk);
/* One of several places that fit exactly, by line number or by anchor; SIZE_MAX: none is certain.
 */
size_t choose_start(const struct starts *starts, const struct hunk *hunk,
                    const struct match_text *text);
/* Line of the hunk's last anchor, 0 without any; SIZE_MAX when one is not in the file. */
size_t behind_anchors(const struct lines *lines, const struct hunk *hunk);
/* Drop places that contradict an end-of-file mark. */
void keep_at_eof(struct starts *starts, const struct lines *lines, size_t n_old);
bool rest_is_blank(const struct lines *lines, size_t from);

/* match_done.c: signs that the change has been made, or that its place is a guess. */

void count_changes(const struct hunk *hunk, size_t *adds, size_t *removes);
/* Does the hunk's new text stand in the file? */
bool is_done(struct match_text *text, const struct hunk *hunk, const struct old_lines *old);
int check_edges(const struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
                size_t start, const char *path, struct refusal *why);
int check_not_done(struct match_text *text, enum line_key key, const struct old_lines *old,
                   const struct place *place, const char *path, struct refusal *why);
/* A hunk of additions for the end of the file, which ends in them. */
bool is_appended(const struct lines *lines, const struct hunk *hunk);

#endif
