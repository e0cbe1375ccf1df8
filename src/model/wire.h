/*
 * wire: what one protocol file offers to the rest of this room, and what it is given.
 *
 * A protocol writes the body of a call, reads events of the answer (each a JSON value, in any
 * split, as the reader hands them over) and names the parts of an error. It does no I/O, keeps no
 * state of its own between calls and knows nothing of money, retries or other providers.
 * Threads: an answer belongs to one thread.
 */
#ifndef VDO_MODEL_WIRE_H
#define VDO_MODEL_WIRE_H

#include "vdo/base/limits.h"
#include "vdo/config/config.h"
#include "vdo/http/client.h"
#include "vdo/model/model.h"

enum { WIRE_MAX_BLOCKS = 4096, WIRE_MAX_HEADERS = 6 };

/* What is to be written. All borrowed. */
struct wire_call {
    const struct config_provider *provider;
    const struct chat *chat;
    const json_t *schema; /* strict dialect (dialect.h), NULL: none */
    const char *schema_name;
    int64_t max_output_tokens;
    const char *continuation; /* token of an answer that paused; NULL: a call of its own */
    unsigned adjusted;        /* bit i: the endpoint refused adjustable[i] of the protocol */
};

/* Header lines of a request; values may hold the key and are wiped on release. */
struct wire_headers {
    struct http_header list[WIRE_MAX_HEADERS];
    char *value[WIRE_MAX_HEADERS];
    size_t n;
};
void wire_header_add(struct wire_headers *headers, const char *name, const char *prefix,
                     const char *value);
void wire_headers_release(struct wire_headers *headers);

enum failure_kind {
    FAIL_NONE,
    FAIL_NETWORK,  /* not reached, reset, timed out */
    FAIL_BUSY,     /* 429 and overload */
    FAIL_SERVER,   /* other 5xx */
    FAIL_CUT,      /* the stream broke off, or held an error after it began */
    FAIL_EMPTY,    /* nothing usable in a complete answer */
    FAIL_BROKEN,   /* an answer that is not of the protocol, or over a cap */
    FAIL_KEY,      /* 401, 403 */
    FAIL_SPEND,    /* the provider's own spend limit or credit */
    FAIL_MODEL,    /* 404 */
    FAIL_CONTEXT,  /* the prompt is too long */
    FAIL_REQUEST,  /* other 4xx */
    FAIL_TOOLS,    /* the server or its model takes no tools */
    FAIL_REDIRECT, /* 3xx */
    FAIL_REFUSAL,  /* the model or a filter refuses the content */
    FAIL_LIMIT,    /* this provider's own limit of money in vdo.yml */
    FAIL_LOCAL,    /* our own side: script, store, cancelled */
};

struct failure {
    enum failure_kind kind;
    int status;             /* HTTP, 0: none */
    bool retry;             /* the same request may be sent again */
    int64_t retry_after_ms; /* asked for by the server; -1: not said */
    char parameter[64];     /* which parameter is not taken, "" */
    char text[400];         /* the provider's words, shortened, one line */
};

/* The parts of an error body. Strings are borrowed from the body. */
struct wire_error {
    const char *type;
    const char *code;
    const char *message;
    const char *parameter;
    int status; /* what HTTP would have said, for errors inside a 200 stream; 0: unknown */
    int64_t retry_after_ms;
    bool quota_of_day; /* waiting a minute will not help */
    char code_text[24];
};

struct wire_answer {
    struct turn turn; /* filled by finish() */
    enum model_stop stop;
    char *raw_stop;     /* NULL until seen */
    char *note;         /* why it was refused, NULL */
    char *continuation; /* with which a paused answer goes on; NULL */
    struct usage usage;
    bool usage_seen;
    int64_t reported_microusd; /* cost named by the provider; -1: none */
    bool complete;             /* the protocol's end was seen */
    struct failure failure;    /* an error inside the stream */
    size_t output_bytes;       /* of text, reasoning and arguments, for estimates */
    void *state;               /* the protocol's */
    void (*on_text)(void *arg, const char *text, size_t len);
    void *on_text_arg;
};

