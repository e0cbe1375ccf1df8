#include "facts.h"

#include "scan_text.h"
#include "words.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_TABLE = 1 << 10, MAX_NAME = 200, MAX_KIND = 32 };

/* An identifier or word as it stands in the file. */
struct raw {
    uint32_t start;
    uint32_t hash;
    uint32_t code;
    uint32_t text;
    uint16_t where;
    uint8_t len; /* 0: free */
};

struct term {
    uint32_t number;
    uint32_t code;
    uint32_t text;
    uint16_t where;
    uint8_t def;
    bool used;
};

struct facts_builder {
    const char *bytes;
    size_t len;
    struct raw *raw; /* open addressing, a power of two */
    size_t raw_cap;  /* slots in use for this file */
    size_t raw_room; /* slots allocated */
    size_t raw_n;
    struct term *term; /* the same */
    size_t term_cap;
    size_t term_room;
    size_t term_n;
    struct facts_head head;
    struct strbuf symbols;
    struct strbuf imports;
    unsigned n_imports;
    char summary[FACTS_MAX_SUMMARY + 1];
};

struct facts_builder *facts_builder_new(void)
{
    struct facts_builder *b = xcalloc(1, sizeof(*b));

    strbuf_init(&b->symbols, SIZE_MAX / 2);
    strbuf_init(&b->imports, SIZE_MAX / 2);
    return b;
}

void facts_builder_free(struct facts_builder *b)
{
    if (!b)
        return;
    free(b->raw);
    free(b->term);
    strbuf_release(&b->symbols);
    strbuf_release(&b->imports);
    free(b);
}

/* As few slots as the file may need: most files are small, and each slot must be cleared. */
static void clear(struct facts_builder *b, size_t len)
{
    size_t slots = FIRST_TABLE;

    while (slots < len / 32)
        slots *= 2;
    if (slots > b->raw_room) {
        b->raw_room = slots;
        b->raw = xreallocarray(b->raw, slots, sizeof(*b->raw));
    }
    if (slots > b->term_room) {
        b->term_room = slots;
        b->term = xreallocarray(b->term, slots, sizeof(*b->term));
    }
    b->raw_cap = slots;
    b->term_cap = slots;
    memset(b->raw, 0, slots * sizeof(*b->raw));
    memset(b->term, 0, slots * sizeof(*b->term));
    b->raw_n = 0;
    b->term_n = 0;
    b->n_imports = 0;
    memset(&b->head, 0, sizeof(b->head));
    strbuf_clear(&b->symbols);
    strbuf_clear(&b->imports);
}

static uint32_t hash_bytes(const char *bytes, size_t len)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    return hash ^ hash >> 15;
}

static void grow_raw(struct facts_builder *b)
{
    struct raw *old = b->raw;
    size_t old_cap = b->raw_cap;

    b->raw_cap *= 2;
    b->raw_room = b->raw_cap;
    b->raw = xcalloc(b->raw_cap, sizeof(*b->raw));
    for (size_t i = 0; i < old_cap; i++) {
        size_t slot = old[i].hash & (b->raw_cap - 1);

        if (!old[i].len)
            continue;
        while (b->raw[slot].len)
            slot = (slot + 1) & (b->raw_cap - 1);
        b->raw[slot] = old[i];
    }
    free(old);
}

static struct raw *find_raw(struct facts_builder *b, size_t start, size_t len)
{
    uint32_t hash = hash_bytes(b->bytes + start, len);
    size_t slot = hash & (b->raw_cap - 1);
    struct raw *r;

    for (;; slot = (slot + 1) & (b->raw_cap - 1)) {
        r = &b->raw[slot];
        if (!r->len)
            break;
        if (r->hash == hash && r->len == len &&
            memcmp(b->bytes + r->start, b->bytes + start, len) == 0)
            return r;
    }
    if (++b->raw_n * 2 > b->raw_cap) {
        grow_raw(b);
        slot = hash & (b->raw_cap - 1);
        while (b->raw[slot].len)
            slot = (slot + 1) & (b->raw_cap - 1);
        r = &b->raw[slot];
    }
    *r = (struct raw){.start = (uint32_t)start, .hash = hash, .len = (uint8_t)len};
    return r;
}

static void on_word(void *arg, enum scan_kind kind, size_t start, size_t len)
{
    struct facts_builder *b = arg;
    struct raw *r;

    if (kind == SCAN_CODE)
        b->head.code_words++;
    else
        b->head.text_words++;
    if (len < 2 || len > WORD_MAX)
        return;
    r = find_raw(b, start, len);
    r->code += kind == SCAN_CODE;
    r->text += kind == SCAN_TEXT;
    r->where |= (uint16_t)(1U << (start * FACTS_SEGMENTS / b->len));
}

