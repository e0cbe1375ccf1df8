/* path_glob_match: the globs of .github/vdo.yml, as .gitignore has them. */
#include "vdo/gitrepo/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct row {
    const char *glob;
    const char *path;
};

static const struct row matching[] = {
    {"LICENSE", "LICENSE"},
    {"LICENSE", "vendor/x/LICENSE"},
    {"/LICENSE", "LICENSE"},
    {"*.md", "README.md"},
    {"*.md", "docs/a/b.md"},
    {"docs/*.md", "docs/a.md"},
    {"docs/**", "docs/a"},
    {"docs/**", "docs/a/b/c.md"},
    {"docs/", "docs/a/b"},
    {"docs/", "other/docs/a"},
    {"/docs/", "docs/a"},
    {".github/workflows/**", ".github/workflows/ci.yml"},
    {".github/workflows", ".github/workflows"},
    {".github/workflows", ".github/workflows/a/ci.yml"},
    {"vendor", "a/vendor/lib.c"},
    {"**/foo", "foo"},
    {"**/foo", "a/foo"},
    {"**/foo", "a/b/foo"},
    {"a/**/b", "a/b"},
    {"a/**/b", "a/x/b"},
    {"a/**/b", "a/x/y/b"},
    {"**/*.c", "a.c"},
    {"**/*.c", "x/y/a.c"},
    {"src/**/*.c", "src/a.c"},
    {"src/**/*.c", "src/x/y/a.c"},
    {"**", "anything/at/all"},
    {"src**", "src/a/b"},
    {"src/**.c", "src/a/b.c"},
    {"?.c", "a.c"},
    {"?.c", "\xc3\xa4.c"},
    {"[a-c].c", "b.c"},
    {"[!a-c].c", "d.c"},
    {"[^a-c].c", "d.c"},
    {"[]].c", "].c"},
    {"[a-].c", "-.c"},
    {"[\xc3\xa0-\xc3\xbf].c", "\xc3\xa4.c"},
    {"[\\]].c", "].c"},
    {"a\\*b", "a*b"},
    {"[x", "[x"},
    {"a\\", "a\\"},
    {"*", "a/b"},
    {"a*b*c", "aXXbYYc"},
    {"db/migrations/**", "db/migrations/1.sql"},
    {"a\xff*", "a\xff"
               "b"},
};

static const struct row missing[] = {
    {"LICENSE", "LICENSE.md"},
    {"LICENSE", "license"},
    {"/LICENSE", "vendor/LICENSE"},
    {"*.md", "README.mdx"},
    {"docs/*.md", "docs/a/b.md"},
    {"docs/*", "docs/a/b"},
    {"docs/*.md", "x/docs/a.md"},
    {"docs/**", "docs"},
    {"docs/**", "docsx/a"},
    {"docs/", "docs"},
    {"/docs/", "a/docs/b"},
    {".github/workflows", ".github/workflows2/ci.yml"},
    {".github/workflows", "x/.github/workflows/ci.yml"},
    {"**/foo", "xfoo"},
    {"**/foo", "a/xfoo"},
    {"a/**/b", "ab"},
    {"a/**/b", "a/xb"},
    {"a/**/b", "x/a/b"},
    {"src/**/*.c", "src/a.h"},
    {"src/**/*.c", "lib/src/a.c"},
    {"?.c", "ab.c"},
    {"a?b", "a/b"},
    {"a[/]b", "a/b"},
    {"a[!x]b", "a/b"},
    {"[a-c].c", "d.c"},
    {"[!a-c].c", "a.c"},
    {"a\\*b", "axb"},
    {"", "a"},
    {"/", "a"},
    {"a", ""},
    {"*.c", "a.c/b"},
    {"[\xc3\xa0-\xc3\xbf].c", "a.c"},
};

static void path_glob_match__matches_as_gitignore_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++)
        if (!path_glob_match(matching[i].glob, matching[i].path))
            fail_msg("'%s' misses '%s'", matching[i].glob, matching[i].path);
}

static void path_glob_match__leaves_other_paths_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        if (path_glob_match(missing[i].glob, missing[i].path))
            fail_msg("'%s' matches '%s'", missing[i].glob, missing[i].path);
}

static void path_glob_match__does_not_blow_up_on_many_stars(void **state)
{
    char glob[201];
    char path[4001];
    clock_t start = clock();

    (void)state;
    for (size_t i = 0; i < 200; i += 2)
        memcpy(glob + i, "*a", 2);
    glob[200] = '\0';
    memset(path, 'a', 4000);
    path[3999] = 'b';
    path[4000] = '\0';
    assert_false(path_glob_match(glob, path));
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
}

static void path_protected_always__covers_the_workflows(void **state)
{
    bool covered = false;

    (void)state;
    for (const char *const *glob = path_protected_always(); *glob; glob++)
        covered = covered || path_glob_match(*glob, ".github/workflows/deep/ci.yml");
    assert_true(covered);
    for (const char *const *glob = path_protected_always(); *glob; glob++)
        assert_false(path_glob_match(*glob, ".github/ISSUE_TEMPLATE/bug.md"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_glob_match__matches_as_gitignore_does),
        cmocka_unit_test(path_glob_match__leaves_other_paths_alone),
        cmocka_unit_test(path_glob_match__does_not_blow_up_on_many_stars),
        cmocka_unit_test(path_protected_always__covers_the_workflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
