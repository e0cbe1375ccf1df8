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

struct edit_options {
    const char *dir;            /* root of the tree */
    const char *const *protect; /* globs, NULL-ended; NULL: none */
    bool dry_run;
    bool check_syntax; /* each changed file in the report gets "syntax", see edit_syntax() */
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

#endif
