#include "vdo/markdown/markdown.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *stripped(const char *text, bool *hidden)
{
    AUTO_STRBUF out = {0};
    struct err err = {0};

    strbuf_init(&out, 8 * VDO_MIB);
    if (markdown_strip_hidden(text, strlen(text), &out, hidden, &err))
        fail_msg("%s", err.text);
    while (out.len > 0 && out.ptr[out.len - 1] == '\n')
        strbuf_truncate(&out, out.len - 1);
    return strbuf_take(&out, NULL);
}

/* "X" marks what must not come out. */
static const struct {
    const char *why;
    const char *text;
    const char *out;
} hiding[] = {
    {"a comment in a line", "a <!-- X --> b", "a  b"},
    {"a comment over lines", "a\n\n<!--\nX\n\nX\n-->\n\nb", "a\n\nb"},
    {"a comment that is never closed", "a\n\n<!-- X\n", "a"},
    {"a comment that ends at once", "<!-->shown", "shown"},
    {"a processing instruction", "a <?php X ?> b", "a  b"},
    {"a declaration", "a <!X y> b", "a  b"},
    {"CDATA", "a <![CDATA[ X ]]> b", "a  b"},
    {"a hidden element in a line", "a <span hidden>X **X** `X`</span> b", "a  b"},
    {"a hidden element over paragraphs", "a\n\n<div hidden>\n\nX\n\n> X\n\n- X\n\n</div>\n\nb",
     "a\n\nb"},
    {"a hidden element within an HTML block", "<p>a <b style='display: none'>X</b> b</p>",
     "<p>a  b</p>"},
    {"an element that is not displayed", "a <i style=\"color:red; DISPLAY :\tnone\">X</i> b",
     "a  b"},
    {"an invisible element", "<i style='visibility:hidden'>X</i>b", "b"},
    {"a transparent element", "<i style='opacity:0'>X</i>b", "b"},
    {"an element without size", "<i style='font-size:0px'>X</i>b", "b"},
    {"a style in disguise", "<i style='display&#58;none'>X</i>b", "b"},
    {"elements within a hidden one", "<div hidden><div>X</div>X</div>\n\nb", "b"},
    {"a script", "a\n\n<script>\nX\n\nX\n</script>\n\nb", "a\n\nb"},
    {"a style sheet", "<style>X</style>\n\nb", "b"},
    {"a template", "a <template>X</template> b", "a  b"},
    {"a closed dialog", "a <dialog>X</dialog> b", "a  b"},
    {"attributes", "a <abbr title='X' data-x='X' aria-label=X class=\"X\">b</abbr>",
     "a <abbr>b</abbr>"},
    {"the text for an image in HTML", "<img alt='X' src='u' placeholder=X>", "<img src=\"u\">"},
    {"the text for an image", "a ![X *X*](u) b", "a ![](u) b"},
    {"the title of an image", "![](u 'X')", "![](u)"},
    {"the text for an image by reference", "![X][r]\n\n[r]: u 'X'", "![](u)"},
    {"the title of a link", "[a](u \"X\")", "[a](u)"},
    {"the title of a link by reference", "[a][r]\n\n[r]: u (X)", "[a](u)"},
    {"a link without text", "a [](http://X) b", "a  b"},
    {"a link definition as a comment", "a\n\n[//]: # (X)\n\nb", "a\n\nb"},
    {"a link definition with a quoted comment", "[comment]: <> \"X\"\n\nb", "b"},
    {"a link definition whose label talks", "[X X X]: u\n\nb", "b"},
    {"a link definition in a quote", "> [X]: u\n> a", "> a"},
    {"zero width characters",
     "a\xE2\x80\x8B\xE2\x80\x8C\xE2\x80\x8D"
     "b\xEF\xBB\xBF"
     "c\xC2\xAD",
     "abc"},
    {"invisible operators",
     "a\xE2\x81\xA0\xE2\x81\xA1\xE2\x81\xA2\xE2\x81\xA3\xE2\x81\xA4"
     "b",
     "ab"},
    {"bidirectional controls",
     "a\xE2\x80\xAE"
     "b\xE2\x80\xAC\xE2\x81\xA6"
     "c\xE2\x81\xA9\xE2\x80\x8F",
     "abc"},
    {"tag characters", "a\xF3\xA0\x81\x81\xF3\xA0\x81\x82\xF3\xA0\x80\x81", "a"},
    {"variation selectors", "a\xEF\xB8\x80\xEF\xB8\x85\xF3\xA0\x84\x80\xF3\xA0\x87\xAF", "a"},
    {"control characters", "a\x01\x08\x1B\x7F\xC2\x80", "a"},
    {"blank letters", "a\xE1\x85\x9F\xE3\x85\xA4\xEF\xBE\xA0", "a"},
    {"numbers of hidden characters", "a&#8203;&#x200D;&#xE0041;b", "ab"},
    {"names of hidden characters", "a&ZeroWidthSpace;&zwj;&shy;&InvisibleTimes;b", "ab"},
    {"entities in an HTML block", "<p>a&#8203;&zwnj;&#xE0041;b</p>", "<p>ab</p>"},
    {"hidden characters in code",
     "`a\xE2\x80\x8B"
     "b`\n\n```\nc\xF3\xA0\x81\x81\n```",
     "`ab`\n\n```\nc\n```"},
    {"hidden characters in an address", "[a](u\xE2\x80\x8B)", "[a](u)"},
    {"words behind the language of code", "```sh X X\na\n```", "```sh\na\n```"},
    {"coloured mathematics", "a $\\color{white}{X}$ b", "a  b"},
    {"phantoms of mathematics", "a $$\\phantom{X}$$ b", "a  b"},
    {"mathematics in a block", "a\n\n```math\n\\textcolor{white}{X}\n```\n\nb", "a\n\nb"},
    {"mathematics as code", "a $`\\color{white}{X}`$ b", "a $$ b"},
};

