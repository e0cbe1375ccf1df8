#include "../../../../src/code/index/classify.h"
#include "../../../../src/code/index/links.h"
#include "../../../../src/code/index/snapshot.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Files of several languages; the names that the first of each row imports. */
static const char *const paths[] = {
    "Cargo.toml",
    "app/models/user.py",
    "app/models/__init__.py",
    "app/views.py",
    "lib/index.js",
    "lib/util/path.js",
    "lib/util/index.js",
    "other/util/path.js",
    "src/main.c",
    "src/net/socket.h",
    "src/main/java/a/b/C.java",
    "src/net.rs",
    "modules/http/http.go",
    "modules/http/server.go",
    "lib/user.rb",
};
enum { N_PATHS = sizeof(paths) / sizeof(paths[0]) };

/* What one import of one file leads to, or "". */
static const char *resolve(const char *from, const char *import)
{
    struct link_file files[N_PATHS];
    struct link *links = NULL;
    const char *to = "";
    size_t n = 0;

    for (size_t i = 0; i < N_PATHS; i++) {
        bool here = strcmp(paths[i], from) == 0;

        files[i] = (struct link_file){.path = paths[i],
                                      .imports = here ? import : "",
                                      .imports_len = here ? strlen(import) + 1 : 0};
    }
    links_find(files, N_PATHS, &links, &n);
    if (n)
        to = paths[links[0].to];
    free(links);
    return to;
}

