#include "recorder.h"

#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/json/json.h"
#include "vdo/model/record.h"
#include "vdo/model/redact.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(((struct recorder *)0)->id) >= RAND_ID_SIZE, "an id fits");

/* ---- what is remembered ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_block(const struct block *a, const struct block *b)
{
    return a->kind == b->kind && a->is_error == b->is_error && same_text(a->text, b->text) &&
           same_text(a->call_id, b->call_id) && same_text(a->tool, b->tool) &&
           same_text(a->args_raw, b->args_raw) &&
           (a->args == b->args || json_equal(a->args, b->args));
}

static bool same_turn(const struct turn *a, const struct turn *b)
{
    if (a->role != b->role || a->n_blocks != b->n_blocks || !same_text(a->origin, b->origin) ||
        !(a->raw == b->raw || json_equal(a->raw, b->raw)))
        return false;
    for (size_t i = 0; i < a->n_blocks; i++) {
        if (!same_block(&a->blocks[i], &b->blocks[i]))
            return false;
    }
    return true;
}

static void copy_turn(const struct turn *from, struct turn *to)
{
    *to = *from;
    to->origin = xstrdup_or_null(from->origin);
    to->raw = json_incref(from->raw);
    to->blocks = xreallocarray(NULL, from->n_blocks + 1, sizeof(*to->blocks));
    for (size_t i = 0; i < from->n_blocks; i++) {
        const struct block *block = &from->blocks[i];

        to->blocks[i] = *block;
        to->blocks[i].text = xstrdup_or_null(block->text);
        to->blocks[i].call_id = xstrdup_or_null(block->call_id);
        to->blocks[i].tool = xstrdup_or_null(block->tool);
        to->blocks[i].args_raw = xstrdup_or_null(block->args_raw);
        to->blocks[i].args = json_incref(block->args);
    }
}

static void forget_turns(struct recorder *recorder, size_t from)
{
    while (recorder->n_turns > from)
        turn_release(&recorder->turns[--recorder->n_turns]);
}

static void forget_tools(struct recorder *recorder)
{
    while (recorder->n_tools)
        free(recorder->tools[--recorder->n_tools]);
}

void recorder_release(struct recorder *recorder)
{
    forget_turns(recorder, 0);
    forget_tools(recorder);
    free(recorder->turns);
    free(recorder->tools);
    free(recorder->system);
    free(recorder->job_id);
    *recorder = (struct recorder){0};
}

static bool same_tools(const struct recorder *recorder, const struct chat *chat)
{
    if (recorder->n_tools != chat->n_tools)
        return false;
    for (size_t i = 0; i < chat->n_tools; i++) {
        if (strcmp(recorder->tools[i], chat->tools[i].name) != 0)
            return false;
    }
    return true;
}

/* How many turns stand in the record already. */
static size_t known_turns(const struct recorder *recorder, const struct chat *chat,
                          const char *job_id)
{
    size_t n = 0;

    if (!recorder->job_id || strcmp(recorder->job_id, job_id) != 0 ||
        !same_text(recorder->system, chat->system) || !same_tools(recorder, chat))
        return 0;
    while (n < recorder->n_turns && n < chat->n_turns &&
           same_turn(&recorder->turns[n], &chat->turns[n]))
        n++;
    return n;
}

static void remember_start(struct recorder *recorder, const struct chat *chat, const char *job_id)
{
    recorder_release(recorder);
    recorder->job_id = xstrdup(job_id);
    recorder->system = xstrdup_or_null(chat->system);
    recorder->tools = xcalloc(chat->n_tools + 1, sizeof(char *));
    for (; recorder->n_tools < chat->n_tools; recorder->n_tools++)
        recorder->tools[recorder->n_tools] = xstrdup(chat->tools[recorder->n_tools].name);
}

