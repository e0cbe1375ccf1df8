/*
 * What the code index costs: cold, warm, after a commit of 20 files, per query, on disk, in memory.
 *
 *     bench_index [FILES]     over FILES made-up sources of about 10 KB (5,000)
 *     bench_index DIR         over the tree at DIR
 */
#include "git_fixture.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/code/index.h"
#include "vdo/gitrepo/gitrepo.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
    FILES = 5000,
    FILE_BYTES = 10000,
    WORDS = 4000,
    NAMES_OF_A_FILE = 60,
    QUERIES = 20,
    CHANGED = 20
};

static uint32_t seed = 1;
static uint32_t file_seed = 1;

/* The same tree on every machine. */
static uint32_t draw(uint32_t bound)
{
    seed = seed * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)(seed >> 8) * bound >> 24);
}

/* A made-up word; low numbers come often, as in real text. */
static void add_word(struct strbuf *out)
{
    static const char *const syllables[] = {"ba", "re", "ti", "lo",   "con",  "ser", "ver", "par",
                                            "ne", "ma", "du", "sync", "poll", "fi",  "ta",  "ex"};
    uint32_t n = draw(WORDS);
    uint32_t word = (uint32_t)((uint64_t)n * n / WORDS) + 16;

    for (; word; word /= 16)
        (void)strbuf_adds(out, syllables[word % 16]);
}

/* A name as code has them; a file uses the same ones again and again. */
static void add_name(struct strbuf *out)
{
    uint32_t kept = seed;

    if (draw(8) != 0)
        seed = file_seed + draw(NAMES_OF_A_FILE) * 7919U;
    add_word(out);
    for (uint32_t i = draw(3); i > 0; i--) {
        (void)strbuf_addc(out, '_');
        add_word(out);
    }
    seed = kept;
    (void)draw(2);
}

static void add_function(struct strbuf *out)
{
    (void)strbuf_adds(out, "\n/* ");
    for (int i = 0; i < 12; i++) {
        add_word(out);
        (void)strbuf_addc(out, ' ');
    }
    (void)strbuf_adds(out, "*/\nint ");
    add_name(out);
    (void)strbuf_adds(out, "(int a, const char *b)\n{\n");
    for (uint32_t line = 8 + draw(20); line > 0; line--) {
        (void)strbuf_adds(out, "    if (");
        add_name(out);
        (void)strbuf_adds(out, "(a, \"");
        add_word(out);
        (void)strbuf_adds(out, "\") > b[a])\n        return ");
        add_name(out);
        (void)strbuf_adds(out, ";\n");
    }
    (void)strbuf_adds(out, "    return 0;\n}\n");
}

static void write_file(const char *root, unsigned i, unsigned version)
{
    AUTO_FREE char *dir = xasprintf("%s/part%u/room%u", root, i / 500, i / 25);
    AUTO_FREE char *path = xasprintf("%s/file%u.c", dir, i);
    AUTO_STRBUF text = {0};

    seed = i * 31U + version;
    file_seed = draw(1 << 20);
    strbuf_init(&text, 1 << 20);
    (void)strbuf_addf(&text, "/* File %u, version %u. */\n#include \"file%u.h\"\n", i, version,
                      i / 3);
    while (text.len < FILE_BYTES)
        add_function(&text);
    if (fs_make_dirs(dir, 0700, NULL) || fs_write_atomic(path, text.ptr, text.len, 0600, NULL))
        abort();
}

struct span {
    int64_t wall_ms;
    double cpu_ms; /* of this process; ctags runs beside it */
};

