#include "vdo/base/secret.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST_REDACTED = 8, MOST_KNOWN = 1024 };

/* Values set so far, in no order: at every place the longest that matches is hidden. */
static struct {
    pthread_mutex_t lock; /* guards all below */
    char *value[MOST_KNOWN];
    size_t len[MOST_KNOWN];
    size_t count;
    /* Bit (a << 8 | b): something that is hidden may begin with the bytes a and b. Nothing is taken
     * out again: a pair too many costs a look, no more. */
    uint64_t pairs[65536 / 64];
    bool has_shapes; /* their pairs are in */
    size_t next; /* the oldest makes room when the list is full: installation tokens come hourly */
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void wipe_and_free(char *bytes, size_t len)
{
    if (!bytes)
        return;
    explicit_bzero(bytes, len);
    free(bytes);
}

/* With the lock held. */
static void note_pair(const char *text)
{
    unsigned pair = (unsigned)(unsigned char)text[0] << 8 | (unsigned char)text[1];

    known.pairs[pair / 64] |= (uint64_t)1 << (pair % 64);
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
    note_pair(bytes);
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

static bool is_token_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
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
    size_t longest = 0;

    for (size_t i = 0; i < known.count; i++) {
        if (known.len[i] <= len && known.len[i] > longest && known.value[i][0] == text[0] &&
            memcmp(text, known.value[i], known.len[i]) == 0)
            longest = known.len[i];
    }
    return longest;
}

/* Does a word begin at text[i]? Behind "\\n" of an escaped text one does. */
static bool starts_word(const char *text, size_t i)
{
    if (i == 0 || !is_token_char(text[i - 1]))
        return true;
    return i >= 2 && text[i - 2] == '\\' && strchr("nrt", text[i - 1]);
}

/* With the lock held. */
static void note_shapes(void)
{
    if (known.has_shapes)
        return;
    for (size_t i = 0; secret_shape_prefix(i); i++)
        note_pair(secret_shape_prefix(i));
    note_pair("--");
    known.has_shapes = true;
}

/* The first place from i on where something hidden may begin; most bytes of a text begin nothing.
 * With the lock held. */
static size_t next_start(const char *text, size_t i, size_t len)
{
    for (; i + 1 < len; i++) {
        unsigned pair = (unsigned)(unsigned char)text[i] << 8 | (unsigned char)text[i + 1];

        if (known.pairs[pair / 64] >> (pair % 64) & 1)
            return i;
    }
    return len;
}

void redact_text(const char *text, size_t len, struct strbuf *out)
{
    size_t from = 0;

    (void)pthread_mutex_lock(&known.lock);
    note_shapes();
    for (size_t i = next_start(text, 0, len); i < len; i = next_start(text, i, len)) {
        size_t hidden;

        hidden = known_value(text + i, len - i);
        if (!hidden)
            (void)secret_shape(text + i, len - i, i == from || starts_word(text, i), false,
                               &hidden);
        if (!hidden && text[i] == '-')
            hidden = pem_block(text + i, len - i);
        if (!hidden) {
            i++;
            continue;
        }
        (void)strbuf_add(out, text + from, i - from);
        (void)strbuf_adds(out, "[redacted]");
        i += hidden;
        from = i;
    }
    (void)strbuf_add(out, text + from, len - from);
    (void)pthread_mutex_unlock(&known.lock);
}

bool secret_known_in(const char *text, size_t len, size_t *out_at)
{
    bool found = false;

    (void)pthread_mutex_lock(&known.lock);
    for (size_t i = next_start(text, 0, len); i < len && !found; i = next_start(text, i + 1, len)) {
        found = known_value(text + i, len - i) > 0;
        if (found && out_at)
            *out_at = i;
    }

    (void)pthread_mutex_unlock(&known.lock);
    return found;
}

char *redact_dup(const char *text)
{
    struct strbuf out;
    size_t len = strlen(text);

    strbuf_init(&out, len * 2 + 64);
    redact_text(text, len, &out);
    return strbuf_take(&out, NULL);
}
