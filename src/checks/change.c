#include "vdo/checks/change.h"

#include "vdo/base/limits.h"
#include "vdo/gitrepo/path.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { HEADER_LINES = 60, LICENCE = 1, COPYRIGHT = 2 };

static bool has_words(const char *line, size_t len, const char *words)
{
    size_t n = strlen(words);

    for (size_t i = 0; i + n <= len; i++) {
        if (strncasecmp(line + i, words, n) == 0)
            return true;
    }
    return false;
}

static bool is_licence(const char *line, size_t len)
{
    static const char *const words[] = {
        "SPDX-License-Identifier:",
        "Licensed under the ",
        "GNU General Public License",
        "GNU Lesser General Public License",
        "GNU Affero General Public License",
        "Permission is hereby granted, free of charge",
        "Permission to use, copy, modify",
        "Redistribution and use in source and binary forms",
        "Mozilla Public License",
        "Eclipse Public License",
        "governed by a BSD-style",
        "governed by an MIT",
        "This is free and unencumbered software released into the public domain",
        "Boost Software License",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_words(line, len, words[i]))
            return true;
    }
    return false;
}

/* "Copyright (c) 2024 Ann", "Copyright 2024 Ann", "Copyright The Authors": not "copyright = ...".
 */
static bool is_copyright(const char *line, size_t len)
{
    static const char word[] = "copyright ";

    for (size_t i = 0; i + sizeof(word) <= len; i++) {
        const char *behind = line + i + sizeof(word) - 1;

        if (strncasecmp(line + i, word, sizeof(word) - 1) == 0 &&
            (isdigit((unsigned char)*behind) || *behind == '(' || *behind == '\xc2' ||
             isupper((unsigned char)*behind)))
            return true;
    }
    return false;
}

static int header_of(const char *text)
{
    int found = 0;

    for (int i = 0; i < HEADER_LINES && *text; i++) {
        size_t len = strcspn(text, "\n");

        found |= is_licence(text, len) ? LICENCE : 0;
        found |= is_copyright(text, len) ? COPYRIGHT : 0;
        text += len + (text[len] == '\n');
    }
    return found;
}

bool change_lost_licence(const char *before, const char *after)
{
    /* A file that has become empty has lost more than its licence. */
    return after[strspn(after, " \t\r\n")] && (header_of(before) & ~header_of(after)) != 0;
}

static const struct {
    const char *glob; /* in lower case */
    const char *why;
} by_path[] = {
    {".github/workflows/**", "CI configuration"},
    {".github/actions/**", "CI configuration"},
    {"action.yml", "CI configuration"},
    {".gitlab-ci.yml", "CI configuration"},
    {".gitlab/**/*.yml", "CI configuration"},
    {".circleci/**", "CI configuration"},
    {".buildkite/**", "CI configuration"},
    {"jenkinsfile*", "CI configuration"},
    {"azure-pipelines*.yml", "CI configuration"},
    {".travis.yml", "CI configuration"},
    {".drone.yml", "CI configuration"},
    {"appveyor.yml", "CI configuration"},
    {"cloudbuild.y*ml", "CI configuration"},
    {"bitbucket-pipelines.yml", "CI configuration"},
    {"codeowners", "rules of review"},
    {".github/vdo.yml", "rules for this service"},
    {".github/dependabot.yml", "rules of dependencies"},
    {"renovate.json*", "rules of dependencies"},
    {"agents.md", "instructions to AI tools"},
    {"claude.md", "instructions to AI tools"},
    {".github/copilot-instructions.md", "instructions to AI tools"},
    {".cursor/**", "instructions to AI tools"},
    {".claude/**", "instructions to AI tools"},
    {".husky/**", "git hooks"},
    {".githooks/**", "git hooks"},
    {".pre-commit-config.yaml", "git hooks"},
    {".gitmodules", "dependencies"},
    {".gitattributes", "git's own configuration"},
    {".env", "credentials"},
    {".env.*", "credentials"},
    {"*.pem", "credentials"},
    {"*.key", "credentials"},
    {"*.p12", "credentials"},
    {"*.pfx", "credentials"},
    {"*.jks", "credentials"},
    {"*.keystore", "credentials"},
    {"id_rsa*", "credentials"},
    {"id_ed25519*", "credentials"},
    {".netrc", "credentials"},
    {".pypirc", "credentials"},
    {".htpasswd", "credentials"},
    {".npmrc", "package registries"},
    {".yarnrc*", "package registries"},
    {"pip.conf", "package registries"},
    {"license*", "licence"},
    {"licence*", "licence"},
    {"copying*", "licence"},
    {"notice", "licence"},
    {"notice.*", "licence"},
    {"package.json", "dependencies"},
    {"package-lock.json", "dependencies"},
    {"npm-shrinkwrap.json", "dependencies"},
    {"pnpm-lock.yaml", "dependencies"},
    {"yarn.lock", "dependencies"},
    {"bun.lock*", "dependencies"},
    {"pyproject.toml", "dependencies"},
    {"setup.py", "dependencies"},
    {"setup.cfg", "dependencies"},
    {"requirements*.txt", "dependencies"},
    {"requirements/*.txt", "dependencies"},
    {"pipfile*", "dependencies"},
    {"poetry.lock", "dependencies"},
    {"uv.lock", "dependencies"},
    {"go.mod", "dependencies"},
    {"go.sum", "dependencies"},
    {"cargo.toml", "dependencies"},
    {"cargo.lock", "dependencies"},
    {"pom.xml", "dependencies"},
    {"*.gradle", "dependencies"},
    {"*.gradle.kts", "dependencies"},
    {"gradle/wrapper/**", "dependencies"},
    {"libs.versions.toml", "dependencies"},
    {"gemfile*", "dependencies"},
    {"*.gemspec", "dependencies"},
    {"composer.json", "dependencies"},
    {"composer.lock", "dependencies"},
    {"mix.exs", "dependencies"},
    {"mix.lock", "dependencies"},
    {"*.csproj", "dependencies"},
    {"directory.packages.props", "dependencies"},
    {"conanfile.*", "dependencies"},
    {"vcpkg.json", "dependencies"},
    {"flake.nix", "dependencies"},
    {"flake.lock", "dependencies"},
    {"dockerfile*", "deployment"},
    {"*.dockerfile", "deployment"},
    {"containerfile*", "deployment"},
    {"docker-compose*.y*ml", "deployment"},
    {"compose*.y*ml", "deployment"},
    {"*.tf", "deployment"},
    {"*.tfvars", "deployment"},
    {"**/k8s/**", "deployment"},
    {"**/kubernetes/**", "deployment"},
    {"**/helm/**", "deployment"},
    {"**/ansible/**", "deployment"},
    {"**/terraform/**", "deployment"},
    {"deploy/**", "deployment"},
    {"procfile", "deployment"},
    {"*.service", "deployment"},
    {"fly.toml", "deployment"},
    {"vercel.json", "deployment"},
    {"netlify.toml", "deployment"},
    {"**/migrations/**", "database migration"},
    {"db/migrate/**", "database migration"},
    {"**/migrate/*.sql", "database migration"},
    {"**/alembic/versions/**", "database migration"},
};

