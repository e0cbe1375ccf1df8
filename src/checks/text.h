/*
 * text: small questions about one line, shared by the formats. Lines end in a NUL.
 */
#ifndef VDO_CHECKS_TEXT_H
#define VDO_CHECKS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What stands behind the prefix, or NULL when the line does not begin with it. */
const char *text_after(const char *line, const char *prefix);
/* Blanks and tabs at the start; a tab counts as one. */
size_t text_indent(const char *line);
/* Is the whole of text one of the words? NULL-ended. */
bool text_is_one_of(const char *text, size_t len, const char *const *words);
/* A number at *at, which moves behind it; at most nine digits. */
bool text_number(const char **at, int *out);
/* Add a number of text_number() to a sum of them, which stops at TEXT_MOST: a forged line may name
 * a state again and again. Two such sums can be taken from one another. */
enum { TEXT_MOST = 1000000000 };
void text_add(int *sum, int n);
/* The number behind the word, blanks between them; 0 when there is none. */
int text_count_after(const char *line, const char *word);
/* The number that ends where the word begins: of " failed" in "2 failed"; 0 when there is none. */
int text_count_before(const char *line, const char *word);
/* Length without blanks at the end. */
size_t text_len(const char *text, size_t len);
/* Length without a duration at the end: " (0.01s)", " (12 ms)", " 12ms". */
size_t text_without_duration(const char *text, size_t len);

struct place {
    const char *file;
    size_t len;
    int line;
};

/*
 * The first "file.ext:12" or "file.ext:12:5" that belongs to the project: not a library's, a
 * runtime's or a compiler's own. "file://" and "./" are left out.
 */
bool text_place(const char *text, struct place *out);
/* Is a path one of an installed library or runtime? */
bool text_is_foreign(const char *file, size_t len);

#endif
