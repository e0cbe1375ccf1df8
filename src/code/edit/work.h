/*
 * work: the tree as an answer is being applied to it, in memory. Nothing on disk changes here.
 *
 * A file is read when it is first spoken of. Hunks are placed in its lines as they were read;
 * removals and insertions are noted and made all at once. A hunk that fits only after an earlier
 * one is looked for in the changed text.
 */
#ifndef VDO_CODE_EDIT_WORK_H
#define VDO_CODE_EDIT_WORK_H

#include "indent.h"
#include "match.h"
#include "plan.h"
#include "refusal.h"

#include "vdo/code/edit.h"

#include <jansson.h>

/* Lines that go between two lines of the file. */
struct insertion {
    struct line *v; /* owned; those with text of their own have it in `owned` */
    size_t n;
    char **owned;      /* one per line, NULL where the line is a view into the answer */
    bool untold;       /* the hunk's old lines do not tell how the answer indents */
    bool old_tabs;     /* ... but one has a tab in its indentation */
    size_t old_blanks; /* ... and the widest of blanks alone */
};

/* Where VDO keeps the new files of an answer until all of them are there; see commit.h. */
#define EDIT_STAGE_DIR ".vdo-edit"

struct work_file {
    char *path;
    char *from;   /* path it was moved from, or NULL */
    bool on_disk; /* was there before */
    bool exists;  /* is there now */
    bool copied;  /* `from` stays */
    unsigned disk_mode;
    unsigned mode; /* permission bits wanted */
    char *bytes;   /* as they are now, without what is noted below */
    size_t len;
    char *disk_bytes; /* as they were on disk; NULL until bytes differs */
    size_t disk_len;
    size_t bom; /* length of a byte order mark: 0 or 3 */
    struct match_text text;
    enum eol eol; /* what added lines end in */
    bool mixed;   /* the file has both kinds */

    unsigned char *removed; /* one per line, made with the first hunk */
    uint32_t *after;        /* n + 1 slots: insertion behind line i - 1, index + 1 */
    uint32_t *before;       /* n + 1 slots: insertion in front of line i, index + 1 */
    struct insertion *insertions;
    size_t n_insertions;
    struct indent_swap swap; /* what the hunks placed so far tell */
    bool swap_is_unclear;    /* ... they contradict each other */
    int final_eol;           /* of the last line: -1 as it comes, 0 none, 1 one */
    bool pending;
    bool written;       /* given whole by the answer */
    bool asked_nothing; /* a hunk for it changes nothing */

    json_t *edits; /* for --json */
};

struct work {
    const struct edit_options *options;
    struct work_file **files; /* in the order they were first spoken of */
    size_t n;
    size_t cap;
};

void work_init(struct work *work, const struct edit_options *options);
void work_release(struct work *work);

/* Check a path against the rules and the protected globs. */
int work_check_path(const struct work *work, const char *path, struct refusal *why,
                    struct err *err);

/* The file at path, read when it is new to us; `exists` says whether there is one. */
int work_open(struct work *work, const char *path, struct work_file **out, struct refusal *why,
              struct err *err);

/* Is there a file at path, now or on disk? For readings of an answer that depend on it. */
bool work_has_file(struct work *work, const char *path);

/* Do one operation of a plan. VDO_E_REFUSED with why; VDO_E_IO with err. */
int work_do(struct work *work, struct file_op *op, struct refusal *why, struct err *err);

/* Drop what is noted. */
void work_forget(struct work_file *file);
/* Make what is noted; afterwards bytes and len are the new content. */
void work_settle(struct work_file *file);
/* Replace the content. */
void work_set_bytes(struct work_file *file, char *bytes, size_t len);
/* Note a placed hunk. */
int work_place(struct work_file *file, const struct place *place, struct refusal *why);

/* The tools edit_file and write_file on one file. plan keeps what the change refers to. */
int replace_text(struct work *work, struct edit_plan *plan, const char *path, const char *search,
                 const char *replace, struct refusal *why, struct err *err);
int write_text(struct work *work, const char *path, const char *content, size_t len,
               struct refusal *why, struct err *err);

/* Does the content differ from the disk's? */
bool work_file_differs(const struct work_file *file);

#endif
