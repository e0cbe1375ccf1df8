#include "../../../../src/code/index/facts.h"
#include "../../../../src/code/index/scan_text.h"
#include "../../../../src/code/index/words.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct packed {
    struct facts_builder *builder;
    struct strbuf bytes;
    struct facts facts;
};

static void pack(struct packed *p, const char *path, const char *text)
{
    p->builder = facts_builder_new();
    strbuf_init(&p->bytes, 1 << 24);
    facts_scan(p->builder, lang_of(path, text, strlen(text)), text, strlen(text));
    facts_pack(p->builder, &p->bytes);
    assert_true(facts_view(p->bytes.ptr, p->bytes.len, &p->facts));
}

static void release(struct packed *p)
{
    facts_builder_free(p->builder);
    strbuf_release(&p->bytes);
}

/* Frequencies of a word: in code times 100 plus in text; -1 when it is not there. */
static int frequency(const struct packed *p, const char *word)
{
    uint32_t number = word_term(word, strlen(word));

    for (uint32_t i = 0; i < p->facts.head->n_terms; i++) {
        if (p->facts.term[i] == number)
            return (p->facts.tf[i] >> 4) * 100 + (p->facts.tf[i] & 15);
    }
    return -1;
}

static void facts__tell_code_from_comments_and_strings(void **state)
{
    static const struct {
        const char *path;
        const char *text;
    } rows[] = {
        {"a.c", "int alpha; // beta\n/* beta\n beta */ char *x = \"beta\"; alpha\n"},
        {"a.py", "alpha = 1 # beta\n\"\"\"beta\nbeta\"\"\"\nalpha = 'beta'\n"},
        {"a.js", "alpha // beta\nalpha `beta\nbeta` 'beta'\n"},
        {"a.lua", "alpha -- beta\nalpha --[[ beta\nbeta ]] \"beta\"\n"},
        {"a.sql", "alpha -- beta\nalpha /* beta\nbeta */ 'beta'\n"},
        {"a.hs", "alpha -- beta\nalpha {- beta\nbeta -} \"beta\"\n"},
        {"a.rs", "alpha // beta\nalpha /* beta\n beta */ \"beta\"\n"},
        {"a.el", "alpha ; beta\nalpha #| beta\nbeta |# \"beta\"\n"},
        {"a.xml", "alpha <!-- beta\nbeta --> alpha=\"beta beta\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct packed p;

        pack(&p, rows[i].path, rows[i].text);
        if (frequency(&p, "alpha") != 200 || frequency(&p, "beta") != 4)
            fail_msg("%s: alpha %d, beta %d", rows[i].path, frequency(&p, "alpha"),
                     frequency(&p, "beta"));
        release(&p);
    }
}

static void facts__an_open_quote_costs_one_line_at_most(void **state)
{
    struct packed p;

    (void)state;
    pack(&p, "a.c", "char c = '\"'; don't alpha\nalpha \"open\nalpha\n");
    assert_int_equal(frequency(&p, "alpha") / 100, 2);
    release(&p);
    pack(&p, "a.c", "/* never closed alpha\nalpha");
    assert_int_equal(frequency(&p, "alpha"), 2);
    release(&p);
}

static void facts__of_an_empty_file_are_empty(void **state)
{
    struct packed p;
    struct facts_symbol symbol;
    size_t at = 0;

    (void)state;
    pack(&p, "a.c", "");
    assert_int_equal(p.facts.head->n_terms, 0);
    assert_int_equal(p.facts.head->lines, 1);
    assert_false(facts_next_symbol(&p.facts, &at, &symbol));
    release(&p);
}

static void facts__keep_symbols_and_mark_their_words(void **state)
{
    static const struct facts_symbol parse = {"parse_args", "function", "cli",
                                              "(int argc)", 12,         20};
    static const struct facts_symbol nameless = {"", "function", "", "", 1, 1};
    struct facts_builder *b = facts_builder_new();
    struct facts_symbol symbol;
    struct facts facts;
    AUTO_STRBUF bytes = {0};
    struct word_parts parts;
    size_t at = 0;
    unsigned defined = 0;

    (void)state;
    strbuf_init(&bytes, 1 << 20);
    facts_scan(b, lang_of("a.c", NULL, 0), "other words", 11);
    facts_add_symbol(b, &parse);
    facts_add_symbol(b, &nameless);
    facts_pack(b, &bytes);
    assert_true(facts_view(bytes.ptr, bytes.len, &facts));
    assert_true(facts_next_symbol(&facts, &at, &symbol));
    assert_string_equal(symbol.name, "parse_args");
    assert_string_equal(symbol.kind, "function");
    assert_string_equal(symbol.scope, "cli");
    assert_string_equal(symbol.signature, "(int argc)");
    assert_int_equal(symbol.line, 12);
    assert_int_equal(symbol.line_end, 20);
    assert_false(facts_next_symbol(&facts, &at, &symbol));
    word_split("parse_args", 10, &parts);
    for (uint32_t i = 0; i < facts.head->n_terms; i++) {
        if (facts.term[i] == parts.whole)
            assert_int_equal(facts.def[i], DEF_WHOLE | 1);
        defined += facts.def[i] != 0;
        assert_true(i == 0 || facts.term[i - 1] < facts.term[i]);
    }
    assert_int_equal(defined, 3);
    facts_builder_free(b);
}

static void facts__cap_symbols(void **state)
{
    struct facts_builder *b = facts_builder_new();
    struct facts_symbol symbol = {"name", "function", "", "", 1, 1};
    AUTO_STRBUF bytes = {0};

    (void)state;
    strbuf_init(&bytes, 1 << 24);
    facts_scan(b, lang_of("a.c", NULL, 0), "", 0);
    for (int i = 0; i < FACTS_MAX_SYMBOLS + 10; i++)
        facts_add_symbol(b, &symbol);
    assert_int_equal(facts_symbol_count(b), FACTS_MAX_SYMBOLS);
    facts_builder_free(b);
}

static void facts__say_in_which_parts_of_the_file_a_word_stands(void **state)
{
    struct packed p;
    AUTO_STRBUF text = {0};
    uint32_t number = word_term("needle", 6);

    (void)state;
    strbuf_init(&text, 1 << 20);
    for (int i = 0; i < 160; i++)
        (void)strbuf_adds(&text, i == 155 ? "needle();\n" : "padding()\n");
    pack(&p, "a.c", text.ptr);
    for (uint32_t i = 0; i < p.facts.head->n_terms; i++) {
        if (p.facts.term[i] == number)
            assert_int_equal(p.facts.where[i], 1U << 15);
    }
    assert_int_equal(p.facts.head->lines, 160);
    assert_in_range(p.facts.head->segment_line[15], 150, 152);
    release(&p);
}

static void facts__refuse_a_damaged_row(void **state)
{
    struct packed p;
    struct facts facts;

    (void)state;
    pack(&p, "a.c", "int alpha, beta;\n");
    assert_false(facts_view(p.bytes.ptr, p.bytes.len - 1, &facts));
    assert_false(facts_view(p.bytes.ptr, 10, &facts));
    ((struct facts_head *)(void *)p.bytes.ptr)->n_terms = 0x7fffffff;
    assert_false(facts_view(p.bytes.ptr, p.bytes.len, &facts));
    release(&p);
}

static void facts__grow_with_many_different_words(void **state)
{
    struct packed p;
    AUTO_STRBUF text = {0};

    (void)state;
    strbuf_init(&text, 1 << 22);
    for (int i = 0; i < 50000; i++)
        (void)strbuf_addf(&text, "w%xq\n", i * 7919);
    pack(&p, "a.c", text.ptr);
    assert_in_range(p.facts.head->n_terms, 49000, 50000);
    release(&p);
}

static void summary__is_the_first_sentence_that_is_no_licence(void **state)
{
    static const struct {
        const char *path;
        const char *text;
        const char *summary;
    } rows[] = {
        {"a.c", "/* Copyright 2020 X */\n/*\n * walk: every file of a tree. More.\n */\nint x;\n",
         "walk: every file of a tree."},
        {"a.py",
         "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\"\"\"Parse the arguments\nof a "
         "program. More\"\"\"\n",
         "Parse the arguments of a program."},
        {"a.go",
         "// Copyright 2015 Y\n// Licensed under Z\n\n// Package caddy is a server.\npackage "
         "caddy\n",
         "Package caddy is a server."},
        {"a.c", "#include <x.h>\n/* about one function only */\nvoid f(void);\n", ""},
        {"a.c", "int x;\n", ""},
        {"a.h", "#ifndef A_H\n#define A_H\n/* Guarded header file here */\n",
         "Guarded header file here"},
        {"README.md", "<img>\n# The Project\n\ntext", "The Project"},
        {"a.json", "{\"x\": \"no comments here\"}", ""},
        {"a.c", "/*", ""},
        {"a.py", "\"\"\"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[121] = "";
        size_t len = strlen(rows[i].text);
        size_t n =
            scan_summary(lang_of(rows[i].path, rows[i].text, len), rows[i].text, len, out, 120);

        out[n] = '\0';
        if (strcmp(out, rows[i].summary) != 0)
            fail_msg("%s, row %zu: '%s'", rows[i].path, i, out);
    }
}

static void summary__is_cut_at_a_whole_character(void **state)
{
    char text[300] = "// ";
    char out[121];
    size_t n;

    (void)state;
    for (int i = 0; i < 90; i++)
        (void)strcat(text, "\xe2\x82\xac");
    (void)strcpy(text + 3 + 30, " letters to be a sentence indeed ");
    for (int i = 0; i < 40; i++)
        (void)strcat(text, "\xe2\x82\xac");
    n = scan_summary(lang_of("a.c", NULL, 0), text, strlen(text), out, 120);
    assert_true(n > 100 && n <= 120);
    assert_int_equal((unsigned char)out[n - 1], 0xac);
}

static void collect_import(void *arg, const char *name, size_t len)
{
    struct strbuf *out = arg;

    (void)strbuf_add(out, name, len);
    (void)strbuf_addc(out, ' ');
}

static void imports__are_found_in_many_languages(void **state)
{
    static const struct {
        const char *path;
        const char *text;
        const char *names;
    } rows[] = {
        {"a.c", "#include \"x/y.h\"\n#  include <stdio.h>\n", "x/y.h stdio.h "},
        {"a.py", "import os.path\nfrom a.b import c, d\nfrom . import e\n",
         "os.path a.b a.b.c a.b.d . ..e "},
        {"a.js", "import x from './x.js';\nconst y = require(\"../y\");\n} from '@a/b';\n",
         "./x.js ../y @a/b "},
        {"a.go", "import \"fmt\"\nimport (\n\t\"net/http\"\n\tz \"a.org/b/c\"\n)\n",
         "fmt net/http a.org/b/c "},
        {"a.java", "import com.a.B;\nimport static com.a.C.d;\n", "com.a.B com.a.C.d "},
        {"a.rs", "use crate::a::b;\npub mod c;\n", "crate::a::b c "},
        {"a.rb", "require 'x/y'\nrequire_relative \"z\"\n", "x/y z "},
        {"a.php", "use App\\Models\\User;\n", "App\\Models\\User "},
        {"a.cs", "using System.Text;\n", "System.Text "},
        {"a.c", "int important;\nimported = 1;\nuser();\n", ""},
        {"README.md", "import x from 'y'\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_STRBUF out = {0};

        strbuf_init(&out, 4096);
        scan_imports(lang_of(rows[i].path, NULL, 0), rows[i].text, strlen(rows[i].text),
                     collect_import, &out);
        if (strcmp(out.ptr, rows[i].names) != 0)
            fail_msg("%s: '%s'", rows[i].path, out.ptr);
    }
}

static void tf__codes_keep_the_order_of_frequencies(void **state)
{
    (void)state;
    assert_int_equal(facts_tf_code(0), 0);
    assert_int_equal(facts_tf_code(7), 7);
    assert_int_equal(facts_tf_code(100000), 15);
    for (unsigned i = 1; i < 16; i++)
        assert_true(facts_tf(i) > facts_tf(i - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts__tell_code_from_comments_and_strings),
        cmocka_unit_test(facts__an_open_quote_costs_one_line_at_most),
        cmocka_unit_test(facts__of_an_empty_file_are_empty),
        cmocka_unit_test(facts__keep_symbols_and_mark_their_words),
        cmocka_unit_test(facts__cap_symbols),
        cmocka_unit_test(facts__say_in_which_parts_of_the_file_a_word_stands),
        cmocka_unit_test(facts__refuse_a_damaged_row),
        cmocka_unit_test(facts__grow_with_many_different_words),
        cmocka_unit_test(summary__is_the_first_sentence_that_is_no_licence),
        cmocka_unit_test(summary__is_cut_at_a_whole_character),
        cmocka_unit_test(imports__are_found_in_many_languages),
        cmocka_unit_test(tf__codes_keep_the_order_of_frequencies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
