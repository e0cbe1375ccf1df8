/*
 * outline: titles above a test, told by how far each is indented.
 */
#ifndef VDO_CHECKS_FORMATS_OUTLINE_H
#define VDO_CHECKS_FORMATS_OUTLINE_H

#include "vdo/checks/results.h"

#include <stddef.h>

enum { OUTLINE_DEPTH = 12, OUTLINE_PATH = 2048 };

struct outline {
    char title[OUTLINE_DEPTH][RESULTS_MAX_NAME + 1];
    size_t indent[OUTLINE_DEPTH];
    size_t depth;
};

/* A title; those that are not less indented end before it. */
void outline_set(struct outline *outline, size_t indent, const char *title, size_t len);
/* Titles that are not less indented end. */
void outline_cut(struct outline *outline, size_t indent);
/* "first > second > title": those less indented than indent, and the title itself. Returns buf, of
 * OUTLINE_PATH bytes. */
const char *outline_path(const struct outline *outline, size_t indent, const char *title,
                         size_t len, char *buf);

#endif
