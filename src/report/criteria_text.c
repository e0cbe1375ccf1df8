#include "vdo/report/report.h"

#include "vdo/base/limits.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <string.h>

enum { MAX_ITEMS = 5, MAX_TEXT = 1000 };

static void add_tests(struct strbuf *text, const json_t *tests)
{
    size_t i;
    json_t *test;

    json_array_foreach (tests, i, test) {
        if (i >= MAX_ITEMS || text->len > MAX_TEXT) {
            (void)strbuf_addf(text, " and %zu more", json_array_size(tests) - i);
            return;
        }
        (void)strbuf_addf(text, "%s%s (%s, then %s)", i ? ", " : "", js_str(test, "name", ""),
                          js_str(test, "base", ""), js_str(test, "head", ""));
    }
}

static void add_files(struct strbuf *text, const json_t *files)
{
    size_t i;
    json_t *file;

    json_array_foreach (files, i, file) {
        if (i >= MAX_ITEMS || text->len > MAX_TEXT) {
            (void)strbuf_addf(text, " and %zu more", json_array_size(files) - i);
            return;
        }
        (void)strbuf_addf(text, "%s%s:%s",
                          i         ? ", " :
                          text->len ? "; " :
                                      "",
                          js_str(file, "path", ""), js_str(file, "lines", ""));
    }
}

json_t *report_criteria(const json_t *points, const json_t *deliver)
{
    const json_t *computed = js_at(deliver, "criteria");
    json_t *list = json_deep_copy(computed ? computed : js_at(points, "refine.criteria"));
    size_t i;
    json_t *one;

    if (!list)
        return json_array();
    json_array_foreach (list, i, one) {
        AUTO_STRBUF text = {0};
        const char *why = js_str(one, "why", "");

        strbuf_init(&text, (size_t)MAX_TEXT * 32);
        if (*why)
            (void)strbuf_addf(&text, "%s%s", why, json_array_size(js_at(one, "tests")) ? ": " : "");
        add_tests(&text, js_at(one, "tests"));
        add_files(&text, js_at(one, "files"));
        (void)json_object_set_new(one, "where",
                                  js_string_lossy(text.ptr ? text.ptr : "", text.len));
        (void)json_object_set_new(one, "state",
                                  json_string(!computed                      ? "" :
                                              js_bool(one, "covered", false) ? "covered" :
                                                                               "not covered"));
    }
    return list;
}
