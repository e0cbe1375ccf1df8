#include "vdo/report/report.h"

#include "vdo/json/json.h"

#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text && *text ? js_string_lossy(text, strlen(text)) : json_null();
}

json_t *report_delivery_json(const struct delivery *delivery)
{
    char stamp[CLOCK_RFC3339_SIZE];
    json_t *out = json_object();

    (void)json_object_set_new(out, "guid", text_or_null(delivery->guid));
    (void)json_object_set_new(out, "event", text_or_null(delivery->event));
    (void)json_object_set_new(out, "action", text_or_null(delivery->action));
    (void)json_object_set_new(out, "repo", text_or_null(delivery->repo));
    (void)json_object_set_new(out, "issue",
                              delivery->issue ? json_integer(delivery->issue) : json_null());
    (void)json_object_set_new(out, "state", json_string(delivery_state_name(delivery->state)));
    (void)json_object_set_new(out, "reason", text_or_null(delivery->reason));
    (void)json_object_set_new(out, "job_id", text_or_null(delivery->job_id));
    (void)json_object_set_new(
        out, "received_at",
        json_string(clock_rfc3339(delivery->received_at_ms, stamp, sizeof(stamp))));
    (void)json_object_set_new(out, "attempts", json_integer(delivery->attempts));
    return out;
}
