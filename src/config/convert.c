#include "option.h"

#include "vdo/base/mem.h"

#include "scalar.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One value on its way: as JSON, and as the text it was made of. */
struct given {
    json_t *value;    /* owned; NULL: not given */
    const char *text; /* of a scalar, as written or as replaced; NULL for lists and mappings */
    char *replaced;   /* owned; set when ${NAME} or file:PATH was replaced */
};

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a decimal number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "nothing";
    }
    return "nothing";
}

bool option_word(const char *words, const char *word, int *out_index)
{
    size_t len = strlen(word);

    for (int i = 0; *words; i++) {
        size_t n = strcspn(words, " ");

        if (n == len && strncmp(words, word, n) == 0) {
            if (out_index)
                *out_index = i;
            return true;
        }
        words += n;
        words += *words == ' ';
    }
    return false;
}

const char *option_parse_usd(const char *text, int64_t *out)
{
    int64_t micro = 0;
    int decimals = -1;
    bool digits = false;

    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!isdigit((unsigned char)*text))
            return "expected dollars such as 5 or 0.25";
        if (decimals >= 6)
            return "has more than six decimals";
        if (micro > INT64_C(1000000) * 1000000)
            return "is more than 1000000 dollars";
        micro = micro * 10 + (*text - '0');
        decimals += decimals >= 0;
        digits = true;
    }
    if (!digits)
        return "expected dollars such as 5 or 0.25";
    for (int i = decimals < 0 ? 0 : decimals; i < 6; i++) {
        if (micro > INT64_C(1000000) * 1000000)
            return "is more than 1000000 dollars";
        micro *= 10;
    }
    if (micro > INT64_C(1000000) * 1000000)
        return "is more than 1000000 dollars";
    *out = micro;
    return NULL;
}

/* A variable that is set to nothing counts as unset where an unset one is allowed. */
static void note_unset(struct option_reader *r, const char *text)
{
    free(r->unset);
    r->unset = xstrdup(text);
}

static int replace(struct option_reader *r, const struct option *option, const char *path,
                   const char *text, char **out)
{
    AUTO_FREE char *unset = NULL;
    struct err why = {0};
    int rc = option_substitute(r->dir, text, out, &unset, &why);

    if (!rc && option->may_be_unset && !**out && !strstr(text, ":-"))
        note_unset(r, text);
    if (!unset)
        return rc ? option_fail(r, path, false, "%s", why.text) : VDO_OK;
    if (option->may_be_unset)
        note_unset(r, text);
    else
        (void)option_fail(r, path, false,
                          "the environment variable %s is not set (${%s:-...} gives a default)",
                          unset, unset);
    return VDO_E_NOT_FOUND;
}

/* What a variable or file holds is read as if it stood there without quotes. */
static int take_value(struct option_reader *r, const struct option *option, const char *path,
                      const json_t *value, struct given *given)
{
    const char *text = json_string_value(value);
    int rc;

    if (!value || json_is_null(value))
        return VDO_OK;
    given->text = yaml_doc_text(r->doc, path);
    if (!r->substitute || !text || (strncmp(text, "file:", 5) != 0 && !strstr(text, "${"))) {
        given->value = json_deep_copy(value);
        return VDO_OK;
    }
    rc = replace(r, option, path, text, &given->replaced);
    if (rc)
        return rc;
    given->text = given->replaced;
    given->value = *given->replaced ? scalar_to_json(given->replaced) : NULL;
    return VDO_OK;
}

static void release_given(struct given *given)
{
    json_decref(given->value);
    if (given->replaced)
        explicit_bzero(given->replaced, strlen(given->replaced));
    free(given->replaced);
}

static int fail_type(struct option_reader *r, const char *path, const char *wanted,
                     const struct given *given)
{
    if (given->text && !given->replaced && strlen(given->text) <= 60)
        return option_fail(r, path, false, "expected %s, got %s: %s", wanted, kind_of(given->value),
                           given->text);
    return option_fail(r, path, false, "expected %s, got %s", wanted, kind_of(given->value));
}

