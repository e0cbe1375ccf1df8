#include "classify.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/index.h"
#include "vdo/gitrepo/path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BINARY_PROBE = 8000,
    HEAD_PROBE = 2048,
    MINIFIED_LEAST = 4096,
    MINIFIED_LINE = 400, /* mean length of a line from which on no person wrote it */
    MAX_ATTRIBUTES = 500,
};

struct word_flag {
    const char *word;
    size_t len;
    unsigned flag;
};
#define W(text, flag)                \
    {                                \
        text, sizeof(text) - 1, flag \
    }

/* Directory names, lower case. */
static const struct word_flag dir_flags[] = {
    W("test", FILE_TEST),
    W("tests", FILE_TEST),
    W("__tests__", FILE_TEST),
    W("testing", FILE_TEST),
    W("testdata", FILE_TEST),
    W("test-data", FILE_TEST),
    W("test_data", FILE_TEST),
    W("testsuite", FILE_TEST),
    W("unittest", FILE_TEST),
    W("unittests", FILE_TEST),
    W("unit-tests", FILE_TEST),
    W("integration-tests", FILE_TEST),
    W("integration_tests", FILE_TEST),
    W("spec", FILE_TEST),
    W("specs", FILE_TEST),
    W("e2e", FILE_TEST),
    W("fixtures", FILE_TEST),
    W("__fixtures__", FILE_TEST),
    W("__mocks__", FILE_TEST),
    W("__snapshots__", FILE_TEST),
    W("doc", FILE_DOC),
    W("docs", FILE_DOC),
    W("documentation", FILE_DOC),
    W("man", FILE_DOC),
    W("example", FILE_EXAMPLE),
    W("examples", FILE_EXAMPLE),
    W("sample", FILE_EXAMPLE),
    W("samples", FILE_EXAMPLE),
    W("demo", FILE_EXAMPLE),
    W("demos", FILE_EXAMPLE),
    W("snippets", FILE_EXAMPLE),
    W("bench", FILE_EXAMPLE),
    W("benchmark", FILE_EXAMPLE),
    W("benchmarks", FILE_EXAMPLE),
    W("node_modules", FILE_VENDORED),
    W("bower_components", FILE_VENDORED),
    W("third_party", FILE_VENDORED),
    W("third-party", FILE_VENDORED),
    W("thirdparty", FILE_VENDORED),
    W("3rdparty", FILE_VENDORED),
    W("vendor", FILE_VENDORED),
    W("vendored", FILE_VENDORED),
    W("_vendor", FILE_VENDORED),
    W(".venv", FILE_VENDORED),
    W("site-packages", FILE_VENDORED),
    W("locale", FILE_LOCALE),
    W("locales", FILE_LOCALE),
    W("translations", FILE_LOCALE),
};

/* Whole base names, lower case. */
static const struct word_flag name_flags[] = {
    W("package-lock.json", FILE_LOCK), W("npm-shrinkwrap.json", FILE_LOCK),
    W("yarn.lock", FILE_LOCK),         W("pnpm-lock.yaml", FILE_LOCK),
    W("composer.lock", FILE_LOCK),     W("cargo.lock", FILE_LOCK),
    W("gemfile.lock", FILE_LOCK),      W("poetry.lock", FILE_LOCK),
    W("pdm.lock", FILE_LOCK),          W("uv.lock", FILE_LOCK),
    W("pipfile.lock", FILE_LOCK),      W("mix.lock", FILE_LOCK),
    W("pubspec.lock", FILE_LOCK),      W("packages.lock.json", FILE_LOCK),
    W("flake.lock", FILE_LOCK),        W("go.sum", FILE_LOCK),
    W("go.work.sum", FILE_LOCK),       W("gradle.lockfile", FILE_LOCK),
    W("bun.lockb", FILE_LOCK),         W("podfile.lock", FILE_LOCK),
    W("deno.lock", FILE_LOCK),         W("conftest.py", FILE_TEST),
};

/* Ends of base names, lower case. */
static const struct word_flag suffix_flags[] = {
    W(".min.js", FILE_MINIFIED),
    W(".min.css", FILE_MINIFIED),
    W(".min.mjs", FILE_MINIFIED),
    W(".map", FILE_GENERATED),
    W(".pb.go", FILE_GENERATED),
    W(".pb.cc", FILE_GENERATED),
    W(".pb.h", FILE_GENERATED),
    W("_pb2.py", FILE_GENERATED),
    W("_pb2_grpc.py", FILE_GENERATED),
    W("_pb2.pyi", FILE_GENERATED),
    W(".g.dart", FILE_GENERATED),
    W(".freezed.dart", FILE_GENERATED),
    W(".designer.cs", FILE_GENERATED),
    W(".snap", FILE_GENERATED),
    W("_generated.go", FILE_GENERATED),
    W(".po", FILE_LOCALE),
    W(".pot", FILE_LOCALE),
    W(".xlf", FILE_LOCALE),
    W(".arb", FILE_LOCALE),
    W(".md", FILE_DOC),
    W(".markdown", FILE_DOC),
    W(".rst", FILE_DOC),
    W(".adoc", FILE_DOC),
    W(".mdx", FILE_DOC),
    W(".txt", FILE_DOC),
    W(".tex", FILE_DOC),
};