static void remember_turns(struct recorder *recorder, const struct chat *chat, size_t known)
{
    forget_turns(recorder, known);
    recorder->turns = xreallocarray(recorder->turns, chat->n_turns + 1, sizeof(*recorder->turns));
    for (; recorder->n_turns < chat->n_turns; recorder->n_turns++)
        copy_turn(&chat->turns[recorder->n_turns], &recorder->turns[recorder->n_turns]);
}

/* ---- what is written ---- */

static json_t *rest_of(const struct chat *chat, size_t known)
{
    json_t *turns = json_array();

    for (size_t i = known; i < chat->n_turns; i++)
        (void)json_array_append_new(turns, turn_to_json(&chat->turns[i]));
    return turns;
}

/* Say that an answer by schema was wanted. */
static void name_schema(const struct attempt *attempt, json_t *request)
{
    if (attempt->schema)
        (void)json_object_set_new(
            request, "schema_name",
            json_string(attempt->request->schema_name ? attempt->request->schema_name : "answer"));
}

char *recorder_whole_request(const struct attempt *attempt)
{
    json_auto_t *request = chat_to_json(attempt->chat);

    name_schema(attempt, request);
    return redact_json(request);
}

char *recorder_request(struct recorder *recorder, const struct attempt *attempt)
{
    const struct chat *chat = attempt->chat;
    const char *job_id = attempt->context->job_id ? attempt->context->job_id : "";
    size_t known = known_turns(recorder, chat, job_id);
    json_auto_t *request = NULL;

    if (known) {
        request = json_pack("{s:s, s:I, s:o}", "after", recorder->id, "keep", (json_int_t)known,
                            "turns", rest_of(chat, known));
    } else {
        request = chat_to_json(chat);
        remember_start(recorder, chat, job_id);
    }
    name_schema(attempt, request);
    (void)rand_id(recorder->id);
    (void)json_object_set_new(request, "id", json_string(recorder->id));
    remember_turns(recorder, chat, known);
    return redact_json(request);
}

/* ---- the way back ---- */

static json_t *with_turns(const json_t *base, int64_t keep, const json_t *rest)
{
    const json_t *before = json_object_get(base, "turns");
    json_t *turns = json_array();

    for (size_t i = 0; i < (size_t)keep; i++)
        (void)json_array_append(turns, json_array_get(before, i));
    (void)json_array_extend(turns, (json_t *)(uintptr_t)rest);
    return turns;
}

static int go_on(const json_t *known, const json_t *request, json_t **out, struct err *err)
{
    const char *after = js_str(request, "after", "");
    const json_t *base = json_object_get(known, after);
    const json_t *rest = json_object_get(request, "turns");
    int64_t keep = js_int(request, "keep", -1);

    if (!base)
        return err_set(err, VDO_E_NOT_FOUND,
                       "the request %.20s, which another goes on from, is "
                       "not there",
                       after);
    if (keep < 0 || (size_t)keep > json_array_size(json_object_get(base, "turns")) ||
        !json_is_array(rest))
        return err_set(err, VDO_E_INVALID, "keep: expected 0 to the turns of request %.20s", after);
    *out = json_copy((json_t *)(uintptr_t)base);
    (void)json_object_set_new(*out, "turns", with_turns(base, keep, rest));
    (void)json_object_del(*out, "schema_name");
    if (json_object_get(request, "schema_name"))
        (void)json_object_set(*out, "schema_name", json_object_get(request, "schema_name"));
    return VDO_OK;
}

int model_record_expand(json_t *known, const json_t *request, json_t **out, struct err *err)
{
    const char *id = js_str(request, "id", NULL);
    json_t *whole = NULL;
    int rc = VDO_OK;

    if (!json_is_object(request))
        return err_set(err, VDO_E_INVALID, "a recorded request: expected an object");
    if (json_object_get(request, "after"))
        rc = go_on(known, request, &whole, err);
    else
        whole = json_copy((json_t *)(uintptr_t)request);
    if (rc)
        return rc;
    (void)json_object_del(whole, "id");
    if (id)
        (void)json_object_set(known, id, whole);
    *out = whole;
    return VDO_OK;
}
