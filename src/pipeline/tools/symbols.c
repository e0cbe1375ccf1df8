#include "tool.h"

#include "../workspace_index_now.h"

enum { MAX_SYMBOLS = 40 };

static int symbols(struct tool_call *call, struct err *err)
{
    struct code_symbol *found = NULL;
    struct err why = {0};
    size_t n = 0;
    int rc = workspace_index_now(call->run, err);

    if (rc)
        return rc;
    rc =
        code_index_symbols(call->run->index, tool_arg(call, "name"), MAX_SYMBOLS, &found, &n, &why);
    if (rc)
        return tool_fail(call, "%s", why.text);
    for (size_t i = 0; i < n; i++)
        (void)strbuf_addf(call->out, "%s:%d: %s %s%s\n", found[i].path, found[i].line,
                          found[i].kind, found[i].name,
                          found[i].signature ? found[i].signature : "");
    if (n == 0)
        (void)strbuf_adds(call->out, "(no definition of that name; try search)");
    code_symbols_free(found, n);
    return VDO_OK;
}

const struct tool tool_symbols = {
    .name = "symbols",
    .description = "Where a function, type, class or variable is defined.",
    .schema = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},"
              "\"required\":[\"name\"],\"additionalProperties\":false}",
    .call = symbols,
};
