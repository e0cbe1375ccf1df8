/*
 * base_lines: lines of the base commit that say of themselves that their secret is none
 * (change_has_marker()). Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_BASE_LINES_H
#define VDO_PIPELINE_BASE_LINES_H

#include "../run.h"

/* Text files of the base are searched up to so many bytes in all; a line behind that is not known.
 */
#define BASE_LINES_MAX (256UL * 1024 * 1024)

/* Zero but for run is a good start; release when done. */
struct base_lines {
    struct job_run *run;
    json_t *marked; /* {SHA-256 of the line without blanks at its ends: true}; NULL: not read yet */
    size_t read;    /* bytes so far */
};
void base_lines_release(struct base_lines *base);

/* Does a file of the base hold this line, whatever its indentation? The base is read at the first
 * question. Signature of change_allow's at_base, with a struct base_lines as arg. */
bool base_lines_have(void *arg, const char *line, size_t len);

#endif
