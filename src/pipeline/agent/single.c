#include "single.h"

#include "../changes.h"
#include "../record/record.h"
#include "../tools/tool.h"
#include "../workspace.h"
#include "ask.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BYTES = 160 * 1024, /* of files in the first message */
    LEAST_BYTES = 8 * 1024,
    USUAL_BYTES = 64 * 1024,  /* where the model's context is not known */
    RANKED_BYTES = 16 * 1024, /* of files that no task names */
    MAX_LOOKUPS = 8,
    MAX_PROMPT_BYTES = 1024 * 1024,
};

bool single_is_needed(struct job_run *run, enum role role)
{
    struct model_first first;

    if (record_is_replay(run))
        return !record_took_tools(run);
    ask_first(run, role, &first);
    return !first.takes_tools;
}

/* ---- the files to show ---- */

struct shown {
    struct agent *agent;
    const char *dir;
    json_t *seen;  /* paths */
    json_t *files; /* for the template */
    size_t room;   /* bytes left */
    size_t largest;
};

/* The text up to the last whole line within room. */
static size_t cut_at_line(const char *text, size_t len, size_t room)
{
    if (len <= room)
        return len;
    while (room && text[room - 1] != '\n')
        room--;
    return room;
}

static size_t count_lines(const char *text, size_t len)
{
    size_t n = len && text[len - 1] != '\n';

    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

static void show(struct shown *s, const char *path, size_t room)
{
    AUTO_FREE char *text = NULL;
    struct err why = {0};
    size_t len = 0;
    size_t part;
    json_t *file;

    if (!path || json_object_get(s->seen, path) || tool_read_text(s->dir, path, &text, &len, &why))
        return;
    (void)json_object_set_new(s->seen, path, json_true());
    s->largest = len > s->largest ? len : s->largest;
    part = cut_at_line(text, len, room < s->room ? room : s->room);
    s->room -= part;
    text[part] = '\0';
    file = json_pack("{s:s, s:o, s:o, s:o}", "path", path, "text", js_string_lossy(text, part),
                     "fence", prompt_code_fence(text), "no_newline",
                     json_boolean(part && text[part - 1] != '\n'));
    if (part < len) {
        AUTO_FREE char *cut =
            xasprintf("lines 1 to %zu; %zu bytes follow", count_lines(text, part), len - part);

        (void)json_object_set_new(file, "cut", json_string(cut));
    }
    (void)json_array_append_new(s->files, file);
}

/* What was changed already and what the tasks name; then, as far as there is room, the best of what
 * the survey found. */
static int show_files(struct shown *s, struct err *err)
{
    struct job_run *run = s->agent->run;
    json_auto_t *changed = NULL;
    const char *path;
    json_t *value;
    json_t *task;
    size_t before;
    size_t i;
    size_t k;
    int rc = changes_since_base(run, &changed, err);

    if (rc)
        return rc;
    json_object_foreach (changed, path, value)
        show(s, path, s->room);
    json_array_foreach (js_at(run->out, "plan.tasks"), i, task) {
        json_array_foreach (js_at(task, "files"), k, value)
            show(s, json_string_value(value), s->room);
    }
    before = s->largest;
    s->room = s->room < RANKED_BYTES ? s->room : RANKED_BYTES;
    json_array_foreach (js_at(run->out, "survey.files"), i, value) {
        if (s->room > LEAST_BYTES / 8)
            show(s, js_str(value, "path", NULL), RANKED_BYTES / 4);
    }
    s->largest = before;
    return VDO_OK;
}

/* ---- the format to ask for ---- */

static size_t room_for(const struct model_first *first)
{
    /* A third of the context, at three bytes to a token. */
    int64_t bytes = first->context_tokens > 0 ? first->context_tokens : USUAL_BYTES;

    return bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : (size_t)bytes;
}

/* Both depend on the provider, which a replay has not: so they are in the record. */
static int choose(struct shown *s, const struct model_first *first, enum edit_format *out,
                  struct err *err)
{
    json_t *choice = json_string(edit_format_name(edit_format_for(first->model, s->largest)));
    int rc = record_fact(s->agent->run, "format of the answer", &choice, err);

    *out = EDIT_SEARCH_REPLACE;
    if (!rc && json_is_string(choice))
        (void)edit_format_parse(json_string_value(choice), out);
    json_decref(choice);
    return rc;
}

static int choose_room(struct shown *s, const struct model_first *first, struct err *err)
{
    json_t *choice = json_integer((json_int_t)room_for(first));
    int rc = record_fact(s->agent->run, "bytes of files to show", &choice, err);

    s->room = (size_t)json_integer_value(choice);
    json_decref(choice);
    return rc;
}

int single_prompt(struct agent *agent, char **out, struct err *err)
{
    json_auto_t *seen = json_object();
    json_auto_t *data = json_object();
    struct shown s = {.agent = agent, .seen = seen, .files = json_array()};
    struct model_first first;
    enum edit_format format;
    int rc = workspace_tree(agent->run, err);

    (void)json_object_set_new(data, "files", s.files);
    if (rc)
        return rc;
    s.dir = worktree_dir(agent->run->tree);
    ask_first(agent->run, agent->role, &first);
    rc = choose_room(&s, &first, err);
    if (!rc)
        rc = show_files(&s, err);
    if (!rc)
        rc = choose(&s, &first, &format, err);
    if (rc)
        return rc;
    (void)json_object_set_new(data, edit_format_name(format), json_true());
    run_log(agent->run, "info",
            "the %s's model takes no tools: it is shown %zu files and asked for %s",
            role_name(agent->role), json_array_size(s.files), edit_format_name(format));
    return prompt_text("single.md", data, out, err);
}

/* ---- what it asks to see ---- */

/* "READ src/a.c 10 80" as arguments of read_file; "FIND a.*b" as those of search. */
static json_t *lookup_args(const char *line, size_t len, const char **out_tool)
{
    AUTO_FREE char *text = xmemdup0(line, len);
    char path[VDO_MAX_PATH_BYTES + 1];
    long first = 0;
    long last = 0;

    if (strncmp(text, "FIND ", 5) == 0 && text[5]) {
        *out_tool = "search";
        return json_pack("{s:o, s:n}", "pattern", js_string_lossy(text + 5, len - 5), "glob");
    }
    if (strncmp(text, "READ ", 5) != 0 ||
        sscanf(text + 5, "%4096s %ld%*[ -]%ld", path, &first, &last) < 1)
        return NULL;
    *out_tool = "read_file";
    return json_pack("{s:o, s:I, s:I}", "path", js_string_lossy(path, strlen(path)), "start",
                     (json_int_t)(first > 0 ? first : 1), "end", (json_int_t)(last > 0 ? last : 0));
}

static int look_up(struct agent *agent, const char *line, size_t len, struct strbuf *out,
                   size_t *io_n, struct err *err)
{
    const char *name = NULL;
    json_auto_t *args = lookup_args(line, len, &name);
    AUTO_STRBUF said = {0};
    AUTO_FREE char *shown = NULL;
    struct tool_call call = {.run = agent->run, .args = args, .out = &said};
    int rc;

    if (!args || ++*io_n > MAX_LOOKUPS)
        return VDO_OK;
    strbuf_init(&said, VDO_MAX_COMMAND_OUTPUT * 4);
    call.dir = worktree_dir(agent->run->tree);
    rc = tool_find(name)->call(&call, err);
    if (rc)
        return rc;
    shown = agent_clip(&said);
    (void)strbuf_add(out, line, len);
    (void)strbuf_addf(out, "\n%s\n", shown);
    return VDO_OK;
}

int single_look_up(struct agent *agent, const char *text, char **out, struct err *err)
{
    AUTO_STRBUF told = {0};
    size_t n = 0;
    int rc = workspace_tree(agent->run, err);

    strbuf_init(&told, MAX_PROMPT_BYTES);
    while (!rc && *text) {
        size_t len = strcspn(text, "\r\n");

        rc = look_up(agent, text, len, &told, &n, err);
        text += len + (text[len] != '\0');
    }
    if (rc || n == 0)
        return rc;
    if (n > MAX_LOOKUPS)
        (void)strbuf_addf(&told, "(only the first %d lines were answered)\n", MAX_LOOKUPS);
    *out = strbuf_take(&told, NULL);
    return VDO_OK;
}