static double cpu_now(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static struct span begin(void)
{
    return (struct span){clock_mono_ms(clock_real()), cpu_now()};
}

/* One line of the report; times of each of n rounds. */
static void report(const char *what, struct span from, int n, const char *more)
{
    (void)printf("%-34s %8.1f ms, %8.1f ms of processor   %s\n", what,
                 (double)(clock_mono_ms(clock_real()) - from.wall_ms) / n,
                 (cpu_now() - from.cpu_ms) / n, more);
}

static long peak_mb(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static struct code_index *open_index(const char *dir)
{
    AUTO_FREE char *db = fs_join(dir, "index.db");
    struct code_index *index = NULL;
    struct err err = {0};

    if (code_index_open(db, &index, &err)) {
        (void)fprintf(stderr, "bench_index: %s\n", err.text);
        exit(1);
    }
    return index;
}

static void refresh(struct code_index *index, const char *root, const char *what)
{
    struct code_index_stats stats;
    struct err err = {0};
    struct span start = begin();
    char more[120];

    if (code_index_dir(index, root, NULL, &err)) {
        (void)fprintf(stderr, "bench_index: %s\n", err.text);
        exit(1);
    }
    code_index_stats(index, &stats);
    (void)snprintf(more, sizeof(more), "%llu files, %llu read, %llu symbols",
                   (unsigned long long)stats.files, (unsigned long long)stats.new_blobs,
                   (unsigned long long)stats.symbols);
    report(what, start, 1, more);
}

static void query(struct code_index *index)
{
    static const char text[] = "conser: verparre is not synced when the poll fails\n\n"
                               "Calling `tilo_conser` from parma returns early, expected ner. "
                               "The mareba cache is stale and dusync loses exta.";
    struct span start = begin();

    for (int i = 0; i < QUERIES; i++) {
        struct code_hit *hits = NULL;
        size_t n = 0;

        if (code_index_locate(index, text, 20, &hits, &n, NULL))
            exit(1);
        code_hits_free(hits, n);
    }
    report("query, index open", start, QUERIES, "");
}

static void outline(struct code_index *index)
{
    struct span start = begin();
    struct strbuf out;

    strbuf_init(&out, 1 << 20);
    if (code_index_outline(index, 4000, NULL, 0, &out, NULL))
        exit(1);
    report("outline of 4,000 tokens", start, 1, "");
    strbuf_release(&out);
}

/* The tools of a job: what they cost from the index, and from the files. */
static void tools(struct code_index *index, const char *root)
{
    struct code_symbol *found = NULL;
    struct strbuf out;
    struct span start;
    size_t n = 0;

    strbuf_init(&out, 1 << 24);
    start = begin();
    if (code_index_symbols(index, "tilo_conser", 40, &found, &n, NULL))
        exit(1);
    report("symbols: a name", start, 1, "");
    code_symbols_free(found, n);
    start = begin();
    if (code_index_list(index, "", 400, &out, NULL))
        exit(1);
    report("list_files, from the index", start, 1, "");
    strbuf_clear(&out);
    start = begin();
    if (code_list_dir(root, "", 400, &out, NULL))
        exit(1);
    report("list_files, from the files", start, 1, "");
    strbuf_clear(&out);
    start = begin();
    if (code_search_dir(root, "dusync\\w+\\(", NULL, 200, 0, &out, NULL))
        exit(1);
    report("search: 200 lines", start, 1, "");
    strbuf_clear(&out);
    start = begin();
    if (code_search_dir(root, "nowhere_at_all", NULL, 200, 0, &out, NULL))
        exit(1);
    report("search: no line", start, 1, "");
    strbuf_release(&out);
}

/* Files that were changed in a worktree laid over the index of its commit. */
static void overlay(struct code_index *index, const char *root, unsigned files)
{
    char paths[CHANGED][64];
    const char *list[CHANGED];
    struct span start;

    for (unsigned i = 0; i < CHANGED; i++) {
        unsigned number = draw(files);

        write_file(root, number, 5);
        (void)snprintf(paths[i], sizeof(paths[i]), "part%u/room%u/file%u.c", number / 500,
                       number / 25, number);
        list[i] = paths[i];
    }
    start = begin();
    if (code_index_overlay(index, root, list, CHANGED, NULL))
        exit(1);
    report("20 changed files laid over it", start, 1, "");
}

static void sizes(const char *dir)
{
    AUTO_FREE char *db = fs_join(dir, "index.db");
    struct stat st;

    if (stat(db, &st) == 0)
        (void)printf("%-34s %8.1f MB\n", "index on disk", (double)st.st_size / 1e6);
    (void)printf("%-34s %8ld MB\n", "memory, most at once", peak_mb());
}

/* The same files as a commit, then one that changes some of them. */
static void commits(const char *dir, const char *root, unsigned files)
{
    AUTO_FREE char *cache = fs_join(dir, "commits");
    AUTO_FREE char *git_dir = fs_join(root, ".git");
    struct code_index *index;

    git_fixture_run(root, "git init -q . && git add -A && git commit -q -m first");
    (void)fs_make_dirs(cache, 0700, NULL);
    index = open_index(cache);
    for (unsigned round = 0; round < 3; round++) {
        AUTO_FREE char *commit = git_fixture_sh(root, "git rev-parse HEAD");
        struct mirror *mirror = NULL;
        struct span start;

        if (mirror_open(git_dir, &mirror, NULL))
            exit(1);
        start = begin();
        if (code_index_commit(index, mirror, commit, NULL, NULL))
            exit(1);
        report(round ? "commit of 20 changed files" : "first commit, from its objects", start, 1,
               "");
        mirror_close(mirror);
        for (unsigned i = 0; i < CHANGED; i++)
            write_file(root, draw(files), round + 2);
        git_fixture_run(root, "git add -A && git commit -q -m next");
    }
    code_index_close(index);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/vdo-bench-index-XXXXXX";
    bool given = argc > 1 && !isdigit((unsigned char)argv[1][0]);
    unsigned files = argc > 1 && !given ? (unsigned)strtoul(argv[1], NULL, 10) : FILES;
    AUTO_FREE char *root = NULL;
    struct code_index *index;

    if (!mkdtemp(dir) || proc_start_supervisor(NULL) || gitrepo_startup(NULL))
        return 1;
    root = given ? xstrdup(argv[1]) : fs_join(dir, "tree");
    for (unsigned i = 0; i < files && !given; i++)
        write_file(root, i, 1);
    index = open_index(dir);
    refresh(index, root, "cold, symbols included");
    refresh(index, root, "again, just written"); /* contents are compared once more */
    refresh(index, root, "again");
    query(index);
    outline(index);
    tools(index, root);
    if (!given)
        overlay(index, root, files);
    for (unsigned i = 0; i < CHANGED && !given; i++)
        write_file(root, draw(files), 9);
    if (!given)
        refresh(index, root, "20 files changed");
    code_index_close(index);
    sizes(dir);
    if (!given && files <= FILES)
        commits(dir, root, files);
    (void)fs_remove_tree(dir, NULL);
    return 0;
}
