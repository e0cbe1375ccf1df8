/*
 * classify: what part a file plays: source, test, documentation, or something that nobody edits.
 *
 * By the path, by the first bytes, and by what .gitattributes says (linguist-generated,
 * linguist-vendored, linguist-documentation; a leading "-" or "=false" turns a guess off).
 * Threads: any.
 */
#ifndef VDO_CODE_INDEX_CLASSIFY_H
#define VDO_CODE_INDEX_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_flag {
    FILE_TEST = 1U << 0,
    FILE_DOC = 1U << 1,
    FILE_EXAMPLE = 1U << 2,   /* examples, demos, benchmarks */
    FILE_VENDORED = 1U << 3,  /* other people's code */
    FILE_GENERATED = 1U << 4, /* made by a program */
    FILE_MINIFIED = 1U << 5,
    FILE_LOCK = 1U << 6, /* lock files and checksums of package managers */
    FILE_BINARY = 1U << 7,
    FILE_OVERSIZED = 1U << 8, /* over VDO_MAX_SOURCE_FILE */
    FILE_LINK = 1U << 9,      /* symbolic link or submodule of a commit */
    FILE_LOCALE = 1U << 10,   /* translations */
    FILE_UNREAD = FILE_VENDORED | FILE_GENERATED | FILE_MINIFIED | FILE_LOCK | FILE_BINARY |
                  FILE_OVERSIZED | FILE_LINK, /* listed, not searched */
};

/* What the path alone tells. */
unsigned classify_path(const char *path);
/* What the bytes tell: FILE_BINARY, FILE_GENERATED, FILE_MINIFIED. */
unsigned classify_bytes(const char *bytes, size_t len);

/* The lines of one .gitattributes file that matter here. */
struct attributes;
/* base: the directory of the file, "" for the root. NULL when no line matters. */
struct attributes *attributes_parse(const char *base, const char *text, size_t len);
void attributes_free(struct attributes *attributes);
/* flags with what the attributes say put in or taken out. */
unsigned attributes_apply(const struct attributes *attributes, const char *path, unsigned flags);

#endif
