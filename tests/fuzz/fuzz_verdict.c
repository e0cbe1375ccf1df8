/* verdict: what is read out of summaries, diffs and linters' output claims nothing that is not
 * there. */
#include "../../src/pipeline/verify/criteria.h"
#include "../../src/pipeline/verify/diff_lines.h"
#include "../../src/pipeline/verify/facts.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void see_line(void *arg, const struct diff_file *file, int64_t line, const char *text,
                     size_t len)
{
    const struct diff *diff = arg;

    (void)line;
    check(file >= diff->files && file < diff->files + diff->n_files);
    check(text >= diff->text && text + len <= diff->text + strlen(diff->text));
}

static void try_criteria(const char *text, const struct diff *diff)
{
    json_auto_t *said = js_string_lossy(text, strlen(text));
    json_auto_t *points = json_pack(
        "{s:{s:[{s:s, s:s}, {s:s, s:O}]}, s:{s:O}, s:{s:{s:n, s:[s], s:[{s:O, s:s, s:s, s:b}, {s:s, "
        "s:s, s:s, s:b}]}}}",
        "refine", "criteria", "id", "C1", "text", "one", "id", "C2", "text", said, "test",
        "summary", said, "verify", "proof", "skipped", "files", "t/a", "tests", "name", said,
        "base", "passed", "head", "passed", "proves", 0, "name", "t/a::b", "base", "failed", "head",
        "passed", "proves", 1);
    json_auto_t *criteria = criteria_make("feature", points, diff);
    size_t i;
    json_t *one;

    check(json_array_size(criteria) == 2);
    json_array_foreach (criteria, i, one) {
        size_t k;
        json_t *test;
        bool proven = false;

        json_array_foreach (js_at(one, "tests"), k, test)
            proven = proven || js_bool(test, "proves", false);
        check(!js_bool(one, "covered", false) || proven);
        check(js_bool(one, "covered", false) == (*js_str(one, "why", "") == '\0'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xmemdup0(data, size);
    char a[] = "a.c";
    char b[] = "b/c";
    struct diff_file files[] = {{.path = a, .action = 'M'}, {.path = b, .action = 'D'}};
    struct diff diff = {.files = files, .n_files = 2, .text = text};
    json_auto_t *lines = diff_lines_text(&diff);
    json_auto_t *lint = lint_read(text, "/root");
    const char *name;
    json_t *linter;

    diff_lines_added(&diff, see_line, &diff);
    check(json_object_size(lines) <= 2);
    check(diff_lines_touch(&diff, "b/c", 1));
    (void)diff_lines_touch(&diff, "a.c", 7);
    try_criteria(text, &diff);
    json_object_foreach (lint, name, linter) {
        json_auto_t *fresh = lint_new(linter, linter);

        check(json_array_size(fresh) == 0);
    }
    return 0;
}
