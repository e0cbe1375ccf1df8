/*
 * Hunks of additions only. In apply_patch one without an "@@" line goes to the end of the file,
 * before a blank line that ends it: compute_replacements() of codex-rs/apply-patch/src/lib.rs. One
 * with an
 * "@@" line goes behind the line that reads like it, as in the program of OpenAI's GPT-4.1
 * prompting guide; codex puts that one to the end as well, so it is taken only where the place is
 * in no doubt.
 */
#include "match_private.h"

#include <stdint.h>
#include <string.h>

static int refuse_bare(struct refusal *why, const char *path, const struct hunk *hunk,
                       const char *what)
{
    return refuse(why, REASON_AMBIGUOUS,
                  "%s: the addition at line %zu of the answer has no context line%s; add the lines "
                  "it stands between",
                  path, hunk->answer_line, what);
}

/* What stands at the top of a file is hardly meant for its end. */
static bool is_preamble(const struct hunk *hunk)
{
    static const char *const words[] = {"import ", "from ", "#include",
                                        "using ",  "use ",  "package "};
    bool any = false;

    for (size_t i = 0; i < hunk->n; i++) {
        const struct hunk_line *line = &hunk->lines[i];
        bool is = false;

        if (line_is_blank(line->ptr, line->len))
            continue;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
            is = is || line_starts(line->ptr, line->len, words[k]);
        if (!is)
            return false;
        any = true;
    }
    return any;
}

/* The only line behind `from` that reads like the anchor; SIZE_MAX: none, or one of several. */
static size_t only_line(const struct lines *lines, const struct span *anchor, size_t from)
{
    size_t found = SIZE_MAX;

    for (size_t i = from; i < lines->n; i++) {
        if (!line_same(KEY_STRIP, anchor->ptr, anchor->len, lines->v[i].ptr, lines->v[i].len))
            continue;
        if (found != SIZE_MAX)
            return SIZE_MAX;
        found = i;
    }
    return found;
}

/* Does something that has begun go on in the next line: a list of parameters, a body's brace? */
static bool goes_on(const struct lines *lines, size_t at)
{
    const char *ptr = lines->v[at].ptr;
    size_t len = lines->v[at].len;

    line_trim(&ptr, &len);
    if (len && strchr("([,\\", ptr[len - 1]))
        return true;
    if (at + 1 >= lines->n)
        return false;
    ptr = lines->v[at + 1].ptr;
    len = lines->v[at + 1].len;
    line_trim(&ptr, &len);
    return len && *ptr == '{';
}

static bool stands_at(const struct lines *lines, const struct hunk *hunk, size_t at)
{
    if (hunk->n == 0 || at > lines->n || hunk->n > lines->n - at)
        return false;
    for (size_t k = 0; k < hunk->n; k++) {
        if (!line_same(KEY_EXACT, hunk->lines[k].ptr, hunk->lines[k].len, lines->v[at + k].ptr,
                       lines->v[at + k].len))
            return false;
    }
    return true;
}

/* The line before which the addition goes. */
static int place_of(const struct lines *lines, const struct hunk *hunk, const char *path,
                    size_t *out, struct refusal *why)
{
    size_t at = 0;

    if (hunk->n_anchors == 0) {
        if (is_preamble(hunk))
            return refuse_bare(why, path, hunk, ", and its lines are none for the end of a file");
        *out = lines->n - (lines->n && lines->v[lines->n - 1].len == 0);
        return VDO_OK;
    }
    for (size_t i = 0; i < hunk->n_anchors; i++) {
        at = only_line(lines, &hunk->anchors[i], at);
        if (at == SIZE_MAX)
            return refuse_bare(why, path, hunk,
                               ", and its \"@@\" line reads like no line of the file or several");
        at++;
    }
    if (goes_on(lines, at - 1))
        return refuse_bare(why, path, hunk, ", and what its \"@@\" line begins goes on behind it");
    *out = at;
    return VDO_OK;
}

int match_bare(const struct match_text *text, const struct hunk *hunk, const char *path,
               struct place *out, struct refusal *why)
{
    struct old_lines none = {0};
    size_t at = 0;
    int rc = VDO_OK;

    if (rest_is_blank(&text->lines, 0))
        at = 0;
    else if (hunk->at_eof)
        at = text->lines.n;
    else if (!hunk->appends)
        return refuse_bare(why, path, hunk, "");
    else
        rc = place_of(&text->lines, hunk, path, &at, why);
    if (rc)
        return rc;
    if (stands_at(&text->lines, hunk, at) ||
        (hunk->n_anchors == 0 && at >= hunk->n && stands_at(&text->lines, hunk, at - hunk->n)))
        return refuse(why, REASON_ALREADY_APPLIED, "%s: the added lines stand there already", path);
    set_place(out, hunk, &none, NULL, MATCH_EXACT);
    out->first = out->last = at;
    return VDO_OK;
}
