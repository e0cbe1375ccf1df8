/*
 * Answers against small trees.
 *
 * Input "T...": an answer of any kind; the tree is fixed. Input "D...": bytes make a file and a
 * changed one; their difference is written as a unified diff.
 *
 * Held: an answer without marks has nothing to apply where whole files do not count; nothing
 * outside the tree changes; a refused answer leaves every byte; an applied one that
 * carries no line numbers does not apply a second time; a diff of two files, with its numbers or
 * without them, gives exactly the second one or is refused, and so does its inverse.
 */
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/code/edit.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 48, MAX_DUMP = 1024 * 1024, CONTEXT = 3 };

static char *base_dir; /* holds "tree" and "outside" */
static char *tree_dir;

static void put(const char *dir, const char *path, const char *bytes, size_t len)
{
    char *full = fs_join(dir, path);
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert(fd >= 0);
    if (write(fd, bytes, len) != (ssize_t)len)
        abort();
    (void)close(fd);
    free(full);
}

static void dump(struct strbuf *sb, const char *dir)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char *full = fs_join(dir, list[i]->d_name);
        struct stat st;

        if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0 &&
            lstat(full, &st) == 0) {
            (void)strbuf_addf(sb, "%s %o\n", full, st.st_mode);
            if (S_ISDIR(st.st_mode)) {
                dump(sb, full);
            } else if (S_ISREG(st.st_mode)) {
                char *bytes = NULL;
                size_t len = 0;

                if (fs_read_file(full, MAX_DUMP, &bytes, &len, NULL) == 0)
                    (void)strbuf_add(sb, bytes, len);
                free(bytes);
            }
        }
        free(full);
        free(list[i]);
    }
    free(list);
}

static char *dump_dir(const char *dir)
{
    struct strbuf sb;

    strbuf_init(&sb, MAX_DUMP);
    dump(&sb, dir);
    return strbuf_take(&sb, NULL);
}

static void start_tree(void)
{
    if (!base_dir) {
        /* memory where there is some: each answer is synced to disk */
        const char *top = fs_is_dir("/dev/shm") ? "/dev/shm" : "/tmp";
        char *outside;

        base_dir = xasprintf("%s/fuzz-edit-XXXXXX", top);
        assert(mkdtemp(base_dir));
        tree_dir = fs_join(base_dir, "tree");
        outside = fs_join(base_dir, "outside");
        (void)mkdir(outside, 0755);
        put(outside, "f", "kept\n", 5);
        free(outside);
    }
    (void)fs_remove_tree(tree_dir, NULL);
    (void)mkdir(tree_dir, 0755);
}

static int apply(enum edit_format format, const char *answer, size_t len)
{
    struct edit_options options = {.dir = tree_dir};
    json_t *report = NULL;
    struct err err = {0};
    int rc = edit_apply_answer(&options, format, answer, len, &report, &err);

    assert(report);
    assert(rc == 0 || rc == VDO_E_REFUSED || rc == VDO_E_IO);
    assert(json_is_true(json_object_get(report, "applied")) == (rc == 0));
    assert(rc != VDO_E_REFUSED || json_is_string(json_object_get(report, "reason")));
    json_decref(report);
    return rc;
}

/* What is not marked holds no edits but whole files. */
static void check_marks(const char *answer, size_t len)
{
    struct edit_options options = {.dir = tree_dir, .dry_run = true, .only_marked = true};
    json_t *report = NULL;
    struct err err = {0};
    int rc = edit_apply_answer(&options, EDIT_AUTO, answer, len, &report, &err);

    assert(edit_answer_is_marked(answer, len) || rc == VDO_E_REFUSED);
    json_decref(report);
}

/* --- any answer ---------------------------------------------------------------------------- */

static bool has_numbers(const char *answer, size_t len)
{
    return memmem(answer, len, "@@ -", 4) || memmem(answer, len, "@@-", 3) ||
           memmem(answer, len, "start_line", 10) || memmem(answer, len, "|", 1);
}

static void check_outside(void)
{
    struct dirent **list = NULL;
    int n = scandir(base_dir, &list, NULL, alphasort);
    char *outside = fs_join(base_dir, "outside");
    char *have = dump_dir(outside);

    assert(n == 4); /* ".", "..", "outside", "tree" */
    assert(strstr(have, "kept\n"));
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    free(have);
    free(outside);
}

static void any_answer(const char *answer, size_t len)
{
    static const char A[] = "def a(x):\n    if x:\n        return 1\n    return 2\n\n\ndef b():\n"
                            "    pass\n";
    static const char B[] = "one\r\ntwo\r\nthree";
    enum edit_format format = (enum edit_format)(len % 5);
    char *before;
    char *after;
    int rc;

    start_tree();
    put(tree_dir, "a.py", A, sizeof(A) - 1);
    put(tree_dir, "b.txt", B, sizeof(B) - 1);
    before = dump_dir(tree_dir);
    check_marks(answer, len);
    rc = apply(format, answer, len);
    after = dump_dir(tree_dir);
    check_outside();
    if (rc != 0) {
        assert(strcmp(before, after) == 0);
    } else {
        char *again;

        assert(strcmp(before, after) != 0);
        rc = apply(format, answer, len);
        again = dump_dir(tree_dir);
        assert(has_numbers(answer, len) || (rc != 0 && strcmp(after, again) == 0));
        free(again);
    }
    free(before);
    free(after);
}

/* --- a difference of two files ------------------------------------------------------------- */

struct side {
    char lines[MAX_LINES][8];
    size_t n;
};