/* Words of a path's parts, as names in code are put together: "src/userAuth/login_form.ts". */
static const struct {
    const char *word;
    const char *why;
} by_word[] = {
    {"acl", "permissions"},
    {"auth", "authentication"},
    {"authentication", "authentication"},
    {"authenticator", "authentication"},
    {"authn", "authentication"},
    {"authorization", "permissions"},
    {"authz", "permissions"},
    {"billing", "payments"},
    {"cipher", "cryptography"},
    {"crypto", "cryptography"},
    {"cryptography", "cryptography"},
    {"csrf", "authentication"},
    {"decrypt", "cryptography"},
    {"encrypt", "cryptography"},
    {"encryption", "cryptography"},
    {"jwt", "authentication"},
    {"ldap", "authentication"},
    {"login", "authentication"},
    {"oauth", "authentication"},
    {"oauth2", "authentication"},
    {"oidc", "authentication"},
    {"password", "authentication"},
    {"passwords", "authentication"},
    {"payment", "payments"},
    {"payments", "payments"},
    {"permission", "permissions"},
    {"permissions", "permissions"},
    {"rbac", "permissions"},
    {"saml", "authentication"},
    {"secret", "credentials"},
    {"secrets", "credentials"},
    {"session", "authentication"},
    {"sessions", "authentication"},
    {"signin", "authentication"},
    {"sso", "authentication"},
    {"webauthn", "authentication"},
};

static const char *why_of_word(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof(by_word) / sizeof(by_word[0]); i++) {
        if (strlen(by_word[i].word) == len && strncasecmp(by_word[i].word, word, len) == 0)
            return by_word[i].why;
    }
    return NULL;
}

static const char *why_of_words(const char *path)
{
    const char *why = NULL;

    while (*path && !why) {
        size_t n = 0;

        while (isalnum((unsigned char)path[n])) {
            n++;
            /* "userAuth" and "OAuthLogin": a capital behind a small letter begins a word */
            if (isupper((unsigned char)path[n]) && islower((unsigned char)path[n - 1]))
                break;
        }
        why = why_of_word(path, n);
        path += n ? n : 1;
    }
    return why;
}

/* Prose and tests about a matter are not the matter. */
static bool is_beside(const char *path)
{
    static const char *const globs[] = {
        "*.md",           "*.rst",         "*.txt",         "*.adoc",
        "*.svg",          "*.png",         "**/tests/**",   "**/test/**",
        "**/spec/**",     "*_test.*",      "*.test.*",      "*.spec.*",
        "test_*",         "**/docs/**",    "**/locales/**", "**/__tests__/**",
        "**/testdata/**", "**/fixtures/**"};

    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++) {
        if (path_glob_match(globs[i], path))
            return true;
    }
    return false;
}

const char *change_sensitive(const char *path)
{
    char lower[VDO_MAX_PATH_BYTES + 1];
    size_t len = strlen(path);

    if (len > VDO_MAX_PATH_BYTES)
        return NULL;
    for (size_t i = 0; i <= len; i++)
        lower[i] = (char)tolower((unsigned char)path[i]);
    for (size_t i = 0; i < sizeof(by_path) / sizeof(by_path[0]); i++) {
        if (path_glob_match(by_path[i].glob, lower))
            return by_path[i].why;
    }
    return is_beside(lower) ? NULL : why_of_words(path);
}
