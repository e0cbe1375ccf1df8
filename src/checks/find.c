#include "vdo/checks/find.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct finder {
    checks_read_fn read;
    void *arg;
    json_t *found;
};

static bool has(struct finder *f, const char *path)
{
    AUTO_FREE char *text = NULL;

    return f->read(f->arg, path, &text);
}

static void add(struct finder *f, const char *name, const char *line, const char *source)
{
    (void)json_array_append_new(f->found, json_pack("{s:s, s:s, s:i, s:s}", "name", name, "run",
                                                    line, "timeout_ms", 0, "source", source));
}

static bool matches(const char *text, const char *pattern)
{
    regex_t re;
    bool hit;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
        return false;
    hit = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return hit;
}

/* A target that checks, of the Makefile that make itself would take. */
static bool find_make(struct finder *f)
{
    static const char *const files[] = {"GNUmakefile", "makefile", "Makefile"};
    static const char *const targets[][2] = {{"check", "^check[[:space:]]*:([^=]|$)"},
                                             {"test", "^test[[:space:]]*:([^=]|$)"},
                                             {"tests", "^tests[[:space:]]*:([^=]|$)"}};

    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *text = NULL;

        if (!f->read(f->arg, files[i], &text))
            continue;
        for (size_t t = 0; t < 3; t++) {
            AUTO_FREE char *line = xasprintf("make %s", targets[t][0]);

            if (matches(text, targets[t][1]))
                return add(f, line, line, files[i]), true;
        }
        return false;
    }
    return false;
}

static void find_node(struct finder *f)
{
    AUTO_FREE char *text = NULL;
    json_auto_t *package = NULL;
    const char *script;

    if (!f->read(f->arg, "package.json", &text) ||
        js_parse(text, strlen(text), &package, NULL) != VDO_OK)
        return;
    script = js_str(package, "scripts.test", "");
    /* What `npm init` writes when there are no tests. */
    if (*script && !strstr(script, "no test specified"))
        add(f, "npm test", "npm test", "package.json");
}

static void find_python(struct finder *f)
{
    static const char *const files[] = {"pytest.ini",     "tox.ini",     "setup.cfg",
                                        "pyproject.toml", "conftest.py", "tests/conftest.py"};
    const char *source = NULL;

    for (size_t i = 0; !source && i < sizeof(files) / sizeof(files[0]); i++) {
        AUTO_FREE char *text = NULL;

        if (f->read(f->arg, files[i], &text) &&
            (strstr(files[i], "py.ini") || strstr(files[i], "conftest") || strstr(text, "pytest") ||
             strstr(files[i], "pytest")))
            source = files[i];
    }
    if (source)
        add(f, "pytest", "python3 -m pytest -q", source);
    else if (has(f, "pyproject.toml") || has(f, "setup.py"))
        add(f, "unittest", "python3 -m unittest discover",
            has(f, "setup.py") ? "setup.py" : "pyproject.toml");
}

static void find_native(struct finder *f)
{
    if (has(f, "CMakeLists.txt"))
        add(f, "ctest",
            "cmake -S . -B build-vdo && cmake --build build-vdo && ctest --test-dir build-vdo --output-on-failure",
            "CMakeLists.txt");
    else if (has(f, "meson.build"))
        add(f, "meson test", "meson setup build-vdo && meson test -C build-vdo", "meson.build");
    else if (has(f, "configure"))
        add(f, "make check", "./configure && make check", "configure");
}

json_t *checks_find(checks_read_fn read, void *arg)
{
    struct finder f = {.read = read, .arg = arg, .found = json_array()};

    /* A Makefile with such a target is how the project itself bundles the rest. */
    if (find_make(&f))
        return f.found;
    find_node(&f);
    find_python(&f);
    if (has(&f, "go.mod"))
        add(&f, "go test", "go test ./...", "go.mod");
    if (has(&f, "Cargo.toml"))
        add(&f, "cargo test", "cargo test --offline", "Cargo.toml");
    if (has(&f, "pom.xml"))
        add(&f, "mvn test", "mvn -q -o test", "pom.xml");
    else if (has(&f, "build.gradle") || has(&f, "build.gradle.kts"))
        add(&f, "gradle test",
            has(&f, "gradlew") ? "./gradlew --offline test" : "gradle --offline test",
            "build.gradle");
    find_native(&f);
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
