/*
 * plan: what an answer asks for, whatever format it came in: a list of file operations with hunks.
 *
 * Lines are views into the answer, which must outlive the plan. A hunk is a run of lines that are
 * kept (context), removed or added; "old lines" are the kept and removed ones, in order. A
 * search/replace block becomes a hunk too: lines that search and replace share are context.
 */
#ifndef VDO_CODE_EDIT_PLAN_H
#define VDO_CODE_EDIT_PLAN_H

#include "vdo/code/edit.h"

#include <stdbool.h>
#include <stddef.h>

enum hunk_line_kind {
    LINE_CONTEXT,
    LINE_REMOVE,
    LINE_ADD,
    LINE_ELISION, /* "..." on a line of its own; also may be a line of the file that reads so */
};

struct hunk_line {
    const char *ptr;
    size_t len;
    enum hunk_line_kind kind;
    bool cr;    /* ended in CR LF in the answer */
    bool loose; /* an empty or unmarked line that may be noise around the hunk */
    const struct hunk_line *becomes; /* context of a relaxed hunk: what replaces it, or NULL */
    const struct hunk_line *origin;  /* while hunks are compared: the line this is a copy of */
    bool stuck; /* no line of the file can be missing behind it, see hunk_mark_stuck() */
};

struct span {
    const char *ptr;
    size_t len;
};

struct hunk {
    struct hunk_line *lines;
    size_t n;
    size_t cap;
    size_t answer_line; /* 1-based line of the answer where it starts */
    long old_start;     /* 1-based line in the file as the answer has it; 0: not said */
    long old_count;     /* -1: not said */
    long new_count;
    struct span *anchors; /* lines that stand above the place, outermost first */
    size_t n_anchors;
    bool ends_answer;     /* the answer stops in its last line */
    bool at_eof;          /* its last old line is the file's last */
    bool appends;         /* without an old line: its format has a place for that */
    bool says_no_eol;     /* a "\ No newline at end of file" is in it */
    bool old_no_eol;      /* ... behind an old line */
    bool new_no_eol;      /* ... behind a new line */
    struct hunk *relaxed; /* the same with more context, see hunk_relax(); NULL: no difference */
    struct hunk *alt;     /* another reading of the same lines; owned */
};

enum op_kind {
    OP_UPDATE, /* hunks change an existing file */
    OP_ADD,    /* a new file; hunk 0 holds its lines */
    OP_WRITE,  /* a whole file, new or replaced; hunk 0 holds its lines */
    OP_DELETE, /* hunks, when there are any, say what the file holds */
};

struct file_op {
    enum op_kind kind;
    char *path;    /* owned: the file that is changed */
    char *to;      /* owned: where it goes, or NULL */
    bool copy;     /* with to: path stays */
    unsigned mode; /* of the file afterwards; 0: not said */
    struct hunk *hunks;
    size_t n;
    size_t cap;
    size_t answer_line;
    enum edit_format format;
};

struct edit_plan {
    struct file_op *ops;
    size_t n;
    size_t cap;
};

/* Takes over path. The pointer is good until the next call. */
struct file_op *plan_add_op(struct edit_plan *plan, enum op_kind kind, char *path,
                            enum edit_format format, size_t answer_line);
struct hunk *op_add_hunk(struct file_op *op, size_t answer_line);
struct hunk_line *hunk_add_line(struct hunk *hunk, enum hunk_line_kind kind, const char *ptr,
                                size_t len);
void hunk_add_anchor(struct hunk *hunk, const char *ptr, size_t len);
void hunk_release(struct hunk *hunk);
void plan_release(struct edit_plan *plan);

bool hunk_line_is_old(const struct hunk_line *line);
/* Has it any line to look for? */
bool hunk_has_old(const struct hunk *hunk);
/* Does it add or remove anything? */
bool hunk_has_change(const struct hunk *hunk);

/*
 * Mark old lines behind which no context line can have been left out, because something is added
 * there and its place would be a guess. Before hunk_normalise(), which moves additions.
 */
void hunk_mark_stuck(struct hunk *hunk);
/* Turn lines that a run removes and adds again unchanged into context (longest common
 * subsequence), so that context always comes from the file. */
void hunk_normalise(struct hunk *hunk);
/*
 * Set hunk->relaxed: a line that is removed and added again with other blanks at its end counts as
 * context there. When the hunk does not stand in the file byte for byte, the blanks may be noise,
 * and the checks for a change that has been made already must not take them for one.
 */
void hunk_relax(struct hunk *hunk);
/* A hunk from a search and a replace text; elisions are told by their text. */
void hunk_from_blocks(struct hunk *hunk, const struct hunk_line *search, size_t n_search,
                      const struct hunk_line *replace, size_t n_replace);

#endif
