#include "vdo/model/chat.h"

static const char *kind_name(enum block_kind kind)
{
    static const char *const names[] = {"text", "tool_call", "tool_result", "reasoning", "refusal"};

    return names[kind];
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        (void)json_object_set_new(object, key, json_string(text));
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