static void links__follow_imports_by_name(void **state)
{
    static const struct {
        const char *from;
        const char *import;
        const char *to;
    } rows[] = {
        {"app/views.py", "app.models.user", "app/models/user.py"},
        {"app/views.py", "app.models.user.User", "app/models/user.py"},
        {"app/views.py", "app.models", "app/models/__init__.py"},
        {"app/views.py", "os.path", ""},
        {"app/views.py", "json", ""},
        {"lib/index.js", "./util/path.js", "lib/util/path.js"},
        {"lib/index.js", "./util/path", "lib/util/path.js"},
        {"lib/index.js", "./util", "lib/util/index.js"},
        {"lib/util/path.js", "../index", "lib/index.js"},
        {"other/util/path.js", "../../lib/util/path", "lib/util/path.js"},
        {"lib/index.js", "./nothing", ""},
        {"lib/index.js", "../../../../etc/passwd", ""},
        {"src/main.c", "net/socket.h", "src/net/socket.h"},
        {"src/main.c", "socket.h", "src/net/socket.h"},
        {"src/main.c", "stdio.h", ""},
        {"src/net.rs", "crate::main::java::a::b::C", "src/main/java/a/b/C.java"},
        {"src/main/java/a/b/C.java", "a.b.C", ""},
        {"src/main.c", "github.com/x/y/v2/modules/http", "modules/http/http.go"},
        {"src/main.c", "", ""},
        {"src/main.c", "///", ""},
        {"src/main.c", "...", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *to = resolve(rows[i].from, rows[i].import);

        if (strcmp(to, rows[i].to) != 0)
            fail_msg("%s in %s leads to '%s'", rows[i].import, rows[i].from, to);
    }
}

static void links__prefer_the_closest_of_several(void **state)
{
    (void)state;
    assert_string_equal(resolve("lib/index.js", "util/path"), "lib/util/path.js");
    assert_string_equal(resolve("Cargo.toml", "util/path"), "lib/util/path.js");
}

static void links__count_an_import_once(void **state)
{
    static const char twice[] = "./b\0./b.js";
    struct link_file files[] = {{"x/a.js", twice, sizeof(twice), 0}, {"x/b.js", "", 0, 0}};
    struct link *links = NULL;
    size_t n = 0;

    (void)state;
    links_find(files, 2, &links, &n);
    assert_int_equal(n, 1);
    free(links);
    links_find(files, 0, &links, &n);
    assert_int_equal(n, 0);
    free(links);
}

static void links__pair_tests_with_their_source(void **state)
{
    static const char *const rows[][2] = {
        {"test_user.py", "user.py"},      {"server_test.go", "server.go"},
        {"FooTest.java", "Foo.java"},     {"path.spec.js", "path.js"},
        {"user_spec.rb", "user.rb"},      {"BarTests.cs", "Bar.cs"},
        {"TestThing.java", "Thing.java"}, {"my-rule.test.js", "my-rule.js"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *test = xasprintf("tests/%s", rows[i][0]);
        AUTO_FREE char *source = xasprintf("src/%s", rows[i][1]);
        struct link_file files[] = {
            {source, "", 0, 0}, {"src/unrelated.c", "", 0, 0}, {test, "", 0, FILE_TEST}};
        struct link *links = NULL;
        size_t n = 0;

        links_pair_tests(files, 3, &links, &n);
        if (n != 1 || links[0].from != 2 || links[0].to != 0)
            fail_msg("%s has %zu sources", test, n);
        free(links);
    }
}

static void snapshot__survives_packing(void **state)
{
    struct snapshot s = {0};
    struct snapshot back;
    AUTO_STRBUF packed = {0};
    struct snap_file *f;

    (void)state;
    strbuf_init(&packed, 1 << 20);
    for (int i = 999; i >= 0; i--) {
        AUTO_FREE char *path = xasprintf("dir/%03d.c", i);

        f = snapshot_add(&s, path);
        f->blob = i;
        f->symbols = 7;
        f->oid[31] = (uint8_t)i;
    }
    snapshot_sort(&s);
    snapshot_pack(&s, &packed);
    assert_true(snapshot_unpack(packed.ptr, packed.len, &back));
    assert_int_equal(back.n, 1000);
    f = snapshot_find(&back, "dir/512.c");
    assert_non_null(f);
    assert_int_equal(f->blob, 512);
    assert_int_equal(f->oid[31], 0);
    assert_null(snapshot_find(&back, "dir/1000.c"));
    snapshot_release(&back);
    assert_false(snapshot_unpack(packed.ptr, packed.len - 1, &back));
    assert_false(snapshot_unpack(packed.ptr, 3, &back));
    packed.ptr[0] ^= 1;
    assert_false(snapshot_unpack(packed.ptr, packed.len, &back));
    assert_int_equal(back.n, 0);
    snapshot_release(&s);
}

static void snapshot__remembers_what_changes_often(void **state)
{
    struct snapshot before = {0};
    struct snapshot now = {0};

    (void)state;
    snapshot_add(&before, "a.c")->churn = 2.0F;
    snapshot_add(&before, "b.c")->churn = 1.0F;
    snapshot_add(&now, "a.c")->oid[0] = 1; /* changed */
    (void)snapshot_add(&now, "b.c");
    (void)snapshot_add(&now, "c.c"); /* new */
    snapshot_age(&now, &before);
    assert_true(now.files[0].churn > 2.7F && now.files[0].churn < 2.9F);
    assert_true(now.files[1].churn > 0.8F && now.files[1].churn < 1.0F);
    assert_true(now.files[2].churn > 0.9F);
    snapshot_release(&before);
    snapshot_release(&now);
}

static void snapshot__takes_a_change_of_everything_for_no_news(void **state)
{
    struct snapshot before = {0};
    struct snapshot now = {0};

    (void)state;
    for (int i = 0; i < 200; i++) {
        AUTO_FREE char *path = xasprintf("%03d.c", i);

        (void)snapshot_add(&before, path);
        snapshot_add(&now, path)->oid[0] = 1;
    }
    snapshot_age(&now, &before);
    assert_true(now.files[0].churn <= 0.0F);
    snapshot_release(&before);
    snapshot_release(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links__follow_imports_by_name),
        cmocka_unit_test(links__prefer_the_closest_of_several),
        cmocka_unit_test(links__count_an_import_once),
        cmocka_unit_test(links__pair_tests_with_their_source),
        cmocka_unit_test(snapshot__survives_packing),
        cmocka_unit_test(snapshot__remembers_what_changes_often),
        cmocka_unit_test(snapshot__takes_a_change_of_everything_for_no_news),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
