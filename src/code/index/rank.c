#include "rank.h"

#include "rank_docs.h"

#include "classify.h"
#include "facts.h"
#include "lang.h"

#include "vdo/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_hit(struct ranker *r, struct hit hit)
{
    if (r->n_hits == r->hits_cap) {
        r->hits_cap = r->hits_cap ? r->hits_cap * 2 : 4096;
        r->hits = xreallocarray(r->hits, r->hits_cap, sizeof(*r->hits));
    }
    r->hits[r->n_hits++] = hit;
}

/* Both lists are sorted. Only sources count for how rare a word is: tests and documents repeat the
 * words of what they are about. */
static void match_terms(struct ranker *r, const struct facts *facts, bool is_source)
{
    const struct query *q = r->query;
    size_t n = facts->head->n_terms;
    size_t j = 0;

    for (size_t i = 0; i < q->n_terms; i++) {
        uint32_t number = q->terms[i].number;

        while (j < n && facts->term[j] < number)
            j++;
        if (j == n)
            return;
        if (facts->term[j] != number)
            continue;
        r->df[i] += is_source;
        add_hit(r, (struct hit){.term = (uint16_t)i,
                                .where = facts->where[j],
                                .tf = facts->tf[j],
                                .def = facts->def[j]});
    }
}

static bool is_searched(const struct snap_file *f)
{
    return f->blob && !(f->flags & FILE_UNREAD);
}

static int read_doc(struct ranker *r, size_t i, struct err *err)
{
    const struct snap_file *f = &r->snapshot->files[i];
    struct doc *d = &r->docs[r->n];
    const void *bytes = NULL;
    size_t len = 0;
    struct facts facts;
    bool source;
    int rc = index_db_facts(r->db, f->blob, &bytes, &len, err);

    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    if (!facts_view(bytes, len, &facts))
        return VDO_OK;
    *d = (struct doc){.file = i, .first_hit = (uint32_t)r->n_hits};
    d->lang = lang_of(f->path, NULL, 0);
    source = d->lang->class != LANG_TEXT && !(f->flags & (FILE_TEST | FILE_DOC | FILE_LOCALE));
    match_terms(r, &facts, source);
    r->sources += source;
    d->imports = (uint32_t)r->imports.len;
    d->imports_len = facts.head->imports_len;
    (void)strbuf_add(&r->imports, facts.imports, facts.head->imports_len);
    d->n_hits = (uint32_t)r->n_hits - d->first_hit;
    d->code_words = facts.head->code_words;
    d->text_words = facts.head->text_words;
    d->lines = facts.head->lines;
    r->mean_code += d->code_words;
    r->mean_text += d->text_words;
    r->n++;
    return VDO_OK;
}

static int read_docs(struct ranker *r, struct err *err)
{
    int rc = index_db_begin_read(r->db, err);

    r->docs = xcalloc(r->snapshot->n + 1, sizeof(*r->docs));
    for (size_t i = 0; i < r->snapshot->n && !rc; i++) {
        if (is_searched(&r->snapshot->files[i]))
            rc = read_doc(r, i, err);
    }
    index_db_end_read(r->db);
    r->mean_code = r->n ? r->mean_code / (double)r->n + 1.0 : 1.0;
    r->mean_text = r->n ? r->mean_text / (double)r->n + 1.0 : 1.0;
    return rc;
}

/* ---- weights of terms ---- */

static void weigh_terms(struct ranker *r)
{
    const struct query *q = r->query;

    for (size_t i = 0; i < q->n_terms; i++) {
        const struct query_term *t = &q->terms[i];
        double n = (double)r->n;
        double sources = (double)r->sources;
        double idf = log(1.0 + (sources - r->df[i] + 0.5) / (r->df[i] + 0.5));
        double all =
            (double)t->title * 2.0 + (double)t->body + (double)t->block * 0.5 + (double)t->code;

        r->idf[i] = idf;
        r->path_idf[i] = log(1.0 + (n - r->path_df[i] + 0.5) / (r->path_df[i] + 0.5));
        r->title_weight[i] = t->title > 0 ? idf : 0;
        r->all_weight[i] = idf * log(1.0 + all);
    }
}

