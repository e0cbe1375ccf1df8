#include "vdo/checks/change.h"

#include "diff_lines.h"
#include "guess.h"

#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_LINE = 32 }; /* characters of Base64 that a line of a private key has at least */

/* The values that VDO was configured with: never allowed. */
static const char own_value[] = "value of this service's own configuration";

struct finder {
    json_t *found;
    json_t *allowed;
    const struct change_allow *allow;
    char *last;     /* place of the last finding; NULL */
    char *key_path; /* a private key began here; its body has to follow. Owned, NULL */
    int key_line;
    bool key_marked; /* the line in which it began has a marker that counts */
    bool key_noted;  /* one that does not */
};

static void finder_init(struct finder *f, json_t *secrets, const struct change_allow *allow)
{
    *f = (struct finder){.found = json_object_get(secrets, "found"),
                         .allowed = json_object_get(secrets, "allowed"),
                         .allow = allow};
}

static void finder_release(struct finder *f)
{
    free(f->key_path);
    free(f->last);
}

static bool is_allowed_path(const struct change_allow *allow, const char *path)
{
    for (size_t i = 0; i < allow->n_globs; i++) {
        if (path_glob_match(allow->globs[i], path))
            return true;
    }
    return false;
}

/* A secret and where it stands. */
struct sighting {
    const char *path;
    int line; /* 0 in a binary file */
    size_t byte;
    const char *kind;
    bool is_marked; /* its line has a marker that counts */
    bool is_noted;  /* one that does not */
};

static void add(struct finder *f, const struct sighting *s)
{
    AUTO_FREE char *place = s->line ? xasprintf("%s:%d", s->path, s->line) :
                                      xasprintf("%s, byte %zu", s->path, s->byte);
    bool own = s->kind == own_value;
    bool by_path = !own && is_allowed_path(f->allow, s->path);
    json_t *list = by_path || (s->is_marked && !own) ? f->allowed : f->found;
    const char *note = by_path            ? "its path is allowed" :
                       list == f->allowed ? "its line is marked" :
                       s->is_marked || s->is_noted ?
                                            "a marker counts only in a line of the base, and "
                                            "not for this service's own values" :
                                            "";

    if (json_array_size(list) == CHANGE_MAX_FINDINGS)
        return;
    /* One token may have two kinds; one place is one finding. */
    if (f->last && strcmp(f->last, place) == 0)
        return;
    (void)json_array_append_new(list, json_pack("{s:o, s:i, s:I, s:o, s:s, s:s}", "path",
                                                js_string_lossy(s->path, strlen(s->path)), "line",
                                                s->line, "byte", (json_int_t)s->byte, "place",
                                                js_string_lossy(place, strlen(place)), "kind",
                                                s->kind, "note", note));
    free(f->last);
    f->last = place;
    place = NULL;
}

bool change_has_marker(const char *line, size_t len)
{
    static const char *const markers[] = {"vdo:allow-secret", "gitleaks:allow",
                                          "pragma: allowlist secret"};

    for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
        if (memmem(line, len, markers[i], strlen(markers[i])))
            return true;
    }
    return false;
}

/* Has a line a marker, and does it count? The model may write a marker, but not grant it. */
static bool is_marked(const struct finder *f, const struct added_line *added, bool *out_noted)
{
    bool marked = change_has_marker(added->text, added->len);
    bool counts =
        marked && f->allow->at_base && f->allow->at_base(f->allow->arg, added->text, added->len);

    *out_noted = marked && !counts;
    return counts;
}

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_-.+/", c));
}

/* The first vendor's token at text[*at] or behind it, in its exact form, that is not an example of
 * one; *at becomes its place. */
static const char *token_in(const char *text, size_t len, size_t *at, size_t *out_len)
{
    bool first[256] = {false};

    for (size_t i = 0; secret_shape_prefix(i); i++)
        first[(unsigned char)secret_shape_prefix(i)[0]] = true;
    for (size_t i = *at; i < len; i++) {
        bool start = i == 0 || !is_token_char(text[i - 1]);
        size_t n = 0;
        const char *kind;

        if (!first[(unsigned char)text[i]])
            continue;
        kind = secret_shape(text + i, len - i, start, true, &n);
        if (kind && guess_entropy(text + i, n) > 2.8 && !guess_placeholder(text + i, n)) {
            *at = i;
            *out_len = n;
            return kind;
        }
        i += n ? n - 1 : 0;
    }
    return NULL;
}

