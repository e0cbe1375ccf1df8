/* TAP 12 to 14 (https://testanything.org/tap-version-14-specification.html), with the dialects of
 * node --test, mocha, vitest, node-tap, cmocka and Perl's Test::More. */
#include "format.h"
#include "outline.h"

#include <ctype.h>
#include <stdio.h>

enum { LEVELS = 16, LEVEL_BLANKS = 4 };

struct tap {
    bool header; /* a version or a plan was seen: "ok" alone is a result */
    bool yaml;
    size_t yaml_indent;
    bool message_follows; /* "message: |-" */
    struct outline suites;
    size_t braces; /* suites that were opened by "{": their own result came first */
    bool has_children[LEVELS];
    bool child_failed[LEVELS];
    struct failure *current; /* what YAML and comments belong to; NULL */
    size_t current_indent;
};

static size_t level_of(size_t indent)
{
    size_t level = indent / LEVEL_BLANKS;

    return level < LEVELS ? level : LEVELS - 1;
}

static void end_yaml(struct reading *r, struct tap *tap)
{
    tap->yaml = tap->message_follows = false;
    r->all_lines = r->in_block = tap->current != NULL;
}

static void end_current(struct reading *r)
{
    struct tap *tap = r->state;

    tap->current = NULL;
    r->all_lines = r->in_block = false;
}

/* The value of "key: value" or "key: 'value'", without quotes. */
static const char *value_of(const char *text, const char *key, size_t *out_len)
{
    const char *value = text_after(text, key);

    if (!value)
        return NULL;
    value += text_indent(value);
    *out_len = text_len(value, strlen(value));
    if (*out_len > 1 && strchr("'\"", *value) && value[*out_len - 1] == *value)
        value++, *out_len -= 2;
    return value;
}

static void take_yaml(struct tap *tap, const char *text, size_t len)
{
    static const char *const messages[] = {"error:", "message:"};
    size_t value_len;

    failure_detail(tap->current, text, len);
    if (tap->message_follows)
        failure_message(tap->current, text, len);
    tap->message_follows = false;
    for (size_t i = 0; i < 2; i++) {
        const char *value = value_of(text, messages[i], &value_len);

        if (value && *value && strchr("|>", *value))
            tap->message_follows = true;
        else if (value)
            failure_message(tap->current, value, value_len);
    }
    failure_place_in(tap->current, text);
}

/* Counted are the tests themselves: one that has others below it only when it fails by itself. */
static void take_result(struct reading *r, const char *name, size_t indent, enum result_state state)
{
    struct tap *tap = r->state;
    size_t level = level_of(indent);
    bool is_parent = tap->has_children[level];
    bool by_itself = state == RESULT_FAILED && !tap->child_failed[level];

    for (size_t i = level; i < LEVELS; i++)
        tap->has_children[i] = tap->child_failed[i] = false;
    for (size_t i = 0; i < level && !tap->braces; i++) {
        tap->has_children[i] = true;
        tap->child_failed[i] |= state == RESULT_FAILED;
    }
    tap->current = NULL;
    reading_saw(r);
    if (is_parent && !by_itself)
        return;
    reading_test(r, name, state);
    tap->current = state == RESULT_FAILED ? reading_failure(r, name) : NULL;
    tap->current_indent = indent;
    r->all_lines = r->in_block = tap->current != NULL;
}

/* Where " # SKIP", " # time=1ms" begins, or the end. */
static size_t description_len(const char *text)
{
    for (const char *hash = strchr(text, '#'); hash; hash = strchr(hash + 1, '#')) {
        if (hash == text || (hash[-1] == ' ' && (hash - text < 2 || hash[-2] != '\\')))
            return (size_t)(hash - text);
    }
    return strlen(text);
}

static void take_point(struct reading *r, const char *text, size_t indent, bool ok)
{
    struct tap *tap = r->state;
    char path[OUTLINE_PATH];
    size_t all = text_len(text, strlen(text));
    size_t len = description_len(text);
    const char *directive = text[len] == '#' ? text + len + 1 : "";
    bool opens = all && text[all - 1] == '{';
    enum result_state state = ok ? RESULT_PASSED : RESULT_FAILED;

    directive += text_indent(directive);
    if (strncasecmp(directive, "skip", 4) == 0 || (strncasecmp(directive, "todo", 4) == 0 && !ok))
        state = RESULT_SKIPPED;
    if (opens && len == all)
        len--;
    len = text_len(text, len);
    if (opens) {
        outline_set(&tap->suites, indent, text, len);
        tap->braces++;
        return;
    }
    if (len == 0 && state == RESULT_SKIPPED && strlen(directive) > 5)
        text = directive + 5, len = strlen(text);
    if (len)
        take_result(r, outline_path(&tap->suites, indent, text, len, path), indent, state);
    else
        take_result(r, "", indent, state);
}