/* ---- signals ---- */

/* What is left of being a test, or a document, where that is asked for. */
#define ASKED_FOR 0.4F

static double saturate(double tf, double len, double mean)
{
    const double k1 = 1.2;
    const double b = 0.5;

    return tf / (tf + k1 * (1.0 - b + b * len / mean));
}

static void add_windows(double *sums, uint16_t where, double weight)
{
    for (unsigned i = 0; i < FACTS_SEGMENTS; i++)
        sums[i] += where & 1U << i ? weight : 0;
}

static double best_window(const double *sum)
{
    double best = 0;

    for (unsigned i = 0; i + 1 < FACTS_SEGMENTS; i++) {
        if (sum[i] + sum[i + 1] > best)
            best = sum[i] + sum[i + 1];
    }
    return best;
}

static void sum_hits(const struct ranker *r, const struct doc *d, float *sig)
{
    double windows[FACTS_SEGMENTS] = {0};
    double scale = 1.0 / log(20.0 + d->lines);

    for (uint32_t i = 0; i < d->n_hits; i++) {
        const struct hit *h = &r->hits[d->first_hit + i];
        const struct query_term *t = &r->query->terms[h->term];
        double code = facts_tf(h->tf >> 4);
        double text = facts_tf(h->tf & 15);
        double title = r->title_weight[h->term];
        double all = r->all_weight[h->term];
        double in_code = saturate(code, d->code_words, r->mean_code);
        double in_text = saturate(text, d->text_words, r->mean_text);
        double both = saturate(code + text + 3.0 * (h->def & DEF_COUNT),
                               d->code_words + d->text_words, r->mean_code + r->mean_text);
        double def = saturate(h->def & DEF_COUNT, d->lines, 300.0);

        sig[SIG_BM25_ALL] += (float)(all * both);
        sig[SIG_CODE_TITLE] += (float)(title * in_code);
        sig[SIG_CODE_ALL] += (float)(all * in_code);
        sig[SIG_TEXT_TITLE] += (float)(title * in_text);
        sig[SIG_TEXT_ALL] += (float)(all * in_text);
        sig[SIG_DEF_ALL] += (float)(all * def);
        sig[SIG_COVER_TITLE] += (float)title;
        sig[SIG_COVER_ALL] += (float)all;
        if (t->whole)
            sig[SIG_IDENT] += (float)(all * both);
        add_windows(windows, h->where, all);
    }
    sig[SIG_WINDOW_ALL] = (float)(best_window(windows) * scale);
}

static void sum_path(const struct ranker *r, const struct doc *d, float *sig)
{
    for (unsigned i = 0; i < d->n_path; i++) {
        const struct query_term *t = &r->query->terms[d->path_term[i]];
        double weight = r->path_idf[d->path_term[i]] / (1.0 + 0.5 * d->path_dir[i]);

        sig[SIG_PATH_TITLE] += (float)(t->title > 0 ? weight : 0);
        sig[SIG_PATH_ALL] += (float)(weight * log(1.0 + (double)t->title * 2.0 + (double)t->body));
    }
    sig[SIG_STEM_ALL] = d->stem_weight > 0 ? d->stem_all / d->stem_weight : 0;
    sig[SIG_DIR_TITLE] = d->dir_weight > 0 ? d->dir_title / d->dir_weight : 0;
    sig[SIG_SCOPE] = d->scope;
}

/* The longest end of the mention that is an end of the path, in components. */
static float mention_of(const char *path, const char *mention)
{
    size_t a = strlen(path);
    size_t b = strlen(mention);
    size_t same = 0;
    float parts = 0;

    while (same < a && same < b && path[a - 1 - same] == mention[b - 1 - same]) {
        same++;
        if (same == a || path[a - same - 1] == '/') {
            if (same == b || mention[b - same - 1] == '/')
                parts += 1;
        }
    }
    return parts;
}

