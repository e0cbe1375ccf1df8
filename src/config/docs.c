#include "table.h"

#include <string.h>

static const char intro[] =
    "# Configuration\n"
    "\n"
    "VDO reads one file, named with `-c FILE`; without it `./vdo.yml`, then `/etc/vdo/vdo.yml`.\n"
    "`config/vdo.example.yml` is a complete one. `vdo config check FILE` says what is wrong:\n"
    "\n"
    "    vdo.yml:3:3: server.lisen: unknown key (nearest known key: server.listen)\n"
    "\n"
    "This page and the example are written from the table that also drives parsing\n"
    "(`src/config/table.c`), so they cannot differ from it.\n"
    "\n"
    "## How values are written\n"
    "\n"
    "The file is YAML without anchors, aliases, tags and further documents, 64 KiB and 16 levels\n"
    "at most. Unknown and duplicate keys are errors. `yes`, `no`, `on` and `off` are texts; `true`\n"
    "and `false` are not. A number where text is expected needs quotes.\n"
    "\n"
    "| written | means |\n"
    "|---|---|\n"
    "| `${NAME}` | the environment variable; an error when it is not set |\n"
    "| `${NAME:-default}` | the same, or `default` when it is not set or empty |\n"
    "| `file:PATH` | the contents of a file without the newline at its end; a relative path begins "
    "where the configuration stands |\n"
    "\n"
    "Variables may stand inside a longer text. What they hold is read as if it stood there. An\n"
    "optional key whose value comes out empty counts as not given.\n"
    "\n"
    "Money is written in dollars with at most six decimals and is exact: `0.1` is 100000\n"
    "micro-dollars.\n"
    "\n"
    "A provider whose key is an unset `${NAME}` is left out with a warning; a role that has no\n"
    "provider left is an error.\n"
    "\n"
    "`vdo serve` with `forge: github` needs `github.app_id` and `github.private_key`, or\n"
    "`github.token`, and `github.webhook_secret`.\n"
    "\n"
    "## vdo.yml\n";

static const char repo_intro[] =
    "\n"
    "## .github/vdo.yml\n"
    "\n"
    "A repository may say how it wants to be worked on. The file is read from the base branch\n"
    "only, never from the branch of a pull request, and `${NAME}` and `file:PATH` are plain text\n"
    "in it. Every key is optional; without `checks` they are found from the project's own files.\n"
    "Limits can be lowered here, never raised.\n"
    "\n"
    "    instructions: [AGENTS.md]\n"
    "    setup: [\"npm ci\"]\n"
    "    allow: [packages.example.org]      # or setup_network: full\n"
    "    checks:\n"
    "      - {name: tests, run: \"make check\", timeout_s: 600}\n"
    "    protected: [\".github/workflows/**\", LICENSE]\n"
    "    secrets: {allow: [\"tests/fixtures/**\"]}\n"
    "    approval: {plan: auto, paths: {\"db/migrations/**\": human}}\n"
    "    base: main\n"
    "    draft: true\n"
    "    roles: {reviewer: [openai]}\n"
    "    limits: {job_usd: 2}\n"
    "\n";

static void add_cell(struct strbuf *out, const char *text, bool as_code)
{
    (void)strbuf_adds(out, " ");
    if (text && as_code)
        (void)strbuf_addc(out, '`');
    for (; text && *text; text++) {
        if (*text == '|')
            (void)strbuf_addc(out, '\\');
        (void)strbuf_addc(out, *text);
    }
    if (as_code)
        (void)strbuf_adds(out, "`");
    (void)strbuf_adds(out, " |");
}

static void add_row(struct strbuf *out, const struct option *option)
{
    const struct config_option *o = &option->shown;

    (void)strbuf_adds(out, "|");
    add_cell(out, o->key, true);
    add_cell(out, o->type, false);
    add_cell(out, o->fallback, o->fallback != NULL);
    add_cell(out, o->range, false);
    add_cell(out, o->doc, false);
    (void)strbuf_adds(out, "\n");
}

static void begin_table(struct strbuf *out)
{
    (void)strbuf_adds(out, "| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n");
}

static size_t section_len(const char *key)
{
    return key[strcspn(key, ".")] == '.' ? strcspn(key, ".") : 0;
}

/* A heading when this key opens another section than the key before it. */
static void begin_section(struct strbuf *out, const char *key, const char *before)
{
    size_t len = section_len(key);

    if (before && len == section_len(before) && strncmp(key, before, len) == 0)
        return;
    if (len)
        (void)strbuf_addf(out, "\n### %.*s\n\n", (int)len, key);
    else
        (void)strbuf_adds(out, "\n### At the top level\n\n");
    begin_table(out);
}

void config_write_docs(struct strbuf *out)
{
    size_t n;
    const struct option *table = config_table(&n);

    (void)strbuf_adds(out, intro);
    for (size_t i = 0; i < n; i++) {
        begin_section(out, table[i].shown.key, i ? table[i - 1].shown.key : NULL);
        add_row(out, &table[i]);
    }
    (void)strbuf_adds(out, repo_intro);
    begin_table(out);
    table = repo_table(&n);
    for (size_t i = 0; i < n; i++)
        add_row(out, &table[i]);
}
