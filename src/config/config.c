#include "vdo/config/config.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include "providers.h"
#include "table.h"
#include "warning.h"

#include <stdlib.h>
#include <string.h>

static void strip_slashes(char *url)
{
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        url[--len] = '\0';
}

static void need_github(struct option_reader *r, struct config *config, enum config_need need)
{
    bool app = config->github.app_id != 0;
    bool key = secret_is_set(&config->github.private_key);
    bool token = secret_is_set(&config->github.token);

    if (app != key && !token)
        config_complain(r, config, need, app ? "github.private_key" : "github.app_id",
                        app ? "is missing: an app_id needs the App's private key" :
                              "is missing: a private_key needs the number of its App");
    else if (!app && !token)
        config_complain(r, config, need, "github.token",
                        "is missing: set app_id and private_key of a GitHub App, or a token");
    if (config->github.n_webhook_secrets == 0)
        config_complain(r, config, need, "github.webhook_secret",
                        "is missing: without it anyone could post deliveries");
}

static void check_whole(struct option_reader *r, struct config *config, enum config_need need)
{
    strip_slashes(config->public_url);
    strip_slashes(config->github.api_url);
    strip_slashes(config->github.git_url);
    if (config->sandbox.driver && strcmp(config->sandbox.driver, "container") == 0 &&
        !config->sandbox.image && !config->sandbox.devcontainer)
        (void)option_fail(r, "sandbox.driver", false,
                          "container needs sandbox.image, or sandbox.devcontainer: true");
    if (strcmp(config->forge, "github") == 0 && need != CONFIG_FOR_RUN)
        need_github(r, config, need);
}

static struct config *read_config(struct option_reader *r, enum config_need need)
{
    struct config *config = xcalloc(1, sizeof(*config));
    const json_t *root = yaml_doc_value(r->doc);

    config->path = xstrdup(r->name);
    option_check_keys(r);
    option_read_group(r, "", json_is_object(root) ? root : NULL, "", config);
    config_read_providers(r, config);
    config_settle_roles(r, config, need);
    check_whole(r, config, need);
    free(r->unset);
    free(r->left_out);
    return config;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

int config_parse(const char *name, const char *bytes, size_t len, enum config_need need,
                 struct config **out, struct strbuf *errors, struct err *err)
{
    AUTO_FREE char *dir = directory_of(name);
    struct option_reader r = {
        .name = name, .dir = dir, .substitute = true, .errors = errors, .err = err};
    struct err why = {0};
    struct yaml_doc *doc = NULL;
    struct config *config;
    int rc = yaml_read(name, bytes, len, &doc, &why);

    if (rc) {
        if (errors)
            (void)strbuf_addf(errors, "%s\n", why.text);
        return err_set(err, why.code, "%s", why.text);
    }
    r.doc = doc;
    r.table = config_table(&r.n_table);
    config = read_config(&r, need);
    yaml_doc_free(doc);
    if (r.n_errors) {
        config_free(config);
        return VDO_E_INVALID;
    }
    *out = config;
    return VDO_OK;
}

static const char *find_file(void)
{
    static const char *const places[] = {"./vdo.yml", "/etc/vdo/vdo.yml"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (fs_exists(places[i]))
            return places[i];
    }
    return NULL;
}

int config_load(const char *path, enum config_need need, struct config **out, struct strbuf *errors,
                struct err *err)
{
    char *bytes = NULL;
    size_t len;
    int rc;

    if (!path)
        path = find_file();
    if (!path)
        return err_set(err, VDO_E_NOT_FOUND,
                       "no configuration: neither ./vdo.yml nor /etc/vdo/vdo.yml exists (name one "
                       "with -c FILE)");
    rc = fs_read_file(path, VDO_MAX_YAML_BYTES, &bytes, &len, err);
    if (rc)
        return rc;
    rc = config_parse(path, bytes, len, need, out, errors, err);
    explicit_bzero(bytes, len);
    free(bytes);
    return rc;
}

void config_free(struct config *config)
{
    const struct option *table;
    size_t n;

    if (!config)
        return;
    table = config_table(&n);
    option_free_group(table, n, "", config);
    for (size_t i = 0; i < config->n_providers; i++)
        config_release_provider(&config->provider[i]);
    for (size_t i = 0; i < config->n_warnings; i++)
        free(config->warnings[i]);
    free(config->warnings);
    free(config->path);
    free(config);
}
