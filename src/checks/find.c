#include "vdo/checks/find.h"

#include "finder.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Files that bundle a project's commands; of each group the first that is there is the one its tool
 * takes. %s is the target. */
static const struct {
    const char *group;
    const char *file;
    const char *run;
    const char *pattern;
} bundles[] = {
#define MAKE_TARGET "^([A-Za-z0-9_.-]+ +)*%s( +[A-Za-z0-9_.-]+)*[[:space:]]*::?([^=:]|$)"
    {"make", "GNUmakefile", "make %s", MAKE_TARGET}, {"make", "makefile", "make %s", MAKE_TARGET},
    {"make", "Makefile", "make %s", MAKE_TARGET},
#define JUST_RECIPE "^@?%s( [^:]*)?:([^=]|$)"
    {"just", "justfile", "just %s", JUST_RECIPE},    {"just", "Justfile", "just %s", JUST_RECIPE},
    {"just", ".justfile", "just %s", JUST_RECIPE},
#define TASK_KEY "^  %s:"
    {"task", "Taskfile.yml", "task %s", TASK_KEY},   {"task", "Taskfile.yaml", "task %s", TASK_KEY},
};

/* The text with the target in place of its "%s". */
static char *fill(const char *text, const char *target)
{
    const char *mark = strstr(text, "%s");

    return xasprintf("%.*s%s%s", (int)(mark - text), text, target, mark + 2);
}

/* Add the first of the targets that a bundle has. */
static bool find_bundled(struct finder *f, const char *const *targets)
{
    const char *seen = "";

    for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
        AUTO_FREE char *text = NULL;

        if (strcmp(seen, bundles[i].group) == 0 || !finder_read(f, bundles[i].file, &text))
            continue;
        seen = bundles[i].group;
        for (const char *const *target = targets; *target; target++) {
            AUTO_FREE char *pattern = fill(bundles[i].pattern, *target);
            AUTO_FREE char *line = fill(bundles[i].run, *target);

            if (finder_text_matches(text, pattern)) {
                finder_add(f, line, line, bundles[i].file);
                return true;
            }
        }
    }
    return false;
}

json_t *checks_find(const struct checks_tree *tree)
{
    static const char *const targets[] = {"check", "test", "tests", NULL};
    struct finder f = {.tree = tree, .found = json_array()};

    if (find_bundled(&f, targets))
        return f.found;
    find_node(&f);
    find_by_table(&f);
    return f.found;
}

json_t *checks_find_lint(const struct checks_tree *tree)
{
    static const char *const targets[] = {"lint", NULL};
    struct finder f = {.tree = tree, .found = json_array()};

    if (find_bundled(&f, targets))
        return f.found;
    find_node_lint(&f);
    find_lint_by_table(&f);
    return f.found;
}

json_t *checks_configured(const struct repo_config *config)
{
    json_t *list;

    if (config->n_checks == 0)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < config->n_checks; i++) {
        const struct repo_check *check = &config->checks[i];

        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s}", "name", check->name,
                                                    "run", check->run, "timeout_ms",
                                                    (json_int_t)check->timeout_ms, "source",
                                                    ".github/vdo.yml"));
    }
    return list;
}
