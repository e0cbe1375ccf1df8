#include "vdo/base/mem.h"
#include "vdo/checks/find.h"
#include "vdo/gitrepo/path.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { FILES = 4 };

struct tree {
    struct {
        const char *path;
        const char *text;
    } file[FILES];
};

static bool read_tree(void *arg, const char *path, char **out_text)
{
    const struct tree *tree = arg;

    for (size_t i = 0; i < FILES; i++) {
        if (tree->file[i].path && strcmp(tree->file[i].path, path) == 0) {
            *out_text = xstrdup(tree->file[i].text);
            return true;
        }
    }
    return false;
}

static bool find_in_tree(void *arg, const char *glob, char **out_path)
{
    const struct tree *tree = arg;

    for (size_t i = 0; i < FILES; i++) {
        if (tree->file[i].path && path_glob_match(glob, tree->file[i].path)) {
            *out_path = xstrdup(tree->file[i].path);
            return true;
        }
    }
    return false;
}

struct row {
    struct tree tree;
    const char *runs[4]; /* all of them, in order; none: nothing is found */
};

static void compare(const struct row *rows, size_t n, json_t *(*find)(const struct checks_tree *))
{
    for (size_t i = 0; i < n; i++) {
        struct tree tree = rows[i].tree;
        struct checks_tree looked_at = {.arg = &tree, .read = read_tree, .find = find_in_tree};
        json_auto_t *found = find(&looked_at);
        AUTO_FREE char *is = js_dump(found);
        size_t k = 0;

        for (; k < 4 && rows[i].runs[k]; k++) {
            const char *run = js_str(json_array_get(found, k), "run", "(nothing)");

            if (strcmp(run, rows[i].runs[k]) != 0)
                fail_msg("row %zu: expected %s: %s", i, rows[i].runs[k], is);
            assert_true(*js_str(json_array_get(found, k), "name", ""));
            assert_true(*js_str(json_array_get(found, k), "source", ""));
        }
        if (json_array_size(found) != k)
            fail_msg("row %zu: expected %zu checks: %s", i, k, is);
    }
}

#define COMPARE(rows, find) compare(rows, sizeof(rows) / sizeof((rows)[0]), find)

static void a_file_that_bundles_the_rest_is_taken_alone(void **state)
{
    static const struct row rows[] = {
        {{{{"Makefile", "all:\n\tcc x.c\ncheck: all\n\t./x\n"}, {"go.mod", ""}}}, {"make check"}},
        {{{{"Makefile", "test:\n\t./t\n"}}}, {"make test"}},
        {{{{"Makefile", "lint test: all\n\t./t\n"}}}, {"make test"}},
        {{{{"Makefile", "test:: all\n\t./t\n"}}}, {"make test"}},
        {{{{"Makefile", "all:\n\tcc x.c\n"}}}, {NULL}},
        {{{{"Makefile", "check := 3\n"}}}, {NULL}},
        {{{{"Makefile", "check ::= 3\n"}}}, {NULL}},
        {{{{"Makefile", "\tcheck: it\ncheckout:\n"}}}, {NULL}},
        {{{{"GNUmakefile", "tests:\n"}, {"Makefile", "check:\n"}}}, {"make tests"}},
        {{{{"GNUmakefile", "all:\n"}, {"Makefile", "check:\n"}}}, {NULL}},
        {{{{"Makefile", "all:\n"}, {"go.mod", ""}}}, {"go test -v ./..."}},
        {{{{"justfile", "build:\n  cc\ntest target='all': build\n  ./t\n"}}}, {"just test"}},
        {{{{"justfile", "test := 'x'\n"}}}, {NULL}},
        {{{{"Taskfile.yml", "version: '3'\ntasks:\n  test:\n    cmds: [go test]\n"}}},
         {"task test"}},
        {{{{"README.md", "make check"}}}, {NULL}},
    };

    (void)state;
    COMPARE(rows, checks_find);
}

