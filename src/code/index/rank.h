/*
 * rank: how much each file of a snapshot is about a query, as a few numbers and their weighted sum.
 *
 * The numbers ("signals") are relative: 1 is the best file of this query. The weights are in
 * rank_weights.c with how they were found. Threads: any, each with its own index_db.
 */
#ifndef VDO_CODE_INDEX_RANK_H
#define VDO_CODE_INDEX_RANK_H

#include "db.h"
#include "query.h"
#include "snapshot.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "title": of the words of the title only; "all": of all words, each by how often and where it
 * stands in the text. */
enum rank_signal {
    SIG_BM25_ALL,   /* code, comments, strings and symbol names taken as one (BM25) */
    SIG_CODE_TITLE, /* in code only */
    SIG_CODE_ALL,
    SIG_TEXT_TITLE, /* in comments and strings only */
    SIG_TEXT_ALL,
    SIG_DEF_ALL,    /* in names of symbols defined there */
    SIG_PATH_TITLE, /* in the path, the name more than the directories */
    SIG_PATH_ALL,
    SIG_IDENT,       /* compound identifiers of the text that occur in the file */
    SIG_WINDOW_ALL,  /* the best eighth of the file alone */
    SIG_COVER_TITLE, /* share of the weight of the words that occur at all */
    SIG_COVER_ALL,
    SIG_STEM_ALL,  /* how much of the file's name is in the text */
    SIG_DIR_TITLE, /* how much of its directory's name is in the title */
    SIG_SCOPE,     /* "scope:" of the title is in the path */
    SIG_MENTION,   /* the path is named in the text */
    SIG_PAIR,      /* its test is about the text */
    SIG_DIR_BEST,  /* a file beside it is about the text */
    SIG_LINKED,    /* a file that imports it, or that it imports, is about the text */
    SIG_IMPORTED,  /* how many files import it */
    SIG_SIZE,      /* logarithm of its lines */
    SIG_CHURN,     /* how often and how recently it changed between snapshots */
    SIG_MAIN_LANG, /* share of the code base that is in its language */
    SIG_TEST,      /* what it is; less when the text asks for tests or documents */
    SIG_DOC,
    SIG_EXAMPLE,
    SIG_DATA,
    SIG_BUILD,
    SIG_COUNT
};

enum { RANK_WORDS = 5 };

struct ranked {
    size_t file; /* into the snapshot */
    double score;
    float signal[SIG_COUNT];
    uint32_t doc;              /* of the ranking's own */
    uint16_t window;           /* segments of the best window, a bit each */
    uint16_t word[RANK_WORDS]; /* terms of the query that weigh most in it */
    uint8_t n_words;
    bool word_def[RANK_WORDS]; /* that term is the name of a symbol defined there */
};

/* Every searched file of the snapshot, best first; the first `explained` ones with window and
 * words. *out is the caller's, freed with free(). */
int rank_files(struct index_db *db, const struct snapshot *snapshot, const struct query *query,
               size_t explained, struct ranked **out, size_t *out_n, struct err *err);

extern const double rank_weights[SIG_COUNT];

#endif
