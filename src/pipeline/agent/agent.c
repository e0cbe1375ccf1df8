#include "agent.h"

#include "../protected_paths.h"
#include "../tools/tool.h"
#include "../workspace.h"
#include "agent_text.h"
#include "ask.h"
#include "compact.h"
#include "single.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SAME_FAILURES = 3, MAX_CALLS_A_TURN = 32 };

const char *agent_end_name(enum agent_end end)
{
    static const char *const names[] = {"finish", "turns", "repeated", "no_answer"};

    return names[end];
}

static int define_tools(struct agent *agent, struct err *err)
{
    size_t n;
    const struct tool *const *tools = tools_all(&n);

    agent->defs = xcalloc(n, sizeof(*agent->defs));
    for (size_t i = 0; i < n; i++) {
        json_t *schema = NULL;
        int rc = js_parse(tools[i]->schema, strlen(tools[i]->schema), &schema, err);

        if (rc)
            return rc;
        agent->defs[i] = (struct tool_def){
            .name = tools[i]->name, .description = tools[i]->description, .schema = schema};
        agent->n_defs = i + 1;
    }
    agent->chat.tools = agent->defs;
    agent->chat.n_tools = agent->n_defs;
    return VDO_OK;
}

/* The first messages: the task, and without tools the files. */
static int open_chat(struct agent *agent, const json_t *data, struct err *err)
{
    AUTO_FREE char *system_name = xasprintf("%s.system.md", role_name(agent->role));
    AUTO_FREE char *user_name = xasprintf("%s.user.md", role_name(agent->role));
    json_auto_t *all = json_copy((json_t *)(uintptr_t)data);
    AUTO_FREE char *system_text = NULL;
    AUTO_FREE char *user_text = NULL;
    AUTO_FREE char *files = NULL;
    int rc;

    (void)json_object_set_new(all, "tools", json_boolean(!agent->single));
    rc = prompt_text(system_name, all, &system_text, err);
    if (!rc)
        rc = prompt_text(user_name, all, &user_text, err);
    if (!rc && agent->single)
        rc = single_prompt(agent, &files, err);
    if (rc)
        return rc;
    chat_init(&agent->chat, system_text);
    chat_add_user(&agent->chat, user_text);
    if (files)
        chat_add_user(&agent->chat, files);
    return agent->single ? VDO_OK : define_tools(agent, err);
}

int agent_init(struct agent *agent, struct job_run *run, enum role role, const json_t *data,
               struct err *err)
{
    int rc;

    memset(agent, 0, sizeof(*agent));
    agent->run = run;
    agent->role = role;
    agent->single = single_is_needed(run, role);
    agent->data = json_incref((json_t *)(uintptr_t)data);
    rc = open_chat(agent, data, err);
    if (rc)
        agent_release(agent);
    return rc;
}

/* The model has said that it takes no tools: the same conversation without. */
static int go_single(struct agent *agent, struct err *err)
{
    struct chat old = agent->chat;
    int rc;

    run_log(agent->run, "info", "the %s's model has refused tools", role_name(agent->role));
    agent->single = true;
    agent->chat = (struct chat){0};
    rc = open_chat(agent, agent->data, err);
    for (size_t k = 1; !rc && k < old.turns[0].n_blocks; k++)
        chat_add_user(&agent->chat, old.turns[0].blocks[k].text);
    chat_release(&old);
    return rc;
}

void agent_release(struct agent *agent)
{
    if (!agent || !agent->run)
        return;
    chat_release(&agent->chat);
    for (size_t i = 0; i < agent->n_defs; i++)
        json_decref(agent->defs[i].schema);
    free(agent->defs);
    json_decref(agent->data);
    free(agent->summary);
    free(agent->last_failure);
    memset(agent, 0, sizeof(*agent));
}

static void note_failure(struct agent *agent, const struct block *call, bool failed)
{
    AUTO_FREE char *what = xasprintf("%s %s", call->tool, call->args_raw ? call->args_raw : "");

    if (!failed) {
        agent->same_failures = 0;
        return;
    }
    if (agent->last_failure && strcmp(agent->last_failure, what) == 0) {
        agent->same_failures++;
        return;
    }
    free(agent->last_failure);
    agent->last_failure = what;
    what = NULL;
    agent->same_failures = 1;
}

/* The argument that a text of C would end before its end, or NULL. */
static const char *argument_with_nul(const json_t *args)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)args, name, value) {
        if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
            return name;
    }
    return NULL;
}

static int call_tool(struct agent *agent, const struct block *block, struct tool_call *call,
                     struct err *err)
{
    const struct tool *tool = tool_find(block->tool);
    const char **protect = NULL;
    const char *nul;
    int rc;

