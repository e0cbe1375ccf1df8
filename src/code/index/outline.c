#include "outline_facts.h"

#include "classify.h"
#include "index_struct.h"
#include "lang.h"

#include "vdo/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_PER_TOKEN = 3,
    MAX_BUDGET = 200000,
    MAX_LINE = 400,
    FOCUS_SYMBOLS = 12,
    OTHER_SYMBOLS = 5,
    MAX_SYMBOLS = FACTS_MAX_SYMBOLS,
    MAX_DIR_LEVELS = 6,
};

struct outline {
    struct code_index *index;
    struct outline_facts *facts;
    struct strbuf *out;
    size_t end; /* out->len must not pass this */
    struct err *err;
};

/* A whole line or nothing. */
static bool add_line(struct outline *o, size_t end, const char *text)
{
    size_t len = strlen(text);

    if (o->out->len + len + 1 > end)
        return false;
    (void)strbuf_add(o->out, text, len);
    (void)strbuf_addc(o->out, '\n');
    return true;
}

static const struct snap_file *file_at(const struct outline *o, size_t i)
{
    return &o->index->snapshot.files[i];
}

/* ---- the head: languages, build, conventions, entry points ---- */

static void add_list(struct outline *o, const char *heading, struct strbuf *items)
{
    AUTO_FREE char *line = xasprintf("%s: %s", heading, items->ptr);

    if (items->len)
        (void)add_line(o, o->end, line);
    strbuf_clear(items);
}

static void add_item(struct strbuf *items, const char *text)
{
    if (items->len < MAX_LINE)
        (void)strbuf_addf(items, "%s%s", items->len ? ", " : "", text);
}

static void languages(struct outline *o, struct strbuf *items)
{
    const struct outline_language *list = NULL;
    size_t n = outline_languages(o->facts, &list);

    for (size_t i = 0; i < n && i < 5; i++) {
        char text[80];

        if (list[i].percent < 1)
            break;
        (void)snprintf(text, sizeof(text), "%s %u %%", list[i].name, list[i].percent);
        add_item(items, text);
    }
    add_list(o, "Languages", items);
}

struct known_file {
    const char *name;
    const char *commands;
};

/* What each build file means for who wants to build and test; targets and scripts are added. */
static const struct known_file build_files[] = {
    {"Makefile", "make"},
    {"GNUmakefile", "make"},
    {"CMakeLists.txt", "cmake -B build && cmake --build build && ctest --test-dir build"},
    {"meson.build", "meson setup build && meson test -C build"},
    {"configure.ac", "./configure && make check"},
    {"go.mod", "go build ./... && go test ./..."},
    {"Cargo.toml", "cargo build && cargo test"},
    {"package.json", "npm install && npm test"},
    {"deno.json", "deno test"},
    {"pyproject.toml", "python -m pytest"},
    {"setup.py", "python -m pytest"},
    {"tox.ini", "tox"},
    {"noxfile.py", "nox"},
    {"pom.xml", "mvn test"},
    {"build.gradle", "gradle test"},
    {"build.gradle.kts", "gradle test"},
    {"build.sbt", "sbt test"},
    {"Gemfile", "bundle install"},
    {"Rakefile", "rake test"},
    {"composer.json", "composer install && composer test"},
    {"mix.exs", "mix test"},
    {"rebar.config", "rebar3 eunit"},
    {"stack.yaml", "stack test"},
    {"dune-project", "dune test"},
    {"Package.swift", "swift test"},
    {"pubspec.yaml", "dart test"},
    {"build.zig", "zig build test"},
    {"Justfile", "just"},
    {"justfile", "just"},
    {"WORKSPACE", "bazel test //..."},
    {"MODULE.bazel", "bazel test //..."},
};

/* "all, check, ..." of a Makefile, or the scripts of package.json, as ctags and the scan saw them.
 */
static int targets_of(struct outline *o, const struct snap_file *file, struct strbuf *out)
{
    struct facts_symbol symbol;
    struct facts facts;
    size_t at = 0;
    unsigned n = 0;
    int rc = index_facts(o->index, file, &facts, o->err);

    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    while (n < 12 && facts_next_symbol(&facts, &at, &symbol)) {
        if (strcmp(symbol.kind, "target") != 0 && strcmp(symbol.kind, "script") != 0)
            continue;
        if (strpbrk(symbol.name, "$%/."))
            continue;
        (void)strbuf_addf(out, "%s%s", n++ ? " " : "; ", symbol.name);
    }
    return VDO_OK;
}

