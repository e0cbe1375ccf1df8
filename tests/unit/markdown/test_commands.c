#include "vdo/markdown/markdown.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* found: "line:verb:argument" of each command, joined by "|"; "" when there is none. */
static const struct {
    const char *why;
    const char *text;
    const char *found;
} rows[] = {
    {"a command alone", "/vdo build", "1:build:"},
    {"with a newline at its end", "/vdo build\n", "1:build:"},
    {"with an argument", "/vdo build the  thing ", "1:build:the  thing"},
    {"with an argument on further lines", "/vdo revise use `x`\nand\n  not y\n\nother",
     "1:revise:use `x`\nand\n  not y"},
    {"behind a greeting", "Hello!\n/vdo plan\n", "2:plan:"},
    {"in a later paragraph", "Hello!\n\nThanks.\n\n/vdo plan", "5:plan:"},
    {"two in one paragraph", "/vdo cancel\n/vdo build again\nplease",
     "1:cancel:|2:build:again\nplease"},
    {"two in two paragraphs", "/vdo plan\n\n/vdo build", "1:plan:|3:build:"},
    {"in upper case", "/vdo BUILD Me", "1:build:Me"},
    {"with a tab", "/vdo\tbuild\tx", "1:build:x"},
    {"indented by three blanks", "   /vdo build", "1:build:"},
    {"with carriage returns", "Hi\r\n/vdo build x\r\ny\r\n", "2:build:x\ny"},
    {"alone it asks for help", "/vdo", "1:help:"},
    {"alone with blanks", "/vdo   \n", "1:help:"},
    {"an unknown verb is a command too", "/vdo frobnicate", "1:frobnicate:"},
    {"behind a byte order mark", "\xEF\xBB\xBF/vdo build", "1:build:"},
    {"behind a link definition", "[a]: b 'c\nd'\n/vdo build", "3:build:"},
    {"behind a code span over two lines", "see `a\nb`\n/vdo build", "3:build:"},
    {"behind a tag over two lines", "see <a\nhref='b'>x</a>\n/vdo build", "3:build:"},
    {"behind a hard line break", "Hi\\\n/vdo build", "2:build:"},
    {"before a list", "/vdo build\n- a\n", "1:build:"},
    {"before a quote", "/vdo build\n> a\n", "1:build:"},
    {"behind a closed quote", "> a\n\n/vdo build", "3:build:"},
    {"with emoji", "/vdo build \xF0\x9F\x99\x82", "1:build:\xF0\x9F\x99\x82"},
    {"with bytes that are not UTF-8", "/vdo build \xFF", "1:build:\xEF\xBF\xBD"},

    {"not in the middle of a line", "please /vdo build", ""},
    {"not as part of a word", "/vdobuild", ""},
    {"not with a colon", "/vdo: build", ""},
    {"not another prefix", "/vd build", ""},
    {"not in another case", "/VDO build", ""},
    {"not in a quote", "> /vdo build", ""},
    {"not in the lazy part of a quote", "> text\n/vdo build", ""},
    {"not in a nested quote", "> > /vdo build", ""},
    {"not in an e-mail reply", "On Monday, A wrote:\n> /vdo build\n>\n> -- \n> A", ""},
    {"not in a list of a quote", "> - /vdo build", ""},
    {"not in a list", "- /vdo build", ""},
    {"not in a paragraph of a list", "- a\n\n  /vdo build", ""},
    {"not in fenced code", "```\n/vdo build\n```", ""},
    {"not in fenced code with a language", "~~~sh\n/vdo build\n~~~", ""},
    {"not in a fence that is never closed", "```\n/vdo build", ""},
    {"not in indented code", "    /vdo build", ""},
    {"not in code indented by a tab", "\t/vdo build", ""},
    {"not in inline code", "`/vdo build`", ""},
    {"not in inline code over two lines", "`a\n/vdo build`", ""},
    {"not in an HTML comment", "<!-- /vdo build -->", ""},
    {"not in an HTML comment over lines", "<!--\n/vdo build\n-->", ""},
    {"not in a comment inside a paragraph", "a <!--\n/vdo build\n-->", ""},
    {"not in an HTML block", "<div>\n/vdo build\n</div>", ""},
    {"not in pre", "<pre>\n\n/vdo build\n</pre>", ""},
    {"not in a link", "[/vdo build](x)", ""},
    {"not in a link over two lines", "[a\n/vdo build](x)", ""},
    {"not in a link title", "[a](x '\n/vdo build')", ""},
    {"not in an image", "![/vdo build](x)", ""},
    {"not in a link definition", "[a]: x '\n/vdo build'", ""},
    {"not in a heading", "# /vdo build", ""},
    {"not when it becomes a heading", "/vdo build\n---", ""},
    {"not when it becomes a heading of the first rank", "/vdo build\n===", ""},
    {"not in a table", "| a |\n|---|\n| /vdo build |", ""},
    {"not as the head of a table", "/vdo a | b\n--- | ---\n", ""},
    {"not as a row of a table", "a | b\n--- | ---\n/vdo build | x\n", ""},
    {"not emphasised", "*/vdo build*", ""},
    {"not emphasised over two lines", "*a\n/vdo build*", ""},
    {"not struck out", "~~/vdo build~~", ""},
    {"not escaped", "\\/vdo build", ""},
    {"not written as an entity", "&#47;vdo build", ""},
    {"not behind an invisible character", "\xE2\x80\x8B/vdo build", ""},
    {"not behind a mention", "@bot /vdo build", ""},
    {"not in a footnote", "[^1]: /vdo build", ""},
};

