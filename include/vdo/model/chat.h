/*
 * chat: a conversation with a model in no provider's dialect, lossless for text, tools and
 * reasoning.
 *
 * A turn is the user's or the assistant's and holds blocks. An assistant turn also keeps the
 * provider's content exactly as received (raw), because it must be replayed byte for byte to the
 * same provider and model and rebuilt from the blocks, without reasoning, for another.
 * Conversations only grow: earlier turns are never edited (signed reasoning and prompt caches
 * depend on the prefix). Threads: one conversation belongs to one thread.
 */
#ifndef VDO_MODEL_CHAT_H
#define VDO_MODEL_CHAT_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

enum block_kind { BLOCK_TEXT, BLOCK_TOOL_CALL, BLOCK_TOOL_RESULT, BLOCK_REASONING, BLOCK_REFUSAL };

struct block {
    enum block_kind kind;
    char *text;     /* text, result text, reasoning summary, refusal; valid UTF-8, never NULL */
    char *call_id;  /* tool call and result: joins them; made up where the provider gives none */
    char *tool;     /* tool name */
    json_t *args;   /* tool call: object; NULL when args_raw is not a JSON object */
    char *args_raw; /* as received */
    bool is_error;  /* tool result */
};

enum turn_role { TURN_USER, TURN_ASSISTANT };

struct turn {
    enum turn_role role;
    struct block *blocks;
    size_t n_blocks;
    json_t *raw;  /* assistant: provider's content as received; NULL when rebuilt */
    char *origin; /* "provider/api/model" that raw belongs to; NULL without raw */
};

struct tool_def {
    const char *name; /* ^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$ */
    const char *description;
    json_t *schema; /* common strict dialect; borrowed */
};

struct chat {
    char *system; /* first line "VDO role: <role>" */
    struct turn *turns;
    size_t n_turns;
    const struct tool_def *tools; /* borrowed; NULL: none */
    size_t n_tools;
};

void chat_init(struct chat *chat, const char *system);
void chat_release(struct chat *chat);
/* Text is made valid UTF-8; empty text is left out by the wire where the provider refuses it. */
void chat_add_user(struct chat *chat, const char *text);
/* Results of one assistant turn's calls go into ONE user turn; call once per result, in the order
 * of the calls. */
void chat_add_tool_result(struct chat *chat, const char *call_id, const char *tool,
                          const char *text, bool is_error);
/* Takes over the turn's contents (a model_result's turn). */
void chat_add_assistant(struct chat *chat, struct turn *turn);
void turn_release(struct turn *turn);
/* The text blocks of a turn, joined; free with free(). */
char *turn_text(const struct turn *turn);
/* How many assistant turns there are. */
size_t chat_assistant_turns(const struct chat *chat);

/* JSON form for the record and `vdo model ask --json`; new reference. */
json_t *chat_to_json(const struct chat *chat);
json_t *turn_to_json(const struct turn *turn);
/* The way back, from a record. What is no turn gives an empty one of the assistant. */
void turn_from_json(const json_t *value, struct turn *out);

#endif
