#include "agent_text.h"

#include "../protected_paths.h"
#include "../tools/tool.h"
#include "../workspace.h"
#include "single.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SUMMARY = 2000, MAX_UNUSABLE = 3 };

/* The words in front of the first edit. */
static char *words_of(const char *text)
{
    size_t len = 0;

    while (text[len] && len < MAX_SUMMARY) {
        size_t line = strcspn(text + len, "\n");

        if (strncmp(text + len, "```", 3) == 0 || edit_answer_is_marked(text + len, line))
            break;
        len += line + (text[len + line] == '\n');
    }
    return xmemdup0(text, len < MAX_SUMMARY ? len : MAX_SUMMARY);
}

static void keep_summary(struct agent *agent, char *text)
{
    free(agent->summary);
    agent->summary = text;
}

/* Nothing came of an answer; the third time ends the loop. */
static bool is_unusable(struct agent *agent, const char *text, const char *reply,
                        enum agent_end *out_end)
{
    if (++agent->unusable >= MAX_UNUSABLE) {
        keep_summary(agent, xstrdup(text));
        *out_end = AGENT_NO_ANSWER;
        return true;
    }
    agent_tell(agent, reply);
    return false;
}

/* What came of the edits in a text. */
struct applied {
    bool changed;
    bool clean;        /* and every file still parses */
    bool stood_before; /* refused, because it had been made */
    char *said;        /* what to tell the model; owned */
};

static void look_at(const json_t *report, struct applied *out)
{
    size_t i;
    json_t *file;

    out->changed = js_bool(report, "applied", false);
    out->clean = out->changed;
    out->stood_before = strcmp(js_str(report, "reason", ""), "already_applied") == 0;
    json_array_foreach (js_at(report, "files"), i, file)
        out->clean = out->clean && strcmp(js_str(file, "syntax", ""), "broken") != 0;
}

/* Edits in the text of an answer, all or nothing. */
static int apply_text(struct agent *agent, const char *text, struct applied *out, struct err *err)
{
    const char **protect = NULL;
    AUTO_STRBUF said = {0};
    struct tool_call call = {.run = agent->run, .out = &said};
    struct edit_options options;
    json_auto_t *report = NULL;
    struct err why = {0};
    int rc = workspace_tree(agent->run, err);

    if (rc)
        return rc;
    strbuf_init(&said, VDO_MAX_COMMAND_OUTPUT * 4);
    protect = protected_paths(agent->run);
    call.dir = worktree_dir(agent->run->tree);
    call.protect = protect;
    options = tool_edit_options(&call);
    options.only_marked = !agent->single;
    rc = edit_apply_answer(&options, EDIT_AUTO, text, strlen(text), &report, &why);
    rc = tool_edit_answer(&call, rc, report, &why, err);
    free(protect);
    if (rc)
        return rc;
    look_at(report, out);
    if (!out->changed)
        run_log(agent->run, "tool", "edits in an answer refused: %.300s", said.ptr);
    out->said = agent_clip(&said);
    return VDO_OK;
}

static bool end_with(struct agent *agent, char *summary, enum agent_end *out_end)
{
    keep_summary(agent, summary);
    *out_end = AGENT_FINISHED;
    return true;
}

/* Edits in the text. *out_done as agent_take_text(). */
static int take_edits(struct agent *agent, const char *text, bool *out_done,
                      enum agent_end *out_end, struct err *err)
{
    struct applied applied = {0};
    AUTO_FREE char *said = NULL;
    AUTO_FREE char *reply = NULL;
    bool more = false;
    int rc = apply_text(agent, text, &applied, err);

    said = applied.said;
    if (rc)
        return rc;
    if (applied.stood_before && agent->writes > 0) {
        *out_done = end_with(agent, words_of(text), out_end); /* it reports what it has done */
        return VDO_OK;
    }
    if (!applied.changed) {
        *out_done = is_unusable(agent, text, said, out_end);
        return VDO_OK;
    }
    agent->writes++;
    agent->unusable = 0;
    keep_summary(agent, words_of(text));
    if (agent->single && applied.clean) {
        *out_end = AGENT_FINISHED;
        rc = agent_ask_for_more(agent, &more, err);
        *out_done = !rc && !more;
        return rc;
    }
    reply = xasprintf("The edits in your answer were applied.\n%s%s", said,
                      agent->single ? "Mend what does not parse." :
                                      "Go on with the tools; call finish when all is done.");
    agent_tell(agent, reply);
    return VDO_OK;
}

/* May these be the last words? Of a model that works with tools, once it has changed something. */
static bool are_last_words(const struct agent *agent, const char *text)
{
    if (agent->single && strncmp(text + strspn(text, " \n*#"), "DONE", 4) == 0)
        return true;
    return *text && agent->writes > 0 && !(agent->single && strstr(text, "```"));
}

/* An answer without tool calls and without marked edits. */
static int take_words(struct agent *agent, const char *text, bool *out_done,
                      enum agent_end *out_end, struct err *err)
{
    AUTO_FREE char *found = NULL;
    int rc = VDO_OK;

    if (are_last_words(agent, text)) {
        *out_done = end_with(agent, xstrdup(text), out_end);
        return VDO_OK;
    }
    if (agent->single)
        rc = single_look_up(agent, text, &found, err);
    if (rc)
        return rc;
    if (found)
        agent_tell(agent, found);
    else if (agent->single)
        return take_edits(agent, text, out_done, out_end, err);
    else
        *out_done = is_unusable(agent, text,
                                strstr(text, "```") ?
                                    "Nothing was changed: code in your answer's text changes no "
                                    "file. Use the tools, or write each change as a block under "
                                    "the path of its file:\n<<<<<<< SEARCH\nlines as they stand "
                                    "in the file\n=======\nwhat they become\n>>>>>>> REPLACE" :
                                    "Use the tools to do the work, and call finish when it is "
                                    "done.",
                                out_end);
    return VDO_OK;
}

int agent_take_text(struct agent *agent, const struct model_result *result, const char *text,
                    bool *out_done, enum agent_end *out_end, struct err *err)
{
    if (result->stop == STOP_LENGTH) {
        *out_done = is_unusable(agent, text,
                                agent->single ?
                                    "Your answer was cut off at its length limit, and nothing of "
                                    "it was applied. Answer with the edits of one task only." :
                                    "Your answer was cut off at its length limit. Go on in smaller "
                                    "steps, with one tool call at a time.",
                                out_end);
        return VDO_OK;
    }
    if (result->stop == STOP_END && edit_answer_is_marked(text, strlen(text)))
        return take_edits(agent, text, out_done, out_end, err);
    return take_words(agent, text, out_done, out_end, err);
}
