/*
 * rank_docs: what the parts of the ranking share while one query is answered.
 */
#ifndef VDO_CODE_INDEX_RANK_DOCS_H
#define VDO_CODE_INDEX_RANK_DOCS_H

#include "lang.h"
#include "query.h"
#include "rank.h"
#include "snapshot.h"

#include "vdo/base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_PATH_TERMS = 40 };

/* A term of the query in one file. */
struct hit {
    uint16_t term;
    uint16_t where;
    uint8_t tf;
    uint8_t def;
};

/* What is known of one file while ranking. */
struct doc {
    size_t file;
    const struct lang *lang;
    uint32_t first_hit;
    uint32_t n_hits;
    uint32_t code_words;
    uint32_t text_words;
    uint32_t lines;
    uint16_t path_term[MAX_PATH_TERMS]; /* query terms in the path */
    uint8_t path_dir[MAX_PATH_TERMS];   /* directories below it: 0 is the name itself */
    uint8_t n_path;
    uint32_t imports; /* offset into imports of the ranker */
    uint32_t imports_len;
    float base;        /* how much its own text is about the query */
    float stem_weight; /* of all words of the name */
    float stem_all;
    float dir_weight;
    float dir_title;
    float scope;
};

struct ranker {
    struct index_db *db;
    const struct snapshot *snapshot;
    const struct query *query;
    struct doc *docs;
    size_t n;
    struct hit *hits;
    size_t n_hits;
    size_t sources; /* docs that are neither tests nor documentation */
    size_t hits_cap;
    uint32_t df[QUERY_MAX_TERMS];
    uint32_t path_df[QUERY_MAX_TERMS];
    double idf[QUERY_MAX_TERMS];
    double title_weight[QUERY_MAX_TERMS]; /* with idf */
    double all_weight[QUERY_MAX_TERMS];
    double path_idf[QUERY_MAX_TERMS];
    struct strbuf imports; /* of all files */
    double mean_code;
    double mean_text;
    struct ranked *out;
};

/* Signals that come from other files: tests, neighbours, imports. Needs doc.base. */
void rank_links(struct ranker *r);
/* Fills what doc says of paths. */
void rank_paths(struct ranker *r);

#endif
