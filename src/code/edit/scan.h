/*
 * scan: how far an answer has been read, line by line, with the fence that is open and the file
 * that was named last.
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
/* Remember the file that is named at the line read next. Takes over path. */
void scan_name_file(struct scan *scan, char *path, bool weak);
/* Remember the path of a part that was read. */
void scan_used_path(struct scan *scan, const char *path);

#endif
