#include "attempt.h"
#include "reader.h"
#include "turns.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* Where the bytes of a body go: an answer to its reader, an error page to memory. */
struct sink {
    struct answer_reader *reader;
    struct strbuf page;
    struct err why;
    int status;
};

static int on_body(void *arg, int status, const char *bytes, size_t len)
{
    struct sink *sink = arg;
    size_t room = sink->page.max - sink->page.len;

    sink->status = status;
    if (status / 100 == 2)
        return answer_reader_feed(sink->reader, bytes, len, &sink->why);
    (void)strbuf_add(&sink->page, bytes, len < room ? len : room);
    return VDO_OK;
}

static void judge_refusal(const struct wire_answer *answer, struct failure *failure)
{
    failure_set(failure, FAIL_REFUSAL, false, "the model refused to answer (%s)%s%s",
                answer->raw_stop ? answer->raw_stop : "refusal", answer->note ? ": " : "",
                answer->note ? answer->note : "");
}

/* An answer has come to its end by itself: is it one that a caller can use? */
static void judge_answer(const struct wire_answer *answer, struct failure *failure)
{
    const char *stop = answer->raw_stop ? answer->raw_stop : "no reason given";

    if (answer->failure.kind != FAIL_NONE)
        *failure = answer->failure;
    else if (!answer->complete)
        failure_set(failure, FAIL_CUT, true, "the answer broke off after %zu bytes of text",
                    answer->output_bytes);
    else if (answer->stop == STOP_REFUSAL)
        judge_refusal(answer, failure);
    else if (turn_says_something(&answer->turn) || answer->stop == STOP_LENGTH ||
             answer->stop == STOP_PAUSE)
        *failure = (struct failure){.kind = FAIL_NONE};
    else if (answer->stop == STOP_CONTEXT)
        failure_set(failure, FAIL_CONTEXT, false, "the model's context is full (%s)", stop);
    else
        failure_set(failure, FAIL_EMPTY, true, "the answer is empty (%s)", stop);
}

/* The transfer itself failed. */
static void judge_transfer(int rc, const struct sink *sink, const struct http_result *http,
                           const struct err *why, struct outcome *out)
{
    struct failure *failure = &out->failure;

    if (sink->why.code) {
        failure_set(failure, FAIL_BROKEN, false, "%s", sink->why.text);
    } else if (out->answer.failure.kind != FAIL_NONE) {
        *failure = out->answer.failure;
    } else if (rc == VDO_E_TOO_LARGE) {
        failure_set(failure, FAIL_BROKEN, false, "more than an answer may have: %s", why->text);
    } else if (rc != VDO_E_TEMPORARY) {
        failure_set(failure, FAIL_REQUEST, false, "%s", why->text);
    } else if (answer_reader_saw_bytes(sink->reader)) {
        failure_set(failure, FAIL_CUT, true, "the answer broke off after %zu bytes of text: %s",
                    out->answer.output_bytes, why->text);
    } else {
        failure_set(failure, FAIL_NETWORK, true, "%s", why->text);
    }
    out->sent = http->sent;
}

static void judge(int rc, struct sink *sink, const struct http_result *http, const struct err *why,
                  const struct attempt *attempt, struct outcome *out)
{
    const struct endpoint *endpoint = attempt->endpoint;
    int64_t now = clock_now_ms(attempt->session->model->clock);

    if (rc == VDO_OK)
        endpoint_learn_pace(attempt->endpoint, http, now);
    if (rc == VDO_OK && http->status / 100 != 2) {
        out->sent = true;
        out->rejected = true;
        failure_from_http(endpoint->ops, http, sink->page.ptr, sink->page.len, now, &out->failure);
        return;
    }
    if (answer_reader_finish(sink->reader, endpoint->config, &sink->why) == VDO_OK &&
        sink->why.code == VDO_OK && (rc == VDO_OK || out->answer.complete)) {
        out->sent = true;
        judge_answer(&out->answer, &out->failure);
        return;
    }
    judge_transfer(rc, sink, http, why, out);
}

int send_request(const struct attempt *attempt, const char *body, size_t body_len,
                 struct outcome *out, struct err *err)
{
    const struct config_provider *config = attempt->endpoint->config;
    const struct provider_ops *ops = attempt->endpoint->ops;
    struct model_session *session = attempt->session;
    AUTO_FREE char *url = ops->call_url(config);
    struct wire_headers headers = {0};
    struct http_result http = {0};
    struct err why = {0};
    struct sink sink = {0};
    int64_t started = clock_mono_ms(session->model->clock);
    struct http_call call = {
        .method = "POST",
        .url = url,
        .body = body,
        .body_len = body_len,
        .connect_timeout_ms = config->connect_timeout_ms,
        .timeout_ms = config->timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .max_body = VDO_MAX_HTTP_BODY,
        .on_body = on_body,
        .on_body_arg = &sink,
        .cancel = session->cancel,
    };
    int rc;

    wire_header_add(&headers, "Content-Type", "", "application/json");
    ops->headers(config, &headers);
    call.headers = headers.list;
    call.n_headers = headers.n;
    sink.reader = answer_reader_new(ops, &out->answer);
    strbuf_init(&sink.page, 64 * VDO_KIB);
    rc = http_call(session->http, &call, &http, &why);
    wire_headers_release(&headers);
    out->latency_ms = clock_mono_ms(session->model->clock) - started;
    if (rc == VDO_E_CANCELLED) {
        failure_set(&out->failure, FAIL_LOCAL, false, "cancelled");
        out->sent = true;
        rc = err_set(err, VDO_E_CANCELLED, "cancelled during a call to %s", config->name);
    } else {
        judge(rc, &sink, &http, &why, attempt, out);
        rc = VDO_OK;
    }
    http_result_release(&http);
    strbuf_release(&sink.page);
    answer_reader_free(sink.reader);
    return rc;
}
