#include "providers.h"

#include "vdo/base/mem.h"

#include "table.h"
#include "warning.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 40 };

static const char group[] = "providers.*.";

const char *check_provider_name(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return "a provider's name has letters, digits, - and _ only";
    }
    return len > LONGEST_NAME ? "a provider's name has at most 40 characters" : NULL;
}

static const char *public_address(enum provider_api api)
{
    switch (api) {
    case PROVIDER_ANTHROPIC:
        return "https://api.anthropic.com";
    case PROVIDER_OPENAI_RESPONSES:
        return "https://api.openai.com/v1";
    case PROVIDER_GEMINI:
        return "https://generativelanguage.googleapis.com";
    case PROVIDER_OPENAI_CHAT:
    case PROVIDER_SCRIPT:
        break;
    }
    return NULL;
}

static void need_member(struct option_reader *r, const char *place, const char *member)
{
    AUTO_FREE char *path = xasprintf("%s%s", place, member);

    (void)option_fail(r, path, true, "is missing");
}

static void settle_base_url(struct option_reader *r, const char *place, struct config_provider *p)
{
    size_t len;

    if (!p->base_url)
        p->base_url = xstrdup_or_null(public_address(p->api));
    if (!p->base_url) {
        if (p->api != PROVIDER_SCRIPT)
            need_member(r, place, "base_url");
        return;
    }
    for (len = strlen(p->base_url); len > 0 && p->base_url[len - 1] == '/'; len--)
        p->base_url[len - 1] = '\0';
}

static void check_provider(struct option_reader *r, const char *place, const json_t *object,
                           struct config_provider *p)
{
    if (!json_object_get(object, "api"))
        return; /* said already; nothing else can be judged */
    settle_base_url(r, place, p);
    if (p->api == PROVIDER_SCRIPT && !p->file)
        need_member(r, place, "file");
    if (p->api != PROVIDER_SCRIPT && !p->model)
        need_member(r, place, "model");
    if ((p->price.input < 0) != (p->price.output < 0))
        need_member(r, place, p->price.input < 0 ? "price.input" : "price.output");
}

void config_release_provider(struct config_provider *provider)
{
    size_t n;
    const struct option *table = config_table(&n);

    option_free_group(table, n, group, provider);
    free(provider->name);
}

const struct config_provider *config_find_provider(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        if (strcmp(config->provider[i].name, name) == 0)
            return &config->provider[i];
    }
    return NULL;
}

static void note_left_out(struct option_reader *r, const char *name)
{
    char *longer = xasprintf("%s%s%s (%s is not set)", r->left_out ? r->left_out : "",
                             r->left_out ? ", " : "", name, r->unset);

    free(r->left_out);
    r->left_out = longer;
}

/* Is the provider's key an unset variable? Says so and clears the mark. */
static bool leave_out(struct option_reader *r, struct config *config, const char *place,
                      const char *name)
{
    AUTO_FREE char *key = NULL;
    AUTO_FREE char *text = NULL;

    if (!r->unset)
        return false;
    key = xasprintf("%skey", place);
    text = xasprintf("%s is not set; this provider is left out", r->unset);
    config_warn(config, option_place_text(r, key, text));
    note_left_out(r, name);
    free(r->unset);
    r->unset = NULL;
    return true;
}

static void read_provider(struct option_reader *r, struct config *config, const char *name,
                          const json_t *object)
{
    AUTO_FREE char *place = xasprintf("providers.%s.", name);
    struct config_provider *p = &config->provider[config->n_providers];

    if (config->n_providers == CONFIG_MAX_PROVIDERS - 1) {
        AUTO_FREE char *path = xasprintf("providers.%s", name);

        (void)option_fail(r, path, true, "one too many: at most %d providers are allowed",
                          CONFIG_MAX_PROVIDERS - 1);
        return;
    }
    p->name = xstrdup(name);
    option_read_group(r, group, object, place, p);
    check_provider(r, place, object, p);
    if (leave_out(r, config, place, name)) {
        config_release_provider(p);
        memset(p, 0, sizeof(*p));
    } else {
        config->n_providers++;
    }
}

/* As they stand in the file: the order is the order in which they are tried. */
static const json_t *providers_of(const struct option_reader *r)
{
    return json_object_get(yaml_doc_value(r->doc), "providers");
}

void config_read_providers(struct option_reader *r, struct config *config)
{
    const char *name;
    json_t *object;

    json_object_foreach ((json_t *)(uintptr_t)providers_of(r), name, object) {
        const char *wrong = check_provider_name(name);
        AUTO_FREE char *path = xasprintf("providers.%s", name);

        if (wrong)
            (void)option_fail(r, path, true, "%s", wrong);
        else if (json_is_object(object) || json_is_null(object))
            read_provider(r, config, name, object);
    }
}

static void fail_unknown(struct option_reader *r, const char *path, const char *name)
{
    const char *known;
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    json_t *object;

    json_object_foreach ((json_t *)(uintptr_t)providers_of(r), known, object) {
        size_t distance = edit_distance(name, known);

        if (distance < best) {
            best = distance;
            nearest = known;
        }
    }
    if (nearest)
        (void)option_fail(r, path, false, "unknown provider \"%.40s\" (nearest known provider: %s)",
                          name, nearest);
    else
        (void)option_fail(r, path, false, "unknown provider \"%.40s\": none is configured", name);
}

/* Keep what is there to be used; unknown and repeated names are errors. */
static void filter_role(struct option_reader *r, const struct config *config,
                        struct config_role *role, const char *path)
{
    size_t kept = 0;

    for (size_t i = 0; i < role->n; i++) {
        AUTO_FREE char *at = xasprintf("%s.%zu", path, i);
        char *name = role->provider[i];
        bool again = false;

        for (size_t j = 0; j < kept; j++)
            again = again || strcmp(role->provider[j], name) == 0;
        if (!json_object_get(providers_of(r), name))
            fail_unknown(r, at, name);
        else if (again)
            (void)option_fail(r, at, false, "\"%s\" is named twice", name);
        else if (config_find_provider(config, name)) {
            role->provider[kept++] = name;
            continue;
        }
        free(name);
    }
    role->n = kept;
    role->provider[kept] = NULL;
}

static void give_all(const struct config *config, struct config_role *role)
{
    for (size_t i = 0; i < config->n_providers; i++)
        role->provider[role->n++] = xstrdup(config->provider[i].name);
}

void config_settle_roles(struct option_reader *r, struct config *config, enum config_need need)
{
    bool any = json_object_size(providers_of(r)) > 0;

    if (!any)
        config_complain(r, config, need, "providers", "is missing: no model can be asked");
    for (int i = 0; i < CONFIG_ROLES; i++) {
        struct config_role *role = &config->role[i];
        AUTO_FREE char *path = xasprintf("roles.%s", role_name((enum role)i));
        bool listed = role->n > 0;

        filter_role(r, config, role, path);
        if (!listed)
            give_all(config, role);
        if (role->n == 0 && any && r->n_errors == 0)
            (void)option_fail(r, path, true,
                              "has no provider left: set the key of one of them: %.400s",
                              r->left_out ? r->left_out : "none is there");
    }
}

const char *role_name(enum role role)
{
    static const char *const names[CONFIG_ROLES] = {"refiner", "planner", "builder", "tester",
                                                    "reviewer"};

    assert((size_t)role < CONFIG_ROLES);
    return names[role];
}
