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

/* match_place.c */

/* The place of a hunk whose old lines stand at the lines at[]; none: first is 0. */
void set_place(struct place *out, const struct hunk *hunk, const struct old_lines *old,
               const size_t *at, enum match_kind kind);

/* match_bare.c */

/* The place of a hunk of additions only: in an empty file, at a marked end, and where apply_patch
 * says that such a hunk goes. */
int match_bare(const struct match_text *text, const struct hunk *hunk, const char *path,
               struct place *out, struct refusal *why);

/* match_done.c: signs that the change has been made, or that its place is a guess. */

void count_changes(const struct hunk *hunk, size_t *adds, size_t *removes);
/* Does the hunk's new text stand in the file? */
bool is_done(struct match_text *text, const struct hunk *hunk, const struct old_lines *old);
int check_edges(const struct match_text *text, const struct hunk *hunk, const struct old_lines *old,
                size_t start, const char *path, struct refusal *why);
int check_not_done(struct match_text *text, enum line_key key, const struct old_lines *old,
                   const struct place *place, const char *path, struct refusal *why);

#endif