static void on_import(void *arg, const char *name, size_t len)
{
    struct facts_builder *b = arg;

    if (b->n_imports++ >= FACTS_MAX_IMPORTS || memchr(name, '\0', len))
        return;
    (void)strbuf_add(&b->imports, name, len);
    (void)strbuf_addc(&b->imports, '\0');
}

void facts_scan(struct facts_builder *b, const struct lang *lang, const char *bytes, size_t len)
{
    clear(b, len);
    b->bytes = bytes;
    b->len = len;
    b->head.lines = scan_text(lang, bytes, len, b->head.segment_line, FACTS_SEGMENTS, on_word, b);
    b->head.summary_len = (uint32_t)scan_summary(lang, bytes, len, b->summary, FACTS_MAX_SUMMARY);
    scan_imports(lang, bytes, len, on_import, b);
}

static void grow_terms(struct facts_builder *b)
{
    struct term *old = b->term;
    size_t old_cap = b->term_cap;

    b->term_cap *= 2;
    b->term_room = b->term_cap;
    b->term = xcalloc(b->term_cap, sizeof(*b->term));
    for (size_t i = 0; i < old_cap; i++) {
        size_t slot = old[i].number & (b->term_cap - 1);

        if (!old[i].used)
            continue;
        while (b->term[slot].used)
            slot = (slot + 1) & (b->term_cap - 1);
        b->term[slot] = old[i];
    }
    free(old);
}

static struct term *find_term(struct facts_builder *b, uint32_t number)
{
    size_t slot;

    if (b->term_n * 2 >= b->term_cap)
        grow_terms(b);
    slot = number & (b->term_cap - 1);
    while (b->term[slot].used && b->term[slot].number != number)
        slot = (slot + 1) & (b->term_cap - 1);
    if (!b->term[slot].used) {
        b->term[slot] = (struct term){.number = number, .used = true};
        b->term_n++;
    }
    return &b->term[slot];
}

static void count_term(struct facts_builder *b, uint32_t number, const struct raw *r)
{
    struct term *t = find_term(b, number);

    t->code += r->code;
    t->text += r->text;
    t->where |= r->where;
}

static void define_term(struct facts_builder *b, uint32_t number, bool whole)
{
    struct term *t = find_term(b, number);

    if ((t->def & DEF_COUNT) < DEF_COUNT)
        t->def++;
    if (whole)
        t->def |= DEF_WHOLE;
}

