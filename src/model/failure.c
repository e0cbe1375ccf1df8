#include "failure.h"

#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Cut at a character and free of control characters. */
static void copy_line(char *to, size_t size, const char *from)
{
    AUTO_FREE char *shown = redact_dup(from);
    size_t len = strlen(shown);

    if (len >= size) {
        len = size - 1;
        while (len && ((unsigned char)shown[len] & 0xC0) == 0x80)
            len--;
    }
    for (size_t i = 0; i < len; i++)
        to[i] = iscntrl((unsigned char)shown[i]) ? ' ' : shown[i];
    to[len] = '\0';
}

void failure_set(struct failure *out, enum failure_kind kind, bool retry, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    *out = (struct failure){.kind = kind, .retry = retry, .retry_after_ms = -1};
    copy_line(out->text, sizeof(out->text), text);
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++) {
        if (strcmp(text, *list) == 0)
            return true;
    }
    return false;
}

static bool is_spend(const struct wire_error *error, int status)
{
    static const char *const codes[] = {"insufficient_quota",
                                        "credit_balance_exhausted",
                                        "enforced_spend_limit_reached",
                                        "contract_spend_limit_reached",
                                        "billing_error",
                                        NULL};

    return status == 402 || error->quota_of_day || is_one_of(error->code, codes) ||
           is_one_of(error->type, codes);
}

/* The families of words by which providers and servers say that a prompt is too long. */
static bool is_context(const struct wire_error *error, int status)
{
    static const char *const words[] = {"prompt is too long",
                                        "exceed context limit",
                                        "exceeds the context window",
                                        "maximum context length",
                                        "please reduce the length of",
                                        "exceeds the available context size",
                                        "context length exceeded",
                                        "input token count",
                                        NULL};
    static const char *const codes[] = {"context_length_exceeded", "exceed_context_size_error",
                                        NULL};

    if (status != 400 && status != 0)
        return false;
    if (is_one_of(error->code, codes) || is_one_of(error->type, codes))
        return true;
    for (size_t i = 0; words[i]; i++) {
        if (strcasestr(error->message, words[i]))
            return true;
    }
    return false;
}

/* How servers say that they, or the model they run, take no tools. */
static bool is_tools(const struct wire_error *error)
{
    static const char *const words[] = {
        "does not support tool",        /* Ollama */
        "support tool use",             /* OpenRouter: no endpoints found that ... */
        "tool choice requires",         /* vLLM without a parser for tool calls */
        "tools param requires",         /* llama.cpp without --jinja */
        "tool_choice is not supported", /* servers of one model */
        "tools are not supported",
        "tool use is not supported",
        "tool calling is not supported",
        "does not support function calling",
        "function calling is not enabled",
        "function calling is not supported",
        NULL};

    for (size_t i = 0; words[i]; i++) {
        if (strcasestr(error->message, words[i]))
            return true;
    }
    return false;
}

/* The content is refused: the same request will be, too. */
static bool is_refusal(const struct wire_error *error)
{
    static const char *const codes[] = {"content_filter", "content_policy_violation",
                                        "bio_policy",     "misalignment_policy_violation",
                                        "invalid_prompt", NULL};

    return is_one_of(error->code, codes);
}

static bool is_retried_status(int status)
{
    switch (status) {
    case 408:
    case 409:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 529:
        return true;
    default:
        return false;
    }
}

static enum failure_kind kind_of(const struct wire_error *error, int status)
{
    if (status >= 300 && status < 400)
        return FAIL_REDIRECT;
    if (is_spend(error, status))
        return FAIL_SPEND;
    if (status == 413 || is_context(error, status))
        return FAIL_CONTEXT;
    if (is_tools(error))
        return FAIL_TOOLS;
    if (status == 401 || status == 403)
        return FAIL_KEY;
    if (status == 404)
        return FAIL_MODEL;
    if (status == 429 || status == 529)
        return FAIL_BUSY;
    if (status >= 500 || status == 408 || status == 409)
        return FAIL_SERVER;
    if (is_refusal(error))
        return FAIL_REFUSAL;
    return FAIL_REQUEST;
}

