#include "lines.h"

#include "vdo/base/utf8.h"

#include <string.h>

/* A reader that gives the folded form of a line one code at a time. */
struct folder {
    const char *at;
    const char *end;
    uint32_t held; /* a code read but not given yet, behind a blank */
    bool has_held;
    bool last_word; /* the last code given was part of a word */
};

struct fold {
    uint32_t from;
    uint32_t to;
    char ascii; /* 0: nothing, ' ': a blank */
};

/* Sorted by code point. Sources: Unicode general categories Zs, Pd, Pi, Pf and Cf. */
static const struct fold FOLDS[] = {
    {0x00A0, 0x00A0, ' '}, {0x00AD, 0x00AD, 0},   {0x00B4, 0x00B4, '\''}, {0x1680, 0x1680, ' '},
    {0x2000, 0x200A, ' '}, {0x200B, 0x200D, 0},   {0x2010, 0x2015, '-'},  {0x2018, 0x201B, '\''},
    {0x201C, 0x201F, '"'}, {0x202F, 0x202F, ' '}, {0x2032, 0x2032, '\''}, {0x2033, 0x2033, '"'},
    {0x205F, 0x205F, ' '}, {0x2060, 0x2060, 0},   {0x2212, 0x2212, '-'},  {0x3000, 0x3000, ' '},
    {0xFE58, 0xFE58, '-'}, {0xFE63, 0xFE63, '-'}, {0xFEFF, 0xFEFF, 0},    {0xFF0D, 0xFF0D, '-'},
};

static bool is_blank_code(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word_code(uint32_t c)
{
    return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

/* False when the code stands for nothing. */
static bool fold_code(uint32_t *code)
{
    if (*code < 0xA0)
        return true;
    for (size_t i = 0; i < sizeof(FOLDS) / sizeof(FOLDS[0]); i++) {
        if (*code >= FOLDS[i].from && *code <= FOLDS[i].to) {
            *code = (unsigned char)FOLDS[i].ascii;
            return FOLDS[i].ascii != 0;
        }
    }
    return true;
}

static bool read_code(struct folder *f, uint32_t *out)
{
    while (f->at < f->end) {
        size_t n = utf8_decode(f->at, (size_t)(f->end - f->at), out);

        if (n == 0) { /* not UTF-8: bytes stand for themselves, outside the range of Unicode */
            *out = 0x110000U + (unsigned char)*f->at;
            n = 1;
        }
        f->at += n;
        if (fold_code(out))
            return true;
    }
    return false;
}

/* The next code of the folded form; false at its end. A run of blanks is one blank between two
 * words and nothing elsewhere. */
static bool fold_next(struct folder *f, uint32_t *out)
{
    bool blank = false;

    if (f->has_held) {
        f->has_held = false;
        *out = f->held;
        f->last_word = is_word_code(*out);
        return true;
    }
    while (read_code(f, out)) {
        if (is_blank_code(*out)) {
            blank = true;
            continue;
        }
        if (blank && f->last_word && is_word_code(*out)) {
            f->held = *out;
            f->has_held = true;
            *out = ' ';
            f->last_word = false;
            return true;
        }
        f->last_word = is_word_code(*out);
        return true;
    }
    return false;
}

static void narrow(enum line_key key, const char **ptr, size_t *len)
{
    if (key == KEY_RSTRIP)
        *len = line_rstrip(*ptr, *len);
    else if (key == KEY_STRIP)
        line_trim(ptr, len);
}

/* FNV-1a with 64 bits. A clash costs nothing but a comparison: every place is checked by
 * line_same(). */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ULL;
}

static uint64_t finish(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93ULL;
    return hash ^ hash >> 32;
}

uint64_t line_hash(enum line_key key, const char *ptr, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    if (key == KEY_FOLD) {
        struct folder f = {.at = ptr, .end = ptr + len};
        uint32_t code;

        while (fold_next(&f, &code))
            hash = mix(hash, code);
        return finish(hash);
    }
    narrow(key, &ptr, &len);
    for (; len >= 8; ptr += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, ptr, 8);
        hash = mix(hash ^ hash >> 29, word);
    }
    for (size_t i = 0; i < len; i++)
        hash = mix(hash, (unsigned char)ptr[i]);
    return finish(hash);
}

bool line_same(enum line_key key, const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (key == KEY_FOLD) {
        struct folder fa = {.at = a, .end = a + a_len};
        struct folder fb = {.at = b, .end = b + b_len};
        uint32_t ca;
        uint32_t cb;
        bool more_a;

        do {
            more_a = fold_next(&fa, &ca);
            if (more_a != fold_next(&fb, &cb))
                return false;
        } while (more_a && ca == cb);
        return !more_a;
    }
    narrow(key, &a, &a_len);
    narrow(key, &b, &b_len);
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}
