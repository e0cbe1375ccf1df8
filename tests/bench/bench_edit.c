/*
 * bench_edit: what applying an answer costs, disk included. One change to a file of 10,000 lines,
 * found exactly, by its indentation, with a misspelt line, and not at all; and answers of a
 * megabyte. The goals are 5 ms and 50 ms. One line per measurement: name, p50 and p95 with the
 * disk's syncs, p50 of a dry run.
 */
#include "timing.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/code/edit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS = 41, LINES = 10000, BIG = 4 * 1024 * 1024 };

static char top[] = "/tmp/vdo-bench-XXXXXX";

/* Line i of the file: blocks of ten, indented by what stands in front. */
static void add_line(struct strbuf *sb, const char *lead, int i)
{
    static const char *const SHAPES[] = {"static int step_%d(struct run *run)",
                                         "{",
                                         "    int n = %d;",
                                         "",
                                         "    if (run->count > %d) {",
                                         "        n++;",
                                         "    }",
                                         "    return n + %d;",
                                         "}",
                                         ""};
    const char *shape = SHAPES[i % 10];
    const char *mark = strstr(shape, "%d");

    if (!*shape) {
        (void)strbuf_addc(sb, '\n');
        return;
    }
    (void)strbuf_adds(sb, lead);
    if (mark) {
        (void)strbuf_add(sb, shape, (size_t)(mark - shape));
        (void)strbuf_addf(sb, "%d%s\n", i, mark + 2);
    } else {
        (void)strbuf_addf(sb, "%s\n", shape);
    }
}

static void write_file(const struct strbuf *content)
{
    char *path = fs_join(top, "big.c");
    char *other = fs_join(top, "new.c");

    (void)unlink(other);
    free(other);
    if (fs_write_atomic(path, content->ptr, content->len, 0644, NULL))
        abort();
    free(path);
}

/* A hunk of seven old lines around the return of the block at line i. lead: in front of each line.
 */
static void add_hunk(struct strbuf *sb, const char *lead, int i, bool numbers, bool typo)
{
    if (numbers)
        (void)strbuf_addf(sb, "@@ -%d,7 +%d,7 @@\n", i + 3, i + 3);
    else
        (void)strbuf_adds(sb, "@@\n");
    for (int k = 2; k < 9; k++) {
        bool change = k == 7;

        (void)strbuf_addc(sb, change ? '-' : ' ');
        if (k == 4 && typo)
            (void)strbuf_addf(sb, "    if (run->cuont > %d) {\n", i + k);
        else
            add_line(sb, lead, i + k);
        if (change)
            (void)strbuf_addf(sb, "+%s    return n - %d;\n", lead, i + k);
    }
}

static double run_once(const char *name, const char *answer, size_t len, bool dry_run, int want)
{
    struct edit_options options = {.dir = top, .dry_run = dry_run};
    json_t *report = NULL;
    double start = now_ms();
    int rc = edit_apply_answer(&options, EDIT_AUTO, answer, len, &report, NULL);
    double took = now_ms() - start;

    if (rc != want) {
        char *text = json_dumps(report, 0);

        (void)fprintf(stderr, "%s: %s\n", name, text);
        free(text);
        exit(1);
    }
    json_decref(report);
    return took;
}

static void measure(const char *name, const struct strbuf *content, const char *answer, size_t len,
                    int want, double goal_ms)
{
    double dry[RUNS];
    double all[RUNS];

    for (int i = 0; i < RUNS; i++) {
        write_file(content);
        dry[i] = run_once(name, answer, len, true, want);
        all[i] = run_once(name, answer, len, false, want);
    }
    sort_times(dry, RUNS);
    sort_times(all, RUNS);
    (void)printf("%-38s p50 %6.2f ms  p95 %6.2f ms  without writing p50 %6.2f ms  goal %3.0f ms\n",
                 name, all[RUNS / 2], all[RUNS * 95 / 100], dry[RUNS / 2], goal_ms);
}

static void bench_hunk(const char *name, const struct strbuf *content, const char *lead,
                       bool numbers, bool typo, int line, int want)
{
    struct strbuf sb;

    strbuf_init(&sb, BIG);
    (void)strbuf_adds(&sb, "--- a/big.c\n+++ b/big.c\n");
    add_hunk(&sb, lead, line, numbers, typo);
    measure(name, content, sb.ptr, sb.len, want, 5);
    strbuf_release(&sb);
}

static void bench_megabyte_of_hunks(const struct strbuf *content)
{
    struct strbuf sb;

    strbuf_init(&sb, BIG);
    (void)strbuf_adds(&sb, "--- a/big.c\n+++ b/big.c\n");
    for (int i = 0; i < LINES; i += 10)
        add_hunk(&sb, "", i, false, false);
    (void)strbuf_adds(&sb, "--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n");
    while (sb.len < 1024 * 1024)
        (void)strbuf_adds(&sb, "+    the rest of the megabyte is one new file\n");
    measure("1 MB: 1,000 hunks and a new file", content, sb.ptr, sb.len, 0, 50);
    strbuf_release(&sb);
}

static void bench_megabyte_whole(const struct strbuf *content)
{
    struct strbuf sb;

    strbuf_init(&sb, BIG);
    (void)strbuf_adds(&sb, "big.c\n```\n");
    while (sb.len < 1024 * 1024)
        (void)strbuf_addf(&sb, "    int a_whole_file_%zu;\n", sb.len);
    (void)strbuf_adds(&sb, "```\n");
    measure("1 MB: one whole file", content, sb.ptr, sb.len, 0, 50);
    strbuf_release(&sb);
}

static void bench_megabyte_of_blocks(const struct strbuf *content)
{
    struct strbuf sb;

    strbuf_init(&sb, BIG);
    for (int i = 0; sb.len < 1024 * 1024; i = (i + 10) % LINES) {
        (void)strbuf_adds(&sb, "big.c\n<<<<<<< SEARCH\n");
        add_line(&sb, "", i + 7);
        (void)strbuf_adds(&sb, "=======\n");
        for (int k = 0; k < 30; k++)
            (void)strbuf_addf(&sb, "    a_line_of_a_long_replacement(%d);\n", i + k);
        (void)strbuf_adds(&sb, ">>>>>>> REPLACE\n");
    }
    measure("1 MB: SEARCH/REPLACE blocks", content, sb.ptr, sb.len, 0, 50);
    strbuf_release(&sb);
}

int main(void)
{
    struct strbuf content;

    if (!mkdtemp(top))
        return 1;
    strbuf_init(&content, BIG);
    for (int i = 0; i < LINES; i++)
        add_line(&content, "", i);
    bench_hunk("10,000 lines: exact, with numbers", &content, "", true, false, 5000, 0);
    bench_hunk("10,000 lines: exact, without numbers", &content, "", false, false, 5000, 0);
    bench_hunk("10,000 lines: other indentation", &content, "    ", false, false, 5000, 0);
    bench_hunk("10,000 lines: a misspelt line", &content, "", false, true, 5000, 0);
    bench_hunk("10,000 lines: not there", &content, "", false, false, 20000, VDO_E_REFUSED);
    bench_megabyte_whole(&content);
    bench_megabyte_of_hunks(&content);
    bench_megabyte_of_blocks(&content);
    strbuf_release(&content);
    (void)fs_remove_tree(top, NULL);
    return 0;
}
