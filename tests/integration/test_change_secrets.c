/* Secrets in what a tree of a real repository adds to its base: texts, binary files, what the base
 * allows. */
#include "git_fixture.h"

#include "../../src/pipeline/verify/secrets_find.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made up; in pieces, so that this file holds no token itself. */
#define TOKEN "gh''p_a8Xk2mQ9vT4nB7cL1pZ6wE3rY5uI0oHsJdFg" /* as a shell joins it */

struct place {
    char *dir;
    char *remote;
    struct repo_config config;
    struct job_run run;
};

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    AUTO_FREE char *mirror_dir = NULL;

    p->dir = git_fixture_dir();
    p->remote = fs_join(p->dir, "remote");
    mirror_dir = fs_join(p->dir, "mirror.git");
    git_fixture_run(p->dir, "git init -q remote");
    assert_int_equal(mirror_open(mirror_dir, &p->run.mirror, NULL), VDO_OK);
    p->run.repo_config = &p->config;
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    mirror_close(p->run.mirror);
    json_decref(p->run.out);
    (void)fs_remove_tree(p->dir, NULL);
    free(p->dir);
    free(p->remote);
    free(p);
    return 0;
}

static void commit(struct place *p, const char *script, char oid[GIT_OID_HEX_SIZE])
{
    const struct git_remote_spec spec = {.url = p->remote, .timeout_ms = 20000};
    AUTO_FREE char *all = xasprintf("%s\ngit add -A; git commit -q --allow-empty -m one", script);
    struct err err = {0};

    git_fixture_run(p->remote, all);
    if (mirror_fetch(p->run.mirror, &spec, &err) ||
        mirror_resolve(p->run.mirror, "main", oid, &err))
        fail_msg("%s", err.text);
}

/* What is found where one script makes the base and the other the change: "found: a.py:1, b.bin,
 * byte 3; allowed: ..." Free with free(). */
static char *found(struct place *p, const char *base, const char *change)
{
    static const char *const lists[] = {"found", "allowed"};
    char oid[GIT_OID_HEX_SIZE];
    json_t *secrets = NULL;
    AUTO_STRBUF text = {0};
    struct err err = {0};

    strbuf_init(&text, 10000);
    commit(p, base, oid);
    json_decref(p->run.out);
    p->run.out = json_pack("{s:{s:s}}", "checkout", "base_sha", oid);
    commit(p, change, oid);
    if (secrets_find(&p->run, oid, &secrets, &err))
        return xstrdup(err.text);
    for (int i = 0; i < 2; i++) {
        size_t k;
        json_t *one;

        (void)strbuf_addf(&text, "%s%s:", i ? "; " : "", lists[i]);
        json_array_foreach (js_at(secrets, lists[i]), k, one)
            (void)strbuf_addf(&text, " %s", js_str(one, "place", ""));
    }
    json_decref(secrets);
    return strbuf_take(&text, NULL);
}

static void binary_files_are_searched_where_they_are_added_changed_or_moved(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *added = found(p, "true", "printf 'x\\0\\0" TOKEN "\\0' > new.bin");
    AUTO_FREE char *kept = found(p, "true", "printf 'more\\0\\0" TOKEN "\\0' > new.bin");
    AUTO_FREE char *moved = found(p, "true", "git mv new.bin old.bin");
    AUTO_FREE char *changed = found(p, "true", "printf '\\0" TOKEN "Z\\0' > old.bin");
    AUTO_FREE char *deleted = found(p, "true", "rm old.bin");
    AUTO_FREE char *wide =
        found(p, "true",
              "printf 'key " TOKEN "' | iconv -t UTF-16LE | { printf '\\377\\376'; cat; } > w.txt");

    assert_string_equal(added, "found: new.bin, byte 3; allowed:");
    assert_string_equal(kept, "found:; allowed:");
    assert_string_equal(moved, "found:; allowed:");
    assert_string_equal(changed, "found: old.bin, byte 1; allowed:");
    assert_string_equal(deleted, "found:; allowed:");
    assert_string_equal(wide, "found: w.txt, byte 10; allowed:");
}

static void a_text_too_long_for_a_diff_is_searched_as_bytes(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *text =
        found(p, "true",
              "{ yes 0123456789abcdefghijklmnopqrstu | head -c 9000000; echo; echo " TOKEN
              "; } > long.txt");

    assert_string_equal(text, "found: long.txt, byte 9000001; allowed:");
}

static void what_is_too_large_to_be_searched_is_refused(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *text = found(p, "true", "head -c 70000000 /dev/zero > big.bin");

    assert_string_equal(text,
                        "big.bin is larger than 64 MiB, so it cannot be searched for secrets");
}

static void the_base_allows_by_path_and_by_line(void **state)
{
    static char glob[] = "tests/data/**";
    static char *globs[] = {glob};
    struct place *p = *state;

    p->config.secrets_allow = globs;
    p->config.n_secrets_allow = 1;
    AUTO_FREE char *text =
        found(p, "mkdir -p src; printf '  a = " TOKEN " # vdo:allow-secret\\r\\n' > src/old.py",
              "mkdir -p tests/data\n"
              "printf 'x\\0" TOKEN "\\0' > tests/data/a.bin\n"
              "echo 'a = '" TOKEN "' # vdo:allow-secret' > src/new.py\n"
              "echo 'b = '" TOKEN "' # vdo:allow-secret' > src/other.py\n"
              "echo 'a = '" TOKEN "' # vdo: allow-secret' > src/third.py");

    assert_string_equal(
        text,
        "found: src/other.py:1 src/third.py:1; allowed: src/new.py:1 tests/data/a.bin, byte 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            binary_files_are_searched_where_they_are_added_changed_or_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_too_long_for_a_diff_is_searched_as_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_to_be_searched_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_base_allows_by_path_and_by_line, setup, teardown),
    };

    int rc;

    if (proc_start_supervisor(NULL) || gitrepo_startup(NULL))
        return 1;
    rc = cmocka_run_group_tests_name("pipeline/change_secrets", tests, NULL, NULL);
    gitrepo_shutdown();
    proc_stop_supervisor();
    return rc;
}