static int build_commands(struct outline *o, struct strbuf *items)
{
    for (size_t k = 0; k < sizeof(build_files) / sizeof(build_files[0]); k++) {
        const struct snap_file *file = snapshot_find(&o->index->snapshot, build_files[k].name);
        AUTO_STRBUF text = {0};
        int rc;

        if (!file)
            continue;
        strbuf_init(&text, MAX_LINE);
        (void)strbuf_addf(&text, "%s (%s", build_files[k].name, build_files[k].commands);
        rc = targets_of(o, file, &text);
        if (rc)
            return rc;
        (void)strbuf_adds(&text, ")");
        add_item(items, text.ptr);
    }
    add_list(o, "Build and test", items);
    return VDO_OK;
}

static void conventions(struct outline *o, struct strbuf *items)
{
    static const char *const names[] = {"AGENTS.md",
                                        "CLAUDE.md",
                                        ".github/copilot-instructions.md",
                                        "CONTRIBUTING.md",
                                        "CONTRIBUTING",
                                        "CONTRIBUTING.rst",
                                        ".github/CONTRIBUTING.md",
                                        "docs/CONTRIBUTING.md",
                                        "STYLE.md",
                                        ".editorconfig",
                                        ".clang-format",
                                        ".pre-commit-config.yaml"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (snapshot_find(&o->index->snapshot, names[i]))
            add_item(items, names[i]);
    }
    add_list(o, "Conventions", items);
}

static void entry_points(struct outline *o, struct strbuf *items)
{
    unsigned n = 0;

    for (size_t i = 0; i < o->index->snapshot.n && n < 8; i++) {
        if (outline_is_entry(o->facts, i)) {
            add_item(items, file_at(o, i)->path);
            n++;
        }
    }
    add_list(o, "Entry points", items);
}

static int head(struct outline *o)
{
    AUTO_STRBUF items = {0};
    char text[80];
    int rc;

    strbuf_init(&items, (size_t)MAX_LINE * 4);
    (void)snprintf(text, sizeof(text), "Files: %zu", o->index->snapshot.n);
    (void)add_line(o, o->end, text);
    languages(o, &items);
    rc = build_commands(o, &items);
    conventions(o, &items);
    entry_points(o, &items);
    return rc;
}

/* ---- directories ---- */

/* Length of the directory part of path that has `levels` components; 0 when it has fewer. */
static size_t dir_part(const char *path, unsigned levels)
{
    const char *at = path;

    while (levels-- > 0) {
        at = strchr(at, '/');
        if (!at)
            return 0;
        at++;
    }
    return (size_t)(at - path);
}

/* One line for each directory of up to that many levels; bytes they take. */
static size_t show_dirs(const struct outline *o, unsigned levels, struct strbuf *out)
{
    const struct snapshot *s = &o->index->snapshot;
    size_t bytes = 0;

    for (size_t i = 0; i < s->n; i++) {
        for (unsigned level = 1; level <= levels; level++) {
            size_t len = dir_part(s->files[i].path, level);
            size_t n = 1;
            char count[40];

            if (!len || (i && strncmp(s->files[i - 1].path, s->files[i].path, len) == 0))
                continue;
            while (i + n < s->n && strncmp(s->files[i + n].path, s->files[i].path, len) == 0)
                n++;
            bytes += len + (size_t)snprintf(count, sizeof(count), " (%zu)\n", n);
            if (out) {
                (void)strbuf_add(out, s->files[i].path, len);
                (void)strbuf_adds(out, count);
            }
        }
    }
    return bytes;
}

static void directories(struct outline *o, size_t room)
{
    static const char heading[] = "\nDirectories (files):\n";
    unsigned levels = MAX_DIR_LEVELS;

    while (levels && show_dirs(o, levels, NULL) > room)
        levels--;
    if (!levels || o->out->len + sizeof(heading) + room > o->end || show_dirs(o, levels, NULL) == 0)
        return;
    (void)strbuf_adds(o->out, heading);
    (void)show_dirs(o, levels, o->out);
}

/* ---- files ---- */

struct pick {
    struct facts_symbol symbol;
    double weight;
};

static int by_weight(const void *a, const void *b)
{
    const struct pick *x = a;
    const struct pick *y = b;

    if (x->weight < y->weight || x->weight > y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->symbol.line > y->symbol.line) - (x->symbol.line < y->symbol.line);
}

static int by_line(const void *a, const void *b)
{
    uint32_t x = ((const struct pick *)a)->symbol.line;
    uint32_t y = ((const struct pick *)b)->symbol.line;

    return (x > y) - (x < y);
}

static void format_symbol(const struct facts_symbol *s, char *text, size_t size)
{
    (void)snprintf(text, size, "  %u %s %s%s%s%.100s", s->line, s->kind, s->scope,
                   *s->scope ? "." : "", s->name, s->signature);
}

