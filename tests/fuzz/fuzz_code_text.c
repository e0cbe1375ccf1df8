/* code/index: any file packs into facts that can be viewed, any text gives sorted terms, rules
 * files of any kind are borne. */
#include "../../src/code/index/classify.h"
#include "../../src/code/index/facts.h"
#include "../../src/code/index/ignore.h"
#include "../../src/code/index/query.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok)
{
    if (!ok)
        abort();
}

/* The first byte chooses the language. */
static const char *const names[] = {"a.c",    "a.py", "a.js",  "a.rs",  "a.go",   "a.sql",
                                    "a.lua",  "a.hs", "a.xml", "a.php", "a.java", "a.md",
                                    "a.yaml", "a.el", "a.ml",  "a.pas"};

static void try_facts(const char *name, const char *bytes, size_t size)
{
    struct facts_builder *b = facts_builder_new();
    struct facts_symbol symbol = {"name_of_it", "function", "", NULL, 1, 2};
    AUTO_STRBUF packed = {0};
    struct facts facts;
    size_t at = 0;

    strbuf_init(&packed, 1 << 28);
    facts_scan(b, lang_of(name, bytes, size), bytes, size);
    facts_add_symbol(b, &symbol);
    facts_pack(b, &packed);
    check(facts_view(packed.ptr, packed.len, &facts));
    for (uint32_t i = 1; i < facts.head->n_terms; i++)
        check(facts.term[i - 1] < facts.term[i]);
    for (unsigned i = 1; i < FACTS_SEGMENTS; i++)
        check(facts.head->segment_line[i - 1] <= facts.head->segment_line[i]);
    check(facts_next_symbol(&facts, &at, &symbol));
    check(!facts_next_symbol(&facts, &at, &symbol));
    facts_builder_free(b);
}

static void try_query(const char *text)
{
    struct query *q = xcalloc(1, sizeof(*q));

    query_parse(text, q);
    check(q->n_terms <= QUERY_MAX_TERMS && q->n_paths <= QUERY_MAX_PATHS);
    check(q->n_scope <= MAX_SCOPE_TERMS);
    for (size_t i = 1; i < q->n_terms; i++)
        check(q->terms[i - 1].number < q->terms[i].number);
    for (size_t i = 0; i < q->n_paths; i++)
        check(strlen(q->paths[i].text) >= 3);
    free(q);
}

static void try_rules(const char *bytes, size_t size)
{
    struct attributes *a = attributes_parse("", bytes, size);
    struct ignore_level *level = ignore_push(NULL, "", bytes, size);

    (void)attributes_apply(a, "src/some/file.c", 0);
    (void)ignore_match(level, "src/some/file.c", false);
    (void)ignore_match(level, "src", true);
    attributes_free(a);
    (void)ignore_pop(level, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *bytes = NULL;

    if (size == 0)
        return 0;
    bytes = xmemdup0(data + 1, size - 1);
    (void)classify_bytes(bytes, size - 1);
    try_facts(names[data[0] % (sizeof(names) / sizeof(names[0]))], bytes, size - 1);
    try_query(bytes);
    try_rules(bytes, size - 1);
    return 0;
}
