/*
 * scan_answer: a whole answer read into a plan. Between the parts that have a format lie prose,
 * Markdown fences, shell wrappers and the names of files.
 */
#ifndef VDO_CODE_EDIT_SCAN_ANSWER_H
#define VDO_CODE_EDIT_SCAN_ANSWER_H

#include "scan.h"

/* VDO_E_REFUSED with why. The answer must outlive the plan. */
int scan_answer(struct work *work, enum edit_format format, const char *answer, size_t len,
                struct edit_plan *plan, struct refusal *why);

#endif
