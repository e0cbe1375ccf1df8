#include "query.h"

#include "lang.h"
#include "words.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TITLE = 300, MAX_TOKEN = 200, MAX_SCOPE = 60, MAX_SCOPE_WORDS = 4 };

enum place { IN_TITLE, IN_BODY, IN_CODE, IN_BLOCK };

/* Terms in order of first appearance, found by a small table. */
struct parser {
    struct query *q;
    uint16_t slots[1024]; /* index + 1 into q->terms */
    enum place place;
    bool inline_code;
    float fade;          /* what a word counts here */
    char last[WORD_MAX]; /* the plain word before this one, for joining */
    size_t last_len;
};

static struct query_term *term_of(struct parser *p, uint32_t number, const char *text, size_t len)
{
    size_t slot = number % 1024;
    struct query_term *t;

    while (p->slots[slot]) {
        t = &p->q->terms[p->slots[slot] - 1];
        if (t->number == number)
            return t;
        slot = (slot + 1) % 1024;
    }
    if (p->q->n_terms == QUERY_MAX_TERMS)
        return NULL;
    t = &p->q->terms[p->q->n_terms++];
    p->slots[slot] = (uint16_t)p->q->n_terms;
    *t = (struct query_term){.number = number};
    if (len >= sizeof(t->text))
        len = sizeof(t->text) - 1;
    memcpy(t->text, text, len);
    return t;
}

static void count(struct parser *p, struct query_term *t, bool like_code)
{
    if (!t)
        return;
    if (p->place == IN_TITLE)
        t->title += 1.0F;
    else if (p->place == IN_BLOCK)
        t->block += p->fade;
    else
        t->body += p->fade;
    if (like_code || p->inline_code)
        t->code += 1.0F;
}

/* "fooBar", "foo_bar", "HTTPServer", "sha256": more than a plain or capitalised word. */
static bool like_code(const char *word, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (word[i] == '_' ||
            (isupper((unsigned char)word[i]) && islower((unsigned char)word[i - 1])))
            return true;
    }
    return word[0] == '_';
}

static bool is_noise(const char *word, size_t len)
{
    char lower[WORD_MAX];

    if (len > WORD_MAX)
        return true;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    return word_is_noise(lower, len);
}

/* The plain word before and this one, as one identifier might have them. */
static void join(struct parser *p, const char *word, size_t len)
{
    char text[2 * WORD_MAX + 2];
    struct query_term *t;

    if (p->last_len && len >= 2 && len < WORD_MAX) {
        int n =
            snprintf(text, sizeof(text), "%.*s %.*s", (int)p->last_len, p->last, (int)len, word);

        t = term_of(p, word_join(p->last, p->last_len, word, len), text, (size_t)n);
        if (t && !t->whole)
            t->joined = true;
        count(p, t, false);
    }
    p->last_len = len < WORD_MAX ? len : 0;
    memcpy(p->last, word, p->last_len);
}

static void add_word(struct parser *p, const char *word, size_t len)
{
    struct word_parts parts;
    bool code = like_code(word, len);

    word_split(word, len, &parts);
    if (!parts.n) {
        p->last_len = 0;
        return;
    }
    if (!parts.compound) {
        if (!is_noise(word, len))
            count(p, term_of(p, parts.whole, word, len), code);
        join(p, word, len);
        return;
    }
    p->last_len = 0;
    for (unsigned i = 0; i < parts.n; i++)
        count(p, term_of(p, parts.part[i], word, len), false);
    {
        struct query_term *t = term_of(p, parts.whole, word, len);

        if (t) {
            t->whole = true;
            t->joined = false;
        }
        count(p, t, true);
    }
}

/* A run of word bytes, perhaps several tied by "-" ("redis-check-aof"). */
static size_t add_run(struct parser *p, const char *at, const char *end)
{
    const char *stop = at;
    const char *tied;
    unsigned pieces = 1;

    while (stop < end && word_byte((unsigned char)*stop))
        stop++;
    add_word(p, at, (size_t)(stop - at));
    tied = stop;
    while (tied + 1 < end && *tied == '-' && word_byte((unsigned char)tied[1])) {
        tied++;
        pieces++;
        while (tied < end && word_byte((unsigned char)*tied))
            tied++;
    }
    if (pieces > 2 && tied - at <= WORD_MAX) { /* two are joined by themselves */
        struct word_parts parts;
        struct query_term *t;

        word_split(at, (size_t)(tied - at), &parts);
        t = parts.compound ? term_of(p, parts.whole, at, (size_t)(tied - at)) : NULL;
        if (t)
            t->whole = true;
        count(p, t, true);
    }
    return (size_t)(stop - at);
}

