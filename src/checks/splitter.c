#include "splitter.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_OSC = 4096 };

void splitter_init(struct splitter *splitter, splitter_fn emit, void *arg)
{
    *splitter = (struct splitter){.buf = xmalloc(SPLITTER_MAX + 1), .emit = emit, .arg = arg};
}

void splitter_release(struct splitter *splitter)
{
    free(splitter->buf);
    splitter->buf = NULL;
}

static void emit(struct splitter *splitter)
{
    size_t len = splitter->len;

    splitter->len = 0;
    splitter->buf[len] = '\0';
    splitter->emit(splitter->arg, splitter->buf, len);
}

static void add(struct splitter *splitter, const char *bytes, size_t len)
{
    size_t room = SPLITTER_MAX - splitter->len;
    size_t n = len < room ? len : room;

    memcpy(splitter->buf + splitter->len, bytes, n);
    splitter->len += n;
}

/* A byte of the text itself. */
static void take_text(struct splitter *splitter, char c)
{
    if (c == '\n' && splitter->after_cr) {
        splitter->after_cr = false;
        return;
    }
    splitter->after_cr = c == '\r';
    if (c == '\n' || c == '\r')
        emit(splitter);
    else if (c == '\x1b')
        splitter->state = SPLITTER_ESC;
    else if (c == '\0')
        add(splitter, "?", 1);
    else if ((unsigned char)c >= ' ' || c == '\t')
        add(splitter, &c, 1);
}

static void take(struct splitter *splitter, char c)
{
    unsigned char u = (unsigned char)c;

    if (splitter->state != SPLITTER_TEXT && (c == '\n' || c == '\r'))
        splitter->state = SPLITTER_TEXT;
    switch (splitter->state) {
    case SPLITTER_TEXT:
        take_text(splitter, c);
        break;
    case SPLITTER_ESC:
        splitter->skipped = 0;
        splitter->state = c == '[' ? SPLITTER_CSI : c == ']' ? SPLITTER_OSC : SPLITTER_TEXT;
        break;
    case SPLITTER_CSI:
        if (u >= 0x40 || u < 0x20)
            splitter->state = SPLITTER_TEXT;
        break;
    case SPLITTER_OSC:
        if (c == '\a' || ++splitter->skipped > LONGEST_OSC)
            splitter->state = SPLITTER_TEXT;
        else if (c == '\x1b')
            splitter->state = SPLITTER_OSC_ESC;
        break;
    case SPLITTER_OSC_ESC:
        splitter->state = SPLITTER_TEXT;
        break;
    }
}

/* Bytes from the start that are neither a line end nor in need of a closer look. */
static size_t plain(const char *bytes, size_t len)
{
    size_t n = 0;

    while (n < len && ((unsigned char)bytes[n] >= ' ' || bytes[n] == '\t'))
        n++;
    return n;
}

void splitter_feed(struct splitter *splitter, const char *bytes, size_t len)
{
    while (len) {
        size_t n = splitter->state == SPLITTER_TEXT ? plain(bytes, len) : 0;

        if (n) {
            splitter->after_cr = false;
            add(splitter, bytes, n);
        } else {
            take(splitter, *bytes);
            n = 1;
        }
        bytes += n;
        len -= n;
    }
}

void splitter_end(struct splitter *splitter)
{
    if (splitter->len)
        emit(splitter);
}
