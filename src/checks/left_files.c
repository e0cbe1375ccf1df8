/* What decides about a setup, and what a run leaves. */
#include "vdo/checks/find.h"

#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"
#include "vdo/sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 24 };

const char *const *checks_lock_files(void)
{
    static const char *const names[] = {
        "*.gemspec",
        ".npmrc",
        ".nvmrc",
        ".python-version",
        ".ruby-version",
        ".tool-versions",
        ".yarnrc",
        ".yarnrc.yml",
        "Cargo.lock",
        "Cargo.toml",
        "Gemfile",
        "Gemfile.lock",
        "Package.resolved",
        "Package.swift",
        "Pipfile",
        "Pipfile.lock",
        "Podfile",
        "Podfile.lock",
        "bower.json",
        "build.gradle",
        "build.gradle.kts",
        "bun.lock",
        "bun.lockb",
        "cabal.project.freeze",
        "composer.json",
        "composer.lock",
        "conan.lock",
        "constraints*.txt",
        "cpanfile",
        "cpanfile.snapshot",
        "deno.lock",
        "environment.yml",
        "flake.lock",
        "global.json",
        "go.mod",
        "go.sum",
        "gradle.lockfile",
        "libs.versions.toml",
        "mix.exs",
        "mix.lock",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "package.json",
        "packages.lock.json",
        "pdm.lock",
        "pixi.lock",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "poetry.lock",
        "pom.xml",
        "pubspec.lock",
        "pyproject.toml",
        "rebar.lock",
        "requirements*.txt",
        "rust-toolchain.toml",
        "setup.cfg",
        "setup.py",
        "stack.yaml.lock",
        "uv.lock",
        "yarn.lock",
        NULL,
    };

    return names;
}

const char *const *checks_junit_globs(void)
{
    static const char *const globs[] = {
        "**/surefire-reports/TEST-*.xml",
        "**/failsafe-reports/TEST-*.xml",
        "**/build/test-results/**/*.xml",
        "**/test-results/**/*.xml",
        "**/test-reports/**/*.xml",
        "**/junit.xml",
        "**/junit-*.xml",
        "**/TEST-*.xml",
        "**/*.junit.xml",
        NULL,
    };

    return globs;
}

struct walk {
    const char *dir;
    int64_t since_ms;
    struct results *results;
    json_t *files;
    size_t entries;
    size_t bytes;
    bool full; /* a cap was reached */
};

static bool is_passed_over(const char *name)
{
    static const char *const names[] = {".git", ".hg", ".venv", "node_modules", "vendor"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_junit_path(const char *path)
{
    for (const char *const *glob = checks_junit_globs(); *glob; glob++) {
        if (path_glob_match(*glob, path))
            return true;
    }
    return false;
}

/* The time of the last change of the file itself cannot be set by who owns it, unlike its mtime. */
static bool is_of_this_run(const struct walk *walk, const struct stat *st)
{
    return (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000 >= walk->since_ms;
}

static void note(struct walk *walk, const char *path, const char *why)
{
    (void)json_array_append_new(
        walk->files, json_pack("{s:o, s:o}", "path", js_string_lossy(path, strlen(path)), "why",
                               why ? js_string_lossy(why, strlen(why)) : json_null()));
}

static void take_file(struct walk *walk, const char *path)
{
    struct err err = {0};
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;
    int rc;

    if (json_array_size(walk->files) == CHECKS_MAX_JUNIT_FILES ||
        walk->bytes >= RESULTS_MAX_JUNIT) {
        walk->full = true;
        return;
    }
    rc = sandbox_read_file(walk->dir, path, RESULTS_MAX_JUNIT - walk->bytes, &bytes, &len, &err);
    if (!rc) {
        walk->bytes += len;
        rc = results_feed_junit(walk->results, bytes, len, &err);
    }
    note(walk, path, rc ? err.text : NULL);
}

static void walk_dir(struct walk *walk, int parent, const char *name, const char *path, int depth);

static void take_entry(struct walk *walk, int fd, const char *prefix, const char *name, int depth)
{
    AUTO_FREE char *path = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
    struct stat st;

    if (++walk->entries > CHECKS_MAX_ENTRIES) {
        walk->full = true;
        return;
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return;
    if (S_ISDIR(st.st_mode) && depth < DEEPEST && !is_passed_over(name))
        walk_dir(walk, fd, name, path, depth + 1);
    else if (S_ISREG(st.st_mode) && is_of_this_run(walk, &st) && is_junit_path(path))
        take_file(walk, path);
}

static void walk_dir(struct walk *walk, int parent, const char *name, const char *path, int depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!entries) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!walk->full && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            take_entry(walk, fd, path, entry->d_name, depth);
    }
    (void)closedir(entries);
}

int checks_read_junit(const char *dir, int64_t since_ms, struct results *results,
                      json_t **out_files, struct err *err)
{
    struct walk walk = {.dir = dir, .since_ms = since_ms, .results = results};
    struct stat st;

    if (stat(dir, &st) || !S_ISDIR(st.st_mode))
        return err_set(err, VDO_E_IO, "%s: cannot be read as a directory", dir);
    walk.files = json_array();
    walk_dir(&walk, AT_FDCWD, dir, "", 0);
    *out_files = walk.files;
    if (walk.full)
        return err_set(err, VDO_E_TOO_LARGE,
                       "%s: over %d JUnit files, %d entries or %lu bytes; the rest was not read",
                       dir, CHECKS_MAX_JUNIT_FILES, CHECKS_MAX_ENTRIES, RESULTS_MAX_JUNIT);
    return VDO_OK;
}
