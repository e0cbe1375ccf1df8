/*
 * edit: a model's textual answer becomes file changes, or is refused with a reason the model can
 * act on.
 *
 * One matcher serves four answer formats (whole, search_replace, udiff, apply_patch) and the tools
 * edit_file, write_file, apply_patch. All or nothing over the whole answer: a refusal leaves every
 * byte as it was. Context always comes from the file, never from the answer. Paths pass
 * gitrepo/path and the protected globs. All files of an answer change together: a kill in the
 * middle leaves the tree as it was, or with a journal in ".vdo-edit" that the next change, or
 * edit_recover(), finishes. Threads: any; one tree is changed by one caller at a time.
 */
#ifndef VDO_CODE_EDIT_H
#define VDO_CODE_EDIT_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum edit_format { EDIT_AUTO, EDIT_WHOLE, EDIT_SEARCH_REPLACE, EDIT_UDIFF, EDIT_APPLY_PATCH };
/* "auto", "whole", ...; false for anything else. */
bool edit_format_parse(const char *name, enum edit_format *out);
/* The inverse. */
const char *edit_format_name(enum edit_format format);

/* How a parser of a language ended. */
struct edit_parse {
    int exit_code; /* 0: it parses; -1: ended by a limit or a signal, or there is no such program */
    char said[4096]; /* what it wrote, or the start of it; NUL-terminated */
};
/*
 * Run a parser: argv reads the bytes on its standard input and runs nothing of them.
 *
 * name  "python3", "node", ...
 * path  of the file the bytes belong to
 *
 * Returns 0 with *out; any code when it cannot be run here, which counts as "no parser".
 */
typedef int (*edit_parse_fn)(void *arg, const char *name, const char *path, const char *const *argv,
                             const char *bytes, size_t len, struct edit_parse *out);
struct edit_parser {
    edit_parse_fn run;
    void *arg;
};

struct edit_options {
    const char *dir;            /* root of the tree */
    const char *const *protect; /* globs, NULL-ended; NULL: none */
    bool dry_run;
    bool check_syntax; /* each changed file in the report gets "syntax": "ok", "broken" (it parsed
                          before, or is new), "was_broken", "none" (no parser here), and
                          "syntax_message", "syntax_line" (0: unknown); the first 32 files do */
    const struct edit_parser *parser; /* NULL: a child process with limits of its own */
    bool only_marked; /* with EDIT_AUTO: whole files in fences are not read, which may as well be
                         quotations; for answers that were not asked for edits */
};

/* Finish what a killed process left half done in a tree; does nothing when there is nothing. Every
 * change does this first. VDO_E_TEMPORARY when another process is changing the tree; VDO_E_IO. */
int edit_recover(const char *dir, struct err *err);

/*
 * Apply an answer.
 *
 * out_json  always set (also on refusal): the object that `vdo apply --json` prints; new reference
 * Returns 0 when applied (or would apply, with dry_run); VDO_E_REFUSED with the reason in err;
 * VDO_E_INVALID when dir is no directory; VDO_E_TEMPORARY when another process is changing the
 * tree; VDO_E_IO.
 */
int edit_apply_answer(const struct edit_options *options, enum edit_format format,
                      const char *answer, size_t len, json_t **out_json, struct err *err);

/* Does a text hold edits in a format that has marks (every one but whole files)? Reads no file. */
bool edit_answer_is_marked(const char *answer, size_t len);

/* One search/replace on one existing file: the tool edit_file. */
int edit_replace(const struct edit_options *options, const char *path, const char *search,
                 const char *replace, json_t **out_json, struct err *err);
/* Write one whole file, made with its directories when missing: the tool write_file. An existing
 * file keeps its mode, line endings are taken as given. */
int edit_write(const struct edit_options *options, const char *path, const char *content,
               size_t len, json_t **out_json, struct err *err);
/* Delete one file: the tool delete_file. */
int edit_delete(const struct edit_options *options, const char *path, json_t **out_json,
                struct err *err);

/* What the language's own parser says of a file; nothing of it is ever run. */
enum edit_syntax_state {
    EDIT_SYNTAX_NONE, /* no parser for it on this machine, or the parser gave up */
    EDIT_SYNTAX_OK,
    EDIT_SYNTAX_BROKEN,
};

struct edit_syntax {
    enum edit_syntax_state state;
    const char *checker; /* "python3", "node", ...; NULL with EDIT_SYNTAX_NONE; static text */
    char message[400];   /* where and what, with EDIT_SYNTAX_BROKEN */
    int line;            /* that the message names; 0: none */
};

/*
 * Check bytes as the content of a file of this path, or a file of a tree. parser NULL: a child
 * process, for which the supervisor of base/proc must be running. JSON and TOML are data; Python,
 * JavaScript, shell, Ruby, PHP, Go and Lua are given to a parse-only mode on standard input; other
 * languages have no check. Takes milliseconds to tenths of a second. edit_check_syntax:
 * VDO_E_NOT_FOUND, VDO_E_REFUSED, VDO_E_TOO_LARGE, VDO_E_IO of reading.
 */
void edit_syntax_bytes(const struct edit_parser *parser, const char *path, const char *bytes,
                       size_t len, struct edit_syntax *out);
int edit_check_syntax(const char *dir, const char *path, struct edit_syntax *out, struct err *err);

/*
 * The format to ask a model for when it answers in one piece of text.
 *
 * model       its name as configured
 * file_bytes  size of the largest file it is to change
 *
 * The reasons stand beside the table in the source and in docs/edits.md. Never code inside JSON.
 */
enum edit_format edit_format_for(const char *model, size_t file_bytes);

#endif
