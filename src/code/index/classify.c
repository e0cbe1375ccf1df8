#include "classify.h"

#include "vdo/base/mem.h"
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
    unsigned flag;
};

/* Directory names, lower case. */
static const struct word_flag dir_flags[] = {
    {"test", FILE_TEST},
    {"tests", FILE_TEST},
    {"__tests__", FILE_TEST},
    {"testing", FILE_TEST},
    {"testdata", FILE_TEST},
    {"test-data", FILE_TEST},
    {"test_data", FILE_TEST},
    {"testsuite", FILE_TEST},
    {"unittest", FILE_TEST},
    {"unittests", FILE_TEST},
    {"unit-tests", FILE_TEST},
    {"integration-tests", FILE_TEST},
    {"integration_tests", FILE_TEST},
    {"spec", FILE_TEST},
    {"specs", FILE_TEST},
    {"e2e", FILE_TEST},
    {"fixtures", FILE_TEST},
    {"__fixtures__", FILE_TEST},
    {"__mocks__", FILE_TEST},
    {"__snapshots__", FILE_TEST},
    {"doc", FILE_DOC},
    {"docs", FILE_DOC},
    {"documentation", FILE_DOC},
    {"man", FILE_DOC},
    {"example", FILE_EXAMPLE},
    {"examples", FILE_EXAMPLE},
    {"sample", FILE_EXAMPLE},
    {"samples", FILE_EXAMPLE},
    {"demo", FILE_EXAMPLE},
    {"demos", FILE_EXAMPLE},
    {"bench", FILE_EXAMPLE},
    {"benchmark", FILE_EXAMPLE},
    {"benchmarks", FILE_EXAMPLE},
    {"node_modules", FILE_VENDORED},
    {"bower_components", FILE_VENDORED},
    {"third_party", FILE_VENDORED},
    {"third-party", FILE_VENDORED},
    {"thirdparty", FILE_VENDORED},
    {"3rdparty", FILE_VENDORED},
    {"vendor", FILE_VENDORED},
    {"vendored", FILE_VENDORED},
    {"_vendor", FILE_VENDORED},
    {".venv", FILE_VENDORED},
    {"site-packages", FILE_VENDORED},
    {"locale", FILE_LOCALE},
    {"locales", FILE_LOCALE},
    {"translations", FILE_LOCALE},
};

/* Whole base names, lower case. */
static const struct word_flag name_flags[] = {
    {"package-lock.json", FILE_LOCK}, {"npm-shrinkwrap.json", FILE_LOCK},
    {"yarn.lock", FILE_LOCK},         {"pnpm-lock.yaml", FILE_LOCK},
    {"composer.lock", FILE_LOCK},     {"cargo.lock", FILE_LOCK},
    {"gemfile.lock", FILE_LOCK},      {"poetry.lock", FILE_LOCK},
    {"pdm.lock", FILE_LOCK},          {"uv.lock", FILE_LOCK},
    {"pipfile.lock", FILE_LOCK},      {"mix.lock", FILE_LOCK},
    {"pubspec.lock", FILE_LOCK},      {"packages.lock.json", FILE_LOCK},
    {"flake.lock", FILE_LOCK},        {"go.sum", FILE_LOCK},
    {"go.work.sum", FILE_LOCK},       {"gradle.lockfile", FILE_LOCK},
    {"bun.lockb", FILE_LOCK},         {"podfile.lock", FILE_LOCK},
    {"deno.lock", FILE_LOCK},         {"conftest.py", FILE_TEST},
};

