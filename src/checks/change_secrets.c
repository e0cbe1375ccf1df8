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

struct finder {
    json_t *found;
    char *key_path; /* a private key began here; its body has to follow. Owned, NULL */
    int key_line;
};

static void add(struct finder *f, const char *path, int line, const char *kind)
{
    const json_t *last = json_array_get(f->found, json_array_size(f->found) - 1);

    if (json_array_size(f->found) == CHANGE_MAX_FINDINGS)
        return;
    /* One token may have two kinds; one line is one finding. */
    if (last && js_int(last, "line", 0) == line && strcmp(js_str(last, "path", ""), path) == 0)
        return;
    (void)json_array_append_new(f->found, json_pack("{s:o, s:i, s:s}", "path",
                                                    js_string_lossy(path, strlen(path)), "line",
                                                    line, "kind", kind));
}

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_-.+/", c));
}

/* A vendor's token in its exact form that is not an example of one. */
static const char *token_in(const char *text, size_t len)
{
    bool first[256] = {false};

    for (size_t i = 0; secret_shape_prefix(i); i++)
        first[(unsigned char)secret_shape_prefix(i)[0]] = true;
    for (size_t i = 0; i < len; i++) {
        bool start = i == 0 || !is_token_char(text[i - 1]);
        size_t n = 0;
        const char *kind;

        if (!first[(unsigned char)text[i]])
            continue;
        kind = secret_shape(text + i, len - i, start, true, &n);
        if (kind && guess_entropy(text + i, n) > 2.8 && !guess_placeholder(text + i, n))
            return kind;
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

/* "-----BEGIN RSA PRIVATE KEY-----": a key when its body follows, in the line or in the next. */
static void take_key(struct finder *f, const struct added_line *added)
{
    static const char begin[] = "-----BEGIN ";
    static const char end[] = "PRIVATE KEY-----";
    const char *at = memmem(added->text, added->len, begin, sizeof(begin) - 1);
    const char *stop =
        at ? memmem(at, added->len - (size_t)(at - added->text), end, sizeof(end) - 1) : NULL;
    size_t rest;

    if (f->key_path && f->key_line + 1 == added->line && strcmp(f->key_path, added->path) == 0 &&
        is_key_body(added->text, added->len))
        add(f, added->path, f->key_line, "private key");
    free(f->key_path);
    f->key_path = NULL;
    if (!stop)
        return;
    stop += sizeof(end) - 1;
    rest = added->len - (size_t)(stop - added->text);
    if (rest > 2 && memcmp(stop, "\\n", 2) == 0 && is_key_body(stop + 2, rest - 2)) {
        add(f, added->path, added->line, "private key");
        return;
    }
    f->key_path = xstrdup(added->path);
    f->key_line = added->line;
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

static void take_line(void *arg, const struct added_line *added)
{
    struct finder *f = arg;
    const char *kind = token_in(added->text, added->len);
    bool is_example = !may_be_guessed_in(added->path);

    take_key(f, added);
    if (secret_known_in(added->text, added->len))
        add(f, added->path, added->line, "value of this service's own configuration");
    else if (kind)
        add(f, added->path, added->line, kind);
    else if (has_entra_secret(added->text, added->len))
        add(f, added->path, added->line, "Microsoft Entra secret");
    else if (!is_example && guess_url_password(added->text, added->len))
        add(f, added->path, added->line, "password in a URL");
    else if (!is_example && guess_assignment(added->text, added->len))
        add(f, added->path, added->line, "random value with a secret's name");
}

json_t *change_secrets(const char *diff, size_t len)
{
    struct finder f = {.found = json_array()};

    diff_added_lines(diff, len, take_line, &f);
    free(f.key_path);
    return f.found;
}
