/*
 * facts: what the index keeps of one blob: its terms, symbols, imports and a summary line.
 *
 * One packed row per blob replaces an inverted index: a new blob is one insert, an old one costs
 * nothing, and document frequencies are counted over exactly the files of the snapshot that is
 * asked about. A query reads the rows of the snapshot, about a third of the size of the text. This
 * is why SQLite's FTS5 is not used: its table spans all blobs of all commits, so that its
 * frequencies and its size grow with the history.
 *
 * Terms are sorted by number. Each has its frequency in code and in comments and strings (rounded
 * as tf_code() tells), how often a symbol of that name is defined, and in which sixteenths of the
 * file it occurs. The layout is the machine's own; the file is a cache that is never moved.
 * Threads: a builder belongs to one thread; a view is read by any.
 */
#ifndef VDO_CODE_INDEX_FACTS_H
#define VDO_CODE_INDEX_FACTS_H

#include "lang.h"

#include "vdo/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FACTS_SEGMENTS = 16,
    FACTS_MAX_SYMBOLS = 4000, /* of one file */
    FACTS_MAX_IMPORTS = 100,
    FACTS_MAX_SUMMARY = 120,
    FACTS_MAX_SIGNATURE = 160,
};

enum {
    DEF_COUNT = 7U,      /* mask: symbols with this word in their name, at most 7 */
    DEF_WHOLE = 1U << 7, /* a symbol has exactly this name */
};

struct facts_head {
    uint32_t n_terms;
    uint32_t code_words;
    uint32_t text_words; /* in comments and strings */
    uint32_t lines;
    uint32_t n_symbols;
    uint32_t symbols_len; /* bytes */
    uint32_t imports_len;
    uint32_t summary_len;
    uint32_t segment_line[FACTS_SEGMENTS]; /* first line of each, 1-based */
};

/* A packed row, pointed into. */
struct facts {
    const struct facts_head *head;
    const uint32_t *term;  /* sorted */
    const uint16_t *where; /* bit i: occurs in segment i */
    const uint8_t *tf;     /* high half: code, low half: comments and strings; see tf_of() */
    const uint8_t *def;
    const char *symbols; /* see facts_next_symbol() */
    const char *imports; /* NUL-terminated strings, one after the other */
    const char *summary; /* not NUL-terminated */
};
/* bytes aligned to 4. False when they do not hold what their head says (a damaged file). */
bool facts_view(const void *bytes, size_t len, struct facts *out);

/* The frequency that a four bit code stands for. */
double facts_tf(unsigned code);
unsigned facts_tf_code(uint32_t count);

struct facts_symbol {
    const char *name; /* NUL-terminated, as are the others; borrowed from the row */
    const char *kind;
    const char *scope;     /* "" when there is none */
    const char *signature; /* "" when there is none */
    uint32_t line;
    uint32_t line_end; /* 0 unknown */
};
/* Iterate: *at starts at 0. False at the end. */
bool facts_next_symbol(const struct facts *facts, size_t *at, struct facts_symbol *out);

struct facts_builder;
struct facts_builder *facts_builder_new(void);
void facts_builder_free(struct facts_builder *b);
/* Read one file; whatever was built before is forgotten. bytes must stay until facts_pack(). */
void facts_scan(struct facts_builder *b, const struct lang *lang, const char *bytes, size_t len);
/* A definition found by ctags; NULL members are fine; past FACTS_MAX_SYMBOLS they are dropped. */
void facts_add_symbol(struct facts_builder *b, const struct facts_symbol *symbol);
size_t facts_symbol_count(const struct facts_builder *b);
/* Append the packed row to out (whose start is aligned). */
void facts_pack(struct facts_builder *b, struct strbuf *out);

#endif
