/*
 * report: the object that `vdo apply --json` prints.
 */
#ifndef VDO_CODE_EDIT_REPORT_H
#define VDO_CODE_EDIT_REPORT_H

#include "work.h"

/* rc is what came out; new reference. */
json_t *report_json(const struct work *work, int rc, const struct refusal *why,
                    const struct err *err);

#endif