static void package_json_is_run_by_the_manager_of_its_lock_file(void **state)
{
#define TEST "{\"scripts\":{\"test\":\"node --test\"}}"
    static const struct row rows[] = {
        {{{{"package.json", TEST}}}, {"npm test"}},
        {{{{"package.json", TEST}, {"package-lock.json", "{}"}}}, {"npm test"}},
        {{{{"package.json", TEST}, {"pnpm-lock.yaml", ""}}}, {"pnpm test"}},
        {{{{"package.json", TEST}, {"yarn.lock", ""}}}, {"yarn test"}},
        {{{{"package.json", TEST}, {"bun.lock", ""}}}, {"bun run test"}},
        {{{{"package.json",
            "{\"packageManager\":\"pnpm@9.1.0\",\"scripts\":{\"test\":\"vitest run\"}}"},
           {"yarn.lock", ""}}},
         {"pnpm test"}},
        {{{{"package.json", "{\"workspaces\":[\"a\",\"b\"]}"}}},
         {"npm test --workspaces --if-present"}},
        {{{{"package.json", "{\"workspaces\":[\"a\"]}"}, {"yarn.lock", ""}}},
         {"yarn workspaces run test"}},
        {{{{"package.json", "{\"workspaces\":[\"a\"]}"}, {"yarn.lock", ""}, {".yarnrc.yml", ""}}},
         {"yarn workspaces foreach -A run test"}},
        {{{{"package.json", "{}"}, {"pnpm-workspace.yaml", ""}}},
         {"pnpm -r --if-present run test"}},
        {{{{"package.json",
            "{\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}"}}},
         {NULL}},
        {{{{"package.json", "{\"scripts\":{\"test\":3}}"}}}, {NULL}},
        {{{{"package.json", "{\"scripts\":[]}"}}}, {NULL}},
        {{{{"package.json", "not json"}}}, {NULL}},
        {{{{"package.json", "{}"}}}, {NULL}},
        {{{{"package.json", "{}"}, {"bun.lock", ""}, {"src/a.test.ts", ""}}}, {"bun test"}},
        {{{{"package.json", "{}"}, {"bun.lock", ""}, {"src/a.ts", ""}}}, {NULL}},
    };

    (void)state;
    COMPARE(rows, checks_find);
}

