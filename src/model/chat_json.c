#include "vdo/model/chat.h"

#include "turns.h"
#include "wire.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

static const char *kind_name(enum block_kind kind)
{
    static const char *const names[] = {"text", "tool_call", "tool_result", "reasoning", "refusal"};

    return names[kind];
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        (void)json_object_set_new_nocheck(object, key, wire_text(text));
}

static json_t *block_to_json(const struct block *block)
{
    json_t *out = json_object();

    set_text(out, "kind", kind_name(block->kind));
    if (block->kind != BLOCK_TOOL_CALL)
        set_text(out, "text", block->text);
    set_text(out, "call_id", block->call_id);
    set_text(out, "tool", block->tool);
    if (block->args)
        (void)json_object_set(out, "args", block->args);
    else
        set_text(out, "args_raw", block->args_raw);
    if (block->is_error)
        (void)json_object_set_new(out, "is_error", json_true());
    return out;
}

json_t *turn_to_json(const struct turn *turn)
{
    json_t *out = json_object();
    json_t *blocks = json_array();

    set_text(out, "role", turn->role == TURN_USER ? "user" : "assistant");
    for (size_t i = 0; i < turn->n_blocks; i++)
        (void)json_array_append_new(blocks, block_to_json(&turn->blocks[i]));
    (void)json_object_set_new(out, "blocks", blocks);
    if (turn->raw) {
        (void)json_object_set(out, "raw", turn->raw);
        set_text(out, "origin", turn->origin);
    }
    return out;
}

json_t *chat_to_json(const struct chat *chat)
{
    json_t *out = json_object();
    json_t *turns = json_array();
    json_t *tools = json_array();

    set_text(out, "system", chat->system);
    for (size_t i = 0; i < chat->n_turns; i++)
        (void)json_array_append_new(turns, turn_to_json(&chat->turns[i]));
    (void)json_object_set_new(out, "turns", turns);
    for (size_t i = 0; i < chat->n_tools; i++)
        (void)json_array_append_new(tools, json_string(chat->tools[i].name));
    (void)json_object_set_new(out, "tools", tools);
    return out;
}

static enum block_kind kind_named(const char *name)
{
    for (int kind = BLOCK_TEXT; kind <= BLOCK_REFUSAL; kind++) {
        if (strcmp(kind_name((enum block_kind)kind), name) == 0)
            return (enum block_kind)kind;
    }
    return BLOCK_TEXT;
}

static void block_from_json(const json_t *value, struct turn *turn)
{
    enum block_kind kind = kind_named(js_str(value, "kind", "text"));
    const char *text = js_str(value, "text", "");
    struct block *block = turn_add_block(turn, kind, text, strlen(text));
    json_t *args = json_object_get(value, "args");

    block->call_id = xstrdup_or_null(js_str(value, "call_id", NULL));
    block->tool = xstrdup_or_null(js_str(value, "tool", NULL));
    block->args = json_incref(args);
    block->is_error = js_bool(value, "is_error", false);
    if (kind == BLOCK_TOOL_CALL)
        block->args_raw =
            args ? json_dumps(args, JSON_COMPACT) : xstrdup(js_str(value, "args_raw", ""));
}

void turn_from_json(const json_t *value, struct turn *out)
{
    const json_t *block;
    size_t i;

    *out = (struct turn){.role = strcmp(js_str(value, "role", ""), "user") == 0 ? TURN_USER :
                                                                                  TURN_ASSISTANT};
    json_array_foreach (json_object_get(value, "blocks"), i, block) {
        block_from_json(block, out);
    }
    if (json_object_get(value, "raw") && js_str(value, "origin", NULL)) {
        out->raw = json_incref(json_object_get(value, "raw"));
        out->origin = xstrdup(js_str(value, "origin", ""));
    }
}
