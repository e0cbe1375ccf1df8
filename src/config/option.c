#include "option.h"

#include "vdo/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum match { MATCH_NONE, MATCH_SECTION, MATCH_OPTION };

/* Does path name the option, or a section on the way to it? "*" stands for any one part. */
static enum match match_key(const char *key, const char *path)
{
    for (;;) {
        size_t known = strcspn(key, ".");
        size_t given = strcspn(path, ".");
        bool any = known == 1 && *key == '*';

        if (!any && (known != given || strncmp(key, path, known) != 0))
            return MATCH_NONE;
        key += known;
        path += given;
        if (*path == '\0')
            return *key == '\0' ? MATCH_OPTION : MATCH_SECTION;
        if (*key == '\0')
            return MATCH_NONE;
        key++;
        path++;
    }
}

static enum match match_table(const struct option_reader *r, const char *path)
{
    enum match best = MATCH_NONE;

    for (size_t i = 0; i < r->n_table; i++) {
        enum match match = match_key(r->table[i].shown.key, path);

        if (match > best)
            best = match;
    }
    return best;
}

static void check_members(struct option_reader *r, const json_t *object, const char *path);

static void check_items(struct option_reader *r, const json_t *array, const char *path)
{
    const json_t *item;
    size_t i;

    json_array_foreach (array, i, item) {
        AUTO_FREE char *at = xasprintf("%s.%zu", path, i);

        if (json_is_object(item))
            check_members(r, item, at);
        else
            (void)option_fail(r, at, false, "expected a mapping of keys");
    }
}

static void check_key(struct option_reader *r, const char *name, const json_t *value,
                      const char *path)
{
    bool listed = r->list && strcmp(path, r->list) == 0;
    enum match match = strchr(name, '.') ? MATCH_NONE : match_table(r, path);

    if (match == MATCH_NONE) {
        AUTO_FREE char *nearest = option_nearest(r, path);

        (void)option_fail(r, path, true, "unknown key (nearest known key: %s)", nearest);
    } else if (match == MATCH_SECTION && !json_is_null(value)) {
        if (listed && json_is_array(value))
            check_items(r, value, path);
        else if (!listed && json_is_object(value))
            check_members(r, value, path);
        else
            (void)option_fail(r, path, false, "expected a %s",
                              listed ? "list of mappings" : "mapping of keys");
    }
}

static void check_members(struct option_reader *r, const json_t *object, const char *path)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        AUTO_FREE char *at = xasprintf("%s%s%s", path, *path ? "." : "", name);

        check_key(r, name, value, at);
    }
}

void option_check_keys(struct option_reader *r)
{
    const json_t *root = yaml_doc_value(r->doc);

    if (json_is_object(root))
        check_members(r, root, "");
    else if (!json_is_null(root))
        (void)option_fail(r, "", false, "expected a mapping of keys, such as \"%s: ...\"",
                          r->table[0].shown.key);
}

const json_t *option_find(const json_t *object, const char *path)
{
    char part[128];

    while (object && *path) {
        size_t len = strcspn(path, ".");

        assert(len < sizeof(part));
        memcpy(part, path, len);
        part[len] = '\0';
        object = json_object_get(object, part);
        path += len;
        path += *path == '.';
    }
    return object;
}

/* The part of the key behind the prefix when the option belongs to that group, else NULL. */
static const char *key_in_group(const struct option *option, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncmp(option->shown.key, prefix, len) != 0 || strchr(option->shown.key + len, '*'))
        return NULL;
    return option->shown.key + len;
}

void option_read_group(struct option_reader *r, const char *prefix, const json_t *object,
                       const char *place, void *base)
{
    for (size_t i = 0; i < r->n_table; i++) {
        const char *key = key_in_group(&r->table[i], prefix);

        if (!key || r->table[i].kind == OPTION_CHOICES)
            continue;
        AUTO_FREE char *path = xasprintf("%s%s", place, key);
        option_convert(r, &r->table[i], path, option_find(object, key), base);
    }
}

static void free_secrets(struct secret *secrets)
{
    for (size_t i = 0; i < CONFIG_MAX_SECRETS; i++)
        secret_release(&secrets[i]);
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

static void free_role(struct config_role *role)
{
    for (size_t i = 0; i < role->n; i++)
        free(role->provider[i]);
}

static void free_option(const struct option *option, char *base)
{
    void *at = base + option->offset;

    switch (option->kind) {
    case OPTION_TEXT:
    case OPTION_CHOICE:
        free(*(char **)at);
        break;
    case OPTION_SECRET:
        secret_release(at);
        break;
    case OPTION_SECRETS:
        free_secrets(at);
        break;
    case OPTION_TEXTS:
        free_texts(*(char ***)at, *(size_t *)(void *)(base + option->offset_n));
        break;
    case OPTION_ROLE:
        free_role(at);
        break;
    case OPTION_API:
    case OPTION_INTEGER:
    case OPTION_BOOL:
    case OPTION_TRISTATE:
    case OPTION_USD:
    case OPTION_CHOICES:
        break;
    }
}

void option_free_group(const struct option *table, size_t n, const char *prefix, void *base)
{
    for (size_t i = 0; i < n; i++) {
        if (key_in_group(&table[i], prefix))
            free_option(&table[i], base);
    }
}
