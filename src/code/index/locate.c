#include "index_struct.h"
#include "query.h"
#include "rank.h"
#include "words.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_HITS = 1000, MAX_REASON = 400, MAX_REGION = 200, AROUND = 10 };

struct region {
    int line;
    int line_end;
};

/* Parts of one identifier carry its text; it is said once. */
static bool said_before(const struct query *q, const struct ranked *r, unsigned i)
{
    for (unsigned k = 0; k < i; k++) {
        if (strcmp(q->terms[r->word[k]].text, q->terms[r->word[i]].text) == 0)
            return true;
    }
    return false;
}

/* Comma-separated words of one sort under a heading. */
static void add_words(struct strbuf *out, const struct query *q, const struct ranked *r, bool def)
{
    bool any = false;

    for (unsigned i = 0; i < r->n_words; i++) {
        if (r->word_def[i] != def || said_before(q, r, i))
            continue;
        if (!any)
            (void)strbuf_addf(out, "%s%s ", out->len ? "; " : "", def ? "defines" : "words:");
        (void)strbuf_addf(out, "%s%s", any ? ", " : "", q->terms[r->word[i]].text);
        any = true;
    }
}

static void add_note(struct strbuf *out, const struct ranked *r, enum rank_signal signal,
                     float least, const char *text)
{
    if (r->signal[signal] >= least)
        (void)strbuf_addf(out, "%s%s", out->len ? "; " : "", text);
}

/* Why this file: the strongest evidence, in words. */
static char *reason_of(const struct query *q, const struct ranked *r)
{
    struct strbuf out;

    strbuf_init(&out, MAX_REASON);
    add_note(&out, r, SIG_MENTION, 0.5F, "named in the text");
    add_words(&out, q, r, true);
    add_words(&out, q, r, false);
    add_note(&out, r, SIG_STEM_ALL, 0.5F, "its name");
    add_note(&out, r, SIG_SCOPE, 0.6F, "the title's scope");
    add_note(&out, r, SIG_PAIR, 0.6F, "its test is about this");
    add_note(&out, r, SIG_LINKED, 0.5F, "linked by imports to such files");
    add_note(&out, r, SIG_CHURN, 1.0F, "changed often lately");
    if (out.len == 0)
        (void)strbuf_adds(&out, "no word of the text; placed by its kind and size");
    return strbuf_take(&out, NULL);
}

/* The line that the text itself names for this path. */
static int named_line(const struct query *q, const char *path)
{
    size_t len = strlen(path);

    for (size_t i = 0; i < q->n_paths; i++) {
        size_t n = strlen(q->paths[i].text);

        if (q->paths[i].line && n <= len && strcmp(path + len - n, q->paths[i].text) == 0 &&
            (n == len || path[len - n - 1] == '/'))
            return q->paths[i].line;
    }
    return 0;
}

static struct region window_region(const struct facts *facts, const struct ranked *r)
{
    struct region out = {0, 0};

    for (unsigned i = 0; i < FACTS_SEGMENTS; i++) {
        uint32_t end =
            i + 1 < FACTS_SEGMENTS ? facts->head->segment_line[i + 1] : facts->head->lines + 1;

        if (!(r->window & 1U << i))
            continue;
        if (!out.line)
            out.line = (int)facts->head->segment_line[i];
        out.line_end = (int)end - 1;
    }
    if (out.line && out.line_end < out.line)
        out.line_end = out.line;
    return out;
}

/* How much of the query is in the name of a symbol. */
static double name_weight(const struct query *q, const char *name)
{
    struct word_parts parts;
    double sum = 0;

    word_split(name, strlen(name), &parts);
    for (unsigned i = 0; i < parts.n; i++)
        sum += query_find(q, parts.part[i]) ? 1.0 : 0.0;
    if (parts.n)
        sum /= parts.n;
    return sum + (parts.compound && query_find(q, parts.whole) ? 2.0 : 0.0);
}

/* A symbol whose name is in the text is the better region; the best window tells between several.
 */
static struct region best_region(const struct facts *facts, const struct query *q,
                                 const struct ranked *r)
{
    struct region window = window_region(facts, r);
    struct region best = window;
    struct facts_symbol symbol;
    double best_weight = 0.99;
    size_t at = 0;

    while (facts_next_symbol(facts, &at, &symbol)) {
        int end = symbol.line_end > symbol.line ? (int)symbol.line_end : (int)symbol.line;
        double weight = name_weight(q, symbol.name);

        if (weight > 0 && (int)symbol.line <= window.line_end && end >= window.line)
            weight += 0.5;
        if (weight > best_weight) {
            best_weight = weight;
            best = (struct region){(int)symbol.line, end};
        }
    }
    if (best.line_end > best.line + MAX_REGION)
        best.line_end = best.line + MAX_REGION;
    return best;
}

static int region_of(struct code_index *index, const struct query *q, const struct ranked *r,
                     struct region *out, struct err *err)
{
    const struct snap_file *file = &index->snapshot.files[r->file];
    int named = named_line(q, file->path);
    struct facts facts;
    int rc;

    *out = (struct region){0, 0};
    rc = index_facts(index, file, &facts, err);
    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    if (!named || named > (int)facts.head->lines)
        *out = best_region(&facts, q, r);
    else
        *out = (struct region){named > AROUND ? named - AROUND : 1, named + AROUND};
    if (out->line_end > (int)facts.head->lines)
        out->line_end = (int)facts.head->lines;
    return VDO_OK;
}

static int fill_hits(struct code_index *index, const struct query *q, const struct ranked *ranked,
                     size_t n, struct code_hit *hits, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct region region;
        int rc = region_of(index, q, &ranked[i], &region, err);

        if (rc)
            return rc;
        hits[i].path = xstrdup(index->snapshot.files[ranked[i].file].path);
        hits[i].score = ranked[i].score;
        hits[i].reason = reason_of(q, &ranked[i]);
        hits[i].line = region.line;
        hits[i].line_end = region.line_end;
    }
    return VDO_OK;
}

int code_index_locate(struct code_index *index, const char *text, size_t n, struct code_hit **out,
                      size_t *out_n, struct err *err)
{
    struct query *q = xcalloc(1, sizeof(*q));
    struct ranked *ranked = NULL;
    struct code_hit *hits = NULL;
    size_t found = 0;
    int rc;

    if (n > MAX_HITS)
        n = MAX_HITS;
    query_parse(text, q);
    rc = rank_files(index->db, &index->snapshot, q, n, &ranked, &found, err);
    if (!rc) {
        if (found > n)
            found = n;
        hits = xcalloc(found + 1, sizeof(*hits));
        rc = index_db_begin_read(index->db, err);
        if (!rc)
            rc = fill_hits(index, q, ranked, found, hits, err);
        index_db_end_read(index->db);
    }
    if (!rc) {
        *out = hits;
        *out_n = found;
        hits = NULL;
    }
    code_hits_free(hits, found);
    free(ranked);
    free(q);
    return rc;
}

void code_hits_free(struct code_hit *hits, size_t n)
{
    for (size_t i = 0; hits && i < n; i++) {
        free(hits[i].path);
        free(hits[i].reason);
    }
    free(hits);
}
