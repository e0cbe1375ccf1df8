#include "vdo/report/report.h"

#include "vdo/checks/results.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <string.h>

char *report_check_text(const json_t *result, char *buf, size_t size)
{
    const json_t *tests = js_at(result, "tests");
    const char *why = js_str(result, "why", "");
    bool read = json_array_size(js_at(tests, "formats")) > 0;
    bool built = json_array_size(js_at(tests, "problems")) == 0;
    bool agree = js_bool(result, "agree", true);
    char said[320] = "";
    char failed[120];

    if (read || !built)
        (void)results_text(tests, said, sizeof(said));
    if (*why)
        (void)snprintf(failed, sizeof(failed), "failed (%s)", why);
    else
        (void)snprintf(failed, sizeof(failed), "failed (exit %lld)",
                       (long long)js_int(result, "exit", 0));
    if (!json_is_object(result))
        (void)snprintf(buf, size, "not run");
    else if (!js_bool(result, "ran", false))
        (void)snprintf(buf, size, "not run%s%s", *why ? ": " : "", why);
    else if (js_bool(result, "ok", false) && !agree)
        (void)snprintf(buf, size, "exit 0, but its output says: %s", said);
    else if (js_bool(result, "ok", false))
        (void)snprintf(buf, size, "%s", read ? said : "passed");
    else if (read && agree && built && !*why)
        (void)snprintf(buf, size, "%s", said);
    else
        (void)snprintf(buf, size, "%s%s%s", failed, *said ? ", its output says: " : "", said);
    return buf;
}
