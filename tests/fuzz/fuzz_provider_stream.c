/*
 * The answer of a provider, stream or JSON, in arbitrary splits. The first byte chooses the
 * protocol and the size of the pieces. Whatever comes: no crash; an answer that is complete has a
 * stop; text and names are valid UTF-8; the turn can be replayed to its own provider and rebuilt
 * for another.
 */
#include "../../src/model/failure.h"
#include "../../src/model/reader.h"
#include "../../src/model/turns.h"

#include "vdo/base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct provider_ops *const all[] = {&anthropic_ops, &openai_chat_ops,
                                                 &openai_responses_ops, &gemini_ops};

static void want(int holds)
{
    if (!holds)
        abort();
}

static void want_utf8(const char *text)
{
    want(text && utf8_is_valid(text, strlen(text)));
}

static void check_turn(const struct turn *turn)
{
    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];

        want_utf8(block->text);
        if (block->kind != BLOCK_TOOL_CALL)
            continue;
        want_utf8(block->call_id);
        want(*block->call_id != '\0');
        want_utf8(block->tool);
        want_utf8(block->args_raw);
        want(!block->args || json_is_object(block->args));
    }
    want(turn->raw != NULL && turn->origin != NULL);
}

/* Every provider must be able to go on from this turn. */
static void check_rebuild(struct turn *turn, const struct config_provider *provider)
{
    struct chat chat;
    struct wire_call call = {.provider = provider, .chat = &chat, .max_output_tokens = 100};

    chat_init(&chat, "system");
    chat_add_user(&chat, "start");
    chat_add_assistant(&chat, turn);
    for (size_t i = 0; i < 4; i++) {
        json_t *body = all[i]->build(&call);
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

        want(text != NULL);
        free(text);
        json_decref(body);
    }
    chat_release(&chat);
}

static void check_failure(const struct failure *failure)
{
    want(memchr(failure->text, '\0', sizeof(failure->text)) != NULL);
    want(failure->kind != FAIL_SPEND || !failure->retry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "p";
    static char model[] = "m";
    static char url[] = "http://127.0.0.1/v1";
    struct config_provider provider = {.name = name, .model = model, .base_url = url};
    const struct provider_ops *ops;
    struct answer_reader *reader;
    struct wire_answer answer;
    struct err err = {0};
    size_t piece;
    int rc = 0;

    if (size == 0)
        return 0;
    ops = all[data[0] % 4];
    piece = (data[0] >> 2) % 16 ? (data[0] >> 2) % 16 : size;
    wire_answer_init(&answer, ops);
    reader = answer_reader_new(ops, &answer);
    for (size_t at = 1; at < size && !rc; at += piece)
        rc = answer_reader_feed(reader, (const char *)data + at,
                                at + piece < size ? piece : size - at, &err);
    if (!rc) {
        rc = answer_reader_finish(reader, &provider, &err);
        check_turn(&answer.turn);
        check_rebuild(&answer.turn, &provider);
    }
    want(rc <= 0 && (rc == 0 || err.code == (enum vdo_code)rc));
    if (answer.failure.kind != FAIL_NONE)
        check_failure(&answer.failure);
    answer_reader_free(reader);
    wire_answer_release(&answer, ops);
    return 0;
}
