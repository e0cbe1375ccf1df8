/*
 * whole: files that an answer gives as a whole, and the signs that it does not.
 *
 * An elided file ("... rest unchanged ...") written out would destroy code; so would one that ends
 * early. Both are refused.
 */
#ifndef VDO_CODE_EDIT_WHOLE_H
#define VDO_CODE_EDIT_WHOLE_H

#include "work.h"

/* The content that hunk 0 of an op gives, in the file's line endings and with its way to end;
 * a new file ends its lines with LF. Allocated. */
char *whole_bytes(const struct work_file *file, const struct file_op *op, size_t *out_len);

/* Does a line say that code was left out, and is it not the file's own line? */
bool whole_is_elided(const struct work_file *file, const struct file_op *op, struct refusal *why);
/* The same for the additions of a hunk. */
bool hunk_is_elided(const struct work_file *file, const struct hunk *hunk, struct refusal *why);
/* Does it stop in the middle of the existing file? */
bool whole_is_cut(const struct work_file *file, const struct file_op *op, struct refusal *why);

/* Is this a comment that stands for left-out code: "// ... existing code ..."? */
bool line_is_elision_comment(const char *ptr, size_t len);

#endif
