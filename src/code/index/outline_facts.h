/*
 * outline_facts: what is important in a code base: how often files are imported, in how many files
 * names occur, which files programs start in. For the outline only.
 */
#ifndef VDO_CODE_INDEX_OUTLINE_FACTS_H
#define VDO_CODE_INDEX_OUTLINE_FACTS_H

#include "facts.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_index;
struct outline_facts;

struct outline_language {
    const char *name;
    uint64_t lines;
    unsigned percent;
};

int outline_facts_read(struct code_index *index, struct outline_facts **out, struct err *err);
void outline_facts_free(struct outline_facts *facts);

/* Languages of the source, most lines first; borrowed. */
size_t outline_languages(const struct outline_facts *facts, const struct outline_language **out);
/* Numbers of the snapshot's files that are source, most important first; borrowed. */
size_t outline_by_importance(const struct outline_facts *facts, const uint32_t **out);
bool outline_is_entry(const struct outline_facts *facts, size_t file);
/* 0: not worth a line. */
double outline_symbol_weight(const struct outline_facts *facts, const struct facts_symbol *symbol);

#endif
