#include "ask.h"

#include "../record/record.h"

#include "vdo/base/assets.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/template/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PROMPT = 4 * 1024 * 1024, TRIES_BEFORE_GOING_ON = 2 };

int prompt_text(const char *name, const json_t *data, char **out, struct err *err)
{
    AUTO_FREE char *asset = xasprintf("prompts/%s", name);
    AUTO_STRBUF text = {0};
    int rc;

    strbuf_init(&text, MAX_PROMPT);
    rc = template_render_asset(asset, data, TEMPLATE_PLAIN, &text, err);
    if (!rc)
        *out = strbuf_take(&text, NULL);
    return rc;
}

/* Lines of the text that could be taken for the fence get a blank in front. */
static void add_fenced(struct strbuf *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        const char *word = text + strspn(text, " \t");

        if (strncmp(word, "BEGIN REQUEST", 13) == 0 || strncmp(word, "END REQUEST", 11) == 0)
            (void)strbuf_adds(out, "| ");
        (void)strbuf_add(out, text, len);
        (void)strbuf_addc(out, '\n');
        text += len + (text[len] == '\n');
    }
}

char *prompt_fence(const char *title, const char *text, const char *instructions)
{
    struct strbuf out;

    strbuf_init(&out, VDO_MAX_ISSUE_TEXT * 4);
    (void)strbuf_adds(&out, "BEGIN REQUEST\n");
    add_fenced(&out, title);
    if (*text) {
        (void)strbuf_addc(&out, '\n');
        add_fenced(&out, text);
    }
    if (*instructions) {
        (void)strbuf_adds(&out, "\nThe person who asked for this added:\n");
        add_fenced(&out, instructions);
    }
    (void)strbuf_adds(&out, "END REQUEST");
    return strbuf_take(&out, NULL);
}

json_t *prompt_code_fence(const char *text)
{
    char fence[33] = "```";
    size_t most = 2;

    for (const char *at = text; (at = strchr(at, '`'));) {
        size_t n = strspn(at, "`");

        most = n > most ? n : most;
        at += n;
    }
    most = most + 1 < sizeof(fence) - 1 ? most + 1 : sizeof(fence) - 1;
    memset(fence, '`', most);
    fence[most] = '\0';
    return json_string(fence);
}

static void share(json_t *data, const char *name, const json_t *from, const char *path)
{
    json_t *value = js_at(from, path);

    if (value)
        (void)json_object_set(data, name, value);
}

json_t *prompt_data(const struct job_run *run)
{
    json_t *data = json_object();
    AUTO_FREE char *request =
        prompt_fence(run_str(run, "snapshot.title"), run_str(run, "snapshot.text"),
                     run_str(run, "snapshot.instructions"));

    (void)json_object_set_new(data, "repo",
                              js_string_lossy(run->job->repo, strlen(run->job->repo)));
    (void)json_object_set_new(data, "request", js_string_lossy(request, strlen(request)));
    if (run->job->answer && *run->job->answer)
        (void)json_object_set_new(data, "answer",
                                  js_string_lossy(run->job->answer, strlen(run->job->answer)));
    share(data, "base", run->out, "checkout.base");
    share(data, "files", run->out, "survey.files");
    share(data, "checks", run->out, "survey.checks");
    share(data, "outline", run->out, "survey.outline");
    share(data, "excerpts", run->out, "survey.excerpts");
    share(data, "instructions", run->out, "survey.instructions");
    share(data, "criteria", run->out, "refine.criteria");
    share(data, "summary", run->out, "plan.summary");
    share(data, "tasks", run->out, "plan.tasks");
    return data;
}

static struct model_context context_of(const struct job_run *run)
{
    const struct config_limits *ours = &run->p->o.config->limits;
    struct model_context context = {
        .job_id = run->job->id, .step = run->step, .step_attempt = run->attempt};

    context.limits.job_microusd =
        run->job->budget_microusd ? run->job->budget_microusd : run->limits.job_microusd;
    context.limits.day_microusd = ours->day_microusd;
    context.limits.month_microusd = ours->month_microusd;
    context.limits.repo_day_microusd = ours->repo_day_microusd;
    context.limits.repo_month_microusd = ours->repo_month_microusd;
    return context;
}

/* The one provider that the job was asked for with; "" when none. Free with free(). */
static char *pinned_provider(const struct job_run *run)
{
    const char *trigger = run->job->trigger ? run->job->trigger : "";
    json_auto_t *facts = NULL;

    if (js_parse(trigger, strlen(trigger), &facts, NULL) != VDO_OK)
        return xstrdup("");
    return xstrdup(js_str(facts, "provider", ""));
}

/* Whom a request of this job goes to. pinned must live as long as the request. */
static void direct(const struct job_run *run, enum role role, const char *pinned,
                   struct model_request *request)
{
    if (run->repo_config && run->repo_config->role[role].n)
        request->providers = &run->repo_config->role[role];
    if (*pinned)
        request->provider = pinned;
}

