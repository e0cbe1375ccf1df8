/*
 * lang: which language a file is written in, and as much of its syntax as telling comments and
 * strings from code takes.
 *
 * By name first, then by a "#!" or "<?xml" line. Threads: any; all results are static.
 */
#ifndef VDO_CODE_INDEX_LANG_H
#define VDO_CODE_INDEX_LANG_H

#include <stdbool.h>
#include <stddef.h>

enum lang_class {
    LANG_TEXT, /* prose: documentation, plain text, what is not known */
    LANG_CODE,
    LANG_DATA, /* JSON, YAML, XML, locale files, tables */
    LANG_BUILD /* Makefile, CMakeLists.txt, Dockerfile */
};

/* How comments and strings look. NULL: the language has none of that kind. */
struct lang_syntax {
    const char *line[2]; /* start of a comment that ends with the line */
    const char *block_open;
    const char *block_close;
    const char *quotes;      /* characters that open and close a string within a line */
    const char *long_quotes; /* those that may cross lines; a tripled one too when `triple` */
    bool triple;             /* """ and ''' */
};

struct lang {
    const char *name; /* as ctags calls it where ctags knows it */
    enum lang_class class;
    bool ctags; /* worth asking ctags for symbols */
    const struct lang_syntax *syntax;
};

/* Never NULL. head may be NULL when only the name is known. */
const struct lang *lang_of(const char *path, const char *head, size_t len);

#endif