/* The line of one file and its weightiest symbols, in the order of the file. */
static int add_file(struct outline *o, size_t i, unsigned most, size_t end, bool *added)
{
    const struct snap_file *file = file_at(o, i);
    struct facts facts;
    struct facts_symbol symbol;
    AUTO_FREE struct pick *picks = NULL;
    char text[MAX_LINE];
    size_t at = 0;
    size_t n = 0;
    int rc = index_facts(o->index, file, &facts, o->err);

    *added = false;
    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    (void)snprintf(text, sizeof(text), "%.200s%s%.*s", file->path,
                   facts.head->summary_len ? ": " : "", (int)facts.head->summary_len,
                   facts.summary);
    *added = add_line(o, end, text);
    if (!*added)
        return VDO_OK;
    picks = xcalloc(facts.head->n_symbols + 1UL, sizeof(*picks));
    while (n < facts.head->n_symbols && facts_next_symbol(&facts, &at, &symbol)) {
        double weight = outline_symbol_weight(o->facts, &symbol);

        if (weight > 0)
            picks[n++] = (struct pick){symbol, weight};
    }
    qsort(picks, n, sizeof(*picks), by_weight);
    n = n < most ? n : most;
    qsort(picks, n, sizeof(*picks), by_line);
    for (size_t k = 0; k < n; k++) {
        format_symbol(&picks[k].symbol, text, sizeof(text));
        if (!add_line(o, end, text))
            break;
    }
    return VDO_OK;
}

static int focus_files(struct outline *o, const char *const *focus, size_t n, size_t end,
                       bool *taken)
{
    bool first = true;

    for (size_t i = 0; i < n; i++) {
        const struct snap_file *file = snapshot_find(&o->index->snapshot, focus[i]);
        size_t at = file ? (size_t)(file - o->index->snapshot.files) : 0;
        bool added = false;
        int rc;

        if (!file || taken[at])
            continue;
        if (first && (!add_line(o, end, "") || !add_line(o, end, "Most relevant files:")))
            return VDO_OK;
        first = false;
        rc = add_file(o, at, FOCUS_SYMBOLS, end, &added);
        if (rc)
            return rc;
        taken[at] = added;
    }
    return VDO_OK;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* What the most important files would take, until the room is used; then they are written in path
 * order. */
static int other_files(struct outline *o, const bool *taken)
{
    const uint32_t *order = NULL;
    size_t n = outline_by_importance(o->facts, &order);
    AUTO_FREE uint32_t *chosen = xcalloc(n + 1, sizeof(*chosen));
    size_t start = o->out->len;
    size_t chosen_n = 0;
    int rc = VDO_OK;

    if (!add_line(o, o->end, "") || !add_line(o, o->end, "Important files:"))
        return VDO_OK;
    for (size_t i = 0; i < n && !rc; i++) {
        bool added = false;

        if (taken[order[i]])
            continue;
        rc = add_file(o, order[i], OTHER_SYMBOLS, o->end, &added);
        if (!added)
            break;
        chosen[chosen_n++] = order[i];
    }
    strbuf_truncate(o->out, start);
    if (!chosen_n || rc)
        return rc;
    (void)strbuf_adds(o->out, "\nImportant files:\n");
    qsort(chosen, chosen_n, sizeof(*chosen), by_number);
    for (size_t i = 0; i < chosen_n && !rc; i++) {
        bool added = false;

        rc = add_file(o, chosen[i], OTHER_SYMBOLS, o->end, &added);
    }
    return rc;
}

int code_index_outline(struct code_index *index, size_t budget_tokens, const char *const *focus,
                       size_t n_focus, struct strbuf *out, struct err *err)
{
    size_t budget = (budget_tokens < MAX_BUDGET ? budget_tokens : MAX_BUDGET) * BYTES_PER_TOKEN;
    struct outline o = {.index = index, .out = out, .end = out->len + budget, .err = err};
    AUTO_FREE bool *taken = xcalloc(index->snapshot.n + 1, sizeof(*taken));
    int rc = index_db_begin_read(index->db, err);

    if (!rc)
        rc = outline_facts_read(index, &o.facts, err);
    if (!rc)
        rc = head(&o);
    if (!rc && n_focus)
        rc = focus_files(&o, focus, n_focus, out->len + (o.end - out->len) / 2, taken);
    if (!rc) {
        directories(&o, budget / 5);
        rc = other_files(&o, taken);
    }
    index_db_end_read(index->db);
    outline_facts_free(o.facts);
    if (!rc && strbuf_overflowed(out))
        rc = err_set(err, VDO_E_TOO_LARGE, "outline: the buffer is too small for the budget");
    return rc;
}
