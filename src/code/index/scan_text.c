#include "scan_text.h"

#include "words.h"

#include <stdbool.h>
#include <string.h>

enum byte_class { OTHER, WORD, LINE_END, QUOTE, LONG_QUOTE, COMMENT };

struct scanner {
    const char *bytes;
    size_t len;
    size_t at;
    const struct lang_syntax *syntax;
    enum scan_kind code; /* what text outside comments and strings counts as */
    uint32_t line;
    size_t next_segment; /* offset at which the next segment starts */
    size_t n_segments;
    size_t segment;
    uint32_t *segment_line;
    scan_fn fn;
    void *arg;
    unsigned char class[256];
};

static void classify_bytes_of(struct scanner *s)
{
    const struct lang_syntax *x = s->syntax;

    for (unsigned c = 0; c < 256; c++)
        s->class[c] = word_byte((unsigned char)c) ? WORD : OTHER;
    s->class['\n'] = LINE_END;
    for (const char *q = x->quotes; q && *q; q++)
        s->class[(unsigned char)*q] = QUOTE;
    for (const char *q = x->long_quotes; q && *q; q++)
        s->class[(unsigned char)*q] = LONG_QUOTE;
    for (size_t i = 0; i < 2; i++) {
        if (x->line[i])
            s->class[(unsigned char)x->line[i][0]] = COMMENT;
    }
    if (x->block_open)
        s->class[(unsigned char)x->block_open[0]] = COMMENT;
}

static void start_segments(struct scanner *s)
{
    while (s->segment < s->n_segments && s->at >= s->next_segment) {
        s->segment_line[s->segment++] = s->line;
        s->next_segment = s->len * s->segment / s->n_segments;
    }
}

static void newline(struct scanner *s)
{
    start_segments(s);
    s->line++;
    s->at++;
}

static void word(struct scanner *s, enum scan_kind kind)
{
    size_t start = s->at;

    do {
        s->at++;
    } while (s->at < s->len && s->class[(unsigned char)s->bytes[s->at]] == WORD);
    s->fn(s->arg, kind, start, s->at - start);
}

static bool is_at(const struct scanner *s, const char *mark)
{
    size_t n;

    if (!mark || s->bytes[s->at] != *mark)
        return false;
    n = strlen(mark);
    return s->len - s->at >= n && memcmp(s->bytes + s->at, mark, n) == 0;
}

/* Words up to the end of the line. */
static void line_comment(struct scanner *s)
{
    while (s->at < s->len && s->bytes[s->at] != '\n') {
        if (s->class[(unsigned char)s->bytes[s->at]] == WORD)
            word(s, SCAN_TEXT);
        else
            s->at++;
    }
}

/* Words up to `close`, over lines. */
static void until(struct scanner *s, const char *close, bool escapes)
{
    while (s->at < s->len && !is_at(s, close)) {
        unsigned char c = (unsigned char)s->bytes[s->at];

        if (s->class[c] == WORD)
            word(s, SCAN_TEXT);
        else if (c == '\n')
            newline(s);
        else
            s->at +=
                escapes && c == '\\' && s->at + 1 < s->len && s->bytes[s->at + 1] != '\n' ? 2 : 1;
    }
    s->at += s->at < s->len ? strlen(close) : 0;
}

static void comment_or_other(struct scanner *s)
{
    const struct lang_syntax *x = s->syntax;

    if (is_at(s, x->block_open)) {
        s->at += strlen(x->block_open);
        until(s, x->block_close, false);
    } else if (is_at(s, x->line[0]) || is_at(s, x->line[1])) {
        line_comment(s);
    } else {
        s->at++;
    }
}

/* A string within its line; a quote that does not close there was an apostrophe or the like. */
static void short_string(struct scanner *s)
{
    char quote = s->bytes[s->at++];

    while (s->at < s->len) {
        unsigned char c = (unsigned char)s->bytes[s->at];

        if (c == '\n')
            return;
        if (c == (unsigned char)quote) {
            s->at++;
            return;
        }
        if (s->class[c] == WORD)
            word(s, SCAN_TEXT);
        else
            s->at += c == '\\' && s->at + 1 < s->len && s->bytes[s->at + 1] != '\n' ? 2 : 1;
    }
}

static void quote(struct scanner *s)
{
    char one[2] = {s->bytes[s->at], '\0'};
    char three[4] = {one[0], one[0], one[0], '\0'};

    if (s->syntax->triple && is_at(s, three)) {
        s->at += 3;
        until(s, three, true);
    } else if (s->class[(unsigned char)one[0]] == LONG_QUOTE) {
        s->at++;
        until(s, one, true);
    } else {
        short_string(s);
    }
}

uint32_t scan_text(const struct lang *lang, const char *bytes, size_t len, uint32_t *segment_line,
                   size_t n_segments, scan_fn fn, void *arg)
{
    struct scanner s = {.bytes = bytes,
                        .len = len,
                        .syntax = lang->syntax,
                        .code = lang->class == LANG_TEXT ? SCAN_TEXT : SCAN_CODE,
                        .line = 1,
                        .n_segments = n_segments,
                        .segment_line = segment_line,
                        .fn = fn,
                        .arg = arg};

    classify_bytes_of(&s);
    start_segments(&s);
    while (s.at < len) {
        switch (s.class[(unsigned char)bytes[s.at]]) {
        case WORD:
            word(&s, s.code);
            break;
        case LINE_END:
            newline(&s);
            break;
        case QUOTE:
        case LONG_QUOTE:
            quote(&s);
            break;
        case COMMENT:
            comment_or_other(&s);
            break;
        default:
            s.at++;
        }
    }
    while (s.segment < n_segments)
        segment_line[s.segment++] = s.line;
    return len && bytes[len - 1] == '\n' ? s.line - 1 : s.line;
}
