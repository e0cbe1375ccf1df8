#include "vdo/base/mem.h"
#include "vdo/checks/find.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A tree of at most two files. */
struct tree {
    const char *path[2];
    const char *text[2];
};

static bool read_tree(void *arg, const char *path, char **out_text)
{
    const struct tree *tree = arg;

    for (size_t i = 0; i < 2; i++) {
        if (tree->path[i] && strcmp(tree->path[i], path) == 0) {
            *out_text = xstrdup(tree->text[i]);
            return true;
        }
    }
    return false;
}

static void each_kind_of_project_tells_how_it_is_checked(void **state)
{
    static const struct {
        struct tree tree;
        const char *run; /* NULL: nothing is found */
    } rows[] = {
        {{{"Makefile"}, {"all:\n\tcc x.c\ncheck: all\n\t./x\n"}}, "make check"},
        {{{"Makefile"}, {"test:\n\t./t\n"}}, "make test"},
        {{{"Makefile"}, {"all:\n\tcc x.c\n"}}, NULL},
        {{{"Makefile"}, {"check := 3\n"}}, NULL},
        {{{"GNUmakefile", "Makefile"}, {"tests:\n", "check:\n"}}, "make tests"},
        {{{"package.json"}, {"{\"scripts\":{\"test\":\"node --test\"}}"}}, "npm test"},
        {{{"package.json"},
          {"{\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}"}},
         NULL},
        {{{"package.json"}, {"not json"}}, NULL},
        {{{"pytest.ini"}, {""}}, "python3 -m pytest -q"},
        {{{"pyproject.toml"}, {"[tool.pytest.ini_options]\n"}}, "python3 -m pytest -q"},
        {{{"setup.py"}, {""}}, "python3 -m unittest discover"},
        {{{"go.mod"}, {"module x\n"}}, "go test ./..."},
        {{{"Cargo.toml"}, {""}}, "cargo test --offline"},
        {{{"pom.xml"}, {""}}, "mvn -q -o test"},
        {{{"configure"}, {""}}, "./configure && make check"},
        {{{"README.md"}, {"make check"}}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tree tree = rows[i].tree;
        json_auto_t *found = checks_find(read_tree, &tree);

        if (!rows[i].run)
            assert_int_equal(json_array_size(found), 0);
        else
            assert_string_equal(js_str(found, "0.run", "(nothing)"), rows[i].run);
    }
}

static void a_project_in_two_languages_has_two_checks(void **state)
{
    struct tree tree = {{"go.mod", "Cargo.toml"}, {"", ""}};
    json_auto_t *found = checks_find(read_tree, &tree);

    (void)state;
    assert_int_equal(json_array_size(found), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_project_tells_how_it_is_checked),
        cmocka_unit_test(a_project_in_two_languages_has_two_checks),
    };

    return cmocka_run_group_tests_name("checks/find", tests, NULL, NULL);
}