static void add_text(struct strbuf *out, const char *text, size_t max)
{
    size_t len = text ? strnlen(text, max) : 0;

    while (text && text[len] && len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    (void)strbuf_add(out, text ? text : "", len);
    (void)strbuf_addc(out, '\0');
}

/* Two numbers, then name, kind, scope, signature, each with its NUL. */
void facts_add_symbol(struct facts_builder *b, const struct facts_symbol *symbol)
{
    struct word_parts parts;
    uint32_t lines[2] = {symbol->line, symbol->line_end};
    size_t len = strlen(symbol->name);

    if (b->head.n_symbols >= FACTS_MAX_SYMBOLS || !len || len > MAX_NAME)
        return;
    b->head.n_symbols++;
    (void)strbuf_add(&b->symbols, lines, sizeof(lines));
    add_text(&b->symbols, symbol->name, MAX_NAME);
    add_text(&b->symbols, symbol->kind, MAX_KIND);
    add_text(&b->symbols, symbol->scope, MAX_NAME);
    add_text(&b->symbols, symbol->signature, FACTS_MAX_SIGNATURE);
    word_split(symbol->name, len, &parts);
    for (unsigned i = 0; i < parts.n; i++)
        define_term(b, parts.part[i], !parts.compound);
    if (parts.compound)
        define_term(b, parts.whole, true);
}

size_t facts_symbol_count(const struct facts_builder *b)
{
    return b->head.n_symbols;
}

static void split_raw(struct facts_builder *b)
{
    for (size_t i = 0; i < b->raw_cap; i++) {
        const struct raw *r = &b->raw[i];
        struct word_parts parts;

        if (!r->len)
            continue;
        word_split(b->bytes + r->start, r->len, &parts);
        for (unsigned k = 0; k < parts.n; k++)
            count_term(b, parts.part[k], r);
        if (parts.compound)
            count_term(b, parts.whole, r);
    }
}

static int compare_terms(const void *a, const void *b)
{
    uint32_t x = ((const struct term *)a)->number;
    uint32_t y = ((const struct term *)b)->number;

    return (x > y) - (x < y);
}

/* Frequencies 0 .. 7 as they are, then 8-9, 10-12, 13-16, 17-23, 24-35, 36-63, 64-127, more. */
static const uint16_t tf_steps[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 24, 36, 64, 128};
static const double tf_means[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8.5, 11, 14.5, 20, 29, 48, 90, 200};

unsigned facts_tf_code(uint32_t count)
{
    unsigned code = 15;

    while (tf_steps[code] > count)
        code--;
    return code;
}

double facts_tf(unsigned code)
{
    return tf_means[code & 15];
}

static void pack_terms(const struct term *terms, size_t n, struct strbuf *out)
{
    AUTO_FREE char *room = xcalloc(n ? n : 1, 8);
    uint32_t *number = (uint32_t *)(void *)room;
    uint16_t *where = (uint16_t *)(void *)(room + 4 * n);
    uint8_t *tf = (uint8_t *)room + 6 * n;
    uint8_t *def = (uint8_t *)room + 7 * n;

    for (size_t i = 0; i < n; i++) {
        number[i] = terms[i].number;
        where[i] = terms[i].where;
        tf[i] = (uint8_t)(facts_tf_code(terms[i].code) << 4 | facts_tf_code(terms[i].text));
        def[i] = terms[i].def;
    }
    (void)strbuf_add(out, room, 8 * n);
}

void facts_pack(struct facts_builder *b, struct strbuf *out)
{
    size_t n = 0;

    split_raw(b);
    for (size_t i = 0; i < b->term_cap; i++) {
        if (b->term[i].used)
            b->term[n++] = b->term[i];
    }
    qsort(b->term, n, sizeof(*b->term), compare_terms);
    b->head.n_terms = (uint32_t)n;
    b->head.symbols_len = (uint32_t)b->symbols.len;
    b->head.imports_len = (uint32_t)b->imports.len;
    (void)strbuf_add(out, &b->head, sizeof(b->head));
    pack_terms(b->term, n, out);
    (void)strbuf_add(out, b->symbols.ptr, b->symbols.len);
    (void)strbuf_add(out, b->imports.ptr, b->imports.len);
    (void)strbuf_add(out, b->summary, b->head.summary_len);
}

bool facts_view(const void *bytes, size_t len, struct facts *out)
{
    const struct facts_head *h = bytes;
    const char *at = bytes;
    size_t need;

    if (len < sizeof(*h) || h->n_terms > len / 8)
        return false;
    need = sizeof(*h) + 8UL * h->n_terms;
    if (h->symbols_len > len || h->imports_len > len || h->summary_len > len ||
        need + h->symbols_len + h->imports_len + h->summary_len != len)
        return false;
    at += sizeof(*h);
    out->head = h;
    out->term = (const uint32_t *)(const void *)at;
    out->where = (const uint16_t *)(const void *)(at + 4UL * h->n_terms);
    out->tf = (const uint8_t *)at + 6UL * h->n_terms;
    out->def = (const uint8_t *)at + 7UL * h->n_terms;
    out->symbols = at + 8UL * h->n_terms;
    out->imports = out->symbols + h->symbols_len;
    out->summary = out->imports + h->imports_len;
    return (!h->symbols_len || out->symbols[h->symbols_len - 1] == '\0') &&
           (!h->imports_len || out->imports[h->imports_len - 1] == '\0');
}

static const char *next_text(const char **at, const char *end)
{
    const char *text = *at;

    if (text >= end)
        return "";
    *at = text + strlen(text) + 1; /* the block ends in a NUL: facts_view() looked */
    return text;
}

bool facts_next_symbol(const struct facts *facts, size_t *at, struct facts_symbol *out)
{
    const char *p = facts->symbols + *at;
    const char *end = facts->symbols + facts->head->symbols_len;
    uint32_t lines[2];

    if ((size_t)(end - p) <= sizeof(lines))
        return false;
    memcpy(lines, p, sizeof(lines));
    p += sizeof(lines);
    out->line = lines[0];
    out->line_end = lines[1];
    out->name = next_text(&p, end);
    out->kind = next_text(&p, end);
    out->scope = next_text(&p, end);
    out->signature = next_text(&p, end);
    *at = (size_t)(p - facts->symbols);
    return true;
}