/* The text of a value that must be text. NULL after an error was noted. */
static const char *need_text(struct option_reader *r, const struct option *option, const char *path,
                             const struct given *given)
{
    const char *wrong;

    if (!json_is_string(given->value) && !given->replaced) {
        /* Not fail_type(), which shows the value: it may be a secret. */
        (void)option_fail(r, path, false, "expected text%s, got %s",
                          given->text ? " (put it in quotes)" : "", kind_of(given->value));
        return NULL;
    }
    if (!*given->text) {
        (void)option_fail(r, path, false, "is empty");
        return NULL;
    }
    wrong = option->check ? option->check(given->text) : NULL;
    if (wrong)
        (void)option_fail(r, path, false, "%s", wrong);
    return wrong ? NULL : given->text;
}

static void set_text(struct option_reader *r, const struct option *option, const char *path,
                     const struct given *given, char **out)
{
    const char *text = given->value ? need_text(r, option, path, given) : NULL;

    *out = xstrdup_or_null(text ? text : option->shown.fallback);
}

static bool need_word(struct option_reader *r, const struct option *option, const char *path,
                      const struct given *given, int *out_index)
{
    const char *words = option->shown.range;

    if (given->text && option_word(words, given->text, out_index))
        return true;
    AUTO_FREE char *wanted = xasprintf("one of: %s", words);
    (void)fail_type(r, path, wanted, given);
    return false;
}

static void set_choice(struct option_reader *r, const struct option *option, const char *path,
                       const struct given *given, char **out)
{
    bool good = given->value && need_word(r, option, path, given, NULL);

    *out = xstrdup_or_null(good ? given->text : option->shown.fallback);
}

static void set_integer(struct option_reader *r, const struct option *option, const char *path,
                        const struct given *given, int64_t *out)
{
    int64_t scale = option->scale ? option->scale : 1;
    char *split;
    int64_t least = strtoll(option->shown.range, &split, 10);
    int64_t most = strtoll(split + strlen(" .. "), NULL, 10);
    int64_t value;

    *out = option->shown.fallback ? strtoll(option->shown.fallback, NULL, 10) * scale : 0;
    if (!given->value)
        return;
    if (!json_is_integer(given->value)) {
        AUTO_FREE char *wanted = xasprintf("an integer (%s)", option->shown.range);

        (void)fail_type(r, path, wanted, given);
        return;
    }
    value = json_integer_value(given->value);
    if (value < least || value > most)
        (void)option_fail(r, path, false, "%" PRId64 " is out of range (%s)", value,
                          option->shown.range);
    else
        *out = value * scale;
}

static bool read_bool(struct option_reader *r, const char *path, const struct given *given,
                      bool fallback)
{
    if (given->value && !json_is_boolean(given->value))
        (void)fail_type(r, path, "true or false", given);
    return json_is_boolean(given->value) ? json_is_true(given->value) : fallback;
}

static void set_usd(struct option_reader *r, const struct option *option, const char *path,
                    const struct given *given, int64_t *out)
{
    const char *wrong = NULL;

    *out = -1;
    if (option->shown.fallback)
        (void)option_parse_usd(option->shown.fallback, out);
    if (!given->value)
        return;
    if (!json_is_number(given->value))
        (void)fail_type(r, path, "dollars such as 5 or 0.25", given);
    else
        wrong = option_parse_usd(given->text, out);
    if (wrong)
        (void)option_fail(r, path, false, "%s %s", given->text, wrong);
}

static void set_secret(struct option_reader *r, const struct option *option, const char *path,
                       const struct given *given, struct secret *out)
{
    const char *text = given->value ? need_text(r, option, path, given) : NULL;

    if (text)
        secret_set(out, text, strlen(text));
}

/* One text or a list of them; each goes to put(). */
typedef void (*put_fn)(void *arg, const char *text);

