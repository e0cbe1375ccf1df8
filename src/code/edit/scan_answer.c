#include "scan_answer.h"

#include "markers.h"
#include "parse.h"
#include "paths.h"

#include "vdo/base/limits.h"

#include <stdlib.h>
#include <string.h>

static void read_prose(struct scan *scan)
{
    const struct line *line = scan_here(scan);
    bool weak;
    char *path;

    if (line_is_blank(line->ptr, line->len))
        return;
    path = path_from_line(scan->work, line, &weak);
    if (path && !(weak && scan->named && !scan->named_is_weak))
        scan_name_file(scan, path, weak);
    else
        free(path);
}

/* An opening fence: a whole file, or the wrapping of something else. */
static int read_fence(struct scan *scan)
{
    const struct line *line = scan_here(scan);
    size_t info;
    size_t len;
    char mark;
    char *path;
    int rc;

    if (!line_is_fence(line, &mark, &len, &info))
        return 0;
    if (!scan->fence.open && scan_wants(scan, EDIT_WHOLE) && !scan->work->options->only_marked) {
        rc = parse_whole(scan);
        if (rc)
            return rc;
    }
    (void)scan_fence(scan, line);
    path = scan->fence.open ? path_from_info(scan->work, line->ptr + info, line->len - info) : NULL;
    if (path)
        scan_name_file(scan, path, false);
    scan->i++;
    return 1;
}

/* 1: something was read, negative: refused. */
static int read_part(struct scan *scan)
{
    const struct line *line = scan_here(scan);
    int rc;

    if (scan_wants(scan, EDIT_APPLY_PATCH) && apply_patch_starts(scan, scan->i)) {
        rc = parse_apply_patch(scan);
    } else if (scan_wants(scan, EDIT_SEARCH_REPLACE) && search_replace_starts(scan, scan->i)) {
        rc = parse_search_replace(scan);
    } else if (scan_wants(scan, EDIT_SEARCH_REPLACE) && search_replace_broken(line)) {
        rc = refuse_broken_marker(scan);
    } else if (scan_wants(scan, EDIT_UDIFF) && udiff_starts(scan, scan->i)) {
        rc = parse_udiff(scan);
    } else {
        return read_fence(scan);
    }
    return rc ? rc : 1;
}

static int refuse_nothing(struct scan *scan)
{
    static const char *const LOOKS[] = {
        [EDIT_AUTO] = "no edit",
        [EDIT_WHOLE] = "no file (its path on a line of its own, then its content in a fence)",
        [EDIT_SEARCH_REPLACE] = "no SEARCH/REPLACE block",
        [EDIT_UDIFF] = "no unified diff",
        [EDIT_APPLY_PATCH] = "no \"*** Begin Patch\"",
    };
    bool blank = true;

    for (size_t i = 0; i < scan->lines.n && blank; i++)
        blank = line_is_blank(scan->lines.v[i].ptr, scan->lines.v[i].len);
    return refuse(scan->why, blank ? REASON_EMPTY : REASON_MALFORMED, "the answer holds %s",
                  LOOKS[scan->wanted]);
}

static int scan_lines(struct scan *scan)
{
    while (scan->i < scan->lines.n) {
        int rc = read_part(scan);

        if (rc < 0)
            return rc;
        if (rc == 0) {
            read_prose(scan);
            scan->i++;
        }
    }
    if (scan->fence.open)
        return refuse(scan->why, REASON_TRUNCATED,
                      "the fence opened at line %zu of the answer never closes; the answer was cut "
                      "off",
                      scan->fence.line + 1);
    if (scan->parts == 0)
        return refuse_nothing(scan);
    return VDO_OK;
}

int scan_answer(struct work *work, enum edit_format format, const char *answer, size_t len,
                struct edit_plan *plan, struct refusal *why)
{
    struct scan scan = {.wanted = format, .work = work, .plan = plan, .why = why};
    size_t bom = len >= 3 && memcmp(answer, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    int rc;

    lines_split(&scan.lines, answer + bom, len - bom);
    lines_drop_cr(&scan.lines);
    rc = scan_lines(&scan);
    lines_release(&scan.lines);
    free(scan.named);
    free(scan.last_path);
    return rc;
}

bool edit_answer_is_marked(const char *answer, size_t len)
{
    struct scan scan = {.wanted = EDIT_AUTO};
    bool found = false;

    if (len > VDO_MAX_ANSWER)
        return false;
    lines_split(&scan.lines, answer, len);
    lines_drop_cr(&scan.lines);
    for (size_t i = 0; i < scan.lines.n && !found; i++)
        found = apply_patch_starts(&scan, i) || search_replace_starts(&scan, i) ||
                search_replace_broken(&scan.lines.v[i]) || udiff_starts(&scan, i);
    lines_release(&scan.lines);
    return found;
}
