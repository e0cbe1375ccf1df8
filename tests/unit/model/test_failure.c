#include "../../../src/model/failure.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct provider_ops *const ops_of[] = {&anthropic_ops, &openai_chat_ops,
                                                    &openai_responses_ops, &gemini_ops};
static struct config_provider provider = {.name = (char *)(uintptr_t) "claude",
                                          .model = (char *)(uintptr_t) "m-1",
                                          .base_url = (char *)(uintptr_t) "https://a.example"};
static const int64_t now = 1795219200000; /* Sat, 21 Nov 2026 00:00:00 GMT */

static void judge(int api, int status, const char *headers, const char *body, struct failure *out)
{
    struct http_result http = {.status = status, .headers = (char *)(uintptr_t)headers};

    failure_from_http(ops_of[api], &http, body, strlen(body), now, out);
}

static void errors__of_every_provider_are_told_apart(void **state)
{
    static const struct {
        int api;
        int status;
        const char *body;
        enum failure_kind kind;
        bool retry;
    } cases[] = {
        {0, 400,
         "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"bad\"}}",
         FAIL_REQUEST, false},
        {0, 400,
         "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 2 tokens > 1 maximum\"}}",
         FAIL_CONTEXT, false},
        {0, 400,
         "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"input length and `max_tokens` exceed context limit: 1 + 2 > 2\"}}",
         FAIL_CONTEXT, false},
        {0, 400,
         "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"x\",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}",
         FAIL_SPEND, false},
        {0, 401,
         "{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}",
         FAIL_KEY, false},
        {0, 402, "{\"error\":{\"type\":\"billing_error\",\"message\":\"pay\"}}", FAIL_SPEND, false},
        {0, 403, "{\"error\":{\"type\":\"permission_error\",\"message\":\"no\"}}", FAIL_KEY, false},
        {0, 404, "{\"error\":{\"type\":\"not_found_error\",\"message\":\"model: m-1\"}}",
         FAIL_MODEL, false},
        {0, 413, "{\"error\":{\"type\":\"request_too_large\",\"message\":\"big\"}}", FAIL_CONTEXT,
         false},
        {0, 429, "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}", FAIL_BUSY,
         true},
        {0, 429,
         "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"x\",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}",
         FAIL_SPEND, false},
        {0, 429,
         "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"x\",\"details\":{\"error_code\":\"contract_spend_limit_reached\"}}}",
         FAIL_SPEND, false},
        {0, 500, "", FAIL_SERVER, true},
        {0, 501, "", FAIL_SERVER, false},
        {0, 504, "<html>gateway</html>", FAIL_SERVER, true},
        {0, 529, "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
         FAIL_BUSY, true},
        {0, 408, "", FAIL_SERVER, true},
        {0, 409, "", FAIL_SERVER, true},
        {0, 302, "", FAIL_REDIRECT, false},
        {1, 400,
         "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}",
         FAIL_CONTEXT, false},
        {1, 400,
         "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9242,\"n_ctx\":4096}}",
         FAIL_CONTEXT, false},
        {1, 400, "{\"error\":{\"message\":\"x\",\"code\":\"content_filter\"}}", FAIL_REFUSAL,
         false},
        {2, 400, "{\"error\":{\"message\":\"x\",\"code\":\"misalignment_policy_violation\"}}",
         FAIL_REFUSAL, false},
        {1, 400, "{\"error\":{\"message\":\"This model's maximum context length is 9 tokens\"}}",
         FAIL_CONTEXT, false},
        {1, 400, "{\"error\":{\"message\":\"Please reduce the length of the messages\"}}",
         FAIL_CONTEXT, false},
        {1, 400, "{\"error\":{\"message\":\"it exceeds the available context size\"}}",
         FAIL_CONTEXT, false},
        {1, 400, "{\"error\":\"context length exceeded\"}", FAIL_CONTEXT, false},
        {2, 400,
         "{\"error\":{\"message\":\"Your input exceeds the context window of this model\"}}",
         FAIL_CONTEXT, false},
        {1, 401, "{\"error\":{\"type\":\"authentication_error\",\"code\":401}}", FAIL_KEY, false},
        {1, 404, "{\"error\":\"model 'x' not found\"}", FAIL_MODEL, false},
        {1, 400,
         "{\"error\":{\"message\":\"registry.ollama.ai/library/x:latest does not support tools\",\"type\":\"api_error\"}}",
         FAIL_TOOLS, false},
        {1, 404,
         "{\"error\":{\"message\":\"No endpoints found that support tool use.\",\"code\":404}}",
         FAIL_TOOLS, false},
        {1, 400,
         "{\"error\":{\"message\":\"\\\"auto\\\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set\"}}",
         FAIL_TOOLS, false},
        {1, 500,
         "{\"error\":{\"code\":500,\"message\":\"tools param requires --jinja flag\",\"type\":\"server_error\"}}",
         FAIL_TOOLS, false},
        {1, 400,
         "{\"error\":{\"message\":\"Invalid schema for function 'x' in tools[0]\",\"param\":\"tools[0].function.parameters\"}}",
         FAIL_REQUEST, false},
        {1, 422,
         "{\"detail\":[{\"loc\":[\"body\",\"stream_options\"],\"msg\":\"extra fields not permitted\"}]}",
         FAIL_REQUEST, false},
        {1, 429, "{\"error\":{\"message\":\"x\",\"code\":\"insufficient_quota\"}}", FAIL_SPEND,
         false},
        {1, 429, "{\"error\":{\"message\":\"x\",\"code\":\"credit_balance_exhausted\"}}",
         FAIL_SPEND, false},
        {2, 429, "{\"error\":{\"message\":\"x\",\"code\":\"rate_limit_exceeded\"}}", FAIL_BUSY,
         true},
        {2, 503, "{\"error\":{\"message\":\"x\",\"code\":\"server_is_overloaded\"}}", FAIL_SERVER,
         true},
        {3, 400,
         "{\"error\":{\"code\":400,\"message\":\"API key not valid\",\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}",
         FAIL_KEY, false},
        {3, 400,
         "{\"error\":{\"code\":400,\"message\":\"The input token count (9) exceeds the maximum number of tokens allowed (8)\",\"status\":\"INVALID_ARGUMENT\"}}",
         FAIL_CONTEXT, false},
        {3, 429, "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"q\"}}",
         FAIL_BUSY, true},
        {3, 429,
         "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"message\":\"q\",\"details\":[{\"violations\":[{\"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel\"}]}]}}",
         FAIL_SPEND, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure;

        judge(cases[i].api, cases[i].status, "", cases[i].body, &failure);
        assert_int_equal(failure.kind, cases[i].kind);
        assert_int_equal(failure.retry, cases[i].retry);
        assert_true(*failure.text);
    }
}

static void waits__are_read_from_wherever_the_server_says_them(void **state)
{
    static const struct {
        int api;
        const char *headers;
        const char *body;
        int64_t wait;
    } cases[] = {
        {0, "retry-after: 17\n", "", 17000},
        {0, "Retry-After: 0.5\n", "", 500},
        {0, "retry-after-ms: 250\nretry-after: 17\n", "", 250},
        {0, "retry-after: Sat, 21 Nov 2026 00:01:30 GMT\n", "", 90000},
        {0, "retry-after: Fri, 20 Nov 2026 00:00:00 GMT\n", "", -1},
        {0, "retry-after: soon\n", "", -1},
        {0, "retry-after: -3\n", "", -1},
        {0, "retry-after: nan\n", "", -1},
        {0, "", "", -1},
        {3, "", "{\"error\":{\"code\":429,\"details\":[{\"retryDelay\":\"17s\"}]}}", 17000},
        {3, "", "{\"error\":{\"code\":429,\"details\":[{\"retryDelay\":\"forever\"}]}}", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure;

        judge(cases[i].api, 429, cases[i].headers, cases[i].body, &failure);
        assert_int_equal(failure.retry_after_ms, cases[i].wait);
    }
}

static void server__decides_by_x_should_retry(void **state)
{
    struct failure failure;

    (void)state;
    judge(0, 500, "x-should-retry: false\n", "", &failure);
    assert_false(failure.retry);
    judge(0, 400, "x-should-retry: true\n", "", &failure);
    assert_true(failure.retry);
    judge(1, 429, "x-should-retry: true\n", "{\"error\":{\"code\":\"insufficient_quota\"}}",
          &failure);
    assert_false(failure.retry);
}

static void wait__grows_to_eight_seconds_with_a_quarter_of_jitter(void **state)
{
    static const int64_t full[] = {500, 1000, 2000, 4000, 8000, 8000, 8000};
    struct failure failure = {.retry_after_ms = -1};

    (void)state;
    for (int n = 1; n <= 7; n++) {
        for (int i = 0; i < 200; i++) {
            int64_t wait = failure_wait_ms(&failure, n);

            assert_true(wait <= full[n - 1] && wait > full[n - 1] * 3 / 4 - 1);
        }
    }
    failure.retry_after_ms = 1234;
    assert_int_equal(failure_wait_ms(&failure, 3), 1234);
}

static void words__tell_what_to_do(void **state)
{
    static const struct {
        int status;
        const char *headers;
        const char *body;
        const char *says;
    } cases[] = {
        {401, "", "{\"error\":{\"message\":\"invalid x-api-key\"}}", "check providers.claude.key"},
        {404, "", "{\"error\":{\"message\":\"model: m-1\"}}", "check providers.claude.model"},
        {402, "", "{\"error\":{\"message\":\"pay\"}}", "spend limit or credit"},
        {302, "location: https://evil.example/x?key=1\n", "",
         "redirected to https://evil.example;"},
        {302, "location: https://evil.example/x\n", "", "providers.claude.base_url"},
        {500, "", "<html>\nBad\x01 gateway</html>", "HTTP 500: <html> Bad  gateway</html>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure;
        AUTO_FREE char *text = NULL;

        judge(0, cases[i].status, cases[i].headers, cases[i].body, &failure);
        text = failure_explain(&failure, &provider);
        assert_non_null(strstr(text, "claude: "));
        assert_non_null(strstr(text, cases[i].says));
    }
}

static void key__that_an_error_page_echoes_is_hidden(void **state)
{
    struct secret key = {0};
    struct failure failure;

    (void)state;
    secret_set(&key, "my-very-own-key-123", 19);
    judge(0, 401, "", "{\"error\":{\"message\":\"bad key my-very-own-key-123 given\"}}", &failure);
    assert_null(strstr(failure.text, "my-very-own"));
    judge(0, 500, "", "oops: x-api-key: my-very-own-key-123", &failure);
    assert_null(strstr(failure.text, "my-very-own"));
    secret_release(&key);
}

static void long_words__are_cut_between_characters(void **state)
{
    static char body[8192];
    struct failure failure;
    size_t n = 0;

    (void)state;
    n += (size_t)sprintf(body, "{\"error\":{\"message\":\"");
    while (n < 6000) {
        memcpy(body + n, "ö", 2);
        n += 2;
    }
    memcpy(body + n, "\"}}", 4);
    judge(0, 400, "", body, &failure);
    n = strlen(failure.text);
    assert_true(n < sizeof(failure.text) && n > 300);
    assert_memory_equal(failure.text + n - 2, "ö", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors__of_every_provider_are_told_apart),
        cmocka_unit_test(waits__are_read_from_wherever_the_server_says_them),
        cmocka_unit_test(server__decides_by_x_should_retry),
        cmocka_unit_test(wait__grows_to_eight_seconds_with_a_quarter_of_jitter),
        cmocka_unit_test(words__tell_what_to_do),
        cmocka_unit_test(key__that_an_error_page_echoes_is_hidden),
        cmocka_unit_test(long_words__are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