void ask_first(const struct job_run *run, enum role role, struct model_first *out)
{
    AUTO_FREE char *pinned = pinned_provider(run);
    struct model_request request = {.role = role};

    direct(run, role, pinned, &request);
    model_first(run->model, &request, out);
}

int ask_model(struct job_run *run, enum role role, const struct chat *chat, const json_t *schema,
              const char *schema_name, struct model_result *result, struct err *err)
{
    struct model_context context = context_of(run);
    AUTO_FREE char *pinned = pinned_provider(run);
    struct model_request request = {
        .role = role, .chat = chat, .schema = schema, .schema_name = schema_name};
    struct config_role others;
    int64_t tokens_in;
    int rc = run_may_go_on(run, err);

    if (rc)
        return rc;
    direct(run, role, pinned, &request);
    if (role == ROLE_REVIEWER) {
        rc = ask_others_first(run,
                              request.providers ? request.providers : &run->p->o.config->role[role],
                              &others, err);
        if (rc)
            return rc;
        request.providers = &others;
    }
    rc = model_call(run->model, &context, &request, result, err);
    if (rc) {
        (void)err_wrap(err, "%s", role_name(role));
        return rc;
    }
    run->turns += result->attempts > 0 ? result->attempts : 1;
    run->output_tokens += result->usage.output;
    tokens_in = result->usage.input + result->usage.cache_read + result->usage.cache_write;
    run_log(run, "model", "%s: %s %s, %lld tokens in, %lld out, %lld ms", role_name(role),
            result->provider, result->model, (long long)tokens_in, (long long)result->usage.output,
            (long long)result->latency_ms);
    return VDO_OK;
}

static int load_schema(const char *role, json_t **out, char **out_text, struct err *err)
{
    AUTO_FREE char *name = xasprintf("templates/prompts/%s.schema.json", role);
    size_t len;
    int rc = assets_load(name, out_text, &len, err);

    if (!rc)
        rc = js_parse(*out_text, len, out, err);
    return rc ? (err_wrap(err, "%s", name), rc) : VDO_OK;
}

static void add_answer(struct chat *chat, const json_t *answer)
{
    AUTO_FREE char *text = json_dumps(answer, JSON_COMPACT);
    json_auto_t *value = json_pack("{s:s, s:[{s:s, s:s}]}", "role", "assistant", "blocks", "kind",
                                   "text", "text", text);
    struct turn turn;

    turn_from_json(value, &turn);
    chat_add_assistant(chat, &turn);
}

int ask_role(struct job_run *run, enum role role, const json_t *data, json_t **out, struct err *err)
{
    return ask_role_again(run, role, data, NULL, NULL, out, err);
}

int ask_role_again(struct job_run *run, enum role role, const json_t *data, const json_t *before,
                   const char *wrong, json_t **out, struct err *err)
{
    AUTO_FREE char *system_name = xasprintf("%s.system.md", role_name(role));
    AUTO_FREE char *user_name = xasprintf("%s.user.md", role_name(role));
    AUTO_FREE char *system_text = NULL;
    AUTO_FREE char *user_text = NULL;
    AUTO_FREE char *schema_text = NULL;
    json_auto_t *schema = NULL;
    json_auto_t *all = json_copy((json_t *)(uintptr_t)data);
    struct model_result result = {0};
    struct chat chat;
    int rc = load_schema(role_name(role), &schema, &schema_text, err);

    if (!rc) {
        (void)json_object_set_new(all, "schema", json_string(schema_text));
        rc = prompt_text(system_name, all, &system_text, err);
    }
    if (!rc)
        rc = prompt_text(user_name, all, &user_text, err);
    if (rc)
        return rc;
    chat_init(&chat, system_text);
    chat_add_user(&chat, user_text);
    if (before) {
        add_answer(&chat, before);
        chat_add_user(&chat, wrong);
    }
    rc = ask_model(run, role, &chat, schema, role_name(role), &result, err);
    if (!rc) {
        *out = json_incref(result.structured);
        model_result_release(&result);
    }
    chat_release(&chat);
    return rc;
}

bool ask_can_go_on_without(struct job_run *run, int rc, const struct err *why, char **out_reason)
{
    json_auto_t *reason = NULL;

    switch (rc) {
    case VDO_E_CANCELLED:
    case VDO_E_LIMIT:
    case VDO_E_CONFLICT:
    case VDO_E_IO:
        return false;
    case VDO_E_TEMPORARY:
        if (run->attempt < TRIES_BEFORE_GOING_ON)
            return false;
        break;
    default:
        break;
    }
    /* A replay has no provider that could fail in the same words. */
    reason = js_string_lossy(why->text, strlen(why->text));
    if (record_fact(run, RECORD_FAILED_ROLE, &reason, NULL) && !record_is_replay(run))
        return false;
    *out_reason = xstrdup(json_is_string(reason) ? json_string_value(reason) : why->text);
    return true;
}