struct provider_ops {
    const char *api; /* "anthropic" */
    /* Parameters that may be left out or replaced when an endpoint refuses them; "+name" is added
     * when the refusal names it. NULL-ended, at most 32. */
    const char *const *adjustable;
    json_t *(*build)(const struct wire_call *call);
    char *(*call_url)(const struct config_provider *provider);
    char *(*models_url)(const struct config_provider *provider);
    void (*headers)(const struct config_provider *provider, struct wire_headers *out);
    /* Counting a prompt's tokens for nothing; all three NULL where the protocol has no such
     * endpoint. count_body makes a new reference from the body of a call; count_read gives -1 for
     * what is no count. */
    char *(*count_url)(const struct config_provider *provider);
    json_t *(*count_body)(const struct config_provider *provider, const json_t *body);
    int64_t (*count_read)(const json_t *answer);
    /* The model's entry in what models_url answered, or NULL. Borrowed. */
    const json_t *(*find_model)(const json_t *list, const char *model);

    void (*begin)(struct wire_answer *answer);
    /* One event of the stream; VDO_E_INVALID when it cannot be of this protocol. Unknown events are
     * skipped. */
    int (*event)(struct wire_answer *answer, const char *name, const json_t *data, struct err *err);
    /* A whole answer that came without a stream. */
    int (*whole)(struct wire_answer *answer, const json_t *body, struct err *err);
    /* Make turn, stop and raw from what was seen; called once, also after a cut. */
    void (*finish)(struct wire_answer *answer, const struct config_provider *provider);
    /* Free state; also without finish(). */
    void (*end)(struct wire_answer *answer);
    void (*error)(const json_t *body, struct wire_error *out);
};

extern const struct provider_ops anthropic_ops;
extern const struct provider_ops openai_chat_ops;
extern const struct provider_ops openai_responses_ops;
extern const struct provider_ops gemini_ops;

void wire_answer_init(struct wire_answer *answer, const struct provider_ops *ops);
void wire_answer_release(struct wire_answer *answer, const struct provider_ops *ops);
/* For protocols: hand streamed text on and count it. */
void wire_on_text(struct wire_answer *answer, const char *text, size_t len);
void wire_set_stop(struct wire_answer *answer, const char *raw);
/* An error that arrived inside a stream or instead of an answer. */
void wire_on_error(struct wire_answer *answer, const struct provider_ops *ops, const json_t *body);

bool wire_is_adjusted(const struct wire_call *call, const struct provider_ops *ops,
                      const char *name);
/* base (without the slash at its end, query kept behind) + path; free with free(). */
char *wire_url(const char *base, const char *path);
bool wire_host_ends(const char *url, const char *suffix);

/* Shared by the builders. New references and strings. */
/* Text of a block, which is valid UTF-8 already: not looked at again, for there is much of it. */
json_t *wire_text(const char *text);
/* True when the turn's raw content belongs to this provider and model. */
bool wire_may_replay(const struct wire_call *call, const char *api, const struct turn *turn);
/* An id and a name that every provider takes, for calls that are not replayed. */
void wire_safe_id(const char *id, char out[65]);
void wire_safe_name(const char *name, char out[65]);
/* The arguments as an object; {"unparsed": text} when they are none. */
json_t *wire_args(const struct block *call);
json_t *wire_parse_args(const char *text);

/* What answers a call of turns[at]; a call without a result was aborted, and every provider wants
 * to hear of it. */
struct wire_result {
    char id[256];
    char name[65];
    const char *text; /* never empty */
    bool is_error;
};
void wire_result_of(const struct chat *chat, size_t at, const struct block *call, bool replayed,
                    struct wire_result *out);
/* The id of a call as it goes on the wire: as received when its turn is replayed. */
void wire_id_of(const struct block *call, bool replayed, char *out, size_t size);
/* The assistant turn before turns[at] when it has calls, else NULL. */
const struct turn *wire_calls_before(const struct chat *chat, size_t at);
/* Results that answer no call go as text, so that nothing the user said is lost. NULL when `block`
 * is no such result; free with free(). */
char *wire_orphan_text(const struct chat *chat, size_t at, const struct block *block);
/* Add each thing that the user says at turns[at], one after the other. */
void wire_add_said(const struct chat *chat, size_t at, void (*add)(json_t *to, const char *text),
                   json_t *to);
/* What a user says to an assistant whose turn stands last: every wire wants the user's turn there.
 */
extern const char wire_continue[];
/* The system prompt, with the schema behind it when the endpoint has no way to be given one. */
char *wire_system(const struct wire_call *call, bool schema_in_prompt);

#endif
