/*
 * Glob matching as a set of reachable positions in the path that one glob token after the other
 * moves on: never more than length of glob times length of path steps, whatever the glob.
 */
#include "vdo/gitrepo/path.h"

#include "path_glob.h"

#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct match {
    const char *path;
    size_t len;
    bool strict; /* "**" crosses slashes as a whole component only */
    bool *at;    /* at[i]: the glob read so far matches up to path[i] */
    bool *next;  /* the same after the token in hand */
};

static void swap_sets(struct match *m)
{
    bool *old = m->at;

    m->at = m->next;
    m->next = old;
}

/* A code point, or the bare byte where there is none: globs and paths of any bytes compare. */
static size_t read_point(const char *text, uint32_t *point)
{
    size_t step = utf8_decode(text, strnlen(text, 4), point);

    if (step)
        return step;
    *point = 0x110000U + (unsigned char)*text;
    return 1;
}

/* "*" (not past a slash) or "**" (past anything). */
static void take_run(struct match *m, bool crosses)
{
    for (size_t i = 0; i <= m->len; i++)
        m->next[i] = m->at[i] || (i > 0 && m->next[i - 1] && (crosses || m->path[i - 1] != '/'));
    swap_sets(m);
}

/* "**" + "/": no directory, or any number of them. */
static void take_directories(struct match *m)
{
    bool seen = false;

    for (size_t i = 0; i <= m->len; i++) {
        m->next[i] = m->at[i] || (seen && m->path[i - 1] == '/');
        seen = seen || m->at[i];
    }
    swap_sets(m);
}

/* Does the class that starts behind '[' hold the point? Returns its length up to and with ']', 0
 * when it is not closed. */
static size_t read_class(const char *glob, uint32_t point, bool *out_held)
{
    size_t at = 0;
    bool negated = glob[0] == '!' || glob[0] == '^';
    bool held = false;

    if (negated)
        at++;
    for (bool first = true; glob[at] && (first || glob[at] != ']'); first = false) {
        uint32_t from, to;

        if (glob[at] == '\\' && glob[at + 1])
            at++;
        at += read_point(glob + at, &from);
        to = from;
        if (glob[at] == '-' && glob[at + 1] && glob[at + 1] != ']') {
            at++;
            if (glob[at] == '\\' && glob[at + 1])
                at++;
            at += read_point(glob + at, &to);
        }
        held = held || (point >= from && point <= to);
    }
    *out_held = held != negated;
    return glob[at] == ']' ? at + 1 : 0;
}

/* One code point that '?' or a class or a letter accepts. */
static bool accepts(const char *glob, uint32_t point)
{
    uint32_t letter;
    bool held;

    if (*glob == '?')
        return point != '/';
    if (*glob == '[' && read_class(glob + 1, 0, &held))
        return read_class(glob + 1, point, &held) && held && point != '/';
    if (*glob == '\\' && glob[1])
        glob++;
    (void)read_point(glob, &letter);
    return letter == point;
}

static size_t token_length(const char *glob)
{
    uint32_t point;
    bool held;
    size_t len = *glob == '[' ? read_class(glob + 1, 0, &held) : 0;

    if (len)
        return len + 1;
    if (*glob == '\\' && glob[1])
        return 1 + read_point(glob + 1, &point);
    return read_point(glob, &point);
}

static void take_one(struct match *m, const char *glob)
{
    memset(m->next, 0, m->len + 1);
    for (size_t i = 0; i < m->len; i++) {
        uint32_t point;
        size_t step;

        if (!m->at[i])
            continue;
        step = read_point(m->path + i, &point);
        if (accepts(glob, point))
            m->next[i + step] = true;
    }
    swap_sets(m);
}

static void take_glob(struct match *m, const char *glob, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t stars = strspn(glob + at, "*");
        bool starts_component = at == 0 || glob[at - 1] == '/';

        if (stars == 2 && starts_component && glob[at + 2] == '/' && at + 2 < len) {
            take_directories(m);
            at += 3;
        } else if (stars > 0) {
            bool is_whole = starts_component && (at + stars == len || glob[at + stars] == '/');

            take_run(m, stars > 1 && (is_whole || !m->strict));
            at += stars;
        } else {
            take_one(m, glob + at);
            at += token_length(glob + at);
        }
    }
}

static void start(struct match *m, bool anchored)
{
    for (size_t i = 0; i < m->len; i++)
        m->at[i] = i == 0 || (!anchored && m->path[i - 1] == '/');
}

static bool ends_at_directory(const struct match *m)
{
    for (size_t i = 1; i < m->len; i++)
        if (m->at[i] && m->path[i] == '/')
            return true;
    return false;
}

static bool run_match(struct match *m, const char *glob)
{
    bool anchored = glob[0] == '/';
    size_t len;
    bool only_below;
    size_t last;

    glob += anchored;
    len = strlen(glob);
    only_below = len > 0 && glob[len - 1] == '/';
    len -= only_below;
    if (len == 0)
        return false;
    anchored = anchored || memchr(glob, '/', len);
    start(m, anchored);
    take_glob(m, glob, len);
    for (last = len; last > 0 && glob[last - 1] != '/'; last--)
        ;
    /* A plain name may be a directory's: what is in it is meant too. */
    if (only_below || strcspn(glob + last, "*?[") >= len - last)
        return ends_at_directory(m) || (!only_below && m->at[m->len]);
    return m->at[m->len];
}

bool path_glob_match(const char *glob, const char *path)
{
    struct match m = {.path = path, .len = strlen(path)};
    bool *sets = xcalloc(2, m.len + 1);
    bool matched;

    m.at = sets;
    m.next = sets + m.len + 1;
    matched = run_match(&m, glob);
    free(sets);
    return matched;
}

static bool match_plain(const char *name, bool anchored, const char *path)
{
    const char *slash = anchored ? NULL : strrchr(path, '/');

    return strcmp(name, slash ? slash + 1 : path) == 0;
}

bool glob_match_whole(const char *glob, bool anchored, const char *path)
{
    struct match m = {.path = path, .len = strlen(path), .strict = true};
    bool *sets;
    bool matched;

    if (!strpbrk(glob, "*?[\\"))
        return match_plain(glob, anchored, path);
    sets = xcalloc(2, m.len + 1);
    m.at = sets;
    m.next = sets + m.len + 1;
    start(&m, anchored);
    take_glob(&m, glob, strlen(glob));
    matched = m.at[m.len];
    free(sets);
    return matched;
}
