#include "vdo/model/chat.h"

#include "turns.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/base/strbuf.h"
#include "vdo/base/utf8.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static char *valid_text(const char *text, size_t len)
{
    json_auto_t *clean = NULL;

    if (utf8_is_valid(text, len) && !memchr(text, '\0', len))
        return xmemdup0(text, len);
    clean = js_string_lossy(text, len);
    return xmemdup0(json_string_value(clean), json_string_length(clean));
}

struct block *turn_add_block(struct turn *turn, enum block_kind kind, const char *text, size_t len)
{
    struct block *block;

    turn->blocks = xreallocarray(turn->blocks, turn->n_blocks + 1, sizeof(*turn->blocks));
    block = &turn->blocks[turn->n_blocks++];
    *block = (struct block){.kind = kind, .text = valid_text(text, len)};
    return block;
}

static bool turn_has_id(const struct turn *turn, const char *id)
{
    for (size_t i = 0; i < turn->n_blocks; i++) {
        if (turn->blocks[i].call_id && strcmp(turn->blocks[i].call_id, id) == 0)
            return true;
    }
    return false;
}

struct block *turn_add_call(struct turn *turn, const char *id, const char *tool,
                            const char *args_raw, size_t len)
{
    char made_up[RAND_ID_SIZE];
    bool usable = id && *id && !turn_has_id(turn, id);
    struct block *block = turn_add_block(turn, BLOCK_TOOL_CALL, "", 0);
    json_t *args = NULL;

    block->call_id = usable ? valid_text(id, strlen(id)) : xasprintf("call_%s", rand_id(made_up));
    block->tool = valid_text(tool, strlen(tool));
    block->args_raw = valid_text(args_raw, len);
    if (!*block->args_raw)
        args = json_object();
    else if (js_parse(block->args_raw, strlen(block->args_raw), &args, NULL))
        args = NULL;
    if (json_is_object(args))
        block->args = args;
    else
        json_decref(args);
    return block;
}

bool turn_has_calls(const struct turn *turn)
{
    for (size_t i = 0; i < turn->n_blocks; i++) {
        if (turn->blocks[i].kind == BLOCK_TOOL_CALL)
            return true;
    }
    return false;
}

bool turn_says_something(const struct turn *turn)
{
    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];

        if (block->kind == BLOCK_TOOL_CALL || block->kind == BLOCK_REFUSAL ||
            (block->kind == BLOCK_TEXT && block->text[strspn(block->text, " \t\r\n")]))
            return true;
    }
    return false;
}

void chat_init(struct chat *chat, const char *system)
{
    *chat = (struct chat){.system = valid_text(system, strlen(system))};
}

static void block_release(struct block *block)
{
    free(block->text);
    free(block->call_id);
    free(block->tool);
    free(block->args_raw);
    json_decref(block->args);
}

void turn_release(struct turn *turn)
{
    if (!turn)
        return;
    for (size_t i = 0; i < turn->n_blocks; i++)
        block_release(&turn->blocks[i]);
    free(turn->blocks);
    json_decref(turn->raw);
    free(turn->origin);
    *turn = (struct turn){0};
}

void chat_release(struct chat *chat)
{
    if (!chat)
        return;
    for (size_t i = 0; i < chat->n_turns; i++)
        turn_release(&chat->turns[i]);
    free(chat->turns);
    free(chat->system);
    *chat = (struct chat){0};
}

static struct turn *add_turn(struct chat *chat, enum turn_role role)
{
    chat->turns = xreallocarray(chat->turns, chat->n_turns + 1, sizeof(*chat->turns));
    chat->turns[chat->n_turns] = (struct turn){.role = role};
    return &chat->turns[chat->n_turns++];
}

/* Users and assistants take turns on every wire, so what a user adds goes into one turn. */
static struct turn *user_turn(struct chat *chat)
{
    if (chat->n_turns && chat->turns[chat->n_turns - 1].role == TURN_USER)
        return &chat->turns[chat->n_turns - 1];
    return add_turn(chat, TURN_USER);
}

void chat_add_user(struct chat *chat, const char *text)
{
    (void)turn_add_block(user_turn(chat), BLOCK_TEXT, text, strlen(text));
}

void chat_add_tool_result(struct chat *chat, const char *call_id, const char *tool,
                          const char *text, bool is_error)
{
    struct block *block = turn_add_block(user_turn(chat), BLOCK_TOOL_RESULT, text, strlen(text));

    block->call_id = valid_text(call_id, strlen(call_id));
    block->tool = valid_text(tool, strlen(tool));
    block->is_error = is_error;
}

void chat_add_assistant(struct chat *chat, struct turn *turn)
{
    struct turn *added = add_turn(chat, TURN_ASSISTANT);

    *added = *turn;
    added->role = TURN_ASSISTANT;
    *turn = (struct turn){0};
}

char *turn_text(const struct turn *turn)
{
    struct strbuf text;

    strbuf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < turn->n_blocks; i++) {
        if (turn->blocks[i].kind == BLOCK_TEXT)
            (void)strbuf_adds(&text, turn->blocks[i].text);
    }
    return strbuf_take(&text, NULL);
}

size_t chat_assistant_turns(const struct chat *chat)
{
    size_t n = 0;

    for (size_t i = 0; i < chat->n_turns; i++)
        n += chat->turns[i].role == TURN_ASSISTANT;
    return n;
}

const struct block *chat_find_result(const struct chat *chat, size_t at, const struct block *call)
{
    const struct turn *next = at + 1 < chat->n_turns ? &chat->turns[at + 1] : NULL;

    if (!next || next->role != TURN_USER)
        return NULL;
    for (size_t i = 0; i < next->n_blocks; i++) {
        const struct block *block = &next->blocks[i];

        if (block->kind == BLOCK_TOOL_RESULT && strcmp(block->call_id, call->call_id) == 0)
            return block;
    }
    return NULL;
}

char *chat_last_text(const struct chat *chat)
{
    struct strbuf text;
    const struct turn *last = chat->n_turns ? &chat->turns[chat->n_turns - 1] : NULL;

    strbuf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; last && i < last->n_blocks; i++) {
        if (i)
            (void)strbuf_addc(&text, '\n');
        (void)strbuf_adds(&text, last->blocks[i].text);
    }
    return strbuf_take(&text, NULL);
}

char *turn_origin(const char *provider, const char *api, const char *model)
{
    return xasprintf("%s/%s/%s", provider, api, model);
}
