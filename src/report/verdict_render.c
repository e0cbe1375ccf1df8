#include "verdict.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/template/template.h"

#include <string.h>

/* How much of the lists stays at each try: names and messages of a hostile project may be long. */
static const struct {
    size_t text;  /* bytes of each text */
    size_t items; /* of each list */
    bool commands;
} tries[] = {{SIZE_MAX, SIZE_MAX, true}, {1000, 100, false}, {200, 40, false}, {60, 20, false}};
enum { TRIES = sizeof(tries) / sizeof(tries[0]) };

static void cut_texts(json_t *item, size_t most)
{
    static const char *const names[] = {"text", "where", "why", "title"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        AUTO_FREE char *text = xstrdup(js_str(item, names[i], ""));

        if (strlen(text) > most) {
            text[most] = '\0';
            while (most > 0 && ((unsigned char)text[most - 1] & 0x80u))
                text[--most] = '\0';
            (void)json_object_set_new(item, names[i], json_sprintf("%s ...", text));
        }
    }
}

static void cut(json_t *data, int level)
{
    static const char *const lists[] = {"verdict", "criteria", "findings", "tasks"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        json_t *list = json_deep_copy(json_object_get(data, lists[i]));
        size_t k;
        json_t *item;

        while (json_array_size(list) > tries[level].items)
            (void)json_array_remove(list, tries[level].items);
        json_array_foreach (list, k, item) {
            cut_texts(item, tries[level].text);
            if (!tries[level].commands)
                (void)json_object_del(item, "command_code");
            if (!tries[level].commands)
                (void)json_object_del(item, "command");
        }
        if (list)
            (void)json_object_set_new(data, lists[i], list);
    }
}

int verdict_render(const char *asset, json_t *data, char **out, struct err *err)
{
    struct err why = {0};
    int rc = VDO_E_TOO_LARGE;

    for (int level = 0; level < TRIES && rc == VDO_E_TOO_LARGE; level++) {
        struct strbuf text;

        if (level > 0)
            cut(data, level);
        why = (struct err){0};
        strbuf_init(&text, VDO_MAX_COMMENT_BODY);
        rc = template_render_asset(asset, data, TEMPLATE_MARKDOWN, &text, &why);
        if (!rc)
            *out = strbuf_take(&text, NULL);
        else
            strbuf_release(&text);
    }
    return rc ? err_set(err, why.code, "%s", why.text) : VDO_OK;
}
