#include "ignore.h"

#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_RULES = 2000, MAX_LINE = 1024 };

/* Most lines are a plain name or "*.suffix"; those need no glob. */
enum rule_kind { RULE_NAME, RULE_SUFFIX, RULE_GLOB };

struct rule {
    enum rule_kind kind;
    bool negated;
    bool only_dirs;
    bool anchored; /* "/name": in this directory only */
    size_t len;
    char *text;
};

struct ignore_level {
    struct ignore_level *up;
    size_t base_len;
    struct rule *rules;
    size_t n_rules;
};

static size_t trim_end(const char *line, size_t len)
{
    if (len && line[len - 1] == '\r')
        len--;
    while (len && line[len - 1] == ' ' && !(len > 1 && line[len - 2] == '\\'))
        len--;
    return len;
}

static enum rule_kind kind_of(const char *text)
{
    if (!strpbrk(text, "*?[\\/"))
        return RULE_NAME;
    if (text[0] == '*' && text[1] && !strpbrk(text + 1, "*?[\\/"))
        return RULE_SUFFIX;
    return RULE_GLOB;
}

static bool parse_rule(const char *line, size_t len, struct rule *out)
{
    struct rule rule = {0};

    len = trim_end(line, len);
    if (!len || line[0] == '#' || len > MAX_LINE || memchr(line, '\0', len))
        return false;
    if (line[0] == '!') {
        rule.negated = true;
        line++;
        len--;
    }
    while (len && line[len - 1] == '/') {
        rule.only_dirs = true;
        len--;
    }
    if (len && line[0] == '/') {
        line++;
        len--;
        rule.anchored = !memchr(line, '/', len);
    }
    if (!len)
        return false;
    rule.text = xmemdup0(line, len);
    rule.kind = kind_of(rule.text);
    rule.len = len;
    *out = rule;
    return true;
}

struct ignore_level *ignore_push(struct ignore_level *up, const char *base, const char *text,
                                 size_t len)
{
    struct ignore_level *level = xcalloc(1, sizeof(*level));
    const char *end = text + len;
    size_t cap = 0;

    level->up = up;
    level->base_len = strlen(base);
    while (text < end && level->n_rules < MAX_RULES) {
        const char *eol = memchr(text, '\n', (size_t)(end - text));
        struct rule rule;

        if (!eol)
            eol = end;
        if (parse_rule(text, (size_t)(eol - text), &rule)) {
            if (level->n_rules == cap) {
                cap = cap ? cap * 2 : 16;
                level->rules = xreallocarray(level->rules, cap, sizeof(*level->rules));
            }
            level->rules[level->n_rules++] = rule;
        }
        text = eol + 1;
    }
    return level->n_rules ? level : ignore_pop(level, up);
}

struct ignore_level *ignore_pop(struct ignore_level *level, struct ignore_level *down_to)
{
    while (level != down_to) {
        struct ignore_level *up = level->up;

        for (size_t i = 0; i < level->n_rules; i++)
            free(level->rules[i].text);
        free(level->rules);
        free(level);
        level = up;
    }
    return level;
}

static bool rule_matches(const struct rule *rule, const char *path, const char *name,
                         size_t name_len)
{
    if (rule->anchored && name != path)
        return false;
    switch (rule->kind) {
    case RULE_NAME:
        return name_len == rule->len && memcmp(name, rule->text, name_len) == 0;
    case RULE_SUFFIX:
        return name_len >= rule->len - 1 &&
               memcmp(name + name_len - (rule->len - 1), rule->text + 1, rule->len - 1) == 0;
    default:
        return path_glob_match(rule->text, path);
    }
}

bool ignore_match(const struct ignore_level *level, const char *path, bool is_dir)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t name_len = strlen(name);

    for (; level; level = level->up) {
        const char *below = path + level->base_len + (level->base_len ? 1 : 0);

        for (size_t i = level->n_rules; i-- > 0;) {
            const struct rule *rule = &level->rules[i];

            if (rule->only_dirs && !is_dir)
                continue;
            if (rule_matches(rule, below, name, name_len))
                return !rule->negated;
        }
    }
    return false;
}
