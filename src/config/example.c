#include "table.h"

#include <string.h>

enum { LINE_WIDTH = 100 };

static const char head[] =
    "# Configuration of VDO: every option with its default.\n"
    "#\n"
    "# A text may hold ${NAME} (an environment variable; an error when it is not set) or\n"
    "# ${NAME:-default}, or be file:PATH (the contents of a file, beside this one when the path is\n"
    "# relative). Anchors, aliases, tags and further documents are not understood.\n"
    "# `vdo config check FILE` says what is wrong with a file, with line, column and key.\n";

/* What the rows of a table cannot say: providers have names of the operator's choice. */
static const char sample_providers[] =
    "  claude: {api: anthropic, base_url: https://api.anthropic.com, key: \"${ANTHROPIC_API_KEY}\", "
    "model: claude-sonnet-5-5}\n"
    "  openai: {api: openai-responses, base_url: https://api.openai.com/v1, key: "
    "\"${OPENAI_API_KEY}\", model: gpt-6.1-sol}\n"
    "  gemini: {api: gemini, base_url: https://generativelanguage.googleapis.com, key: "
    "\"${GEMINI_API_KEY}\", model: gemini-4-argon}\n"
    "  local: {api: openai-chat, base_url: http://127.0.0.1:11434/v1, model: qwen3-coder, price: "
    "{input: 0, output: 0}}\n"
    "  # script: {api: script, file: config/demo/script.json}\n";

static void add_indent(struct strbuf *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        (void)strbuf_adds(out, "  ");
}

/* A comment, broken at blanks; further lines begin with `hang` blanks more. */
static void add_comment(struct strbuf *out, size_t depth, size_t hang, const char *text)
{
    size_t column = LINE_WIDTH;
    bool first = true;

    while (*text) {
        size_t word = strcspn(text, " ");

        if (column + 1 + word > LINE_WIDTH) {
            if (!first)
                (void)strbuf_addc(out, '\n');
            add_indent(out, depth);
            (void)strbuf_addf(out, "#%*s", first ? 0 : (int)hang, "");
            column = 2 * depth + 1 + (first ? 0 : hang);
            first = false;
        }
        (void)strbuf_addc(out, ' ');
        (void)strbuf_add(out, text, word);
        column += 1 + word;
        text += word;
        text += *text == ' ';
    }
    (void)strbuf_addc(out, '\n');
}

static void describe(struct strbuf *text, const struct config_option *option)
{
    (void)strbuf_adds(text, option->doc);
    if (option->range)
        (void)strbuf_addf(text, " [%s]", option->range);
}

/* How many parts (sections and the key) two keys have in common at their beginning. */
static size_t shared_sections(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        shared += a[i] == '.';
    return shared;
}

/* Headings of the sections of key that the key before it was not in. Returns the key's depth. */
static size_t open_sections(struct strbuf *out, const char *key, const char *before)
{
    size_t shared = shared_sections(key, before);
    size_t depth = 0;

    if (shared == 0)
        (void)strbuf_addc(out, '\n');
    for (const char *dot = strchr(key, '.'); dot; dot = strchr(key, '.')) {
        if (depth >= shared) {
            add_indent(out, depth);
            (void)strbuf_addf(out, "%.*s:\n", (int)(dot - key), key);
        }
        depth++;
        key = dot + 1;
    }
    return depth;
}

static void add_option(struct strbuf *out, const struct option *option, const char *before)
{
    const char *key = option->shown.key;
    const char *last = strrchr(key, '.');
    const char *value = option->example ? option->example : option->shown.fallback;
    size_t depth = open_sections(out, key, before);
    AUTO_STRBUF text = {0};

    strbuf_init(&text, 1000);
    describe(&text, &option->shown);
    add_comment(out, depth, 0, text.ptr);
    add_indent(out, depth);
    if (*value == '#')
        (void)strbuf_adds(out, "# ");
    (void)strbuf_addf(out, "%s: %s\n", last ? last + 1 : key, value + (*value == '#'));
}

static void add_provider_key(struct strbuf *out, const struct config_option *option)
{
    AUTO_STRBUF text = {0};

    strbuf_init(&text, 1000);
    (void)strbuf_addf(&text, "%s: ", option->key + strlen("providers.*."));
    describe(&text, option);
    if (option->fallback)
        (void)strbuf_addf(&text, " Default: %s.", option->fallback);
    add_comment(out, 1, 4, text.ptr);
}

void config_write_example(struct strbuf *out)
{
    size_t n;
    const struct option *table = config_table(&n);
    const char *before = "";
    bool in_providers = false;

    (void)strbuf_adds(out, head);
    for (size_t i = 0; i < n; i++) {
        bool is_provider = strncmp(table[i].shown.key, "providers.", 10) == 0;

        if (in_providers && !is_provider)
            (void)strbuf_adds(out, sample_providers);
        if (is_provider && !in_providers)
            (void)strbuf_adds(out, "\nproviders:\n  # NAME: {KEY: VALUE, ...} with these keys:\n");
        in_providers = is_provider;
        if (is_provider)
            add_provider_key(out, &table[i].shown);
        else
            add_option(out, &table[i], before);
        before = table[i].shown.key;
    }
}
