/*
 * indent: what the indentation of an answer means in a file that is indented otherwise.
 *
 * The pairs (indentation in the answer, indentation in the file) of the lines that match say how
 * the answer's indentation is to be read. Only an even reading is certain: each indentation of the
 * answer stands for one of the file, deeper ones for deeper ones.
 */
#ifndef VDO_CODE_EDIT_INDENT_H
#define VDO_CODE_EDIT_INDENT_H

#include "lines.h"
#include "plan.h"

#include <stdbool.h>
#include <stddef.h>

struct indent_pair {
    const char *from; /* in the answer */
    size_t from_len;
    const char *to; /* in the file */
    size_t to_len;
};

struct indent_map {
    struct indent_pair *v; /* owned; one per indentation of the answer */
    size_t n;
    size_t unit;    /* columns of one step in the file */
    bool file_tabs; /* the file indents with tabs */
    bool same;      /* every pair is equal: nothing to do */
};

/* From the lines that match; file is asked for its habit. False when the pairs contradict each
 * other. Release in either case. */
bool indent_map_init(struct indent_map *map, const struct hunk *hunk, const size_t *at,
                     const struct lines *file);
void indent_map_release(struct indent_map *map);

/*
 * The text of an added line with its indentation in the file's terms.
 *
 * out is allocated, or NULL when the line stays as it is. False when no reading is certain.
 */
bool indent_apply(const struct indent_map *map, const struct hunk_line *line, char **out,
                  size_t *out_len);

/* How an answer writes the file's indentation, column for column, by the other kind of blanks. */
struct indent_swap {
    size_t tab;   /* columns of a tab; 0: nothing is known */
    bool to_tabs; /* the file has tabs where the answer has blanks; false: the other way round */
};
bool indent_swap_of(const struct indent_map *map, struct indent_swap *out);
/* Is the indentation of a line of the answer of the kind that the swap takes away? */
bool indent_is_swapped(const struct indent_swap *swap, const char *ptr, size_t len);
/* A line with its indentation swapped; free with free(). */
char *indent_swapped(const struct indent_swap *swap, const char *ptr, size_t len, size_t *out_len);

/* Are a removed and an added line one and the same, but for tabs written as blanks or the other way
 * round? Then it is context, and the file's. */
bool indent_is_same_line(const struct indent_map *map, const struct hunk_line *a,
                         const struct hunk_line *b);

#endif
