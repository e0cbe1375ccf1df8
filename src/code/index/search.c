#include "pattern.h"
#include "walk.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/index.h"
#include "vdo/gitrepo/path.h"

#include <stdlib.h>
#include <string.h>

enum { BINARY_PROBE = 8000, SHOWN_LINE = 240, SHOWN_BEFORE = 60, MAX_GLOBS = 32, MAX_GLOB = 1000 };

struct search {
    struct pattern *pattern;
    const char *literal;
    struct strbuf globs[MAX_GLOBS];
    size_t n_globs;
    size_t max_hits;
    size_t hits;
    size_t files;
    size_t files_with_hits;
    size_t too_large;
    struct strbuf *out;
    struct walk_buffer buffer;
};

/* "src/{a,b}.c" becomes two globs; nested braces are left to a second round. */
static void expand_braces(struct search *s, const char *glob)
{
    const char *open = strchr(glob, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    const char *part = open ? open + 1 : NULL;

    if (s->n_globs == MAX_GLOBS)
        return;
    if (!close) {
        strbuf_init(&s->globs[s->n_globs], MAX_GLOB);
        (void)strbuf_adds(&s->globs[s->n_globs++], glob);
        return;
    }
    while (part <= close) {
        size_t len = strcspn(part, ",}");
        AUTO_FREE char *one =
            xasprintf("%.*s%.*s%s", (int)(open - glob), glob, (int)len, part, close + 1);

        expand_braces(s, one);
        part += len + 1;
    }
}

static bool below_dir(const char *path, const struct strbuf *dir)
{
    return strncmp(path, dir->ptr, dir->len) == 0 && path[dir->len] == '/';
}

static bool glob_wants(const struct search *s, const char *path)
{
    if (s->n_globs == 0)
        return true;
    for (size_t i = 0; i < s->n_globs; i++) {
        if (path_glob_match(s->globs[i].ptr, path) || below_dir(path, &s->globs[i]))
            return true;
    }
    return false;
}

/* A line that fits a screen, around the match; control characters become dots. */
static void add_line(struct strbuf *out, const char *line, size_t len, size_t start)
{
    size_t from = len > SHOWN_LINE && start > SHOWN_BEFORE ? start - SHOWN_BEFORE : 0;
    size_t to = len - from > SHOWN_LINE ? from + SHOWN_LINE : len;

    while (from && ((unsigned char)line[from] & 0xc0) == 0x80)
        from--;
    while (to < len && ((unsigned char)line[to] & 0xc0) == 0x80)
        to--;
    (void)strbuf_adds(out, from ? "..." : "");
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)line[i];

        (void)strbuf_addc(out, c == '\t' || (c >= 0x20 && c != 0x7f) ? (char)c : '.');
    }
    (void)strbuf_adds(out, to < len ? "...\n" : "\n");
}

struct cursor {
    char *at;   /* start of the line */
    char *eol;  /* its end, without "\r" */
    char *next; /* start of the next one */
    size_t number;
};

static void count_to(struct cursor *c, char *target)
{
    char *nl;

    while ((nl = memchr(c->at, '\n', (size_t)(target - c->at)))) {
        c->at = nl + 1;
        c->number++;
    }
}

/* Put the cursor on the next line worth a look. */
static bool next_line(const struct search *s, struct cursor *c, char *end)
{
    char *nl;

    if (c->next >= end)
        return false;
    c->number += c->next != c->at;
    c->at = c->next;
    if (s->literal) {
        char *hit = memmem(c->at, (size_t)(end - c->at), s->literal, strlen(s->literal));

        if (!hit)
            return false;
        count_to(c, hit);
    }
    nl = memchr(c->at, '\n', (size_t)(end - c->at));
    c->next = nl ? nl + 1 : end;
    c->eol = nl ? nl : end;
    if (c->eol > c->at && c->eol[-1] == '\r')
        c->eol--;
    return true;
}

static int search_text(struct search *s, const char *path)
{
    char *end = s->buffer.bytes + s->buffer.len;
    struct cursor c = {.at = s->buffer.bytes, .next = s->buffer.bytes, .number = 1};
    bool any = false;
    size_t start;
    size_t stop;

    while (next_line(s, &c, end)) {
        if (!pattern_match(s->pattern, c.at, (size_t)(c.eol - c.at), &start, &stop))
            continue;
        s->files_with_hits += !any;
        any = true;
        (void)strbuf_addf(s->out, "%s:%zu: ", path, c.number);
        add_line(s->out, c.at, (size_t)(c.eol - c.at), start);
        s->hits++;
        if (s->hits == s->max_hits || strbuf_overflowed(s->out))
            return 1;
    }
    return 0;
}

static int search_file(void *arg, const struct walk_file *file, struct err *err)
{
    struct search *s = arg;
    int rc;

    (void)err;
    if (!glob_wants(s, file->path))
        return 0;
    rc = walk_read(file, VDO_MAX_SOURCE_FILE, &s->buffer);
    if (rc) {
        s->too_large += rc == VDO_E_TOO_LARGE;
        return 0;
    }
    if (memchr(s->buffer.bytes, '\0', s->buffer.len < BINARY_PROBE ? s->buffer.len : BINARY_PROBE))
        return 0;
    s->files++;
    return search_text(s, file->path);
}

static void add_summary(struct search *s, const struct walk_stats *stats)
{
    if (s->hits == s->max_hits)
        (void)strbuf_addf(
            s->out, "(stopped at %zu matching lines; narrow the pattern or the glob)\n", s->hits);
    else if (stats->late)
        (void)strbuf_addf(s->out, "(time is up after %zu files; narrow the glob)\n", s->files);
    else if (s->hits == 0)
        (void)strbuf_addf(s->out, "(no match in %zu files)\n", s->files);
    else
        (void)strbuf_addf(s->out, "(%zu matching lines in %zu of %zu files)\n", s->hits,
                          s->files_with_hits, s->files);
    if (s->too_large)
        (void)strbuf_addf(s->out, "(%zu files over %lu bytes were not searched)\n", s->too_large,
                          VDO_MAX_SOURCE_FILE);
}

int code_search_dir(const char *dir, const char *pattern, const char *glob, size_t max_hits,
                    int64_t deadline_ms, struct strbuf *out, struct err *err)
{
    struct search s = {.max_hits = max_hits ? max_hits : 1, .out = out};
    struct walk_options options = {0};
    struct walk_stats stats = {0};
    int rc;

    if (glob && strlen(glob) > MAX_GLOB)
        return err_set(err, VDO_E_TOO_LARGE, "search glob: over %d bytes", MAX_GLOB);
    rc = pattern_new(pattern, &s.pattern, err);
    if (rc)
        return rc;
    s.literal = pattern_literal(s.pattern);
    if (glob && strncmp(glob, "./", 2) == 0)
        glob += 2;
    if (glob && *glob)
        expand_braces(&s, glob);
    if (deadline_ms > 0)
        options.deadline_mono_ms = clock_mono_ms(clock_real()) + deadline_ms;
    rc = walk_tree(dir, &options, search_file, &s, &stats, err);
    if (!rc)
        add_summary(&s, &stats);
    for (size_t i = 0; i < s.n_globs; i++)
        strbuf_release(&s.globs[i]);
    free(s.buffer.bytes);
    pattern_free(s.pattern);
    return rc;
}