static char *found_in(const char *text, size_t len, size_t max)
{
    struct markdown_command *commands = NULL;
    size_t n = 0;
    struct err err = {0};
    AUTO_STRBUF found = {0};

    strbuf_init(&found, 4 * VDO_MAX_MARKDOWN);
    if (markdown_commands(text, len, "/vdo", max, &commands, &n, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++)
        (void)strbuf_addf(&found, "%s%d:%s:%s", i ? "|" : "", commands[i].line, commands[i].verb,
                          commands[i].argument);
    markdown_commands_free(commands, n);
    return strbuf_take(&found, NULL);
}

static void markdown_commands__finds_only_what_stands_first_on_a_plain_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *found = found_in(rows[i].text, strlen(rows[i].text), 10);

        if (strcmp(found, rows[i].found) != 0)
            fail_msg("%s: found \"%s\"", rows[i].why, found);
    }
}

static void markdown_commands__gives_no_more_than_asked_for(void **state)
{
    AUTO_FREE char *found = found_in("/vdo a\n/vdo b\n\n/vdo c", 22, 2);
    AUTO_FREE char *none = found_in("/vdo a", 6, 0);

    (void)state;
    assert_string_equal(found, "1:a:|2:b:");
    assert_string_equal(none, "");
}

static void markdown_commands__ends_an_argument_where_its_paragraph_ends(void **state)
{
    static const char *const ends[] = {"\n\nmore",
                                       "\n# more",
                                       "\n```\nmore\n```",
                                       "\n---x\n\nmore",
                                       "\n| a |\n|---|\n| more |",
                                       "\n| a |\n|---|\n| more |\n| more |\n\nmore"};

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        AUTO_FREE char *text = xasprintf("/vdo build it%s", ends[i]);
        AUTO_FREE char *found = found_in(text, strlen(text), 10);

        if (strncmp(found, "1:build:it", 10) != 0 || strstr(found, "more") || strchr(found, '|'))
            fail_msg("%zu: %s", i, found);
    }
}

static void markdown_commands__refuses_long_text_and_takes_the_longest(void **state)
{
    AUTO_FREE char *text = xmalloc(VDO_MAX_MARKDOWN + 1);
    struct markdown_command *commands = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i <= VDO_MAX_MARKDOWN; i++)
        text[i] = "/vdo a\n"[i % 7];
    assert_int_equal(markdown_commands(text, VDO_MAX_MARKDOWN + 1, "/vdo", 1, &commands, &n, NULL),
                     VDO_E_TOO_LARGE);
    assert_null(commands);
    assert_int_equal(markdown_commands(text, VDO_MAX_MARKDOWN, "/vdo", 100000, &commands, &n, NULL),
                     0);
    assert_int_equal(n, VDO_MAX_MARKDOWN / 7);
    assert_int_equal(commands[n - 1].line, n);
    markdown_commands_free(commands, n);
}

static void markdown_to_html__leaves_out_raw_html_and_unsafe_urls(void **state)
{
    static const struct {
        const char *text;
        const char *html;
    } cases[] = {
        {"**a** ~~b~~", "<p><strong>a</strong> <del>b</del></p>\n"},
        {"a <b onclick=x>c</b><!-- d -->", "<p>a c</p>\n"},
        {"<script>alert(1)</script>\n\nx", "<p>x</p>\n"},
        {"[a](javascript:alert(1))", "<p><a href=\"\">a</a></p>\n"},
        {"[a](data:text/html,x)", "<p><a href=\"\">a</a></p>\n"},
        {"<javascript:alert(1)>", "<p><a href=\"\">javascript:alert(1)</a></p>\n"},
        {"a & \"b\" \\<c>", "<p>a &amp; &quot;b&quot; &lt;c&gt;</p>\n"},
        {"- [x] a", "<ul>\n<li><input type=\"checkbox\" checked=\"\" disabled=\"\" /> a</li>\n"
                    "</ul>\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_STRBUF out = {0};

        strbuf_init(&out, 1000);
        assert_int_equal(markdown_to_html(cases[i].text, strlen(cases[i].text), &out, NULL), 0);
        assert_string_equal(out.ptr, cases[i].html);
    }
}

static void markdown_to_html__keeps_to_the_room_there_is(void **state)
{
    AUTO_STRBUF out = {0};
    struct err err = {0};

    (void)state;
    strbuf_init(&out, 5);
    assert_int_equal(markdown_to_html("hello", 5, &out, &err), VDO_E_TOO_LARGE);
    assert_string_equal(out.ptr, "");
    assert_int_equal(markdown_to_html("", VDO_MAX_MARKDOWN + 1, &out, NULL), VDO_E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_commands__finds_only_what_stands_first_on_a_plain_line),
        cmocka_unit_test(markdown_commands__gives_no_more_than_asked_for),
        cmocka_unit_test(markdown_commands__ends_an_argument_where_its_paragraph_ends),
        cmocka_unit_test(markdown_commands__refuses_long_text_and_takes_the_longest),
        cmocka_unit_test(markdown_to_html__leaves_out_raw_html_and_unsafe_urls),
        cmocka_unit_test(markdown_to_html__keeps_to_the_room_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