static void markdown_strip_hidden__takes_away_what_does_not_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hiding) / sizeof(hiding[0]); i++) {
        bool hidden = false;
        AUTO_FREE char *out = stripped(hiding[i].text, &hidden);

        if (strcmp(out, hiding[i].out) != 0 || !hidden)
            fail_msg("%s: %s\"%s\"", hiding[i].why, hidden ? "" : "(not told) ", out);
    }
}

/* What comes out is what went in. */
static const char *const visible[] = {
    "plain text, foo_bar.c:12, C# & co, 5% of 3 < 4 > 2, a | b, $5 and $6",
    "# Heading with *emphasis*, **more** and ~~less~~",
    "a [link](http://x/y_z?a=1&b=2) and <http://auto.example>",
    "`code <!-- shown --> &#8203;`",
    "```c\nint main(void) /* <b hidden> */\n```",
    "````\n```\n````",
    "> quote\n> \n> > nested",
    "  - one\n  - two",
    "1.  one\n2.  two",
    "| a | b |\n| --- | --- |\n| c | d \\| e |",
    "<details><summary>Log</summary>\n\ninside\n\n</details>",
    "<p align=\"center\">a <b>b</b> <a href=\"u\">c</a></p>",
    "$x_1 + \\frac{a}{b}$",
    "\\<!-- shown --\\>",
    "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x99\x82",
};

static void markdown_strip_hidden__keeps_what_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++) {
        bool hidden = true;
        AUTO_FREE char *out = stripped(visible[i], &hidden);

        if (strstr(visible[i], "\\<!--"))
            assert_string_equal(out, "\\<!-- shown -->");
        else if (strcmp(out, visible[i]) != 0)
            fail_msg("\"%s\" -> \"%s\"", visible[i], out);
        if (hidden)
            fail_msg("%s: told as hidden", visible[i]);
    }
}

static void markdown_strip_hidden__tells_nothing_of_what_shows_in_another_form(void **state)
{
    static const struct {
        const char *text;
        const char *out;
    } rows[] = {
        {"", ""},
        {"\n\n", ""},
        {"a\r\nb\r\n", "a\nb"},
        {"[a][r]\n\n[r]: u", "[a](u)"},
        {"[a]\n\n[a]: u", "[a](u)"},
        {"Heading\n===", "# Heading"},
        {"* * *", "-----"},
        {"    code", "```\ncode\n```"},
        {"- a\n\n* b", "  - a\n\n  - b"},
        {"- [x] done\n- [ ] open", "  - [x] done\n  - [ ] open"},
        {"&lt;b&gt; &copy;", "\\<b> \xC2\xA9"},
        {"\\[x]: y", "\\[x]: y"},
        {"\xE2\x9D\xA4\xEF\xB8\x8F \xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", /* emoji */
         "\xE2\x9D\xA4 \xF0\x9F\x91\xA8\xF0\x9F\x91\xA9"},
        {"<p hidden> is not closed", "<p> is not closed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool hidden = true;
        AUTO_FREE char *out = stripped(rows[i].text, &hidden);

        if (strcmp(out, rows[i].out) != 0)
            fail_msg("\"%s\" -> \"%s\"", rows[i].text, out);
        if (hidden != (strstr(rows[i].text, "<p hidden>") != NULL))
            fail_msg("%s: hidden is %d", rows[i].text, hidden);
    }
}

static void markdown_strip_hidden__keeps_to_its_limits(void **state)
{
    AUTO_FREE char *quotes = xmalloc(VDO_MAX_MARKDOWN + 1);
    AUTO_STRBUF out = {0};
    struct err err = {0};

    (void)state;
    memset(quotes, '>', VDO_MAX_MARKDOWN + 1);
    strbuf_init(&out, 4);
    assert_int_equal(markdown_strip_hidden(quotes, VDO_MAX_MARKDOWN + 1, &out, NULL, NULL),
                     VDO_E_TOO_LARGE);
    assert_int_equal(markdown_strip_hidden(quotes, VDO_MAX_MARKDOWN, &out, NULL, &err),
                     VDO_E_TOO_LARGE);
    assert_string_equal(err.text, "quotes and lists nest deeper than 64");
    assert_int_equal(markdown_strip_hidden("hello", 5, &out, NULL, NULL), VDO_E_TOO_LARGE);
    assert_string_equal(out.ptr, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_strip_hidden__takes_away_what_does_not_show),
        cmocka_unit_test(markdown_strip_hidden__keeps_what_shows),
        cmocka_unit_test(markdown_strip_hidden__tells_nothing_of_what_shows_in_another_form),
        cmocka_unit_test(markdown_strip_hidden__keeps_to_its_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
