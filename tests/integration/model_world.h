/*
 * model_world: providers over real HTTP to strict stand-ins, without a store.
 */
#ifndef VDO_TESTS_INTEGRATION_MODEL_WORLD_H
#define VDO_TESTS_INTEGRATION_MODEL_WORLD_H

#include "vdo/model/model.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include "model_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANYWHERE __attribute__((unused))

/* A clock that runs ahead whenever somebody looks at it, so that waits cost no time. */
static _Atomic int64_t hurried_ms;

ANYWHERE static int64_t hurried(const struct clock *clock)
{
    (void)clock;
    return hurried_ms += 500;
}

ANYWHERE static const struct clock hurried_clock = {hurried, hurried};

enum { MAX_SERVERS = 4 };

struct world {
    struct model_server *server[MAX_SERVERS];
    size_t n_servers;
    struct config *config;
    struct model *model;
    struct model_session *session;
    atomic_bool cancel;
    struct chat chat;
    struct model_context context;
    struct model_request request;
    struct model_result result;
    struct err err;
};

ANYWHERE static const char *const apis[] = {"anthropic", "openai-chat", "openai-responses",
                                            "gemini"};
ANYWHERE static const char *const models[] = {"claude-opus-5-5", "gpt-4.1", "gpt-6.1-sol",
                                              "gemini-4-argon"};

/* One server and one provider p<i> for each, all in the builder's list. */
ANYWHERE static void open_world_with(struct world *w, const char *const *api, const char *extra)
{
    AUTO_STRBUF yaml = {0};
    struct err err = {0};

    strbuf_init(&yaml, 1UL << 16);
    (void)strbuf_adds(&yaml, "forge: local\nproviders:\n");
    for (size_t i = 0; i < w->n_servers; i++) {
        size_t kind = 0;

        while (strcmp(apis[kind], api[i]) != 0)
            kind++;
        (void)strbuf_addf(&yaml,
                          "  p%zu: {api: %s, base_url: \"%s%s\", key: test-key-%zu-abcdef, "
                          "model: %s, max_output_tokens: 1000%s}\n",
                          i, api[i], model_server_url(w->server[i]),
                          strncmp(api[i], "openai", 6) == 0 ? "/v1" : "", i, models[kind], extra);
    }
    (void)strbuf_adds(&yaml, "roles:\n");
    for (int role = 0; role < CONFIG_ROLES; role++) {
        (void)strbuf_addf(&yaml, "  %s: [", role_name((enum role)role));
        for (size_t i = 0; i < w->n_servers; i++)
            (void)strbuf_addf(&yaml, "%sp%zu", i ? ", " : "", i);
        (void)strbuf_adds(&yaml, "]\n");
    }
    if (config_parse("test.yml", yaml.ptr, yaml.len, CONFIG_FOR_RUN, &w->config, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(model_open(w->config, NULL, &hurried_clock, &w->model, &err), 0);
    w->session = model_session_new(w->model, &w->cancel);
    chat_init(&w->chat, "VDO role: builder\nBuild.");
    chat_add_user(&w->chat, "Hello");
    w->request = (struct model_request){.role = ROLE_BUILDER, .chat = &w->chat};
}

ANYWHERE static void serve(struct world *w, const struct model_reply *replies, size_t n)
{
    w->server[w->n_servers++] = model_server_start(replies, n);
}

ANYWHERE static void open_world(struct world *w, const char *api, const struct model_reply *replies,
                                size_t n)
{
    memset(w, 0, sizeof(*w));
    serve(w, replies, n);
    open_world_with(w, &api, "");
}

ANYWHERE static void close_world(struct world *w)
{
    model_result_release(&w->result);
    chat_release(&w->chat);
    model_session_free(w->session);
    model_close(w->model);
    config_free(w->config);
    for (size_t i = 0; i < w->n_servers; i++) {
        assert_string_equal(model_server_violations(w->server[i]), "");
        model_server_stop(w->server[i]);
    }
}

ANYWHERE static int call(struct world *w)
{
    model_result_release(&w->result);
    err_clear(&w->err);
    return model_call(w->session, &w->context, &w->request, &w->result, &w->err);
}

#define REPLIES(...)                                           \
    static const struct model_reply replies[] = {__VA_ARGS__}; \
    enum { n_replies = sizeof(replies) / sizeof(replies[0]) }

ANYWHERE static const char *const texts[] = {sample_anthropic_text, sample_chat_text,
                                             sample_responses_text, sample_gemini_text};
ANYWHERE static const char *const tools[] = {sample_anthropic_tool, sample_chat_tools,
                                             sample_responses_tool, sample_gemini_tools};

ANYWHERE static const struct model_reply good_chat[] = {{.body = sample_chat_text}};

#endif
