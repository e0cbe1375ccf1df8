#include "finder.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* A package manager: told by package.json's "packageManager" or by its lock file. */
static const struct manager {
    const char *name;
    const char *lock_files[3];
    const char *run;        /* before a script's name */
    const char *everywhere; /* the script "test" of every package of a workspace */
} managers[] = {
    {"pnpm", {"pnpm-lock.yaml"}, "pnpm run", "pnpm -r --if-present run test"},
    {"bun", {"bun.lock", "bun.lockb"}, "bun run", "bun run --filter '*' test"},
    {"yarn", {"yarn.lock"}, "yarn run", "yarn workspaces run test"},
    {"npm",
     {"package-lock.json", "npm-shrinkwrap.json"},
     "npm run",
     "npm test --workspaces --if-present"},
};

enum { MANAGERS = sizeof(managers) / sizeof(managers[0]) };

static const struct manager *manager_of(struct finder *f, const json_t *package)
{
    const char *named = js_str(package, "packageManager", "");

    for (size_t i = 0; i < MANAGERS; i++) {
        size_t len = strlen(managers[i].name);

        if (strncmp(named, managers[i].name, len) == 0 && named[len] == '@')
            return &managers[i];
    }
    for (size_t i = 0; i < MANAGERS; i++) {
        for (size_t k = 0; k < 3 && managers[i].lock_files[k]; k++) {
            if (finder_has(f, managers[i].lock_files[k]))
                return &managers[i];
        }
    }
    return &managers[MANAGERS - 1];
}

static json_t *read_package(struct finder *f)
{
    AUTO_FREE char *text = NULL;
    json_t *package = NULL;

    if (!finder_read(f, "package.json", &text) ||
        js_parse(text, strlen(text), &package, NULL) != VDO_OK)
        return NULL;
    return package;
}

static bool has_script(const json_t *package, const char *name)
{
    const char *script = json_string_value(json_object_get(js_at(package, "scripts"), name));

    /* What `npm init` writes when there are no tests. */
    return script && *script && !strstr(script, "no test specified");
}

/* bun's own runner fails where it finds no test. */
static bool has_bun_tests(struct finder *f)
{
    static const char *const globs[] = {"*.test.ts", "*.test.tsx", "*.test.js", "*.test.jsx",
                                        "*_test.ts", "*_test.js",  "*.spec.ts", "*.spec.js"};
    bool has = false;

    for (size_t i = 0; !has && i < sizeof(globs) / sizeof(globs[0]); i++) {
        AUTO_FREE char *path = NULL;

        has = f->tree->find(f->tree->arg, globs[i], &path);
    }
    return has;
}

void find_node(struct finder *f)
{
    json_auto_t *package = read_package(f);
    const struct manager *manager;

    if (!package)
        return;
    manager = manager_of(f, package);
    if (has_script(package, "test")) {
        AUTO_FREE char *line = xasprintf("%s test", manager->name);

        /* "bun test" is bun's own runner, not the script. */
        if (strcmp(manager->name, "bun") == 0)
            finder_add(f, "bun run test", "bun run test", "package.json");
        else
            finder_add(f, line, line, "package.json");
    } else if (js_at(package, "workspaces")) {
        /* Since Yarn 2 the command has another name. */
        bool berry = strcmp(manager->name, "yarn") == 0 && finder_has(f, ".yarnrc.yml");

        finder_add(f, "workspaces test",
                   berry ? "yarn workspaces foreach -A run test" : manager->everywhere,
                   "package.json");
    } else if (finder_has(f, "pnpm-workspace.yaml")) {
        finder_add(f, "workspaces test", managers[0].everywhere, "pnpm-workspace.yaml");
    } else if (strcmp(manager->name, "bun") == 0 && has_bun_tests(f)) {
        finder_add(f, "bun test", "bun test", "package.json");
    }
}

void find_node_lint(struct finder *f)
{
    static const char *const scripts[] = {"lint", "typecheck", "type-check", "check-types"};
    json_auto_t *package = read_package(f);

    for (size_t i = 0; package && i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        if (has_script(package, scripts[i])) {
            AUTO_FREE char *line = xasprintf("%s %s", manager_of(f, package)->run, scripts[i]);

            finder_add(f, scripts[i], line, "package.json");
        }
    }
}
