/*
 * query: an issue text taken apart: its words and identifiers as terms, and the paths it names.
 *
 * The first line is the title. Fenced blocks, inline code, URLs, trailers and HTML comments of
 * Markdown are known; texts over QUERY_MAX_TEXT are cut. Threads: any.
 */
#ifndef VDO_CODE_INDEX_QUERY_H
#define VDO_CODE_INDEX_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUERY_MAX_TEXT = 64 * 1024,
    QUERY_MAX_TERMS = 400,
    QUERY_MAX_PATHS = 64,
    QUERY_TERM_TEXT = 48,
    QUERY_PATH_TEXT = 200,
    MAX_SCOPE_TERMS = 8,
};

struct query_term {
    uint32_t number;
    float title; /* how often in the title, and so on; a word counts less the later it comes */
    float body;
    float code;  /* in inline code or shaped like an identifier */
    float block; /* in a fenced block */
    bool whole;  /* a compound identifier as a whole */
    bool joined; /* two neighbouring words taken as one */
    char text[QUERY_TERM_TEXT];
};

struct query_path {
    char text[QUERY_PATH_TEXT]; /* "src/a.c", "a.c", "com/x/Y.java" */
    int line;                   /* 0: none named */
};

struct query {
    struct query_term terms[QUERY_MAX_TERMS]; /* sorted by number */
    size_t n_terms;
    struct query_path paths[QUERY_MAX_PATHS];
    size_t n_paths;
    /* Terms of what stands before the first colon of the title ("caddytls: ...", "feat(cli): ...").
     */
    uint32_t scope[MAX_SCOPE_TERMS];
    size_t n_scope;
    bool about_tests; /* the title asks for tests, or documentation */
    bool about_docs;
};

void query_parse(const char *text, struct query *out);
/* The term of that number, or NULL. */
const struct query_term *query_find(const struct query *query, uint32_t number);

#endif
