#include "regions.h"

#include "agent/ask.h"
#include "record/record.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum {
    RANKED_FILES = 20,
    EXCERPTS = 6,
    EXCERPT_LINES = 80,
    EXCERPT_BYTES = 24 * 1024, /* all together */
    LONGEST_LINE = 400,
};

/* "https://github.com/owner/name/blob/<commit>/"; "" where the forge has no pages. Of a replay,
 * which has another forge: what it was then. */
static int pages_of(struct job_run *run, char **out, struct err *err)
{
    AUTO_FREE char *pages = run_is_github(run) ?
                                xasprintf("%s/%s/blob/%s/", run->p->o.config->github.git_url,
                                          run->job->repo, run_str(run, "checkout.base_sha")) :
                                xstrdup("");
    json_auto_t *fact = js_string_lossy(pages, strlen(pages));
    int rc = record_fact(run, "pages of the forge", &fact, err);

    if (!rc)
        *out = xstrdup(json_is_string(fact) ? json_string_value(fact) : "");
    return rc;
}

/* Each part percent-encoded. */
static char *escape_path(const char *path)
{
    struct strbuf out;

    strbuf_init(&out, VDO_MAX_PATH_BYTES * 3 + 1);
    for (;;) {
        size_t len = strcspn(path, "/");
        AUTO_FREE char *part = xmemdup0(path, len);
        AUTO_FREE char *encoded = url_encode(part);

        (void)strbuf_adds(&out, encoded);
        if (!path[len])
            return strbuf_take(&out, NULL);
        (void)strbuf_addc(&out, '/');
        path += len + 1;
    }
}

static json_t *region_json(const struct code_hit *hit, const char *pages)
{
    const char *reason = hit->reason ? hit->reason : "";
    int last = hit->line_end > hit->line ? hit->line_end : hit->line;
    json_t *region = json_pack("{s:o, s:f, s:o, s:i, s:i}", "path",
                               js_string_lossy(hit->path, strlen(hit->path)), "score", hit->score,
                               "reason", js_string_lossy(reason, strlen(reason)), "line", hit->line,
                               "line_end", hit->line_end);

    if (hit->line > 0)
        (void)json_object_set_new(region, "lines",
                                  last > hit->line ? json_sprintf("%d-%d", hit->line, last) :
                                                     json_sprintf("%d", hit->line));
    if (*pages && hit->line > 0) {
        AUTO_FREE char *path = escape_path(hit->path);

        (void)json_object_set_new(region, "url",
                                  last > hit->line ?
                                      json_sprintf("%s%s#L%d-L%d", pages, path, hit->line, last) :
                                      json_sprintf("%s%s#L%d", pages, path, hit->line));
    }
    return region;
}

int regions_rank(struct job_run *run, json_t **out, struct err *err)
{
    AUTO_FREE char *text =
        xasprintf("%s\n\n%s\n%s", run_str(run, "snapshot.title"), run_str(run, "snapshot.text"),
                  run_str(run, "snapshot.instructions"));
    AUTO_FREE char *pages = NULL;
    struct code_hit *hits = NULL;
    json_t *files = NULL;
    size_t n = 0;
    int rc = pages_of(run, &pages, err);

    if (!rc)
        rc = code_index_locate(run->index, text, RANKED_FILES, &hits, &n, err);
    if (rc)
        return rc;
    files = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(files, region_json(&hits[i], pages));
    code_hits_free(hits, n);
    /* The index knows what has changed often since it was made, and a replay has a new one. */
    rc = record_fact(run, "files ranked by the index", &files, err);
    if (!rc)
        *out = json_incref(files);
    json_decref(files);
    return rc;
}

/* ---- text ---- */

/* Lines first to last of a text, at most `room` bytes of whole lines; *io_last is the last one that
 * fits. */
static char *cut_lines(const char *text, int first, int *io_last, size_t room)
{
    struct strbuf out;
    int line = 1;
    int shown = first - 1;

    strbuf_init(&out, EXCERPT_BYTES + 1);
    for (; *text && line <= *io_last; line++) {
        size_t len = strcspn(text, "\n");

        if (line >= first) {
            size_t part = len < LONGEST_LINE ? len : LONGEST_LINE;

            if (out.len + part + 1 > room)
                break;
            (void)strbuf_addf(&out, "%s%.*s", line > first ? "\n" : "", (int)part, text);
            shown = line;
        }
        text += len + (text[len] == '\n');
    }
    *io_last = shown;
    return strbuf_take(&out, NULL);
}

/* One region with a few lines around it when it is short; NULL when it cannot be shown. */
static json_t *excerpt_of(struct job_run *run, const json_t *region, size_t *io_room)
{
    const char *path = js_str(region, "path", "");
    int first = (int)js_int(region, "line", 0);
    int last = (int)js_int(region, "line_end", 0);
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *part = NULL;
    size_t len = 0;

    if (mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), path, VDO_MAX_SOURCE_FILE,
                         &text, &len, NULL) ||
        memchr(text, '\0', len))
        return NULL;
    if (first < 1)
        first = 1;
    if (last - first + 1 < EXCERPT_LINES / 2) {
        first = first > 6 ? first - 5 : 1;
        last = first + EXCERPT_LINES / 2;
    } else if (last - first + 1 > EXCERPT_LINES) {
        last = first + EXCERPT_LINES - 1;
    }
    part = cut_lines(text, first, &last, *io_room);
    if (last < first)
        return NULL;
    *io_room -= strlen(part);
    return json_pack("{s:s, s:o, s:o, s:o}", "path", path, "lines",
                     json_sprintf("%d-%d", first, last), "text",
                     js_string_lossy(part, strlen(part)), "fence", prompt_code_fence(part));
}

json_t *regions_excerpts(struct job_run *run, const json_t *ranked)
{
    json_t *list = json_array();
    size_t room = EXCERPT_BYTES;
    size_t i;
    json_t *region;

    json_array_foreach (ranked, i, region) {
        json_t *excerpt = i < EXCERPTS ? excerpt_of(run, region, &room) : NULL;

        if (excerpt)
            (void)json_array_append_new(list, excerpt);
    }
    return list;
}
