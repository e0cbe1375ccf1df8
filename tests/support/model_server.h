/*
 * model_server: a provider's endpoint on 127.0.0.1, strict about what it is asked and scripted in
 * what it answers.
 *
 * Answers are taken from a list in order; behind its end the last one is repeated. Each request is
 * kept and held to model_contract; violations are collected.
 */
#ifndef VDO_TESTS_MODEL_SERVER_H
#define VDO_TESTS_MODEL_SERVER_H

#include <stdbool.h>
#include <stddef.h>

struct model_reply {
    int status;          /* 0: 200 */
    const char *headers; /* lines ended by CRLF, or NULL */
    const char *body;
    const char *type; /* content type; NULL: text/event-stream */
    size_t piece;     /* bytes per write; 0: all at once */
    long cut_after;   /* > 0: that many bytes of the body, then the connection is reset */
    bool drop;        /* reset before any answer */
    bool hang;        /* never answer */
    size_t endless;   /* > 0: repeat the body so many times */
};

struct model_server;

/* replies are borrowed. */
struct model_server *model_server_start(const struct model_reply *replies, size_t n);
/* "http://127.0.0.1:PORT" */
const char *model_server_url(const struct model_server *server);
size_t model_server_requests(struct model_server *server);
/* The i-th request as on the wire; borrowed until stop. "" when there was none. */
const char *model_server_request(struct model_server *server, size_t i);
/* "" when every request was as the provider wants it. Borrowed. */
const char *model_server_violations(struct model_server *server);
void model_server_stop(struct model_server *server);

/* Whole streams of the samples in the providers' references. */
extern const char sample_anthropic_tool[];
extern const char sample_anthropic_text[];
extern const char sample_chat_tools[];
extern const char sample_chat_text[];
extern const char sample_responses_tool[];
extern const char sample_responses_text[];
extern const char sample_gemini_tools[];
extern const char sample_gemini_text[];

#endif