/* "ok 1 - name": the number may be missing once it is certain that this is TAP. */
static bool is_point(const struct tap *tap, const char *text, const char **out, bool *out_ok)
{
    const char *at = text_after(text, "ok");
    int number;

    *out_ok = at != NULL;
    if (!at)
        at = text_after(text, "not ok");
    if (!at || (*at && *at != ' '))
        return false;
    at += strspn(at, " ");
    if (text_number(&at, &number) && (*at == '\0' || *at == ' '))
        at += strspn(at, " ");
    else if (!tap->header)
        return false;
    if (at[0] == '-' && (at[1] == ' ' || at[1] == '\0'))
        at += 1;
    *out = at + strspn(at, " ");
    return true;
}

/* Comments behind the last test: sums of node, mocha and tape, cmocka's groups. */
static bool is_closing(const char *text)
{
    static const char *const leads[] = {"# tests ", "# suites ", "# pass ",
                                        "# fail ",  "# ok - ",   "# not ok - "};

    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (text_after(text, leads[i]))
            return true;
    }
    return false;
}

/* What stands behind a failing test, in comments or indented. */
static void take_said(struct failure *failure, const char *text)
{
    failure_message(failure, text, strlen(text));
    failure_detail(failure, text, strlen(text));
    failure_place_in(failure, text);
}

static void take_comment(struct reading *r, const char *text, size_t indent)
{
    static const struct {
        const char *word;
        enum result_state state;
    } sums[] = {
        {"# pass ", RESULT_PASSED}, {"# fail ", RESULT_FAILED}, {"# skipped ", RESULT_SKIPPED}};
    struct tap *tap = r->state;
    const char *name = text_after(text, "# Subtest: ");
    int n;

    if (name) {
        outline_set(&tap->suites, indent, name, text_len(name, strlen(name)));
        end_current(r);
        return;
    }
    for (size_t i = 0; i < 3 && tap->header; i++) {
        const char *at = text_after(text, sums[i].word);

        if (at && text_number(&at, &n) && *at == '\0')
            reading_summary(r, sums[i].state, n);
    }
    if (is_closing(text)) {
        end_current(r);
    } else if (tap->current) {
        take_said(tap->current, text + 1 + (text[1] == ' '));
    }
}

static bool is_plan(const char *text)
{
    const char *at = text_after(text, "1..");
    int n;

    return at && text_number(&at, &n) && (*at == '\0' || *at == ' ');
}

static void tap_line(struct reading *r, const char *line, size_t len)
{
    struct tap *tap = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;
    bool ok;

    if (tap->yaml && indent >= tap->yaml_indent && strcmp(text, "...") != 0) {
        take_yaml(tap, text, len - indent);
        return;
    }
    if (tap->yaml && *text) {
        end_yaml(r, tap);
        if (strcmp(text, "...") == 0)
            return;
    }
    if (text_after(text, "TAP version ") || is_plan(text)) {
        tap->header = true;
    } else if (is_point(tap, text, &text, &ok)) {
        take_point(r, text, indent, ok);
    } else if (*text == '#') {
        take_comment(r, text, indent);
    } else if (strcmp(text, "---") == 0 && tap->header && indent > 0) {
        tap->yaml = r->all_lines = true;
        r->in_block = tap->current != NULL;
        tap->yaml_indent = indent;
    } else if (*text == '}' && tap->braces) {
        tap->braces--;
        outline_cut(&tap->suites, indent);
    } else if (tap->header && text_after(text, "Bail out!")) {
        tally_problem(r->tally, "", 0, 0, text, strlen(text));
        reading_saw(r);
    } else if (tap->current && indent > tap->current_indent) {
        take_said(tap->current, text);
    } else if (*text) {
        end_current(r);
    }
}

const struct format tap_format = {
    .name = "tap",
    .first = "oTn#1-B}.",
    .state_size = sizeof(struct tap),
    .line = tap_line,
};
