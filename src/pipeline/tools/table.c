#include "tool.h"

#include "vdo/json/json.h"

#include <stdarg.h>
#include <string.h>

enum { N_TOOLS = 12 };

static const struct tool *const table[N_TOOLS] = {
    &tool_apply_patch, &tool_ask,        &tool_delete_file, &tool_edit_file,
    &tool_finish,      &tool_list_files, &tool_read_file,   &tool_run,
    &tool_run_checks,  &tool_search,     &tool_symbols,     &tool_write_file,
};

const struct tool *const *tools_all(size_t *out_n)
{
    *out_n = N_TOOLS;
    return table;
}

const struct tool *tool_find(const char *name)
{
    for (size_t i = 0; i < N_TOOLS; i++) {
        if (strcmp(name, table[i]->name) == 0)
            return table[i];
    }
    return NULL;
}

const char *tool_arg(const struct tool_call *call, const char *name)
{
    return js_str(call->args, name, "");
}

int tool_fail(struct tool_call *call, const char *fmt, ...)
{
    va_list ap;

    call->is_error = true;
    va_start(ap, fmt);
    (void)strbuf_vaddf(call->out, fmt, ap);
    va_end(ap);
    return VDO_OK;
}

/* What the language's own parser says of a changed file; nothing when it parses. */
static void add_syntax(struct tool_call *call, const json_t *file)
{
    const char *syntax = js_str(file, "syntax", "");
    const char *path = js_str(file, "path", "");
    bool is_new = strcmp(js_str(file, "action", ""), "add") == 0;
    const char *says = is_new ? "does not parse" : "broken now (it parsed before)";

    if (strcmp(syntax, "was_broken") == 0)
        says = "does not parse, as before the change";
    else if (strcmp(syntax, "broken") != 0)
        return;
    (void)strbuf_adds(call->out, path);
    if (js_int(file, "syntax_line", 0) > 0)
        (void)strbuf_addf(call->out, ":%lld", (long long)js_int(file, "syntax_line", 0));
    (void)strbuf_addf(call->out, ": %s: %s\n", says, js_str(file, "syntax_message", ""));
    run_log(call->run, "tool", "%s: %s", path, says);
}

int tool_edit_answer(struct tool_call *call, int rc, const json_t *said, const struct err *why,
                     struct err *err)
{
    const char *near = js_str(said, "candidate.text", "");
    json_t *files = js_at(said, "files");
    size_t i;
    json_t *file;

    if (rc == VDO_E_IO)
        return err_set(err, VDO_E_IO, "%s", why->text);
    if (rc) {
        (void)tool_fail(call, "Nothing was changed. %s", js_str(said, "message", why->text));
        if (*near)
            (void)strbuf_addf(call->out, "\nNearest place: %s:%lld\n%s",
                              js_str(said, "candidate.path", ""),
                              (long long)js_int(said, "candidate.line", 0), near);
        return VDO_OK;
    }
    json_array_foreach (files, i, file) {
        (void)strbuf_addf(call->out, "%s: %s\n", js_str(file, "action", "changed"),
                          js_str(file, "path", ""));
        run_log(call->run, "tool", "%s %s", js_str(file, "action", "changed"),
                js_str(file, "path", ""));
    }
    json_array_foreach (files, i, file)
        add_syntax(call, file);
    return VDO_OK;
}
