#include "tool.h"

#include "../verify/checks.h"
#include "../verify/failures.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>

static int run_checks(struct tool_call *call, struct err *err)
{
    const json_t *checks = js_at(call->run->out, "survey.checks");
    json_auto_t *results = NULL;
    AUTO_FREE char *dir = NULL;
    char text[CHECK_TEXT_SIZE];
    size_t i;
    json_t *item;
    int rc;

    if (json_array_size(checks) == 0)
        return tool_fail(call, "No checks of this project are known. Use run.");
    rc = workspace_copy_tree(call->run, "scratch", &dir, err);
    if (!rc)
        rc = checks_run(call->run, dir, checks, &results, err);
    if (rc)
        return rc;
    json_array_foreach (results, i, item) {
        const json_t *result = json_object_get(item, "result");

        (void)strbuf_addf(call->out, "%s: %s\n", js_str(item, "run", ""),
                          report_check_text(result, text, sizeof(text)));
        failures_of_run(call->out, item);
        call->is_error = call->is_error || !js_bool(result, "ok", false);
    }
    return VDO_OK;
}

const struct tool tool_run_checks = {
    .name = "run_checks",
    .description =
        "Run the project's own checks on the repository as it is now and show how they end.",
    .schema =
        "{\"type\":\"object\",\"properties\":{},\"required\":[],\"additionalProperties\":false}",
    .call = run_checks,
};
