#include "vdo/template/template.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/markdown/markdown.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define Z "\xE2\x80\x8B" /* zero width space */

static char *escaped(enum template_escape escape, const char *text)
{
    AUTO_STRBUF out = {0};

    strbuf_init(&out, 100000);
    template_escape_text(escape, text, &out);
    assert_false(strbuf_overflowed(&out));
    return strbuf_take(&out, NULL);
}

static void markdown__is_inert(void **state)
{
    static const struct {
        const char *text;
        const char *out;
    } rows[] = {
        {"plain text, nothing else (really): yes!", "plain text, nothing else (really): yes!"},
        {"src/foo_bar.c:12 a-b", "src/foo_bar.c:12 a-b"},
        {"@octocat and @org/team", "@" Z "octocat and @" Z "org/team"},
        {"a@b.example", "a@" Z "b.example"},
        {"ends with @", "ends with @" Z},
        {"#1 and o/r#23", "\\#" Z "1 and o/r#" Z "23"},
        {"C# code", "C# code"},
        {"ends with #", "ends with #" Z},
        {"GH-1, gh-22, high-1, agh-1", "GH-" Z "1, gh-" Z "22, high-1, agh-1"},
        {"Fixes #1", "Fixes #" Z "1"},
        {"Fixes https://github.com/o/r/issues/1", "F" Z "ixes https://github.com/o/r/issues/1"},
        {"closes: <https://x>", "c" Z "loses: &lt;https://x&gt;"},
        {"RESOLVED\thttp://x", "R" Z "ESOLVED http://x"},
        {"this one Fixes", "this one F" Z "ixes"},
        {"Fix the prefix of http", "Fix the prefix of http"},
        {"see https://example.com/a_b?c=d", "see https://example.com/a_b?c=d"},
        {"<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"},
        {"a <!-- hidden --> b", "a &lt;!-- hidden --&gt; b"},
        {"-->", "\\--&gt;"},
        {"![alt](http://x/y.png)", "!\\[alt\\](http://x/y.png)"},
        {"[link](http://x)", "\\[link\\](http://x)"},
        {"[x]: y", "\\[x\\]: y"},
        {"*a* _b_ __c__ ~~d~~ `e`", "\\*a\\* \\_b\\_ \\_\\_c\\_\\_ \\~\\~d\\~\\~ \\`e\\`"},
        {"# head", "\\# head"},
        {"- item", "\\- item"},
        {"+ item", "\\+ item"},
        {"===", "\\==="},
        {"12. item", "12\\. item"},
        {"3) item", "3\\) item"},
        {"> quote", "&gt; quote"},
        {"a | b", "a \\| b"},
        {"$x$", "\\$x\\$"},
        {"a\\b", "a\\\\b"},
        {"&lt; &#64;x", "&amp;lt; &amp;#" Z "64;x"},
        {"  two\n\nlines\r\n\tand blanks  ", "two lines and blanks"},
        {"a\xE2\x80\xAE"
         "b\xE2\x80\x8B"
         "c\x01",
         "abc"},
        {"\xF0\x9F\x99\x82 \xC3\xA9", "\xF0\x9F\x99\x82 \xC3\xA9"},
        {"\xFF", "\xEF\xBF\xBD"},
        {"", ""},
        {" \n ", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *out = escaped(TEMPLATE_MARKDOWN, rows[i].text);

        assert_string_equal(out, rows[i].out);
    }
}

/* What a page shows of HTML: tags gone, entities decoded, our breaks removed. */
static char *shown(const char *html)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}};
    AUTO_STRBUF out = {0};

    strbuf_init(&out, 1000);
    while (*html) {
        size_t skip = strncmp(html, Z, 3) == 0 ? 3 : strncmp(html, "\n", 1) == 0 ? 1 : 0;

        for (size_t i = 0; i < 4 && !skip; i++) {
            if (strncmp(html, entities[i].entity, strlen(entities[i].entity)) == 0) {
                skip = strlen(entities[i].entity);
                (void)strbuf_addc(&out, entities[i].c);
            }
        }
        if (!skip)
            (void)strbuf_addc(&out, *html);
        html += skip ? skip : 1;
    }
    return strbuf_take(&out, NULL);
}

static void assert_shown_as_it_is(const char *text)
{
    AUTO_FREE char *md = escaped(TEMPLATE_MARKDOWN, text);
    AUTO_FREE char *visible = NULL;
    AUTO_FREE char *wanted = xasprintf("<p>%s</p>", text);
    AUTO_STRBUF html = {0};

    strbuf_init(&html, 1000);
    assert_int_equal(markdown_to_html(md, strlen(md), &html, NULL), 0);
    visible = shown(html.ptr);
    if (strcmp(visible, wanted) != 0)
        fail_msg("\"%s\" -> \"%s\" -> \"%s\"", text, md, html.ptr);
}

static void markdown__shows_every_short_text_as_it_is(void **state)
{
    static const char marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~a1 ";

    (void)state;
    for (const char *a = marks; *a; a++) {
        for (const char *b = marks; *b; b++) {
            for (const char *c = marks; *c; c++) {
                char pair[8] = {*a, *b, *c, 0};
                char full[12] = {*a, *b, *c, 'x', *c, *b, *a, 0};

                if (*a == ' ' || (*b == ' ' && *c == ' '))
                    continue;
                assert_shown_as_it_is(full);
                if (*c != ' ')
                    assert_shown_as_it_is(pair);
            }
        }
    }
}

static void html__closes_no_element_and_no_attribute(void **state)
{
    AUTO_FREE char *out = escaped(TEMPLATE_HTML, "<a href='x' title=\"y\">&amp;");

    (void)state;
    assert_string_equal(out, "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;amp;");
}

static void json__reads_back_as_the_same_text(void **state)
{
    static const char *const rows[] = {"", "plain", "\"\\/\b\f\n\r\t\x01\x1F\x7F", "</script><!--",
                                       "\xC3\xA9\xF0\x9F\x99\x82\xE2\x80\xA8"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *inside = escaped(TEMPLATE_JSON, rows[i]);
        AUTO_FREE char *text = xasprintf("\"%s\"", inside);
        json_auto_t *value = NULL;

        assert_int_equal(js_parse(text, strlen(text), &value, NULL), 0);
        assert_string_equal(json_string_value(value), rows[i]);
        assert_null(strchr(inside, '<'));
    }
}

static void plain__changes_nothing(void **state)
{
    AUTO_FREE char *out = escaped(TEMPLATE_PLAIN, "<@a> \n#1 \xFF");

    (void)state;
    assert_string_equal(out, "<@a> \n#1 \xFF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown__is_inert),
        cmocka_unit_test(markdown__shows_every_short_text_as_it_is),
        cmocka_unit_test(html__closes_no_element_and_no_attribute),
        cmocka_unit_test(json__reads_back_as_the_same_text),
        cmocka_unit_test(plain__changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
