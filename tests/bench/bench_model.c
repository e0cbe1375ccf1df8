/*
 * What a model call costs in CPU beside sending the same bytes and reading the same answer: a
 * prompt of 100 KB, without a store and with one (reserved, recorded, settled), there with a
 * conversation that goes on from the call before, as nearly all of a job do, and with a new one.
 * The stand-in is a process of its own, so that its work does not count.
 */
#include "vdo/model/model.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/http/client.h"

#include "http_stub.h"
#include "model_server.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 300, TURNS = 40, TURN_BYTES = 2500 };

static double cpu_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void serve(int listener)
{
    AUTO_FREE char *answer = xasprintf(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(sample_chat_text), sample_chat_text);

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char *request;

        while (fd >= 0 && (request = stub_read_request(fd))) {
            free(request);
            stub_send(fd, answer);
        }
        (void)close(fd);
    }
}

static int start_server(pid_t *out_pid)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&at, &len))
        abort();
    *out_pid = fork();
    if (*out_pid == 0)
        serve(listener);
    (void)close(listener);
    return ntohs(at.sin_port);
}

/* A conversation of the usual shape: code with line ends and quotes, so that escaping is measured.
 */
static void fill(struct chat *chat)
{
    static const char line[] =
        "    if (strcmp(name, \"value\") == 0)\n        return find(list, name);\n";
    char text[TURN_BYTES + sizeof(line)] = "";
    size_t len = 0;

    while (len < TURN_BYTES) {
        memcpy(text + len, line, sizeof(line));
        len += sizeof(line) - 1;
    }
    chat_init(chat, "VDO role: builder\nBuild.");
    for (int i = 0; i < TURNS; i++) {
        struct turn turn = {.role = TURN_ASSISTANT};
        struct block *block = xcalloc(1, sizeof(*block));

        chat_add_user(chat, text);
        block->kind = BLOCK_TEXT;
        block->text = xstrdup("Go on.");
        turn.blocks = block;
        turn.n_blocks = 1;
        chat_add_assistant(chat, &turn);
    }
    chat_add_user(chat, "Now answer.");
}

/* Another last turn, of the size that a tool's output has. */
static void go_on(struct chat *chat, int n)
{
    char text[TURN_BYTES];

    memset(text, 'a' + n % 26, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    turn_release(&chat->turns[--chat->n_turns]);
    chat_add_user(chat, text);
}

static double measure_calls(const struct config *config, struct store *store, struct chat *chat,
                            bool anew)
{
    struct model *model = NULL;
    struct model_session *session;
    struct model_context context = {
        .job_id = "one", .step = "bench", .limits = {.day_microusd = 1000000000000}};
    struct model_request request = {.role = ROLE_BUILDER, .chat = chat};
    struct err err = {0};
    double began = 0;
    double used;

    if (model_open(config, store, clock_real(), &model, &err))
        abort();
    session = model_session_new(model, NULL);
    for (int i = -10; i < CALLS; i++) {
        struct model_result result = {0};

        if (i == 0)
            began = cpu_ms();
        if (anew)
            context.job_id = i % 2 ? "another" : "one";
        go_on(chat, i + 10);
        if (model_call(session, &context, &request, &result, &err)) {
            (void)fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
        model_result_release(&result);
    }
    used = cpu_ms() - began;
    model_session_free(session);
    model_close(model);
    return used / CALLS;
}

static int ignore(void *arg, int status, const char *bytes, size_t len)
{
    (void)arg;
    (void)status;
    (void)bytes;
    (void)len;
    return 0;
}

static double measure_raw(const char *url, const char *body, size_t len)
{
    struct http_client *client = http_client_new();
    struct http_header header = {"Content-Type", "application/json"};
    struct http_call call = {.method = "POST",
                             .url = url,
                             .headers = &header,
                             .n_headers = 1,
                             .body = body,
                             .body_len = len,
                             .on_body = ignore};
    double began = 0;

    for (int i = -10; i < CALLS; i++) {
        struct http_result result = {0};
        struct err err = {0};

        if (i == 0)
            began = cpu_ms();
        if (http_call(client, &call, &result, &err))
            abort();
        http_result_release(&result);
    }
    began = cpu_ms() - began;
    http_client_free(client);
    return began / CALLS;
}

int main(void)
{
    pid_t server = 0;
    int port = start_server(&server);
    char dir[] = "/tmp/vdo-bench-model-XXXXXX";
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/v1/chat/completions", port);
    AUTO_FREE char *yaml = xasprintf(
        "forge: local\nproviders:\n  p: {api: openai-chat, base_url: \"http://127.0.0.1:%d/v1\", "
        "key: test-key-abcdef, model: gpt-4.1}\nroles: {refiner: [p], planner: [p], builder: [p], "
        "tester: [p], reviewer: [p]}\n",
        port);
    AUTO_FREE char *store_url = NULL;
    AUTO_FREE char *body = NULL;
    struct config *config = NULL;
    struct store *store = NULL;
    struct chat chat;
    struct err err = {0};
    json_t *as_json;
    double raw;
    double bare;
    double going_on;
    double anew;

    if (!mkdtemp(dir) ||
        config_parse("bench", yaml, strlen(yaml), CONFIG_FOR_RUN, &config, NULL, &err))
        abort();
    store_url = xasprintf("sqlite:%s/vdo.db", dir);
    if (store_open(store_url, clock_real(), &store, &err))
        abort();
    http_client_startup();
    fill(&chat);
    as_json = chat_to_json(&chat);
    body = json_dumps(as_json, JSON_COMPACT);
    json_decref(as_json);
    raw = measure_raw(url, body, strlen(body));
    bare = measure_calls(config, NULL, &chat, false);
    going_on = measure_calls(config, store, &chat, false);
    anew = measure_calls(config, store, &chat, true);
    (void)printf(
        "prompt of %zu KB, CPU per call: raw curl %.3f ms, model_call %.3f ms (+%.3f); reserved and "
        "recorded in the store: going on from the call before %.3f ms (+%.3f), a new conversation "
        "%.3f ms (+%.3f)\n",
        strlen(body) / 1000, raw, bare, bare - raw, going_on, going_on - raw, anew, anew - raw);
    chat_release(&chat);
    store_close(store);
    config_free(config);
    (void)fs_remove_tree(dir, NULL);
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    return 0;
}
