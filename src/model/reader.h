/*
 * reader: the bytes of an answer, in any split, into a wire_answer.
 *
 * An answer is a stream of events or, where a server does not stream, one JSON value: told apart by
 * the first character. Caps: VDO_MAX_SSE_LINE for an event, VDO_MAX_HTTP_BODY for all. What comes
 * behind the end of the answer is dropped. Threads: one reader belongs to one thread.
 */
#ifndef VDO_MODEL_READER_H
#define VDO_MODEL_READER_H

#include "wire.h"

struct answer_reader;

struct answer_reader *answer_reader_new(const struct provider_ops *ops, struct wire_answer *answer);
void answer_reader_free(struct answer_reader *reader);
/* 0; VDO_E_TOO_LARGE; VDO_E_INVALID when it is not of the protocol. */
int answer_reader_feed(struct answer_reader *reader, const char *bytes, size_t len,
                       struct err *err);
/* The bytes are at their end (or broke off): read what is left and make the turn. */
int answer_reader_finish(struct answer_reader *reader, const struct config_provider *provider,
                         struct err *err);
bool answer_reader_saw_bytes(const struct answer_reader *reader);

#endif
