#include "web_internal.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <string.h>

void route_healthz(struct http_request *request, void *arg)
{
    (void)arg;
    answer_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

void route_readyz(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct err err = {0};
    int rc = store_ping(web->o.store, &err);
    int64_t free_bytes = fs_free_bytes(web->o.config->data_dir);
    bool disk_ok = free_bytes < 0 || free_bytes > (int64_t)(64 * VDO_MIB);
    bool ready = rc == VDO_OK && disk_ok;
    json_t *parts = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "store", rc ? err.text : "ok",
                              "bus", "ok", "disk", disk_ok ? "ok" : "under 64 MiB free", "sandbox",
                              sandbox_report(web->o.sandbox), "forge", forge_report(web->o.forge),
                              "jobs", jobs_report(web->o.jobs));

    answer_json(request, ready ? 200 : 503,
                json_pack("{s:s, s:o}", "status", ready ? "ready" : "not ready", "parts", parts));
}

void route_about(struct http_request *request, void *arg)
{
    struct web *web = arg;
    char stamp[CLOCK_RFC3339_SIZE];

    answer_json(request, 200,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", "vdo", "version", VDO_VERSION,
                          "compiler", __VERSION__, "started_at",
                          clock_rfc3339(web->started_ms, stamp, sizeof(stamp)), "node",
                          jobs_node(web->o.jobs)));
}
