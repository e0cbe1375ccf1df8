#include "vdo/base/secret.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST_REDACTED = 8, MOST_KNOWN = 1024 };

/* Values set so far, longest first is not needed: each is looked for at every place. */
static struct {
    pthread_mutex_t lock; /* guards all below */
    char *value[MOST_KNOWN];
    size_t len[MOST_KNOWN];
    size_t count;
    size_t next; /* the oldest makes room when the list is full: installation tokens come hourly */
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wipe_and_free(char *bytes, size_t len)
{
    if (!bytes)
        return;
    explicit_bzero(bytes, len);
    free(bytes);
}

static void remember(const char *bytes, size_t len)
{
    if (len < SHORTEST_REDACTED)
        return;
    (void)pthread_mutex_lock(&known.lock);
    for (size_t i = 0; i < known.count; i++) {
        if (known.len[i] == len && memcmp(known.value[i], bytes, len) == 0) {
            (void)pthread_mutex_unlock(&known.lock);
            return;
        }
    }
    size_t at = known.count < MOST_KNOWN ? known.count++ : known.next++ % MOST_KNOWN;
    wipe_and_free(known.value[at], known.len[at]);
    known.value[at] = xmemdup0(bytes, len);
    known.len[at] = len;
    (void)pthread_mutex_unlock(&known.lock);
}

void secret_set(struct secret *secret, const void *bytes, size_t len)
{
    char *copy = xmemdup0(bytes, len);

    secret_release(secret);
    secret->bytes = copy;
    secret->len = len;
    remember(copy, len);
}

void secret_copy(struct secret *to, const struct secret *from)
{
    if (from->bytes)
        secret_set(to, from->bytes, from->len);
    else
        secret_release(to);
}

void secret_release(struct secret *secret)
{
    if (!secret)
        return;
    wipe_and_free(secret->bytes, secret->len);
    secret->bytes = NULL;
    secret->len = 0;
}

bool secret_is_set(const struct secret *secret)
{
    return secret->bytes && secret->len > 0;
}

const char *secret_reveal(const struct secret *secret)
{
    return secret->bytes ? secret->bytes : "";
}

/* Token prefixes and the fewest characters behind them, from the vendors' published formats. */
static const struct {
    const char *prefix;
    size_t least;
} shapes[] = {
    {"ghp_", 20},        {"gho_", 20},    {"ghu_", 20},     {"ghs_", 20},   {"ghr_", 20},
    {"github_pat_", 20}, {"sk-ant-", 16}, {"sk-proj-", 16}, {"sk-or-", 16}, {"sk-", 20},
    {"AKIA", 16},        {"ASIA", 16},    {"AIza", 30},     {"glpat-", 16}, {"xoxb-", 10},
    {"xoxp-", 10},       {"xoxa-", 10},   {"npm_", 30},     {"eyJ", 40},
};

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Bytes of a token that starts at text, or 0. */
static size_t token_shape(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        size_t prefix = strlen(shapes[i].prefix);
        size_t end = prefix;

        if (len < prefix || memcmp(text, shapes[i].prefix, prefix) != 0)
            continue;
        while (end < len && is_token_char(text[end]))
            end++;
        if (end - prefix >= shapes[i].least)
            return end;
    }
    return 0;
}

/* Bytes of a PEM private key block that starts at text, or 0. */
static size_t pem_block(const char *text, size_t len)
{
    static const char begin[] = "-----BEGIN ";
    static const char kind[] = "PRIVATE KEY-----";
    static const char end[] = "-----END ";
    const char *at;

    if (len < sizeof(begin) - 1 || memcmp(text, begin, sizeof(begin) - 1) != 0)
        return 0;
    at = memmem(text, len < 64 ? len : 64, kind, sizeof(kind) - 1);
    if (!at)
        return 0;
    at = memmem(text, len, end, sizeof(end) - 1);
    if (!at)
        return len;
    at = memmem(at, len - (size_t)(at - text), kind, sizeof(kind) - 1);
    return at ? (size_t)(at - text) + sizeof(kind) - 1 : len;
}

static size_t known_value(const char *text, size_t len)
{
    for (size_t i = 0; i < known.count; i++) {
        if (known.len[i] <= len && known.value[i][0] == text[0] &&
            memcmp(text, known.value[i], known.len[i]) == 0)
            return known.len[i];
    }
    return 0;
}

void redact_text(const char *text, size_t len, struct strbuf *out)
{
    size_t from = 0;
    bool word_start = true;

    (void)pthread_mutex_lock(&known.lock);
    for (size_t i = 0; i < len;) {
        size_t hidden = known_value(text + i, len - i);

        if (!hidden && word_start)
            hidden = token_shape(text + i, len - i);
        if (!hidden && text[i] == '-')
            hidden = pem_block(text + i, len - i);
        if (!hidden) {
            word_start = !is_token_char(text[i]);
            i++;
            continue;
        }
        (void)strbuf_add(out, text + from, i - from);
        (void)strbuf_adds(out, "[redacted]");
        i += hidden;
        from = i;
        word_start = true;
    }
    (void)strbuf_add(out, text + from, len - from);
    (void)pthread_mutex_unlock(&known.lock);
}

char *redact_dup(const char *text)
{
    struct strbuf out;
    size_t len = strlen(text);

    strbuf_init(&out, len * 2 + 64);
    redact_text(text, len, &out);
    return strbuf_take(&out, NULL);
}
