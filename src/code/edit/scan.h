/*
 * scan: an answer read line by line; each format has a reader that takes over where its first
 * marker stands and comes back behind its last line.
 *
 * Between the readers' parts lie prose, Markdown fences, shell wrappers and the names of files;
 * the scanner keeps the fence that is open and the file that was named last.
 */
#ifndef VDO_CODE_EDIT_SCAN_H
#define VDO_CODE_EDIT_SCAN_H

#include "lines.h"
#include "plan.h"
#include "refusal.h"
#include "work.h"

struct fence {
    bool open;
    char mark; /* '`' or '~' */
    size_t len;
    size_t line; /* 0-based, where it opened */
};

struct scan {
    struct lines lines;
    size_t i; /* the line that is read next */
    enum edit_format wanted;
    struct work *work;
    struct edit_plan *plan;
    struct refusal *why;
    struct fence fence;
    char *named;        /* owned: file named since the last part, or NULL */
    bool named_is_weak; /* in the middle of a sentence */
    size_t named_line;  /* 0-based */
    char *last_path;    /* owned: of the last part, or NULL */
    size_t last_op;     /* its operation in the plan + 1; 0: none */
    size_t parts;       /* how many parts were read */
};

/* Read an answer into a plan. VDO_E_REFUSED with why. The answer must outlive the plan. */
int scan_answer(struct work *work, enum edit_format format, const char *answer, size_t len,
                struct edit_plan *plan, struct refusal *why);

bool scan_wants(const struct scan *scan, enum edit_format format);
const struct line *scan_line(const struct scan *scan, size_t i); /* NULL behind the end */
/* The line that is read next; there must be one. */
const struct line *scan_here(const struct scan *scan);
/* Note a fence line; false when the line is none. */
bool scan_fence(struct scan *scan, const struct line *line);
/* Is it a fence line, of which mark and length, and where does its info string start? */
bool line_is_fence(const struct line *line, char *mark, size_t *len, size_t *info_from);
/* The file the next part speaks of: the one named since the last part, or that one's. Owned by the
 * caller; NULL when there is none. Forgets the name. */
char *scan_take_path(struct scan *scan);
/* Remember the path of a part that was read. */
void scan_used_path(struct scan *scan, const char *path);

/* Does a part of this format start at line i? */
bool udiff_starts(const struct scan *scan, size_t i);
bool apply_patch_starts(const struct scan *scan, size_t i);
bool search_replace_starts(const struct scan *scan, size_t i);
/* A line that wants to be a marker of a search block and is not one. */
bool search_replace_broken(const struct line *line);
int refuse_broken_marker(struct scan *scan);

int parse_udiff(struct scan *scan);
int parse_apply_patch(struct scan *scan);
int parse_search_replace(struct scan *scan);
/* At an opening fence. 1: it was a file; 0: it was not, nothing was read. */
int parse_whole(struct scan *scan);

/* Hunk lines from scan->i on, up to what ends a hunk. */
void parse_hunk_lines(struct scan *scan, struct hunk *hunk, bool envelope);
/* Numbers of "@@ -1,2 +3,4 @@ text"; text is set to what stands behind, trimmed. */
void parse_hunk_header(const struct line *line, struct hunk *hunk, struct span *text);
/* Cut noise at the end, check that there is a change. */
int finish_hunk(struct scan *scan, struct hunk *hunk);

/* The file that a line of prose names, or NULL. weak: it does so in the middle of a sentence. */
char *path_from_line(struct work *work, const struct line *line, bool *weak);
/* The file that a fence's info string names, or NULL. */
char *path_from_info(struct work *work, const char *info, size_t len);
/* A path as written in a header: blanks, quotes and a leading "./" taken off. */
char *path_clean(const char *ptr, size_t len);

#endif
