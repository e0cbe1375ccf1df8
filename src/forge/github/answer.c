#include "github.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *answer_header(const struct http_result *result, const char *name)
{
    size_t size = (result->headers ? strlen(result->headers) : 0) + 1;
    char *buf = xmalloc(size);
    const char *value = http_result_header(result, name, buf, size);

    if (value)
        return buf;
    free(buf);
    return NULL;
}

/* Texts of GitHub's go into one line of a log. */
static void flatten(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
    }
}

void answer_describe(const struct http_result *result, char *buf, size_t size)
{
    json_auto_t *json = NULL;
    const char *message;
    size_t used;
    size_t i;
    json_t *item;

    if (js_parse(result->body, result->body_len, &json, NULL) != VDO_OK) {
        (void)snprintf(buf, size, "HTTP %d", result->status);
        return;
    }
    message = js_str(json, "message", "");
    (void)snprintf(buf, size, "HTTP %d%s%.200s", result->status, *message ? " " : "", message);
    json_array_foreach (js_at(json, "errors"), i, item) {
        used = strlen(buf);
        if (json_is_string(item))
            (void)snprintf(buf + used, size - used, "; %.100s", json_string_value(item));
        else
            (void)snprintf(buf + used, size - used, "; %.40s %.60s %.100s",
                           js_str(item, "field", ""), js_str(item, "code", ""),
                           js_str(item, "message", ""));
    }
    flatten(buf);
}

static int fail_forbidden(const struct http_result *result, const char *what, struct err *err)
{
    AUTO_FREE char *needs = answer_header(result, "x-accepted-github-permissions");

    if (!needs || !*needs || !strcasestr(what, "not accessible"))
        return err_set(err, VDO_E_REFUSED, "%s", what);
    flatten(needs);
    return err_set(err, VDO_E_REFUSED, "%s; the App needs the permission %.200s", what, needs);
}

int answer_fail(const struct http_result *result, struct err *err)
{
    char what[480];

    answer_describe(result, what, sizeof(what));
    switch (result->status) {
    case 401:
        return err_set(err, VDO_E_REFUSED, "GitHub refuses the credentials: %s", what);
    case 403:
        return fail_forbidden(result, what, err);
    case 404:
    case 410:
        return err_set(err, VDO_E_NOT_FOUND, "%s", what);
    case 409:
        return err_set(err, VDO_E_CONFLICT, "%s", what);
    case 408:
    case 429:
        return err_set(err, VDO_E_TEMPORARY, "%s", what);
    default:
        return err_set(err, result->status >= 500 ? VDO_E_TEMPORARY : VDO_E_REFUSED, "%s", what);
    }
}

/* rel="next" of a Link header (RFC 8288). */
char *answer_next_page(const struct http_result *result)
{
    AUTO_FREE char *link = answer_header(result, "link");
    const char *rel = link ? strstr(link, "rel=\"next\"") : NULL;
    const char *open = NULL;
    const char *close;

    for (const char *c = link; rel && c && c < rel; c++) {
        if (*c == '<')
            open = c + 1;
    }
    close = open ? strchr(open, '>') : NULL;
    return close ? xmemdup0(open, (size_t)(close - open)) : NULL;
}

char *answer_location(const struct http_result *result, const char *api_url)
{
    char *to = answer_header(result, "location");
    char *whole;

    if (!to || to[0] != '/' || to[1] == '/')
        return to;
    AUTO_FREE char *origin = url_origin(api_url);

    whole = xasprintf("%s%s", origin ? origin : "", to);
    free(to);
    return whole;
}
