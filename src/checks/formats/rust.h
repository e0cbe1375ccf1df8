/*
 * rust: what a Rust test prints when it fails.
 */
#ifndef VDO_CHECKS_FORMATS_RUST_H
#define VDO_CHECKS_FORMATS_RUST_H

#include "../tally.h"

/* One line of a failing test's output: a panic tells its place and message, which may come in the
 * next line: *message_follows is kept from line to line. */
void rust_detail(struct failure *failure, bool *message_follows, const char *line, size_t len);

#endif
