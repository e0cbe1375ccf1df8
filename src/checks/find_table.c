#include "finder.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * One row for each thing that tells of a check. Of a group the first row that holds is taken, so
 * the more telling ones stand first. Where a runner can name the tests that pass, it is asked to.
 */
static const struct row {
    const char *group;
    const char *file;    /* a glob where it holds a "*": the first path that it matches */
    const char *pattern; /* a line in it; NULL: the file is enough */
    const char *name;
    const char *run; /* "%s" is the path, quoted */
} tests[] = {
    {"python", "pytest.ini", NULL, "pytest", "python3 -m pytest -v"},
    {"python", ".pytest.ini", NULL, "pytest", "python3 -m pytest -v"},
    {"python", "pyproject.toml", "pytest", "pytest", "python3 -m pytest -v"},
    {"python", "setup.cfg", "pytest", "pytest", "python3 -m pytest -v"},
    {"python", "tox.ini", "pytest|py\\.test", "pytest", "python3 -m pytest -v"},
    {"python", "noxfile.py", "pytest", "pytest", "python3 -m pytest -v"},
    {"python", "conftest.py", NULL, "pytest", "python3 -m pytest -v"},
    {"python", "tests/conftest.py", NULL, "pytest", "python3 -m pytest -v"},
    {"python", "test/conftest.py", NULL, "pytest", "python3 -m pytest -v"},
    {"python", "Pipfile", "^pytest", "pytest", "python3 -m pytest -v"},
    {"python", "requirements.txt", "^pytest", "pytest", "python3 -m pytest -v"},
    {"python", "requirements-dev.txt", "^pytest", "pytest", "python3 -m pytest -v"},
    {"python", "requirements/dev.txt", "^pytest", "pytest", "python3 -m pytest -v"},
    {"python", "manage.py", "django", "django", "python3 manage.py test"},
    {"python", "setup.py", NULL, "unittest", "python3 -m unittest discover -v"},
    {"python", "pyproject.toml", NULL, "unittest", "python3 -m unittest discover -v"},
    {"python", "tox.ini", "unittest", "unittest", "python3 -m unittest discover -v"},
    {"python", "tests/__init__.py", NULL, "unittest", "python3 -m unittest discover -v"},

    {"go", "go.work", NULL, "go test", "go list -f '{{.Dir}}/...' -m | xargs go test -v"},
    {"go", "go.mod", NULL, "go test", "go test -v ./..."},

    {"rust", ".config/nextest.toml", NULL, "cargo nextest",
     "cargo nextest run --offline --workspace"},
    {"rust", "Cargo.toml", "^\\[workspace", "cargo test", "cargo test --offline --workspace"},
    {"rust", "Cargo.toml", NULL, "cargo test", "cargo test --offline"},

    {"jvm", "mvnw", NULL, "mvn test", "./mvnw -B -o test"},
    {"jvm", "pom.xml", NULL, "mvn test", "mvn -B -o test"},
    {"jvm", "gradlew", NULL, "gradle test", "./gradlew --offline test"},
    {"jvm", "settings.gradle.kts", NULL, "gradle test", "gradle --offline test"},
    {"jvm", "settings.gradle", NULL, "gradle test", "gradle --offline test"},
    {"jvm", "build.gradle.kts", NULL, "gradle test", "gradle --offline test"},
    {"jvm", "build.gradle", NULL, "gradle test", "gradle --offline test"},
    {"jvm", "build.sbt", NULL, "sbt test", "sbt -Dsbt.offline=true test"},

    {"native", "CMakeLists.txt", NULL, "ctest",
     "cmake -S . -B build-vdo && cmake --build build-vdo && "
     "ctest --test-dir build-vdo --output-on-failure"},
    {"native", "meson.build", NULL, "meson test",
     "meson setup build-vdo && meson test -C build-vdo --print-errorlogs"},
    {"native", "configure", NULL, "make check", "./configure && make check"},
    {"native", "configure.ac", NULL, "make check", "autoreconf -i && ./configure && make check"},
    {"native", "build.zig", NULL, "zig build test", "zig build test"},

    {"ruby", ".rspec", NULL, "rspec", "bundle exec rspec"},
    {"ruby", "Gemfile", "rspec", "rspec", "bundle exec rspec"},
    {"ruby", "spec/spec_helper.rb", NULL, "rspec", "bundle exec rspec"},
    {"ruby", "bin/rails", NULL, "rails test", "bin/rails test"},
    {"ruby", "Rakefile", "TestTask|task +:?[\"']?test|Minitest", "rake test",
     "bundle exec rake test"},
    {"ruby", "test/test_helper.rb", "minitest", "minitest",
     "bundle exec ruby -Itest -e 'Dir.glob(\"./test/**/*_test.rb\").sort.each { |f| require f }'"},

    {"php", "phpunit.xml", NULL, "phpunit", "vendor/bin/phpunit"},
    {"php", "phpunit.xml.dist", NULL, "phpunit", "vendor/bin/phpunit"},
    {"php", "phpunit.dist.xml", NULL, "phpunit", "vendor/bin/phpunit"},
    {"php", "composer.json", "\"phpunit/phpunit\"", "phpunit", "vendor/bin/phpunit"},

    {"dotnet", "*.sln", NULL, "dotnet test", "dotnet test --no-restore %s"},
    {"dotnet", "*.slnx", NULL, "dotnet test", "dotnet test --no-restore %s"},
    {"dotnet", "*Test*.csproj", NULL, "dotnet test", "dotnet test --no-restore %s"},
    {"dotnet", "*Test*.fsproj", NULL, "dotnet test", "dotnet test --no-restore %s"},
    {"dotnet", "*Test*.vbproj", NULL, "dotnet test", "dotnet test --no-restore %s"},
    {"dotnet", "global.json", "\"sdk\"", "dotnet test", "dotnet test --no-restore"},
    {"dotnet", "Directory.Build.props", NULL, "dotnet test", "dotnet test --no-restore"},
    {"dotnet", "Directory.Packages.props", NULL, "dotnet test", "dotnet test --no-restore"},

    {"elixir", "mix.exs", NULL, "mix test", "mix test"},
    {"erlang", "rebar.config", NULL, "rebar3 eunit", "rebar3 eunit"},
    {"swift", "Package.swift", NULL, "swift test", "swift test"},
    {"dart", "pubspec.yaml", "^  flutter:", "flutter test", "flutter test --no-pub"},
    {"dart", "pubspec.yaml", NULL, "dart test", "dart test"},
    {"haskell", "stack.yaml", NULL, "stack test", "stack test"},
    {"haskell", "cabal.project", NULL, "cabal test", "cabal test --offline all"},
    {"perl", "Makefile.PL", NULL, "prove", "prove -lr t"},
    {"perl", "cpanfile", NULL, "prove", "prove -lr t"},
    {"shell", "test/*.bats", NULL, "bats", "bats --tap --recursive test"},
    {"shell", "tests/*.bats", NULL, "bats", "bats --tap --recursive tests"},
    {"deno", "deno.json", NULL, "deno test", "deno test --cached-only --allow-all"},
    {"deno", "deno.jsonc", NULL, "deno test", "deno test --cached-only --allow-all"},
};