static void each_ecosystem_tells_how_it_is_checked(void **state)
{
    static const struct row rows[] = {
        {{{{"pytest.ini", ""}}}, {"python3 -m pytest -v"}},
        {{{{"pyproject.toml", "[tool.pytest.ini_options]\n"}}}, {"python3 -m pytest -v"}},
        {{{{"tox.ini", "commands = pytest {posargs}\n"}}}, {"python3 -m pytest -v"}},
        {{{{"noxfile.py", "session.run('pytest')\n"}}}, {"python3 -m pytest -v"}},
        {{{{"setup.py", ""}}}, {"python3 -m unittest discover -v"}},
        {{{{"setup.py", ""}, {"requirements-dev.txt", "pytest==8\n"}}}, {"python3 -m pytest -v"}},
        {{{{"manage.py", "import django\n"}}}, {"python3 manage.py test"}},
        {{{{"go.mod", "module x\n"}}}, {"go test -v ./..."}},
        {{{{"go.work", ""}, {"go.mod", ""}}}, {"go list -f '{{.Dir}}/...' -m | xargs go test -v"}},
        {{{{"Cargo.toml", ""}}}, {"cargo test --offline"}},
        {{{{"Cargo.toml", "[workspace]\n"}}}, {"cargo test --offline --workspace"}},
        {{{{"pom.xml", ""}}}, {"mvn -B -o test"}},
        {{{{"pom.xml", ""}, {"mvnw", ""}}}, {"./mvnw -B -o test"}},
        {{{{"build.gradle.kts", ""}}}, {"gradle --offline test"}},
        {{{{"settings.gradle", ""}, {"gradlew", ""}}}, {"./gradlew --offline test"}},
        {{{{"meson.build", ""}}},
         {"meson setup build-vdo && meson test -C build-vdo --print-errorlogs"}},
        {{{{"configure", ""}}}, {"./configure && make check"}},
        {{{{"Gemfile", "gem 'rspec'\n"}, {"Rakefile", "task :test\n"}}}, {"bundle exec rspec"}},
        {{{{"Rakefile", "Rake::TestTask.new\n"}}}, {"bundle exec rake test"}},
        {{{{"phpunit.xml.dist", ""}}}, {"vendor/bin/phpunit"}},
        {{{{"Directory.Build.props", ""}}}, {"dotnet test --no-restore"}},
        {{{{"tests/A.Tests/A.Tests.csproj", ""}, {"A.sln", ""}, {"global.json", "\"sdk\""}}},
         {"dotnet test --no-restore 'A.sln'"}},
        {{{{"src/A.csproj", ""}, {"tests/A B.Tests.csproj", ""}}},
         {"dotnet test --no-restore 'tests/A B.Tests.csproj'"}},
        {{{{"it's.sln", ""}}}, {NULL}},
        {{{{"src/A.csproj", ""}}}, {NULL}},
        {{{{"Cargo.toml", "[workspace]\n"}, {".config/nextest.toml", ""}}},
         {"cargo nextest run --offline --workspace"}},
        {{{{"test/test_helper.rb", "require \"minitest/autorun\"\n"}}},
         {"bundle exec ruby -Itest -e "
          "'Dir.glob(\"./test/**/*_test.rb\").sort.each { |f| require f }'"}},
        {{{{"tests/run.bats", ""}}}, {"bats --tap --recursive tests"}},
        {{{{"vendor/x/tests/run.bats", ""}}}, {NULL}},
        {{{{"mix.exs", ""}}}, {"mix test"}},
        {{{{"go.mod", ""}, {"Cargo.toml", ""}, {"pytest.ini", ""}, {"package.json", TEST}}},
         {"npm test", "python3 -m pytest -v", "go test -v ./...", "cargo test --offline"}},
        {{{{"tox.ini", "nothing"}}}, {NULL}},
        {{{{"global.json", "{}"}}}, {NULL}},
    };

    (void)state;
    COMPARE(rows, checks_find);
}

static void lint_is_found_apart_from_the_tests(void **state)
{
    static const struct row rows[] = {
        {{{{"Makefile", "check:\n\nlint:\n\tx\n"}}}, {"make lint"}},
        {{{{"Makefile", "check:\n"}}}, {NULL}},
        {{{{"package.json", "{\"scripts\":{\"lint\":\"eslint .\",\"typecheck\":\"tsc\"}}"}}},
         {"npm run lint", "npm run typecheck"}},
        {{{{"pyproject.toml", "[tool.ruff]\n"}}}, {"ruff check --no-cache ."}},
        {{{{"go.mod", ""}}}, {"go vet ./..."}},
        {{{{"package.json", TEST}}}, {NULL}},
    };

    (void)state;
    COMPARE(rows, checks_find_lint);
}

static void lock_files_are_sorted_names_without_folders(void **state)
{
    const char *const *names = checks_lock_files();

    (void)state;
    for (size_t i = 0; names[i]; i++) {
        assert_null(strchr(names[i], '/'));
        if (i)
            assert_true(strcmp(names[i - 1], names[i]) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_bundles_the_rest_is_taken_alone),
        cmocka_unit_test(package_json_is_run_by_the_manager_of_its_lock_file),
        cmocka_unit_test(each_ecosystem_tells_how_it_is_checked),
        cmocka_unit_test(lint_is_found_apart_from_the_tests),
        cmocka_unit_test(lock_files_are_sorted_names_without_folders),
    };

    return cmocka_run_group_tests_name("checks/find", tests, NULL, NULL);
}