static void each_text(struct option_reader *r, const struct option *option, const char *path,
                      const struct given *given, size_t most, put_fn put, void *arg)
{
    const json_t *item;
    size_t i;

    if (!given->value)
        return;
    if (!json_is_array(given->value)) {
        (void)fail_type(r, path, "a list of texts", given);
        return;
    }
    if (json_array_size(given->value) > most) {
        (void)option_fail(r, path, false, "has %zu items, at most %zu are allowed",
                          json_array_size(given->value), most);
        return;
    }
    json_array_foreach (given->value, i, item) {
        AUTO_FREE char *at = xasprintf("%s.%zu", path, i);
        struct given one = {0};

        if (json_is_null(item))
            (void)option_fail(r, at, false, "is empty");
        else if (!take_value(r, option, at, item, &one) && one.value) {
            const char *text = need_text(r, option, at, &one);

            if (text)
                put(arg, text);
        }
        release_given(&one);
    }
}

struct secret_list {
    struct secret *secrets;
    size_t *n;
};

static void put_secret(void *arg, const char *text)
{
    struct secret_list *list = arg;

    secret_set(&list->secrets[(*list->n)++], text, strlen(text));
}

static void set_secrets(struct option_reader *r, const struct option *option, const char *path,
                        const struct given *given, struct secret *secrets, size_t *n)
{
    struct secret_list list = {secrets, n};

    *n = 0;
    if (json_is_array(given->value)) {
        each_text(r, option, path, given, CONFIG_MAX_SECRETS, put_secret, &list);
    } else if (given->value) {
        set_secret(r, option, path, given, secrets);
        *n = secret_is_set(secrets) ? 1 : 0;
    }
}

struct text_list {
    char **texts;
    size_t n;
};

static void put_text(void *arg, const char *text)
{
    struct text_list *list = arg;

    list->texts = xreallocarray(list->texts, list->n + 1, sizeof(char *));
    list->texts[list->n++] = xstrdup(text);
}

static void set_texts(struct option_reader *r, const struct option *option, const char *path,
                      const struct given *given, char ***texts, size_t *n)
{
    struct text_list list = {0};

    each_text(r, option, path, given, OPTION_MAX_TEXTS, put_text, &list);
    *texts = list.texts;
    *n = list.n;
}

static void put_provider(void *arg, const char *text)
{
    struct config_role *role = arg;

    role->provider[role->n++] = xstrdup(text);
}

static void set_value(struct option_reader *r, const struct option *option, const char *path,
                      const struct given *given, char *base)
{
    void *at = base + option->offset;
    size_t *n = (size_t *)(void *)(base + option->offset_n);
    int index;

    switch (option->kind) {
    case OPTION_TEXT:
        set_text(r, option, path, given, at);
        break;
    case OPTION_CHOICE:
        set_choice(r, option, path, given, at);
        break;
    case OPTION_API:
        if (given->value && need_word(r, option, path, given, &index))
            *(enum provider_api *)at = (enum provider_api)index;
        break;
    case OPTION_INTEGER:
        set_integer(r, option, path, given, at);
        break;
    case OPTION_BOOL:
        *(bool *)at = read_bool(r, path, given, strcmp(option->shown.fallback, "true") == 0);
        break;
    case OPTION_TRISTATE:
        *(int *)at = given->value ? read_bool(r, path, given, false) : -1;
        break;
    case OPTION_USD:
        set_usd(r, option, path, given, at);
        break;
    case OPTION_SECRET:
        set_secret(r, option, path, given, at);
        break;
    case OPTION_SECRETS:
        set_secrets(r, option, path, given, at, n);
        break;
    case OPTION_TEXTS:
        set_texts(r, option, path, given, at, n);
        break;
    case OPTION_ROLE:
        if (json_is_array(given->value) && json_array_size(given->value) == 0)
            (void)option_fail(r, path, false, "is empty: without the key all providers are used");
        /* One place is kept for the NULL at the end. */
        each_text(r, option, path, given, CONFIG_MAX_PROVIDERS - 1, put_provider, at);
        break;
    case OPTION_CHOICES:
        break;
    }
}

void option_convert(struct option_reader *r, const struct option *option, const char *path,
                    const json_t *value, void *base)
{
    struct given given = {0};

    if (take_value(r, option, path, value, &given)) {
        given.text = NULL;
        release_given(&given);
        given = (struct given){0};
    } else if (option->required && !given.value) {
        (void)option_fail(r, path, true, "is missing");
    }
    set_value(r, option, path, &given, base);
    release_given(&given);
}
