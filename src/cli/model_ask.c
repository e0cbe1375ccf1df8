#include "common.h"
#include "model_cmd.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *calls_json(const struct turn *turn)
{
    json_t *calls = json_array();

    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];

        if (block->kind != BLOCK_TOOL_CALL)
            continue;
        (void)json_array_append_new(
            calls,
            json_pack("{s:s, s:s, s:o}", "id", block->call_id, "name", block->tool, "arguments",
                      block->args ? json_incref(block->args) : json_string(block->args_raw)));
    }
    return calls;
}

static json_t *usage_json(const struct usage *usage)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "input", (json_int_t)usage->input,
                     "cache_read", (json_int_t)usage->cache_read, "cache_write",
                     (json_int_t)usage->cache_write, "cache_write_long",
                     (json_int_t)usage->cache_write_long, "output", (json_int_t)usage->output,
                     "reasoning", (json_int_t)usage->reasoning, "estimated", usage->estimated);
}

static void print_result_json(const struct model_result *result)
{
    AUTO_FREE char *text = turn_text(&result->turn);
    json_auto_t *out =
        json_pack("{s:s, s:o, s:s, s:s?, s:o, s:o, s:i, s:s, s:s, s:I, s:s?, s:O?}", "text", text,
                  "tool_calls", calls_json(&result->turn), "stop", model_stop_name(result->stop),
                  "raw_stop", result->raw_stop, "usage", usage_json(&result->usage), "cost_usd",
                  result->cost_known ? json_real((double)result->cost_microusd / 1e6) : json_null(),
                  "attempts", result->attempts, "provider", result->provider, "model",
                  result->model, "latency_ms", (json_int_t)result->latency_ms, "passed_over",
                  result->passed_over, "structured", result->structured);

    common_print_json(out);
}

static void print_result(const struct model_result *result)
{
    AUTO_FREE char *text = turn_text(&result->turn);
    int64_t prompt = result->usage.input + result->usage.cache_read + result->usage.cache_write;

    if (result->structured)
        common_print_json(result->structured);
    else if (*text)
        (void)printf("%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
    for (size_t i = 0; i < result->turn.n_blocks; i++) {
        const struct block *block = &result->turn.blocks[i];

        if (block->kind == BLOCK_TOOL_CALL)
            (void)printf("calls %s %s\n", block->tool, block->args_raw);
    }
    if (result->passed_over)
        (void)fprintf(stderr, "passed over: %s\n", result->passed_over);
    (void)fprintf(stderr, "%s %s, stop %s, %lld tokens in, %lld out%s, ", result->provider,
                  result->model, model_stop_name(result->stop), (long long)prompt,
                  (long long)result->usage.output, result->usage.estimated ? " (estimated)" : "");
    if (result->cost_known)
        (void)fprintf(stderr, "$%.6f, ", (double)result->cost_microusd / 1e6);
    else
        (void)fprintf(stderr, "price unknown, ");
    (void)fprintf(stderr, "%lld ms, attempt %d\n", (long long)result->latency_ms, result->attempts);
}

static int fail(const struct model_cmd *cmd, int rc, const struct err *err)
{
    if (cmd->json) {
        json_auto_t *out =
            json_pack("{s:{s:s, s:o}}", "error", "code", vdo_code_name((enum vdo_code)rc),
                      "message", js_string_lossy(err->text, strlen(err->text)));

        common_print_json(out);
    }
    return common_fail("model ask", common_exit_code(rc), "%s", err->text);
}

static int read_schema(const char *path, json_t **out, struct err *err)
{
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;
    int rc = fs_read_file(path, VDO_MIB, &bytes, &len, err);

    if (!rc)
        rc = js_parse(bytes, len, out, err);
    if (!rc && !json_is_object(*out))
        rc = err_set(err, VDO_E_INVALID, "a schema is a JSON object");
    return rc;
}

static char *read_text(const char *text)
{
    struct strbuf all;
    char piece[8192];
    size_t n;

    if (strcmp(text, "-") != 0)
        return xstrdup(text);
    strbuf_init(&all, 4 * VDO_MIB);
    while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
        (void)strbuf_add(&all, piece, n);
    return strbuf_take(&all, NULL);
}

static int call(struct model_cmd *cmd, const struct chat *chat, const json_t *schema)
{
    struct model_context context = {.step = "ask"};
    struct model_request request = {.role = cmd->role,
                                    .provider = cmd->provider,
                                    .chat = chat,
                                    .schema = schema,
                                    .schema_name = "answer"};
    struct model_result result = {0};
    struct err err = {0};
    int rc;

    context.limits.job_microusd = cmd->config->limits.job_microusd;
    if (cmd->store) {
        context.limits.day_microusd = cmd->config->limits.day_microusd;
        context.limits.month_microusd = cmd->config->limits.month_microusd;
    }
    rc = model_call(cmd->session, &context, &request, &result, &err);
    if (rc)
        return fail(cmd, rc, &err);
    if (cmd->json)
        print_result_json(&result);
    else
        print_result(&result);
    model_result_release(&result);
    return EXIT_DONE;
}

int model_ask(struct model_cmd *cmd, const char *words)
{
    AUTO_FREE char *text = read_text(words);
    AUTO_FREE char *system = xasprintf("VDO role: %s\nAnswer the user.", role_name(cmd->role));
    json_auto_t *schema = NULL;
    json_auto_t *arguments =
        json_pack("{s:s, s:{s:{s:s}}, s:[s], s:b}", "type", "object", "properties", "path", "type",
                  "string", "required", "path", "additionalProperties", 0);
    const struct tool_def tools[] = {
        {"read_file", "Read a file of the repository.", arguments},
        {"list_files", "List the files of a directory of the repository.", arguments}};
    struct chat chat;
    struct err err = {0};
    int code;

    if (cmd->provider && !config_find_provider(cmd->config, cmd->provider))
        return common_fail("model ask", EXIT_USAGE,
                           "no provider %s in %s (one whose key is unset is left out)",
                           cmd->provider, cmd->config->path);
    if (cmd->schema_file && read_schema(cmd->schema_file, &schema, &err))
        return common_fail("model ask", EXIT_USAGE, "--schema %s: %s", cmd->schema_file, err.text);
    chat_init(&chat, system);
    chat_add_user(&chat, text);
    if (cmd->tools) {
        chat.tools = tools;
        chat.n_tools = sizeof(tools) / sizeof(tools[0]);
    }
    code = call(cmd, &chat, schema);
    chat_release(&chat);
    return code;
}