/* Ends of base names, lower case. */
static const struct word_flag suffix_flags[] = {
    {".min.js", FILE_MINIFIED},
    {".min.css", FILE_MINIFIED},
    {".min.mjs", FILE_MINIFIED},
    {".map", FILE_GENERATED},
    {".pb.go", FILE_GENERATED},
    {".pb.cc", FILE_GENERATED},
    {".pb.h", FILE_GENERATED},
    {"_pb2.py", FILE_GENERATED},
    {"_pb2_grpc.py", FILE_GENERATED},
    {"_pb2.pyi", FILE_GENERATED},
    {".g.dart", FILE_GENERATED},
    {".freezed.dart", FILE_GENERATED},
    {".designer.cs", FILE_GENERATED},
    {".snap", FILE_GENERATED},
    {"_generated.go", FILE_GENERATED},
    {".po", FILE_LOCALE},
    {".pot", FILE_LOCALE},
    {".xlf", FILE_LOCALE},
    {".arb", FILE_LOCALE},
    {".md", FILE_DOC},
    {".markdown", FILE_DOC},
    {".rst", FILE_DOC},
    {".adoc", FILE_DOC},
    {".mdx", FILE_DOC},
    {".txt", FILE_DOC},
    {".tex", FILE_DOC},
    {"_test.go", FILE_TEST},
    {"_test.py", FILE_TEST},
    {"_test.c", FILE_TEST},
    {"_test.cc", FILE_TEST},
    {"_test.cpp", FILE_TEST},
    {"_test.rb", FILE_TEST},
    {"_spec.rb", FILE_TEST},
    {"_test.exs", FILE_TEST},
    {"_test.dart", FILE_TEST},
    {"_test.rs", FILE_TEST},
    {"_tests.rs", FILE_TEST},
    {"_unittest.cc", FILE_TEST},
    {"_test.ts", FILE_TEST},
    {"_test.js", FILE_TEST},
    {"_test.lua", FILE_TEST},
    {"_spec.lua", FILE_TEST},
    {"_test.php", FILE_TEST},
};

static unsigned lookup_dir(const char *part, size_t len)
{
    for (size_t i = 0; i < sizeof(dir_flags) / sizeof(dir_flags[0]); i++) {
        if (strlen(dir_flags[i].word) == len && strncasecmp(part, dir_flags[i].word, len) == 0)
            return dir_flags[i].flag;
    }
    return 0;
}

static bool ends_with(const char *name, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);

    return len >= n && strcasecmp(name + len - n, suffix) == 0;
}

/* "FooTest.java", "BarTests.cs", "TestBaz.java", "XyzIT.java", "FooSpec.scala" */
static bool is_camel_test(const char *name, size_t stem_len)
{
    static const char *const ends[] = {"Test", "Tests", "TestCase", "Spec", "IT"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);

        if (stem_len > n && memcmp(name + stem_len - n, ends[i], n) == 0 &&
            (islower((unsigned char)name[stem_len - n - 1]) ||
             isdigit((unsigned char)name[stem_len - n - 1])))
            return true;
    }
    return stem_len > 4 && memcmp(name, "Test", 4) == 0 && isupper((unsigned char)name[4]);
}

static bool is_test_name(const char *name, size_t len)
{
    const char *dot = strrchr(name, '.');
    size_t stem_len = dot ? (size_t)(dot - name) : len;

    return strncasecmp(name, "test_", 5) == 0 || strcasestr(name, ".test.") ||
           strcasestr(name, ".spec.") || strcasestr(name, ".test-d.") ||
           strcasestr(name, "-test.") || strcasestr(name, ".cy.") || is_camel_test(name, stem_len);
}

static unsigned name_flag(const char *name)
{
    size_t len = strlen(name);
    unsigned flags = is_test_name(name, len) ? FILE_TEST : 0;

    for (size_t i = 0; i < sizeof(name_flags) / sizeof(name_flags[0]); i++) {
        if (strcasecmp(name, name_flags[i].word) == 0)
            flags |= name_flags[i].flag;
    }
    for (size_t i = 0; i < sizeof(suffix_flags) / sizeof(suffix_flags[0]); i++) {
        if (ends_with(name, len, suffix_flags[i].word))
            flags |= suffix_flags[i].flag;
    }
    /* A build file or a list of requirements is no prose, whatever its ending. */
    if (strcasecmp(name, "CMakeLists.txt") == 0 || strncasecmp(name, "requirements", 12) == 0 ||
        strcasecmp(name, "meson_options.txt") == 0)
        flags &= ~(unsigned)FILE_DOC;
    return flags;
}

unsigned classify_path(const char *path)
{
    unsigned flags = 0;
    const char *at = path;
    const char *slash;

    while ((slash = strchr(at, '/'))) {
        flags |= lookup_dir(at, (size_t)(slash - at));
        at = slash + 1;
    }
    return flags | name_flag(at);
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
    {"linguist-generated", FILE_GENERATED},
    {"linguist-vendored", FILE_VENDORED},
    {"linguist-documentation", FILE_DOC},
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
        if (strlen(attribute_flags[i].word) != len ||
            strncmp(word, attribute_flags[i].word, len) != 0)
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
