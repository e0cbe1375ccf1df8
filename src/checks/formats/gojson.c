/* go test -json: one event a line. Source: cmd/test2json of Go 1.19 to 1.24. */
#include "goopen.h"

#include "../name.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

enum { PACKAGES = 64 };

struct gojson {
    struct go_open open;
    uint64_t failing[PACKAGES]; /* packages with a failing test, which explains their own failure */
    size_t next;
};

static uint64_t hash(const char *package)
{
    return name_hash(package, strlen(package));
}

static bool has_failing_test(const struct gojson *go, const char *package)
{
    for (size_t i = 0; i < PACKAGES; i++) {
        if (go->failing[i] == hash(package))
            return true;
    }
    return false;
}

static void take_end(struct reading *r, const char *package, const char *test, const char *name,
                     enum result_state state)
{
    struct gojson *go = r->state;
    bool counts = *test || (state == RESULT_FAILED && !has_failing_test(go, package));

    if (*test && state == RESULT_FAILED)
        go->failing[go->next++ % PACKAGES] = hash(package);
    reading_saw(r);
    if (counts)
        reading_test(r, name, state);
    go_open_end(&go->open, name,
                counts && state == RESULT_FAILED ? reading_failure(r, name) : NULL);
}

static void take_event(struct reading *r, const json_t *event)
{
    struct gojson *go = r->state;
    const char *action = js_str(event, "Action", "");
    const char *test = js_str(event, "Test", "");
    const char *package = js_str(event, "Package", js_str(event, "ImportPath", ""));
    AUTO_FREE char *name = *test ? xasprintf("%s.%s", package, test) : xstrdup(package);
    enum result_state state = strcmp(action, "pass") == 0 ? RESULT_PASSED :
                              strcmp(action, "fail") == 0 ? RESULT_FAILED :
                              strcmp(action, "skip") == 0 ? RESULT_SKIPPED :
                                                            RESULT_UNKNOWN;

    if (!*name)
        return;
    if (strcmp(action, "output") == 0 || strcmp(action, "build-output") == 0)
        go_open_print(&go->open, name, js_str(event, "Output", ""));
    else if (state != RESULT_UNKNOWN)
        take_end(r, package, test, name, state);
}

/* Most events tell nothing that is kept; they need not be parsed. */
static bool is_idle(const char *line)
{
    static const char *const actions[] = {"run\"", "start\"", "pause\"", "cont\"", "bench\""};
    const char *action = strstr(line, "\"Action\":\"");
    const char *output = strstr(line, "\"Output\":\"");

    if (!action)
        return true;
    action += strlen("\"Action\":\"");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (text_after(action, actions[i]))
            return true;
    }
    output = output ? output + strlen("\"Output\":\"") : NULL;
    return output && (text_after(output, "=== ") || text_after(output, "--- "));
}

static void gojson_line(struct reading *r, const char *line, size_t len)
{
    json_auto_t *event = NULL;

    if (strncmp(line, "{\"", 2) == 0 && !is_idle(line) &&
        js_parse(line, len, &event, NULL) == VDO_OK)
        take_event(r, event);
}

static void gojson_end(struct reading *r)
{
    struct gojson *go = r->state;

    go_open_clear(&go->open);
}

const struct format gojson_format = {
    .name = "go test",
    .first = "{",
    .state_size = sizeof(struct gojson),
    .line = gojson_line,
    .end = gojson_end,
};