static void describe(const struct wire_error *error, int status, struct failure *out)
{
    AUTO_STRBUF text = {0};

    strbuf_init(&text, 64UL * 1024);
    if (status)
        (void)strbuf_addf(&text, "HTTP %d", status);
    if (*error->message)
        (void)strbuf_addf(&text, "%s%.1000s", text.len ? ": " : "", error->message);
    if (*error->code && !strstr(error->message, error->code))
        (void)strbuf_addf(&text, " (%.80s)", error->code);
    else if (*error->type && !strstr(error->message, error->type))
        (void)strbuf_addf(&text, " (%.80s)", error->type);
    copy_line(out->text, sizeof(out->text), text.ptr);
    copy_line(out->parameter, sizeof(out->parameter), error->parameter);
}

static void read_error(const struct provider_ops *ops, const json_t *body, struct wire_error *error)
{
    *error = (struct wire_error){
        .type = "", .code = "", .message = "", .parameter = "", .retry_after_ms = -1};
    if (json_is_object(body))
        ops->error(body, error);
}

void failure_from_stream(const struct provider_ops *ops, const json_t *body, struct failure *out)
{
    struct wire_error error;

    read_error(ops, body, &error);
    *out = (struct failure){.kind = kind_of(&error, error.status),
                            .status = error.status,
                            .retry_after_ms = error.retry_after_ms};
    out->retry = out->kind != FAIL_SPEND &&
                 (error.status == 0 ? out->kind == FAIL_REQUEST : is_retried_status(error.status));
    if (out->retry && out->kind != FAIL_BUSY)
        out->kind = FAIL_CUT;
    describe(&error, 0, out);
    if (!*out->text)
        copy_line(out->text, sizeof(out->text), "an error without words inside the answer");
}

/* Seconds, with decimals, or an HTTP date (RFC 9110 10.2.3). */
static int64_t read_retry_after(const char *text, int64_t now_ms)
{
    struct tm when = {0};
    char *end = NULL;
    double seconds = strtod(text, &end);

    if (end != text && *end == '\0')
        return seconds > 0 && seconds < 1e7 ? (int64_t)(seconds * 1000) : -1;
    if (strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &when)) {
        int64_t wait = (int64_t)timegm(&when) * 1000 - now_ms;

        return wait > 0 ? wait : -1;
    }
    return -1;
}

static void read_waits(const struct http_result *http, int64_t now_ms, struct failure *out)
{
    char buf[128];
    const char *text = http_result_header(http, "retry-after-ms", buf, sizeof(buf));
    char *end = NULL;

    if (text) {
        double ms = strtod(text, &end);

        if (end != text && ms > 0 && ms < 1e10) {
            out->retry_after_ms = (int64_t)ms;
            return;
        }
    }
    text = http_result_header(http, "retry-after", buf, sizeof(buf));
    if (text) {
        int64_t wait = read_retry_after(text, now_ms);

        if (wait > 0)
            out->retry_after_ms = wait;
    }
}

static void describe_redirect(const struct http_result *http, struct failure *out)
{
    char where[512] = "";
    const char *location = http_result_header(http, "location", where, sizeof(where));
    AUTO_FREE char *origin = location ? url_origin(location) : NULL;

    (void)snprintf(out->text, sizeof(out->text), "HTTP %d: redirected to %.200s", out->status,
                   origin ? origin : "another place");
}

void failure_from_http(const struct provider_ops *ops, const struct http_result *http,
                       const char *body, size_t body_len, int64_t now_ms, struct failure *out)
{
    struct wire_error error;
    json_auto_t *parsed = NULL;
    char buf[16];
    const char *should;

    (void)js_parse(body, body_len, &parsed, NULL);
    read_error(ops, parsed, &error);
    /* Some protocols say 400 for what is a 401 elsewhere. */
    *out = (struct failure){.kind = kind_of(&error, error.status == 401 ? 401 : http->status),
                            .status = http->status,
                            .retry_after_ms = error.retry_after_ms};
    describe(&error, http->status, out);
    if (!parsed && body_len) {
        size_t used = strlen(out->text);
        AUTO_FREE char *shown = xmemdup0(body, body_len < 200 ? body_len : 200);

        if (used + 4 < sizeof(out->text)) {
            memcpy(out->text + used, ": ", 3);
            copy_line(out->text + used + 2, sizeof(out->text) - used - 2, shown);
        }
    }
    read_waits(http, now_ms, out);
    out->retry = is_retried_status(http->status) && out->kind != FAIL_SPEND &&
                 out->kind != FAIL_CONTEXT && out->kind != FAIL_TOOLS;
    should = http_result_header(http, "x-should-retry", buf, sizeof(buf));
    if (should && strcasecmp(should, "false") == 0)
        out->retry = false;
    else if (should && strcasecmp(should, "true") == 0)
        out->retry = out->kind != FAIL_SPEND && out->kind != FAIL_REDIRECT;
    if (out->kind == FAIL_REDIRECT)
        describe_redirect(http, out);
}