/* ---- paths ---- */

static bool path_byte(unsigned char c)
{
    return isalnum(c) || strchr("_./\\@+-$", c) != NULL;
}

/* ":12", ", line 12", "#L12" behind a path. */
static int line_behind(const char *at, const char *end)
{
    static const char *const marks[] = {":", "#L", "\", line ", "', line ", "(", ", line "};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t n = strlen(marks[i]);

        if ((size_t)(end - at) > n && memcmp(at, marks[i], n) == 0 &&
            isdigit((unsigned char)at[n])) {
            long line = strtol(at + n, NULL, 10);

            return line > 0 && line < 10000000 ? (int)line : 0;
        }
    }
    return 0;
}

static bool has_known_ending(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (!dot || dot == path || !isalpha((unsigned char)dot[1]) || strlen(dot) > 9)
        return false;
    return strcmp(lang_of(path, NULL, 0)->name, "text") != 0 || strcasecmp(dot, ".md") == 0 ||
           strcasecmp(dot, ".rst") == 0 || strcasecmp(dot, ".txt") == 0;
}

static void keep_path(struct parser *p, const char *path, size_t len, int line)
{
    struct query_path *to;

    while (len > 2 && path[0] == '.' && path[1] == '/') {
        path += 2;
        len -= 2;
    }
    while (len && strchr("./-", path[len - 1]))
        len--;
    if (len < 3 || len >= QUERY_PATH_TEXT || p->q->n_paths == QUERY_MAX_PATHS)
        return;
    to = &p->q->paths[p->q->n_paths];
    memcpy(to->text, path, len);
    to->text[len] = '\0';
    for (char *c = to->text; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    to->line = line;
    for (size_t i = 0; i < p->q->n_paths; i++) {
        if (strcmp(p->q->paths[i].text, to->text) == 0)
            return;
    }
    if (has_known_ending(to->text))
        p->q->n_paths++;
}

/* Look for a path that starts here; the words in it are taken as words all the same. */
static void look_for_path(struct parser *p, const char *at, const char *end)
{
    const char *stop = at;

    while (stop < end && path_byte((unsigned char)*stop))
        stop++;
    if (stop - at <= MAX_TOKEN && memchr(at, '.', (size_t)(stop - at)))
        keep_path(p, at, (size_t)(stop - at), line_behind(stop, end));
}

/* ---- lines ---- */

static bool starts(const char *at, const char *end, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(end - at) >= n && strncasecmp(at, text, n) == 0;
}

static const char *url_end(const char *at, const char *end)
{
    while (at < end && !isspace((unsigned char)*at) && !strchr("<>\"')]`", *at))
        at++;
    return at;
}

/* ".../blob/main/src/a.c#L10" names a file; the rest of a URL is nobody's identifier. */
static const char *skip_url(struct parser *p, const char *at, const char *end)
{
    const char *stop = url_end(at, end);
    static const char *const marks[] = {"/blob/", "/tree/", "/raw/"};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *hit = memmem(at, (size_t)(stop - at), marks[i], strlen(marks[i]));
        const char *ref = hit ? hit + strlen(marks[i]) : NULL;
        const char *path = ref ? memchr(ref, '/', (size_t)(stop - ref)) : NULL;

        if (path)
            look_for_path(p, path + 1, stop);
    }
    return stop;
}

static bool is_trailer(const char *at, const char *end)
{
    static const char *const names[] = {
        "signed-off-by:", "co-authored-by:", "reviewed-by:", "acked-by:", "tested-by:",
        "change-id:",     "reported-by:",    "cc:",          "---------"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (starts(at, end, names[i]))
            return true;
    }
    return false;
}

static void parse_line(struct parser *p, const char *at, const char *end)
{
    const char *start = at;

    p->inline_code = false;
    while (at < end) {
        unsigned char c = (unsigned char)*at;

        if (starts(at, end, "http://") || starts(at, end, "https://")) {
            at = skip_url(p, at, end);
        } else if (word_byte(c)) {
            if (at == start || !path_byte((unsigned char)at[-1]))
                look_for_path(p, at, end);
            at += add_run(p, at, end);
            continue;
        } else {
            if (c == '`')
                p->inline_code = !p->inline_code;
            if (path_byte(c) && (at == start || !path_byte((unsigned char)at[-1])))
                look_for_path(p, at, end);
            if (c != ' ' && c != '-' && c != '`')
                p->last_len = 0;
            at++;
        }
    }
    p->last_len = 0;
}