/* A client secret of Microsoft Entra: three characters, a digit, "Q~", 31 to 34 more. */
static bool has_entra_secret(const char *text, size_t len)
{
    const char *at = text;
    const char *end = text + len;

    while ((at = memmem(at, (size_t)(end - at), "8Q~", 3))) {
        size_t n = 0;

        while (at + 3 + n < end && (is_token_char(at[3 + n]) || at[3 + n] == '~'))
            n++;
        if (at - text >= 3 && is_token_char(at[-1]) && is_token_char(at[-3]) && n >= 31 && n <= 34)
            return true;
        at += 3;
    }
    return false;
}

/* Lines of Base64 as keys have them, bare or in a string. */
static bool is_key_body(const char *text, size_t len)
{
    size_t n = 0;

    while (len && (isspace((unsigned char)*text) || strchr("\"'`+", *text)))
        text++, len--;
    while (n < len && (isalnum((unsigned char)text[n]) || strchr("+/=", text[n])))
        n++;
    return (n >= KEY_LINE && guess_entropy(text, n) > 3.5) ||
           (len > 10 && memcmp(text, "Proc-Type:", 10) == 0);
}

/* "-----BEGIN RSA PRIVATE KEY-----": where it ends; NULL when there is none. */
static const char *behind_key_begin(const char *text, size_t len, const char **out_begin)
{
    static const char begin[] = "-----BEGIN ";
    static const char end[] = "PRIVATE KEY-----";
    const char *at = memmem(text, len, begin, sizeof(begin) - 1);
    size_t rest = at ? len - (size_t)(at - text) : 0;
    const char *stop = at ? memmem(at, rest < 64 ? rest : 64, end, sizeof(end) - 1) : NULL;

    *out_begin = at;
    return stop ? stop + sizeof(end) - 1 : NULL;
}

/* A key when its body follows, in the line or in the next. */
static void take_key(struct finder *f, const struct added_line *added)
{
    const char *at;
    const char *stop = behind_key_begin(added->text, added->len, &at);
    struct sighting s = {.path = added->path, .line = f->key_line, .kind = "private key"};
    size_t rest;

    if (f->key_path && f->key_line + 1 == added->line && strcmp(f->key_path, added->path) == 0 &&
        is_key_body(added->text, added->len)) {
        s.is_marked = f->key_marked;
        s.is_noted = f->key_noted;
        add(f, &s);
    }
    free(f->key_path);
    f->key_path = NULL;
    if (!stop)
        return;
    rest = added->len - (size_t)(stop - added->text);
    f->key_marked = is_marked(f, added, &f->key_noted);
    f->key_line = added->line;
    if (rest > 2 && memcmp(stop, "\\n", 2) == 0 && is_key_body(stop + 2, rest - 2)) {
        s = (struct sighting){added->path, added->line, 0, s.kind, f->key_marked, f->key_noted};
        add(f, &s);
        return;
    }
    f->key_path = xstrdup(added->path);
}

/* Where random-looking values stand for other reasons: sums of packages, made or pretended data. */
static bool may_be_guessed_in(const char *path)
{
    static const char *const globs[] = {
        "*.lock",         "*-lock.json",
        "*-lock.yaml",    "npm-shrinkwrap.json",
        "go.sum",         "*.min.js",
        "*.map",          "*.svg",
        "*.ipynb",        "*.snap",
        "**/test/**",     "**/tests/**",
        "**/spec/**",     "**/__tests__/**",
        "**/testdata/**", "**/fixtures/**",
        "**/mocks/**",    "**/__mocks__/**",
        "**/examples/**", "**/docs/**",
        "*_test.*",       "*.test.*",
        "*.spec.*",       "test_*",
        "*_spec.rb",      "*.example",
        "*.sample",       "*.md",
        "*.rst",          "*.css",
        "*.html",         "*.pem",
        "*.crt",          "*.po",
    };

    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
        if (path_glob_match(globs[i], path))
            return false;
    }
    return true;
}

/* What an added line holds, or NULL. */
static const char *kind_in(const struct added_line *added)
{
    size_t at = 0;
    size_t n = 0;
    const char *kind;

    if (secret_known_in(added->text, added->len, NULL))
        return own_value;
    kind = token_in(added->text, added->len, &at, &n);
    if (kind)
        return kind;
    if (has_entra_secret(added->text, added->len))
        return "Microsoft Entra secret";
    if (!may_be_guessed_in(added->path))
        return NULL;
    if (guess_url_password(added->text, added->len))
        return "password in a URL";
    return guess_assignment(added->text, added->len) ? "random value with a secret's name" : NULL;
}