/* The flag of a word that is in a table, 0 of others. */
static unsigned lookup(const struct word_flag *table, size_t n, const char *word, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].len == len && memcmp(word, table[i].word, len) == 0)
            return table[i].flag;
    }
    return 0;
}

static unsigned lookup_end(const char *name, size_t len)
{
    unsigned flags = 0;

    for (size_t i = 0; i < sizeof(suffix_flags) / sizeof(suffix_flags[0]); i++) {
        const struct word_flag *w = &suffix_flags[i];

        if (len >= w->len && name[len - 1] == w->word[w->len - 1] &&
            memcmp(name + len - w->len, w->word, w->len) == 0)
            flags |= w->flag;
    }
    return flags;
}

/* "FooTest", "BarTests", "TestBaz", "XyzIT", "FooSpec" */
static bool is_camel_test(const char *name, size_t stem_len)
{
    static const char *const ends[] = {"Test", "Tests", "TestCase", "Spec", "Specs", "IT"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);

        if (stem_len > n && memcmp(name + stem_len - n, ends[i], n) == 0 &&
            (islower((unsigned char)name[stem_len - n - 1]) ||
             isdigit((unsigned char)name[stem_len - n - 1])))
            return true;
    }
    return stem_len > 4 && memcmp(name, "Test", 4) == 0 && isupper((unsigned char)name[4]);
}

/* "server_test", "parse-spec", "strings_unittest", "tests": a name without what follows its first
 * dot, in lower case. */
static bool is_test_stem(const char *stem, size_t len)
{
    static const char *const words[] = {"test", "tests", "spec", "specs", "unittest", "unittests"};
    size_t from = len;

    while (from && stem[from - 1] != '_' && stem[from - 1] != '-')
        from--;
    if (!from)
        return len == 5 && memcmp(stem, "tests", 5) == 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (len - from == strlen(words[i]) && memcmp(stem + from, words[i], len - from) == 0)
            return true;
    }
    return false;
}

/* lower: name in lower case */
static bool is_test_name(const char *name, const char *lower, size_t len)
{
    const char *dot = strrchr(name, '.');

    if (strncmp(lower, "test_", 5) == 0 || is_camel_test(name, dot ? (size_t)(dot - name) : len) ||
        is_test_stem(lower, strcspn(lower, ".")))
        return true;
    for (const char *at = lower; (at = strchr(at, '.')); at++) {
        if (strncmp(at, ".test.", 6) == 0 || strncmp(at, ".spec.", 6) == 0 ||
            strncmp(at, ".test-d.", 8) == 0 || strncmp(at, ".cy.", 4) == 0)
            return true;
    }
    return false;
}

static unsigned name_flag(const char *name, const char *lower, size_t len)
{
    unsigned flags = is_test_name(name, lower, len) ? FILE_TEST : 0;

    flags |= lookup(name_flags, sizeof(name_flags) / sizeof(name_flags[0]), lower, len);
    flags |= len ? lookup_end(lower, len) : 0;
    /* A build file or a list of requirements is no prose, whatever its ending. */
    if (strcmp(lower, "cmakelists.txt") == 0 || strncmp(lower, "requirements", 12) == 0 ||
        strcmp(lower, "meson_options.txt") == 0)
        flags &= ~(unsigned)FILE_DOC;
    return flags;
}

/* "tests", "Shop.Tests", "unit-tests", "androidTest", "SharedSpecs". name: as it is written. */
static unsigned dir_flag(const char *name, const char *lower, size_t len)
{
    size_t n = sizeof(dir_flags) / sizeof(dir_flags[0]);
    unsigned flags = lookup(dir_flags, n, lower, len);
    size_t i = len;

    while (i && !strchr("._-", lower[i - 1]))
        i--;
    if (i)
        flags |= lookup(dir_flags, n, lower + i, len - i) & (FILE_TEST | FILE_EXAMPLE);
    return flags | (is_camel_test(name, len) ? FILE_TEST : 0);
}

unsigned classify_path(const char *path)
{
    char lower[VDO_MAX_PATH_BYTES + 1];
    size_t len = strnlen(path, VDO_MAX_PATH_BYTES);
    unsigned flags = 0;
    char *at = lower;
    char *slash;

    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)path[i]);
    lower[len] = '\0';
    while ((slash = strchr(at, '/'))) {
        flags |= dir_flag(path + (at - lower), at, (size_t)(slash - at));
        at = slash + 1;
    }
    return flags | name_flag(path + (at - lower), at, strlen(at));
}