/* old lines, and how each becomes the new ones */
struct pair {
    struct side old;
    struct side new;
    char ops[2 * MAX_LINES]; /* ' ', '-', '+' in diff order */
    size_t n_ops;
};

static void add_line(struct side *side, uint8_t byte)
{
    static const char *const WORDS[] = {"a", "b", "  c", "", "\td", "{", "}", "e f"};

    (void)snprintf(side->lines[side->n++], sizeof(side->lines[0]), "%s", WORDS[byte % 8]);
}

static void make_pair(struct pair *p, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size && p->old.n + 1 < MAX_LINES && p->new.n + 1 < MAX_LINES; i++) {
        uint8_t what = data[i] >> 3;

        if (what < 20) {
            add_line(&p->old, data[i]);
            add_line(&p->new, data[i]);
            p->ops[p->n_ops++] = ' ';
        } else if (what < 26) {
            add_line(&p->old, data[i]);
            p->ops[p->n_ops++] = '-';
        } else {
            add_line(&p->new, data[i]);
            p->ops[p->n_ops++] = '+';
        }
    }
}

static void write_side(const struct side *side)
{
    struct strbuf sb;

    strbuf_init(&sb, MAX_DUMP);
    for (size_t i = 0; i < side->n; i++)
        (void)strbuf_addf(&sb, "%s\n", side->lines[i]);
    put(tree_dir, "f", sb.ptr, sb.len);
    strbuf_release(&sb);
}

static bool tree_is(const struct side *side)
{
    struct strbuf sb;
    char *path = fs_join(tree_dir, "f");
    char *have = NULL;
    size_t len = 0;
    bool same;

    strbuf_init(&sb, MAX_DUMP);
    for (size_t i = 0; i < side->n; i++)
        (void)strbuf_addf(&sb, "%s\n", side->lines[i]);
    assert(fs_read_file(path, MAX_DUMP, &have, &len, NULL) == 0);
    same = len == sb.len && memcmp(have, sb.ptr, len) == 0;
    free(have);
    free(path);
    strbuf_release(&sb);
    return same;
}

/* Is op k a change, or at most three lines away from one? */
static bool is_near_change(const struct pair *p, size_t k)
{
    size_t from = k > CONTEXT ? k - CONTEXT : 0;

    for (size_t i = from; i <= k + CONTEXT && i < p->n_ops; i++) {
        if (p->ops[i] != ' ')
            return true;
    }
    return false;
}

struct diff_writer {
    struct strbuf *sb;
    const struct pair *pair;
    const struct side *old;
    const struct side *new;
    char removed; /* the op that removes: '-', or '+' in the inverse */
    bool numbers;
    size_t old_at;
    size_t new_at;
};

static void write_head(struct diff_writer *w, size_t from, size_t to)
{
    size_t old_n = 0;
    size_t new_n = 0;

    for (size_t k = from; k < to; k++) {
        old_n += w->pair->ops[k] == ' ' || w->pair->ops[k] == w->removed;
        new_n += w->pair->ops[k] != w->removed;
    }
    if (w->numbers)
        (void)strbuf_addf(w->sb, "@@ -%zu,%zu +%zu,%zu @@\n", w->old_at + (old_n > 0), old_n,
                          w->new_at + (new_n > 0), new_n);
    else
        (void)strbuf_adds(w->sb, "@@\n");
}

static void write_op(struct diff_writer *w, size_t k, bool shown)
{
    char op = w->pair->ops[k];
    const char *text =
        op == ' ' || op == w->removed ? w->old->lines[w->old_at] : w->new->lines[w->new_at];

    if (shown)
        (void)strbuf_addf(w->sb, "%c%s\n", op == ' ' ? ' ' : op == w->removed ? '-' : '+', text);
    w->old_at += op == ' ' || op == w->removed;
    w->new_at += op != w->removed;
}

static void write_diff(struct strbuf *sb, const struct pair *p, bool inverse, bool numbers)
{
    struct diff_writer w = {.sb = sb,
                            .pair = p,
                            .old = inverse ? &p->new : &p->old,
                            .new = inverse ? &p->old : &p->new,
                            .removed = inverse ? '+' : '-',
                            .numbers = numbers};

    (void)strbuf_adds(sb, "--- a/f\n+++ b/f\n");
    for (size_t k = 0; k < p->n_ops; k++) {
        bool shown = is_near_change(p, k);

        if (shown && (k == 0 || !is_near_change(p, k - 1))) {
            size_t to = k;

            while (to < p->n_ops && is_near_change(p, to))
                to++;
            write_head(&w, k, to);
        }
        write_op(&w, k, shown);
    }
}

static void diff_gives(const struct pair *p, bool inverse, bool numbers)
{
    const struct side *from = inverse ? &p->new : &p->old;
    const struct side *to = inverse ? &p->old : &p->new;
    struct strbuf sb;

    start_tree();
    write_side(from);
    strbuf_init(&sb, MAX_DUMP);
    write_diff(&sb, p, inverse, numbers);
    if (apply(EDIT_UDIFF, sb.ptr, sb.len) == 0)
        assert(tree_is(to));
    else
        assert(tree_is(from));
    strbuf_release(&sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] == 'D') {
        struct pair pair = {0};

        make_pair(&pair, data + 1, size - 1);
        diff_gives(&pair, false, true);
        diff_gives(&pair, true, true);
        diff_gives(&pair, false, false);
        diff_gives(&pair, true, false);
    } else {
        any_answer((const char *)data + 1, size - 1);
    }
    return 0;
}