char *failure_explain(const struct failure *failure, const struct config_provider *provider)
{
    const char *name = provider->name;
    const char *text = failure->text;

    switch (failure->kind) {
    case FAIL_KEY:
        return xasprintf("%s: %s; the key is not accepted: check providers.%s.key", name, text,
                         name);
    case FAIL_MODEL:
        return xasprintf("%s: %s; model %s is not known at %s: check providers.%s.model and "
                         "base_url (vdo model ping %s)",
                         name, text, provider->model ? provider->model : "(none)",
                         provider->base_url ? provider->base_url : "(none)", name, name);
    case FAIL_SPEND:
        return xasprintf("%s: %s; the provider's own spend limit or credit is used up: raise it "
                         "in the provider's console",
                         name, text);
    case FAIL_CONTEXT:
        return xasprintf("%s: %s; the prompt does not fit this model", name, text);
    case FAIL_REDIRECT:
        return xasprintf("%s: %s; redirects are not followed, so that the key stays here: set "
                         "providers.%s.base_url to the right address",
                         name, text, name);
    case FAIL_REQUEST:
        return xasprintf("%s: %s; the provider does not take this request", name, text);
    case FAIL_TOOLS:
        return xasprintf("%s: %s; its model takes no tools (say so with providers.%s.tools: false)",
                         name, text, name);
    case FAIL_NETWORK:
        return xasprintf("%s: %s (%s)", name, text,
                         provider->base_url ? provider->base_url : "no base_url");
    default:
        if (failure->retry_after_ms > FAILURE_MAX_WAIT_MS)
            return xasprintf("%s: %s; it asks to be left alone for %lld s", name, text,
                             (long long)(failure->retry_after_ms / 1000));
        return xasprintf("%s: %s", name, text);
    }
}

enum vdo_code failure_code(const struct failure *failure)
{
    switch (failure->kind) {
    case FAIL_NETWORK:
    case FAIL_BUSY:
    case FAIL_SERVER:
    case FAIL_CUT:
        return VDO_E_TEMPORARY;
    case FAIL_CONTEXT:
        return VDO_E_TOO_LARGE;
    case FAIL_EMPTY:
    case FAIL_BROKEN:
    case FAIL_LOCAL:
        return VDO_E_INVALID;
    case FAIL_LIMIT:
        return VDO_E_LIMIT;
    default:
        return VDO_E_REFUSED;
    }
}

bool failure_is_ill_health(const struct failure *failure)
{
    switch (failure->kind) {
    case FAIL_NETWORK:
    case FAIL_BUSY:
    case FAIL_SERVER:
    case FAIL_CUT:
    case FAIL_BROKEN:
        return true;
    default:
        return false;
    }
}

int64_t failure_wait_ms(const struct failure *failure, int n)
{
    int64_t wait = 500;

    if (failure->retry_after_ms > 0)
        return failure->retry_after_ms;
    while (n-- > 1 && wait < 8000)
        wait *= 2;
    return wait - (int64_t)rand_below((uint32_t)(wait / 4));
}

/* The name as a word of its own in text. */
static bool names(const char *text, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
        bool starts = at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        bool ends = !(isalnum((unsigned char)at[len]) || at[len] == '_');

        if (starts && ends)
            return true;
    }
    return false;
}

static bool has_key(const json_t *value, const char *name)
{
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_object(value)) {
        json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
            if (strcmp(key, name) == 0 || has_key(member, name))
                return true;
        }
    }
    json_array_foreach (value, i, member) {
        if (has_key(member, name))
            return true;
    }
    return false;
}

int failure_find_parameter(const struct provider_ops *ops, const struct failure *failure,
                           unsigned adjusted, const json_t *sent)
{
    if (failure->kind != FAIL_REQUEST || (failure->status != 400 && failure->status != 422))
        return -1;
    for (int i = 0; ops->adjustable[i]; i++) {
        const char *name = ops->adjustable[i];
        bool added = *name == '+';

        name += added;
        if (!(adjusted & (1U << i)) &&
            (names(failure->parameter, name) || names(failure->text, name)) &&
            has_key(sent, name) != added)
            return i;
    }
    return -1;
}
