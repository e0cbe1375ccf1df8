/*
 * guess: values that are secrets by where they stand, not by their form.
 */
#ifndef VDO_CHECKS_GUESS_H
#define VDO_CHECKS_GUESS_H

#include <stdbool.h>
#include <stddef.h>

/* Is a value an obvious placeholder: "xxx", "changeme", "<token>", "${NAME}", "0123456789abcdef"?
 */
bool guess_placeholder(const char *value, size_t len);
/* A line that gives a random-looking value to a name like token, secret or password. */
bool guess_assignment(const char *line, size_t len);
/* A line with a password in a URL: "scheme://user:password@host". */
bool guess_url_password(const char *line, size_t len);
/* Bits of entropy per character. Source: Shannon, A Mathematical Theory of Communication. */
double guess_entropy(const char *value, size_t len);

#endif
