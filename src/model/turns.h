/*
 * turns: building and reading turns, shared by the wire protocols.
 */
#ifndef VDO_MODEL_TURNS_H
#define VDO_MODEL_TURNS_H

#include "vdo/model/chat.h"

/* Append a block; text is made valid UTF-8. Borrowed until the next append. */
struct block *turn_add_block(struct turn *turn, enum block_kind kind, const char *text, size_t len);

/*
 * Append a tool call. args_raw "" counts as {}; when it is no JSON object, args stays NULL. A
 * missing id, or one that this turn has already, is replaced by a made-up one.
 */
struct block *turn_add_call(struct turn *turn, const char *id, const char *tool,
                            const char *args_raw, size_t len);

bool turn_has_calls(const struct turn *turn);
/* Text, refusal or a call: something that a caller can use. */
bool turn_says_something(const struct turn *turn);

/* The result of a call of turns[at], from the turn behind it; NULL when it was never given. */
const struct block *chat_find_result(const struct chat *chat, size_t at, const struct block *call);

/* Text and results of the last turn, joined by newlines; free with free(). */
char *chat_last_text(const struct chat *chat);

/* "provider/api/model" */
char *turn_origin(const char *provider, const char *api, const char *model);

#endif