static void take_line(void *arg, const struct added_line *added)
{
    struct finder *f = arg;
    struct sighting s = {.path = added->path, .line = added->line, .kind = kind_in(added)};

    take_key(f, added);
    if (!s.kind)
        return;
    s.is_marked = is_marked(f, added, &s.is_noted);
    add(f, &s);
}

json_t *change_secrets_new(void)
{
    return json_pack("{s:[], s:[]}", "found", "allowed");
}

void change_secrets_diff(json_t *secrets, const char *diff, size_t len,
                         const struct change_allow *allow)
{
    struct finder f;

    finder_init(&f, secrets, allow);
    diff_added_lines(diff, len, take_line, &f);
    finder_release(&f);
}

/* Bytes of one side of a binary file; of UTF-16, its ASCII. */
struct bytes {
    const char *ptr;
    size_t len;
    size_t width; /* bytes of the file for one of these */
    char *owned;
};

static struct bytes read_bytes(const char *ptr, size_t len)
{
    struct bytes bytes = {ptr, len, 1, NULL};
    bool little = len >= 2 && memcmp(ptr, "\xff\xfe", 2) == 0;

    if (!little && (len < 2 || memcmp(ptr, "\xfe\xff", 2) != 0))
        return bytes;
    bytes.width = 2;
    bytes.len = len / 2;
    bytes.owned = xmalloc(bytes.len + 1);
    for (size_t i = 0; i < bytes.len; i++)
        bytes.owned[i] = ptr[2 * i + little] ? '\x01' : ptr[2 * i + !little];
    bytes.ptr = bytes.owned;
    return bytes;
}

struct binary {
    struct finder f;
    const char *path;
    struct bytes before;
    struct bytes after;
};

/* A secret that the file held before is not this change's. */
static void take_bytes(struct binary *b, size_t at, size_t len, const char *kind)
{
    struct sighting s = {.path = b->path, .byte = at * b->after.width, .kind = kind};

    if (!b->before.ptr || !memmem(b->before.ptr, b->before.len, b->after.ptr + at, len))
        add(&b->f, &s);
}

static void take_known(struct binary *b)
{
    size_t from = 0;
    size_t at = 0;

    while (from < b->after.len && secret_known_in(b->after.ptr + from, b->after.len - from, &at)) {
        struct sighting s = {
            .path = b->path, .byte = (from + at) * b->after.width, .kind = own_value};

        add(&b->f, &s);
        from += at + 1;
        if (json_array_size(b->f.found) == CHANGE_MAX_FINDINGS)
            return;
    }
}

static void take_tokens(struct binary *b)
{
    size_t at = 0;
    size_t n = 0;
    const char *kind;

    while ((kind = token_in(b->after.ptr, b->after.len, &at, &n))) {
        take_bytes(b, at, n, kind);
        at += n;
    }
}

static void take_keys(struct binary *b)
{
    const char *from = b->after.ptr;
    const char *end = from + b->after.len;
    const char *begin;

    while (from < end) {
        const char *stop = behind_key_begin(from, (size_t)(end - from), &begin);
        const char *body = stop;
        size_t n = 0;

        if (!begin)
            return;
        while (body && body < end && strchr("\\rn\r\n", *body) && *body)
            body++;
        while (body && body + n < end && n < 100 &&
               (isalnum((unsigned char)body[n]) || strchr("+/=-: ", body[n])) && body[n])
            n++;
        if (stop && is_key_body(body, n))
            take_bytes(b, (size_t)(begin - b->after.ptr), (size_t)(body + n - begin),
                       "private key");
        from = begin + 1;
    }
}

void change_secrets_binary(json_t *secrets, const char *path, const char *before, size_t before_len,
                           const char *after, size_t after_len, const struct change_allow *allow)
{
    struct binary b = {.path = path, .after = read_bytes(after, after_len)};

    if (before)
        b.before = read_bytes(before, before_len);
    finder_init(&b.f, secrets, allow);
    take_known(&b);
    take_tokens(&b);
    take_keys(&b);
    finder_release(&b.f);
    free(b.before.owned);
    free(b.after.owned);
}
