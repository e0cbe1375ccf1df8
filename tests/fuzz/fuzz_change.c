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

static void check_findings(const char *diff, size_t len)
{
    json_t *found = change_secrets(diff, len);
    size_t i;
    json_t *finding;

    if (json_array_size(found) > CHANGE_MAX_FINDINGS)
        abort();
    json_array_foreach (found, i, finding) {
        if (!*js_str(finding, "path", "") || !*js_str(finding, "kind", "") ||
            js_int(finding, "line", -1) < 0 || json_object_size(finding) != 3)
            abort();
    }
    json_decref(found);
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