    if (!tool)
        return tool_fail(call, "There is no tool called '%s'.", block->tool);
    if (!json_is_object(block->args))
        return tool_fail(call, "The arguments are not a JSON object: %.200s",
                         block->args_raw ? block->args_raw : "");
    nul = argument_with_nul(block->args);
    if (nul)
        return tool_fail(call,
                         "Nothing was done: the argument %.100s holds the character U+0000, which "
                         "text cannot have. Write an escape of the language instead.",
                         nul);
    rc = workspace_tree(agent->run, err);
    if (rc)
        return rc;
    protect = protected_paths(agent->run);
    call->dir = worktree_dir(agent->run->tree);
    call->protect = protect;
    rc = tool->call(call, err);
    if (!rc && tool->writes && !call->is_error)
        agent->writes++;
    free(protect);
    return rc;
}

static int answer_call(struct agent *agent, const struct block *block, struct err *err)
{
    AUTO_STRBUF out = {0};
    AUTO_FREE char *shown = NULL;
    struct tool_call call = {.run = agent->run, .args = block->args, .out = &out};
    int rc;

    strbuf_init(&out, VDO_MAX_COMMAND_OUTPUT * 4);
    rc = call_tool(agent, block, &call, err);
    if (rc) {
        free(call.summary);
        return rc;
    }
    if (call.is_error)
        run_log(agent->run, "tool", "%s refused: %.300s", block->tool, out.ptr);
    note_failure(agent, block, call.is_error);
    if (call.finished) {
        agent->finished = true;
        free(agent->summary);
        agent->summary = call.summary;
    }
    shown = agent_clip(&out);
    chat_add_tool_result(&agent->chat, block->call_id, block->tool, *shown ? shown : "(no output)",
                         call.is_error);
    return VDO_OK;
}

/* Answer every call of a turn; a provider refuses the conversation when one stays open. */
static int answer_calls(struct agent *agent, const struct turn *turn, size_t *out_calls,
                        struct err *err)
{
    *out_calls = 0;
    for (size_t i = 0; i < turn->n_blocks; i++) {
        int rc = VDO_OK;

        if (turn->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        if (++*out_calls > MAX_CALLS_A_TURN)
            chat_add_tool_result(&agent->chat, turn->blocks[i].call_id, turn->blocks[i].tool,
                                 "Too many calls in one answer; call again.", true);
        else
            rc = answer_call(agent, &turn->blocks[i], err);
        if (rc)
            return rc;
    }
    return VDO_OK;
}

/* A prompt that no model of the role takes is made shorter once; when that does not help, or comes
 * again at once, it is the job's failure. */
static int ask(struct agent *agent, struct model_result *result, struct err *err)
{
    struct err why = {0};
    int rc = ask_model(agent->run, agent->role, &agent->chat, NULL, NULL, result, &why);

    if (rc == VDO_E_REFUSED && !agent->single && chat_assistant_turns(&agent->chat) == 0 &&
        single_is_needed(agent->run, agent->role)) {
        rc = go_single(agent, err);
        return rc ? rc : ask_model(agent->run, agent->role, &agent->chat, NULL, NULL, result, err);
    }
    if (rc == VDO_E_TOO_LARGE && chat_assistant_turns(&agent->chat) > 0) {
        rc = compact_chat(agent, err);
        return rc ? rc : ask_model(agent->run, agent->role, &agent->chat, NULL, NULL, result, err);
    }
    return rc ? err_set(err, rc, "%s", why.text) : VDO_OK;
}

/* One model call and its answers. *out_done: the loop has ended with *out_end. */
static int take_turn(struct agent *agent, bool *out_done, enum agent_end *out_end, struct err *err)
{
    struct model_result result = {0};
    struct turn turn; /* a copy: the conversation's own array moves when results are added, its
                         blocks do not */
    size_t calls = 0;
    bool more = false;
    int rc = ask(agent, &result, err);

    if (rc)
        return rc;
    agent->turns++;
    char *text = turn_text(&result.turn);
    chat_add_assistant(&agent->chat, &result.turn);
    turn = agent->chat.turns[agent->chat.n_turns - 1];
    rc = answer_calls(agent, &turn, &calls, err);
    if (!rc && calls == 0) {
        rc = agent_take_text(agent, &result, text, out_done, out_end, err);
    } else if (!rc && agent->finished) {
        *out_end = AGENT_FINISHED;
        rc = agent_ask_for_more(agent, &more, err);
        *out_done = !rc && !more;
    } else if (!rc) {
        agent->unusable = 0;
        *out_done = agent->same_failures >= MAX_SAME_FAILURES;
        *out_end = AGENT_REPEATED;
    }
    free(text);
    model_result_release(&result);
    return rc;
}

int agent_work(struct agent *agent, enum agent_end *out_end, struct err *err)
{
    bool done = false;
    int rc = VDO_OK;

    agent->finished = false;
    agent->unusable = 0;
    agent->same_failures = 0;
    while (!rc && !done)
        rc = take_turn(agent, &done, out_end, err);
    return rc;
}