static void sum_mentions(const struct ranker *r, const struct doc *d, float *sig)
{
    const char *path = r->snapshot->files[d->file].path;
    float best = 0;

    for (size_t i = 0; i < r->query->n_paths; i++) {
        float parts = mention_of(path, r->query->paths[i].text);

        if (parts > best)
            best = parts;
    }
    sig[SIG_MENTION] = best > 0 ? 1.0F + 0.25F * (best > 4 ? 3 : best - 1) : 0;
}

static void kind_signals(const struct ranker *r, const struct doc *d, float *sig)
{
    unsigned flags = r->snapshot->files[d->file].flags;

    sig[SIG_SIZE] = logf(1.0F + (float)d->lines) / 8.0F;
    sig[SIG_CHURN] = logf(1.0F + r->snapshot->files[d->file].churn);
    sig[SIG_TEST] = flags & FILE_TEST ? (r->query->about_tests ? ASKED_FOR : 1) : 0;
    if (flags & FILE_DOC || d->lang->class == LANG_TEXT)
        sig[SIG_DOC] = r->query->about_docs ? ASKED_FOR : 1;
    sig[SIG_EXAMPLE] = flags & FILE_EXAMPLE ? 1 : 0;
    sig[SIG_DATA] = d->lang->class == LANG_DATA || flags & FILE_LOCALE ? 1 : 0;
    sig[SIG_BUILD] = d->lang->class == LANG_BUILD ? 1 : 0;
}

/* Share of the lines of source code that are in the language of each file. */
static void language_signals(struct ranker *r)
{
    double total = 1;

    for (size_t k = 0; k < r->n; k++) {
        unsigned flags = r->snapshot->files[r->docs[k].file].flags;

        if (r->docs[k].lang->class == LANG_CODE && !(flags & (FILE_TEST | FILE_DOC)))
            total += r->docs[k].lines;
    }
    for (size_t k = 0; k < r->n; k++) {
        const struct lang *lang = r->docs[k].lang;
        double own = 0;

        if (lang->class != LANG_CODE)
            continue;
        if (k && r->docs[k - 1].lang == lang) {
            r->out[k].signal[SIG_MAIN_LANG] = r->out[k - 1].signal[SIG_MAIN_LANG];
            continue;
        }
        for (size_t j = 0; j < r->n; j++) {
            unsigned flags = r->snapshot->files[r->docs[j].file].flags;

            if (r->docs[j].lang == lang && !(flags & (FILE_TEST | FILE_DOC)))
                own += r->docs[j].lines;
        }
        r->out[k].signal[SIG_MAIN_LANG] = (float)(own / total);
    }
}

/* Make 1 the best of each relative signal. */
static void normalise(struct ranker *r, enum rank_signal s)
{
    float best = 0;

    for (size_t k = 0; k < r->n; k++)
        best = r->out[k].signal[s] > best ? r->out[k].signal[s] : best;
    for (size_t k = 0; k < r->n && best > 0; k++)
        r->out[k].signal[s] /= best;
}

static void compute_signals(struct ranker *r)
{
    static const enum rank_signal relative[] = {
        SIG_BM25_ALL,    SIG_CODE_TITLE, SIG_CODE_ALL, SIG_TEXT_TITLE, SIG_TEXT_ALL,
        SIG_DEF_ALL,     SIG_PATH_TITLE, SIG_PATH_ALL, SIG_IDENT,      SIG_WINDOW_ALL,
        SIG_COVER_TITLE, SIG_COVER_ALL,  SIG_SCOPE};

    r->out = xcalloc(r->n + 1, sizeof(*r->out));
    for (size_t k = 0; k < r->n; k++) {
        struct doc *d = &r->docs[k];

        r->out[k].file = d->file;
        r->out[k].doc = (uint32_t)k;
        sum_hits(r, d, r->out[k].signal);
        sum_path(r, d, r->out[k].signal);
        sum_mentions(r, d, r->out[k].signal);
        kind_signals(r, d, r->out[k].signal);
    }
    language_signals(r);
    for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++)
        normalise(r, relative[i]);
    for (size_t k = 0; k < r->n; k++)
        r->docs[k].base = r->out[k].signal[SIG_BM25_ALL];
    rank_links(r);
}

