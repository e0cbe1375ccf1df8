/*
 * Whatever a diff holds, findings have a place and a kind, are within their cap, and hold nothing
 * of the diff but its paths; heads and paths of any bytes are judged.
 */
#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any line may be one of the base. */
static bool at_base(void *arg, const char *line, size_t len)
{
    (void)arg;
    return len && (line[0] & 1);
}

static void check_list(const json_t *list)
{
    size_t i;
    json_t *finding;

    if (json_array_size(list) > CHANGE_MAX_FINDINGS)
        abort();
    json_array_foreach (list, i, finding) {
        if (!*js_str(finding, "path", "") || !*js_str(finding, "kind", "") ||
            !*js_str(finding, "place", "") || js_int(finding, "line", -1) < 0 ||
            js_int(finding, "byte", -1) < 0 || json_object_size(finding) != 6)
            abort();
    }
}

static void check_findings(const char *bytes, size_t len)
{
    static char glob[] = "a*/**";
    static char *const globs[] = {glob};
    const struct change_allow allow = {.globs = globs, .n_globs = 1, .at_base = at_base};
    json_t *secrets = change_secrets_new();

    change_secrets_diff(secrets, bytes, len, &allow);
    change_secrets_binary(secrets, "a.bin", bytes, len / 2, bytes, len, &allow);
    change_secrets_binary(secrets, "b.bin", NULL, 0, bytes, len, &allow);
    check_list(js_at(secrets, "found"));
    check_list(js_at(secrets, "allowed"));
    json_decref(secrets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup0(data, size);
    char *half = xmemdup0(data, size / 2);

    /* A copy of its exact size, so that a sanitizer sees a step past the end. */
    char *exact = xmalloc(size ? size : 1);

    if (size)
        memcpy(exact, data, size);
    check_findings(exact, size);
    if (change_lost_licence(text, text) || change_lost_licence("", text))
        abort();
    (void)change_lost_licence(text, half);
    (void)change_sensitive(text);
    free(exact);
    free(half);
    free(text);
    return 0;
}