bool code_is_test_path(const char *path)
{
    return (classify_path(path) & FILE_TEST) != 0;
}

/* Such a mark stands in a comment of the file's head; a program that writes it has it in a string.
 */
static bool in_comment(const char *bytes, const char *hit)
{
    const char *at = hit;

    while (at > bytes && at[-1] != '\n')
        at--;
    at += strspn(at, " \t");
    return strchr("#/*-;%<(!{\"'", *at) != NULL;
}

static bool says_generated(const char *bytes, size_t len)
{
    static const char *const marks[] = {"DO NOT EDIT",
                                        "@generated",
                                        "Code generated by",
                                        "This file was automatically generated",
                                        "This file is automatically generated",
                                        "This file is auto-generated",
                                        "This file is generated",
                                        "<auto-generated"};
    size_t probe = len < HEAD_PROBE ? len : HEAD_PROBE;

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *hit = memmem(bytes, probe, marks[i], strlen(marks[i]));

        if (hit && in_comment(bytes, hit))
            return true;
    }
    return false;
}

unsigned classify_bytes(const char *bytes, size_t len)
{
    size_t lines = 1;

    if (memchr(bytes, '\0', len < BINARY_PROBE ? len : BINARY_PROBE))
        return FILE_BINARY;
    if (says_generated(bytes, len))
        return FILE_GENERATED;
    if (len < MINIFIED_LEAST)
        return 0;
    for (const char *at = bytes; (at = memchr(at, '\n', len - (size_t)(at - bytes))); at++)
        lines++;
    return len / lines > MINIFIED_LINE ? FILE_MINIFIED : 0;
}

struct attribute {
    char *glob;
    unsigned set;
    unsigned clear;
};

struct attributes {
    char *base;
    size_t base_len;
    size_t n;
    struct attribute list[MAX_ATTRIBUTES];
};

static const struct word_flag attribute_flags[] = {
    W("linguist-generated", FILE_GENERATED),
    W("linguist-vendored", FILE_VENDORED),
    W("linguist-documentation", FILE_DOC),
};

/* One "name", "-name" or "name=value" of a line. */
static void read_attribute(struct attribute *out, const char *word)
{
    bool off = *word == '-' || *word == '!';
    const char *equals;
    size_t len;

    word += off;
    equals = strchr(word, '=');
    len = equals ? (size_t)(equals - word) : strlen(word);
    off = off || (equals && strcasecmp(equals + 1, "false") == 0);
    for (size_t i = 0; i < sizeof(attribute_flags) / sizeof(attribute_flags[0]); i++) {
        if (attribute_flags[i].len != len || memcmp(word, attribute_flags[i].word, len) != 0)
            continue;
        if (off)
            out->clear |= attribute_flags[i].flag;
        else
            out->set |= attribute_flags[i].flag;
    }
}

static bool read_line(char *line, struct attribute *out)
{
    char *save = NULL;
    char *glob = strtok_r(line, " \t\r", &save);

    *out = (struct attribute){0};
    if (!glob || *glob == '#' || *glob == '[')
        return false;
    for (char *word; (word = strtok_r(NULL, " \t\r", &save));)
        read_attribute(out, word);
    if (!out->set && !out->clear)
        return false;
    out->glob = xstrdup(*glob == '/' ? glob + 1 : glob);
    return true;
}

struct attributes *attributes_parse(const char *base, const char *text, size_t len)
{
    AUTO_FREE char *copy = xmemdup0(text, len);
    struct attributes *a = xcalloc(1, sizeof(*a));
    char *save = NULL;

    a->base = xstrdup(base);
    a->base_len = strlen(base);
    for (char *line = strtok_r(copy, "\n", &save); line && a->n < MAX_ATTRIBUTES;
         line = strtok_r(NULL, "\n", &save))
        a->n += read_line(line, &a->list[a->n]);
    if (!a->n) {
        attributes_free(a);
        return NULL;
    }
    return a;
}

void attributes_free(struct attributes *attributes)
{
    if (!attributes)
        return;
    for (size_t i = 0; i < attributes->n; i++)
        free(attributes->list[i].glob);
    free(attributes->base);
    free(attributes);
}

unsigned attributes_apply(const struct attributes *attributes, const char *path, unsigned flags)
{
    if (!attributes)
        return flags;
    if (attributes->base_len) {
        if (strncmp(path, attributes->base, attributes->base_len) != 0 ||
            path[attributes->base_len] != '/')
            return flags;
        path += attributes->base_len + 1;
    }
    for (size_t i = 0; i < attributes->n; i++) {
        const struct attribute *a = &attributes->list[i];

        if (path_glob_match(a->glob, path))
            flags = (flags | a->set) & ~a->clear;
    }
    return flags;
}