static void add_up(struct ranker *r)
{
    for (size_t k = 0; k < r->n; k++) {
        double sum = 0;

        for (unsigned s = 0; s < SIG_COUNT; s++)
            sum += rank_weights[s] * (double)r->out[k].signal[s];
        r->out[k].score = sum;
    }
}

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;

    if (x->score < y->score || x->score > y->score)
        return x->score < y->score ? 1 : -1;
    return (x->file > y->file) - (x->file < y->file);
}

static double hit_weight(const struct ranker *r, const struct hit *h)
{
    double tf = facts_tf(h->tf >> 4) + facts_tf(h->tf & 15) + (h->def & DEF_COUNT ? 4.0 : 0.0);

    return r->all_weight[h->term] * tf / (tf + 2.0);
}

/* Keep the heaviest words, heaviest first. */
static void keep_word(const struct ranker *r, struct ranked *to, double *weights,
                      const struct hit *h)
{
    double weight = hit_weight(r, h);
    unsigned i = to->n_words;

    if (weight <= 0 || (i == RANK_WORDS && weight <= weights[RANK_WORDS - 1]))
        return;
    if (i == RANK_WORDS)
        i--;
    else
        to->n_words++;
    for (; i > 0 && weights[i - 1] < weight; i--) {
        weights[i] = weights[i - 1];
        to->word[i] = to->word[i - 1];
        to->word_def[i] = to->word_def[i - 1];
    }
    weights[i] = weight;
    to->word[i] = h->term;
    to->word_def[i] = (h->def & DEF_WHOLE) != 0;
}

static void explain(const struct ranker *r, struct ranked *to)
{
    const struct doc *d = &r->docs[to->doc];
    double weights[RANK_WORDS] = {0};
    double sum[FACTS_SEGMENTS] = {0};
    unsigned best = 0;

    for (uint32_t i = 0; i < d->n_hits; i++) {
        const struct hit *h = &r->hits[d->first_hit + i];

        keep_word(r, to, weights, h);
        for (unsigned k = 0; k < FACTS_SEGMENTS; k++)
            sum[k] += h->where & 1U << k ? r->all_weight[h->term] : 0;
    }
    for (unsigned k = 1; k + 1 < FACTS_SEGMENTS; k++) {
        if (sum[k] + sum[k + 1] > sum[best] + sum[best + 1])
            best = k;
    }
    to->window = (uint16_t)(sum[best] + sum[best + 1] > 0 ? 3U << best : 0);
}

int rank_files(struct index_db *db, const struct snapshot *snapshot, const struct query *query,
               size_t explained, struct ranked **out, size_t *out_n, struct err *err)
{
    struct ranker *r = xcalloc(1, sizeof(*r));
    int rc;

    r->db = db;
    r->snapshot = snapshot;
    r->query = query;
    strbuf_init(&r->imports, SIZE_MAX / 2);
    rc = read_docs(r, err);
    if (!rc) {
        rank_paths(r);
        weigh_terms(r);
        compute_signals(r);
        add_up(r);
        qsort(r->out, r->n, sizeof(*r->out), compare_ranked);
        for (size_t k = 0; k < r->n && k < explained; k++)
            explain(r, &r->out[k]);
        *out = r->out;
        *out_n = r->n;
    }
    strbuf_release(&r->imports);
    free(r->docs);
    free(r->hits);
    free(r);
    return rc;
}
