/*
 * tool: what builder and tester may do, one tool per file. Used
 * inside pipeline only.
 *
 * Names and arguments are a public contract. Every path goes through gitrepo/path. A tool's failure
 * is an answer to the model, never the end of the job: call returns 0 and sets is_error; a code is
 * returned only when the job itself must stop (cancelled, lost lease, disk).
 */
#ifndef VDO_PIPELINE_TOOLS_TOOL_H
#define VDO_PIPELINE_TOOLS_TOOL_H

#include "../run.h"

#include "vdo/code/edit.h"

struct tool_call {
    struct job_run *run;
    const json_t *args;         /* an object */
    const char *dir;            /* root of the worktree */
    const char *const *protect; /* globs, NULL-ended */
    struct strbuf *out;         /* what the model is shown; clipped by the caller */
    bool is_error;
    bool finished;             /* set by finish */
    char *summary;             /* set by finish; owned */
    struct edit_parser parser; /* set by tool_edit_options() */
};

typedef int (*tool_fn)(struct tool_call *call, struct err *err);

struct tool {
    const char *name;
    const char *description;
    const char *schema; /* JSON Schema of the arguments, strict dialect */
    tool_fn call;
    bool writes; /* changes the worktree */
};

extern const struct tool tool_apply_patch, tool_ask, tool_delete_file, tool_edit_file, tool_finish,
    tool_list_files, tool_read_file, tool_run, tool_run_checks, tool_search, tool_symbols,
    tool_write_file;

/* All tools, sorted by name. */
const struct tool *const *tools_all(size_t *out_n);
const struct tool *tool_find(const char *name);

/* An argument as a string; "" when missing or null. */
const char *tool_arg(const struct tool_call *call, const char *name);
/* Answer with an error text. Returns 0. */
int tool_fail(struct tool_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A text file of the tree, NUL-terminated; free with free(). Fails, with words for the model, when
 * there is none of that name, it is a link, binary, or over VDO_MAX_SOURCE_FILE. */
int tool_read_text(const char *dir, const char *path, char **out, size_t *out_len, struct err *err);
/* The parser of a language in the sandbox, as edit_syntax_bytes() asks for it. Borrows run. */
struct edit_parser tool_parser(struct job_run *run);
/* How tools change files: in the worktree, protected paths refused, each changed file parsed by its
 * language's own parser in the sandbox (syntax.c). Borrows from call. */
struct edit_options tool_edit_options(struct tool_call *call);
/* Answer with what an edit function said: its message, candidate and reason; or what was changed,
 * and which file no longer parses. Returns 0, or rc when the job must stop. */
int tool_edit_answer(struct tool_call *call, int rc, const json_t *said, const struct err *why,
                     struct err *err);

#endif
