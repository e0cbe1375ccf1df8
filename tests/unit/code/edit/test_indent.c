/* What the indentation of an answer means in a file that is indented otherwise. */
#include "../../../../src/code/edit/indent.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *why;
    const char *file;    /* lines of the file */
    const char *context; /* the same lines as the answer has them */
    const char *added;   /* one line */
    const char *want;    /* NULL: not certain */
};

static const struct row rows[] = {
    {"equal: as it is", "a\n  b\n", "a\n  b\n", "    c", "    c"},
    {"shifted to the right", "    a\n        b\n", "a\n    b\n", "    c", "        c"},
    {"shifted to the left", "a\n    b\n", "    a\n        b\n", "    c", "c"},
    {"a deeper level than any known", "    a\n        b\n", "a\n    b\n", "        c",
     "            c"},
    {"less than the shift takes away", "a\n    b\n", "    a\n        b\n", "c", NULL},
    {"tabs in the file, blanks in the answer", "\ta\n\t\tb\n", "    a\n        b\n",
     "            c", "\t\t\tc"},
    {"two blanks for a tab", "\ta\n\t\tb\n", "  a\n    b\n", "      c", "\t\t\tc"},
    {"blanks in the file, tabs in the answer", "    a\n        b\n", "\ta\n\t\tb\n", "\t\t\tc",
     "            c"},
    {"the addition is in the file's way already", "\ta\n\t\tb\n", "    a\n        b\n", "\t\tc",
     "\t\tc"},
    {"unknown width of a tab, two readings", "a\n\tb\n\t\tc\n", "x\n", "    c", "    c"},
    {"one column short, the step is plain", "    a\n        b\n    c\n", "    a\n       b\n    c\n",
     "    d", "    d"},
    {"one column short everywhere", "    a\n        b\n", "   a\n       b\n", "    c", "    c"},
    {"one column short, addition too", "    a\n        b\n", "   a\n       b\n", "           c",
     "            c"},
    {"uneven by whole steps", "a\n  b\n    c\n", "a\nb\n    c\n", "  d", NULL},
    {"the same indentation means two things", "  a\n    b\n", "a\nb\n", "c", NULL},
    {"deeper must not become shallower", "    a\n  b\n", "a\n  b\n", "    c", NULL},
    {"a blank line stays", "    a\n", "a\n", "", ""},
};

static void fill_hunk(struct hunk *hunk, struct lines *context, const char *added)
{
    for (size_t i = 0; i < context->n; i++)
        hunk_add_line(hunk, LINE_CONTEXT, context->v[i].ptr, context->v[i].len);
    hunk_add_line(hunk, LINE_ADD, added, strlen(added));
}

/* The added line as the file would have it, or NULL. */
static char *read_added(const struct row *row)
{
    struct lines file;
    struct lines context;
    struct hunk hunk = {0};
    struct indent_map map;
    size_t *at;
    char *out = NULL;
    size_t len = 0;
    bool certain;

    lines_split(&file, row->file, strlen(row->file));
    lines_split(&context, row->context, strlen(row->context));
    fill_hunk(&hunk, &context, row->added);
    at = xcalloc(hunk.n, sizeof(*at));
    for (size_t i = 0; i + 1 < hunk.n; i++)
        at[i] = i;
    at[hunk.n - 1] = SIZE_MAX;
    certain = indent_map_init(&map, &hunk, at, &file) &&
              indent_apply(&map, &hunk.lines[hunk.n - 1], &out, &len);
    indent_map_release(&map);
    if (certain && !out)
        out = xstrdup(row->added);
    hunk_release(&hunk);
    lines_release(&file);
    lines_release(&context);
    free(at);
    if (certain)
        return out;
    free(out);
    return NULL;
}

static void indent__reads_an_even_difference_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *have = read_added(&rows[i]);

        print_message("%s\n", rows[i].why);
        if (!rows[i].want)
            assert_null(have);
        else
            assert_string_equal(have ? have : "(not certain)", rows[i].want);
        free(have);
    }
}

struct key_row {
    const char *a;
    const char *b;
    enum line_key loosest; /* the first key for which they are the same; KEY_COUNT: none */
};

static const struct key_row key_rows[] = {
    {"a b", "a b", KEY_EXACT},
    {"a b", "a b  \t", KEY_RSTRIP},
    {"\ta b", "    a b ", KEY_STRIP},
    {"f( x,y )", "f(x, y)", KEY_FOLD},
    {"a  b", "a\tb", KEY_FOLD},
    {"it's \"so\" - yes", "it\xE2\x80\x99s \xE2\x80\x9Cso\xE2\x80\x9D \xE2\x80\x93 yes", KEY_FOLD},
    {"a\xC2\xA0"
     "b",
     "a b", KEY_FOLD},
    {"zero\xE2\x80\x8Bwidth", "zerowidth", KEY_FOLD},
    {"ab", "a b", KEY_COUNT},
    {"", " ", KEY_RSTRIP},
    {"a", "b", KEY_COUNT},
    {"na\xEFve", "na\xC3\xAFve", KEY_COUNT},
    {"\xFF", "\xFE", KEY_COUNT},
};

static void line_same__agrees_with_line_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++) {
        const struct key_row *row = &key_rows[i];

        for (int key = 0; key < KEY_COUNT; key++) {
            bool want = key >= (int)row->loosest;
            enum line_key k = (enum line_key)key;

            assert_int_equal(line_same(k, row->a, strlen(row->a), row->b, strlen(row->b)), want);
            assert_int_equal(
                line_hash(k, row->a, strlen(row->a)) == line_hash(k, row->b, strlen(row->b)), want);
        }
    }
}

static void lines_split__remembers_how_lines_end(void **state)
{
    struct lines lines;

    (void)state;
    lines_split(&lines, "a\nb\r\n\nc\rd", 10);
    assert_int_equal(lines.n, 4);
    assert_int_equal(lines.v[0].eol, EOL_LF);
    assert_int_equal(lines.v[1].eol, EOL_CRLF);
    assert_int_equal(lines.v[1].len, 1);
    assert_int_equal(lines.v[2].len, 0);
    assert_int_equal(lines.v[3].eol, EOL_NONE);
    assert_memory_equal(lines.v[3].ptr, "c\rd", 3);
    lines_release(&lines);
    lines_split(&lines, "", 0);
    assert_int_equal(lines.n, 0);
    lines_release(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indent__reads_an_even_difference_and_nothing_else),
        cmocka_unit_test(line_same__agrees_with_line_hash),
        cmocka_unit_test(lines_split__remembers_how_lines_end),
    };

    return cmocka_run_group_tests_name("edit indent", tests, NULL, NULL);
}
