#include "wire.h"

#include "failure.h"
#include "turns.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char wire_continue[] = "Continue.";

void wire_header_add(struct wire_headers *headers, const char *name, const char *prefix,
                     const char *value)
{
    if (headers->n == WIRE_MAX_HEADERS)
        return;
    headers->value[headers->n] = xasprintf("%s%s", prefix, value);
    headers->list[headers->n].name = name;
    headers->list[headers->n].value = headers->value[headers->n];
    headers->n++;
}

void wire_headers_release(struct wire_headers *headers)
{
    for (size_t i = 0; i < headers->n; i++) {
        explicit_bzero(headers->value[i], strlen(headers->value[i]));
        free(headers->value[i]);
    }
    headers->n = 0;
}

void wire_answer_init(struct wire_answer *answer, const struct provider_ops *ops)
{
    *answer = (struct wire_answer){
        .stop = STOP_OTHER, .reported_microusd = -1, .turn = {.role = TURN_ASSISTANT}};
    if (ops)
        ops->begin(answer);
}

void wire_answer_release(struct wire_answer *answer, const struct provider_ops *ops)
{
    if (ops)
        ops->end(answer);
    turn_release(&answer->turn);
    free(answer->raw_stop);
    free(answer->note);
    free(answer->continuation);
    answer->continuation = NULL;
    answer->raw_stop = NULL;
    answer->note = NULL;
}

void wire_on_text(struct wire_answer *answer, const char *text, size_t len)
{
    answer->output_bytes += len;
    if (answer->on_text && len)
        answer->on_text(answer->on_text_arg, text, len);
}

void wire_set_stop(struct wire_answer *answer, const char *raw)
{
    free(answer->raw_stop);
    answer->raw_stop = xstrdup(raw);
}

void wire_on_error(struct wire_answer *answer, const struct provider_ops *ops, const json_t *body)
{
    if (answer->failure.kind == FAIL_NONE)
        failure_from_stream(ops, body, &answer->failure);
}

bool wire_is_adjusted(const struct wire_call *call, const struct provider_ops *ops,
                      const char *name)
{
    for (unsigned i = 0; ops->adjustable[i]; i++) {
        if (strcmp(ops->adjustable[i], name) == 0)
            return call->adjusted & (1U << i);
    }
    return false;
}

char *wire_url(const char *base, const char *path)
{
    size_t len = strcspn(base, "?");
    const char *query = base + len;

    while (len && base[len - 1] == '/')
        len--;
    if (*query && strchr(path, '?'))
        return xasprintf("%.*s%s&%s", (int)len, base, path, query + 1);
    return xasprintf("%.*s%s%s", (int)len, base, path, query);
}

bool wire_host_ends(const char *url, const char *suffix)
{
    AUTO_FREE char *origin = url_origin(url);
    const char *host = origin ? strstr(origin, "://") : NULL;
    size_t len;
    size_t want = strlen(suffix);

    if (!host)
        return false;
    host += 3;
    len = strcspn(host, ":");
    return len >= want && strncasecmp(host + len - want, suffix, want) == 0 &&
           (len == want || host[len - want - 1] == '.');
}

json_t *wire_text(const char *text)
{
    return json_stringn_nocheck(text, strlen(text));
}

bool wire_may_replay(const struct wire_call *call, const char *api, const struct turn *turn)
{
    AUTO_FREE char *here = turn_origin(call->provider->name, api, call->provider->model);

    return turn->raw && turn->origin && strcmp(turn->origin, here) == 0;
}

static void make_safe(const char *text, char out[65], const char *fallback)
{
    size_t n = 0;

    for (; *text && n < 64; text++)
        out[n++] = isalnum((unsigned char)*text) || *text == '-' ? *text : '_';
    out[n] = '\0';
    if (!n)
        memcpy(out, fallback, strlen(fallback) + 1);
}

void wire_safe_id(const char *id, char out[65])
{
    make_safe(id, out, "call");
}

void wire_safe_name(const char *name, char out[65])
{
    make_safe(name, out, "tool");
    if (!isalpha((unsigned char)out[0]))
        out[0] = '_';
}

void wire_id_of(const struct block *call, bool replayed, char *out, size_t size)
{
    char safe[65];

    if (replayed && strlen(call->call_id) < size) {
        memcpy(out, call->call_id, strlen(call->call_id) + 1);
        return;
    }
    wire_safe_id(call->call_id, safe);
    memcpy(out, safe, strlen(safe) + 1);
}

void wire_result_of(const struct chat *chat, size_t at, const struct block *call, bool replayed,
                    struct wire_result *out)
{
    const struct block *result = chat_find_result(chat, at, call);

    wire_id_of(call, replayed, out->id, sizeof(out->id));
    wire_safe_name(call->tool, out->name);
    out->text = "(aborted: this call was not run)";
    out->is_error = true;
    if (result) {
        out->text = *result->text ? result->text : "(no output)";
        out->is_error = result->is_error;
    }
}

const struct turn *wire_calls_before(const struct chat *chat, size_t at)
{
    const struct turn *turn = at > 0 ? &chat->turns[at - 1] : NULL;

    return turn && turn->role == TURN_ASSISTANT && turn_has_calls(turn) ? turn : NULL;
}

char *wire_orphan_text(const struct chat *chat, size_t at, const struct block *block)
{
    const struct turn *before = wire_calls_before(chat, at);

    if (block->kind != BLOCK_TOOL_RESULT)
        return NULL;
    for (size_t i = 0; before && i < before->n_blocks; i++) {
        if (before->blocks[i].kind == BLOCK_TOOL_CALL &&
            strcmp(before->blocks[i].call_id, block->call_id) == 0)
            return NULL;
    }
    return xasprintf("[%s] %s", block->tool, block->text);
}

void wire_add_said(const struct chat *chat, size_t at, void (*add)(json_t *to, const char *text),
                   json_t *to)
{
    const struct turn *turn = &chat->turns[at];

    for (size_t i = 0; i < turn->n_blocks; i++) {
        AUTO_FREE char *orphan = wire_orphan_text(chat, at, &turn->blocks[i]);

        if (orphan)
            add(to, orphan);
        else if (turn->blocks[i].kind == BLOCK_TEXT)
            add(to, turn->blocks[i].text);
    }
}

json_t *wire_parse_args(const char *text)
{
    json_t *args = NULL;

    if (!*text)
        return json_object();
    if (js_parse(text, strlen(text), &args, NULL) == VDO_OK && json_is_object(args))
        return args;
    json_decref(args);
    return json_pack("{s:o}", "unparsed", js_string_lossy(text, strlen(text)));
}

json_t *wire_args(const struct block *call)
{
    return call->args ? json_incref(call->args) :
                        wire_parse_args(call->args_raw ? call->args_raw : "");
}

char *wire_system(const struct wire_call *call, bool schema_in_prompt)
{
    AUTO_FREE char *schema = NULL;

    if (!schema_in_prompt || !call->schema)
        return xstrdup(call->chat->system);
    schema = json_dumps(call->schema, JSON_COMPACT);
    return xasprintf("%s\n\nAnswer with one JSON value and nothing else: no fence, no comment. "
                     "It must fit this JSON Schema:\n%s\n",
                     call->chat->system, schema);
}