static void add_scope(struct query *q, const char *word, size_t len)
{
    struct word_parts parts;

    if (is_noise(word, len))
        return;
    word_split(word, len, &parts);
    for (unsigned i = 0; i < parts.n && q->n_scope < MAX_SCOPE_TERMS; i++)
        q->scope[q->n_scope++] = parts.part[i];
    if (parts.compound && q->n_scope < MAX_SCOPE_TERMS)
        q->scope[q->n_scope++] = parts.whole;
}

/* What stands before the colon of "scope: text" or in the parentheses of "feat(scope): text". More
 * words than a few are a sentence. */
static void find_scope(struct query *q, const char *title, size_t len)
{
    const char *colon = memchr(title, ':', len < MAX_SCOPE ? len : MAX_SCOPE);
    const char *at = title;
    unsigned words = 0;

    if (!colon || memchr(title, '`', (size_t)(colon - title)))
        return;
    while (at < colon) {
        const char *stop = at;

        while (stop < colon && word_byte((unsigned char)*stop))
            stop++;
        if (stop == at) {
            at++;
            continue;
        }
        add_scope(q, at, (size_t)(stop - at));
        words++;
        at = stop;
    }
    if (words > MAX_SCOPE_WORDS)
        q->n_scope = 0;
}

/* Is one of the words or phrases in the text, not as a part of a longer word? */
static bool has_any(const char *text, size_t len, const char *const *words)
{
    for (; *words; words++) {
        size_t n = strlen(*words);

        for (size_t i = 0; i + n <= len; i++) {
            if (strncasecmp(text + i, *words, n) == 0 &&
                (i == 0 || !isalpha((unsigned char)text[i - 1])) &&
                (i + n == len || !isalpha((unsigned char)text[i + n])))
                return true;
        }
    }
    return false;
}

static void read_title(struct parser *p, const char *at, size_t len)
{
    static const char *const tests[] = {
        "test:",     "tests:",     "test(",      "tests for",        "test for",
        "tests of",  "unit tests", "unit test",  "regression test",  "test coverage",
        "test case", "test cases", "flaky test", "integration test", NULL};
    static const char *const docs[] = {
        "docs:",         "doc:",   "docs(", "documentation", "readme", "changelog",
        "release notes", "manual", "typo",  "typos",         NULL};

    if (len > MAX_TITLE)
        len = MAX_TITLE;
    p->place = IN_TITLE;
    find_scope(p->q, at, len);
    p->q->about_tests = has_any(at, len, tests);
    p->q->about_docs = has_any(at, len, docs);
    parse_line(p, at, at + len);
}

static int compare_terms(const void *a, const void *b)
{
    uint32_t x = ((const struct query_term *)a)->number;
    uint32_t y = ((const struct query_term *)b)->number;

    return (x > y) - (x < y);
}

static void read_body_line(struct parser *p, const char *at, const char *end, bool *fenced)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (starts(at, end, "```") || starts(at, end, "~~~")) {
        *fenced = !*fenced;
        return;
    }
    if (at == end || is_trailer(at, end))
        return;
    p->place = *fenced ? IN_BLOCK : IN_BODY;
    parse_line(p, at, end);
}

/* Where the line at `at` ends when it holds or continues an HTML comment: behind the comment. */
static const char *skip_comment(const char *at, const char *end)
{
    const char *close = memmem(at, (size_t)(end - at), "-->", 3);

    return close ? close + 3 : end;
}

void query_parse(const char *text, struct query *out)
{
    struct parser *p = xcalloc(1, sizeof(*p));
    size_t len = strnlen(text, QUERY_MAX_TEXT);
    const char *end = text + len;
    bool titled = false;
    bool fenced = false;
    unsigned lines = 0;

    memset(out, 0, sizeof(*out));
    p->q = out;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const char *eol = nl ? nl : end;

        while (text < eol && strchr("# \t\r", *text))
            text++;
        if (text < eol && starts(text, end, "<!--")) {
            text = skip_comment(text, end);
            continue;
        }
        p->fade = 1.0F / (1.0F + (float)lines / 40.0F);
        if (text < eol && !titled) {
            read_title(p, text, (size_t)(eol - text));
            titled = true;
        } else {
            read_body_line(p, text, eol, &fenced);
        }
        lines++;
        text = nl ? nl + 1 : end;
    }
    free(p);
    qsort(out->terms, out->n_terms, sizeof(out->terms[0]), compare_terms);
}

const struct query_term *query_find(const struct query *query, uint32_t number)
{
    struct query_term key = {.number = number};

    return bsearch(&key, query->terms, query->n_terms, sizeof(query->terms[0]), compare_terms);
}
