#include "git_fixture.h"

#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/gitrepo/gitrepo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const git_env[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                      "HOME=/nonexistent",
                                      "GIT_CONFIG_NOSYSTEM=1",
                                      "GIT_AUTHOR_NAME=Ada",
                                      "GIT_AUTHOR_EMAIL=ada@example.org",
                                      "GIT_COMMITTER_NAME=Ada",
                                      "GIT_COMMITTER_EMAIL=ada@example.org",
                                      "GIT_AUTHOR_DATE=1700000000 +0000",
                                      "GIT_COMMITTER_DATE=1700000000 +0000",
                                      "GIT_CONFIG_COUNT=3",
                                      "GIT_CONFIG_KEY_0=init.defaultBranch",
                                      "GIT_CONFIG_VALUE_0=main",
                                      "GIT_CONFIG_KEY_1=safe.directory",
                                      "GIT_CONFIG_VALUE_1=*",
                                      "GIT_CONFIG_KEY_2=advice.detachedHead",
                                      "GIT_CONFIG_VALUE_2=false",
                                      "LC_ALL=C",
                                      NULL};

char *git_fixture_sh(const char *dir, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-ec", script, NULL};
    const struct proc_spec spec = {
        .argv = argv, .envp = git_env, .cwd = dir, .timeout_ms = 120000, .head_max = 8 << 20};
    struct proc_result result;
    struct err err = {0};
    char *out;

    assert_int_equal(proc_start_supervisor(&err), 0);
    if (proc_run(&spec, &result, &err))
        fail_msg("%s: %s", script, err.text);
    if (result.exit_code != 0)
        fail_msg("exit %d of: %s\n%s%s", result.exit_code, script, result.out.head,
                 result.err.head);
    out = xmemdup0(result.out.head, result.out.head_len);
    if (result.out.head_len > 0 && out[result.out.head_len - 1] == '\n')
        out[result.out.head_len - 1] = '\0';
    proc_result_release(&result);
    return out;
}

void git_fixture_run(const char *dir, const char *script)
{
    free(git_fixture_sh(dir, script));
}

char *git_fixture_dir(void)
{
    char dir[] = "/tmp/vdo-git-XXXXXX";

    assert_non_null(mkdtemp(dir));
    return xstrdup(dir);
}

int git_fixture_start(void **state)
{
    (void)state;
    return proc_start_supervisor(NULL) || gitrepo_startup(NULL) ? -1 : 0;
}

int git_fixture_stop(void **state)
{
    (void)state;
    gitrepo_shutdown();
    proc_stop_supervisor();
    return 0;
}
