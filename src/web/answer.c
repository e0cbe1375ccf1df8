#include "web_internal.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void answer_json(struct http_request *request, int status, json_t *value_taken)
{
    AUTO_FREE char *text = js_dump(value_taken);
    struct http_answer answer = {.status = status, .body = text, .body_len = strlen(text)};

    json_decref(value_taken);
    http_respond(request, &answer);
}

void answer_failure(struct http_request *request, int rc, const struct err *err)
{
    switch (rc) {
    case VDO_E_NOT_FOUND:
        http_respond_error(request, 404, "not_found", "there is no such thing");
        break;
    case VDO_E_INVALID:
        http_respond_error(request, 400, "invalid", err->text);
        break;
    case VDO_E_REFUSED:
        http_respond_error(request, 409, "refused", err->text);
        break;
    case VDO_E_TEMPORARY:
        http_respond_error(request, 503, "busy", "try again in a few seconds");
        break;
    default:
        http_respond_error(request, 500, "internal", "the store could not be read; see the log");
        break;
    }
}

bool query_int(struct http_request *request, const char *name, int64_t least, int64_t most,
               int64_t fallback, int64_t *out)
{
    const char *text = http_request_query(request, name);
    AUTO_FREE char *message = NULL;
    char *end;

    *out = fallback;
    if (!text || !*text)
        return true;
    *out = strtoll(text, &end, 10);
    if (*end == '\0' && *out >= least && *out <= most)
        return true;
    message = xasprintf("%s: a whole number from %lld to %lld is needed", name, (long long)least,
                        (long long)most);
    http_respond_error(request, 400, "invalid", message);
    return false;
}
