#include "vdo/base/strbuf.h"

#include "vdo/base/err.h"
#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void strbuf_init(struct strbuf *sb, size_t max)
{
    sb->cap = FIRST_CAP;
    sb->ptr = xmalloc(sb->cap);
    sb->ptr[0] = '\0';
    sb->len = 0;
    sb->max = max;
    sb->overflow = false;
}

void strbuf_release(struct strbuf *sb)
{
    if (!sb)
        return;
    free(sb->ptr);
    memset(sb, 0, sizeof(*sb));
}

void strbuf_clear(struct strbuf *sb)
{
    sb->len = 0;
    sb->ptr[0] = '\0';
    sb->overflow = false;
}

/* Room for `more` bytes and the NUL, or the overflow mark. */
static int make_room(struct strbuf *sb, size_t more)
{
    size_t cap = sb->cap;

    if (sb->overflow || more > sb->max - sb->len) {
        sb->overflow = true;
        return VDO_E_TOO_LARGE;
    }
    if (sb->len + more < cap)
        return VDO_OK;
    while (cap <= sb->len + more)
        cap *= 2;
    sb->ptr = xrealloc(sb->ptr, cap);
    sb->cap = cap;
    return VDO_OK;
}

int strbuf_add(struct strbuf *sb, const void *bytes, size_t len)
{
    int rc = make_room(sb, len);

    if (rc)
        return rc;
    if (len)
        memcpy(sb->ptr + sb->len, bytes, len);
    sb->len += len;
    sb->ptr[sb->len] = '\0';
    return VDO_OK;
}

int strbuf_adds(struct strbuf *sb, const char *text)
{
    return strbuf_add(sb, text, strlen(text));
}

int strbuf_addc(struct strbuf *sb, char c)
{
    return strbuf_add(sb, &c, 1);
}

int strbuf_add_word(struct strbuf *sb, const char *text)
{
    (void)strbuf_addc(sb, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            (void)strbuf_adds(sb, "'\\''");
        else
            (void)strbuf_addc(sb, *text);
    }
    return strbuf_addc(sb, '\'');
}

int strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = strbuf_vaddf(sb, fmt, ap);
    va_end(ap);
    return rc;
}

int strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    size_t room = sb->cap - sb->len;
    int need;
    int rc;

    va_copy(again, ap);
    need = vsnprintf(sb->ptr + sb->len, room, fmt, ap);
    sb->ptr[sb->len] = '\0';
    rc = need < 0 ? VDO_E_INVALID : make_room(sb, (size_t)need);
    if (!rc) {
        (void)vsnprintf(sb->ptr + sb->len, (size_t)need + 1, fmt, again);
        sb->len += (size_t)need;
    }
    va_end(again);
    return rc;
}

bool strbuf_overflowed(const struct strbuf *sb)
{
    return sb->overflow;
}

void strbuf_truncate(struct strbuf *sb, size_t len)
{
    if (len >= sb->len)
        return;
    sb->len = len;
    sb->ptr[len] = '\0';
}

char *strbuf_take(struct strbuf *sb, size_t *out_len)
{
    char *bytes = sb->ptr;

    if (out_len)
        *out_len = sb->len;
    memset(sb, 0, sizeof(*sb));
    return bytes;
}
