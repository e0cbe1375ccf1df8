/*
 * index: what is in a code base, and which files a text is about. No model.
 *
 * One SQLite file per repository holds, by blob id, the words, symbols and outline facts of each
 * text file; so a new commit costs only its new blobs. A snapshot is the list of paths of one
 * commit (or of a plain directory) over these blobs. Binary, generated, vendored, minified, lock
 * and oversized files are listed and marked, not searched. Threads: a struct belongs to one thread;
 * several threads may open the same file (SQLite WAL).
 */
#ifndef VDO_CODE_INDEX_H
#define VDO_CODE_INDEX_H

#include "vdo/base/err.h"
#include "vdo/base/strbuf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct mirror;
struct code_index;

/* Open or make the index file. A file of another version or a damaged one is made anew. */
int code_index_open(const char *db_path, struct code_index **out, struct err *err);
void code_index_close(struct code_index *index);

/* Bring the index to a commit of a mirror, or to a plain directory (.gitignore-free walk; ".git"
 * left out). It becomes the current snapshot of this struct. cancel may be NULL. */
int code_index_commit(struct code_index *index, struct mirror *mirror, const char *commit,
                      const atomic_bool *cancel, struct err *err);
int code_index_dir(struct code_index *index, const char *dir, const atomic_bool *cancel,
                   struct err *err);

struct code_index_stats {
    uint64_t files;
    uint64_t indexed;   /* text files that are searched */
    uint64_t new_blobs; /* read in the last call */
    uint64_t symbols;
    uint64_t skipped; /* paths left out: invalid UTF-8, control characters, too long, too deep */
    bool has_ctags;   /* false: there is no usable ctags, so there are no symbols */
};
void code_index_stats(const struct code_index *index, struct code_index_stats *out);

struct code_hit {
    char *path;
    double score;
    char *reason; /* "symbol parse_args, words: timeout retry" */
    int line;     /* best region, 1-based; 0 unknown */
    int line_end;
};
/* The n files the text is most about, best first. n at most 1000. Free with code_hits_free(). */
int code_index_locate(struct code_index *index, const char *text, size_t n, struct code_hit **out,
                      size_t *out_n, struct err *err);
void code_hits_free(struct code_hit *hits, size_t n);

/*
 * The map that goes into prompts: tree, important files, signatures, build and test files; focus
 * paths first. At most budget tokens (counted as bytes / 3). Same input, same text.
 */
int code_index_outline(struct code_index *index, size_t budget_tokens, const char *const *focus,
                       size_t n_focus, struct strbuf *out, struct err *err);

struct code_symbol {
    char *name;
    char *kind; /* "function", "class", ... as ctags says */
    char *path;
    int line;
    char *signature; /* or NULL */
};
/* Definitions of a name (exact first, then case-insensitive, then prefix), at most max. */
int code_index_symbols(struct code_index *index, const char *name, size_t max,
                       struct code_symbol **out, size_t *out_n, struct err *err);
void code_symbols_free(struct code_symbol *symbols, size_t n);

/* Does a path of a source tree, by its names alone, hold tests or what only tests use? */
bool code_is_test_path(const char *path);

/*
 * Let this struct's snapshot say what these files of a directory are now: changed, new or gone. In
 * memory only: what is kept for others stays. A job's worktree over its base commit.
 */
int code_index_overlay(struct code_index *index, const char *dir, const char *const *paths,
                       size_t n, struct err *err);

/*
 * The files of the snapshot that a path which does not exist may have meant, best first: the same
 * name elsewhere, another ending, a misspelt name, then what stands in the same directory. At most
 * max (20); out is borrowed until the snapshot changes. Returns how many.
 */
size_t code_index_similar(struct code_index *index, const char *path, size_t max, const char **out);

/* Is the path a file of the snapshot? */
bool code_index_has_file(struct code_index *index, const char *path);

/* The paths of the snapshot below a directory, as code_list_dir() writes them. */
int code_index_list(struct code_index *index, const char *sub, size_t max, struct strbuf *out,
                    struct err *err);

/*
 * The tools list_files and search, over a plain directory whose files change meanwhile: a job's
 * worktree. What .gitignore and .vdoignore name is left out, symbolic links are not followed. Paths
 * in the text are relative to dir. The text ends in a line in parentheses that says what was left
 * out. Bytes that are no UTF-8 pass as they are: make JSON of it with js_string_lossy().
 */
/*
 * The files below dir/sub (NULL, "" or ".": all) as paths relative to dir, one per line; where more
 * than max lines would be needed, deep directories are one line "src/x/ (12 files)".
 * VDO_E_NOT_FOUND when sub is no directory.
 */
int code_list_dir(const char *dir, const char *sub, size_t max, struct strbuf *out,
                  struct err *err);
/*
 * Lines that match a regular expression, as "path:line: text", in path order.
 *
 * pattern      extended regular expression; \d \w \s \b, (?: ), lazy quantifiers and a leading (?i)
 * are understood; VDO_E_INVALID with the reason for what is not glob         NULL, or which files:
 * "*.c", "src/" + "**" + "/x.py", "*.{ts,tsx}", a directory deadline_ms  most time; what was found
 * until then is in out. 0: none Binary files and files over VDO_MAX_SOURCE_FILE are not searched.
 */
int code_search_dir(const char *dir, const char *pattern, const char *glob, size_t max_hits,
                    int64_t deadline_ms, struct strbuf *out, struct err *err);

#endif