static const struct row lints[] = {
    {"python", "ruff.toml", NULL, "ruff", "ruff check --no-cache ."},
    {"python", ".ruff.toml", NULL, "ruff", "ruff check --no-cache ."},
    {"python", "pyproject.toml", "^\\[tool\\.ruff", "ruff", "ruff check --no-cache ."},
    {"python", ".flake8", NULL, "flake8", "flake8"},
    {"python", "setup.cfg", "^\\[flake8\\]", "flake8", "flake8"},
    {"go", "go.mod", NULL, "go vet", "go vet ./..."},
    {"ruby", ".rubocop.yml", NULL, "rubocop", "bundle exec rubocop"},
};

/* The path of a row's file, or NULL; freed by the caller. One that a shell's quotes cannot hold is
 * none. */
static char *file_of(struct finder *f, const struct row *row)
{
    char *path = NULL;

    if (!strchr(row->file, '*'))
        return finder_matches(f, row->file, row->pattern) ? xstrdup(row->file) : NULL;
    if (!f->tree->find(f->tree->arg, row->file, &path))
        return NULL;
    if (strchr(path, '\'')) {
        free(path);
        return NULL;
    }
    return path;
}

static void find_rows(struct finder *f, const struct row *rows, size_t n)
{
    const char *taken = "";

    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *run = NULL;
        const char *mark = strstr(rows[i].run, "%s");

        if (strcmp(rows[i].group, taken) == 0 || !(path = file_of(f, &rows[i])))
            continue;
        taken = rows[i].group;
        run = mark ?
                  xasprintf("%.*s'%s'%s", (int)(mark - rows[i].run), rows[i].run, path, mark + 2) :
                  xstrdup(rows[i].run);
        finder_add(f, rows[i].name, run, path);
    }
}

void find_by_table(struct finder *f)
{
    find_rows(f, tests, sizeof(tests) / sizeof(tests[0]));
}

void find_lint_by_table(struct finder *f)
{
    find_rows(f, lints, sizeof(lints) / sizeof(lints[0]));
}
