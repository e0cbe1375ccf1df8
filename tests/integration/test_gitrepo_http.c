/* Fetching and pushing over HTTP, through the child process, with a server that misbehaves on
 * order. */
#include "git_fixture.h"
#include "git_http.h"
#include "must.h"

#include "vdo/gitrepo/gitrepo.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/http/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char password[] = "ghs_s3cretS3cretS3cret";

struct place {
    char *dir;
    char *remote; /* served as /repo.git */
    char *url;
    char *mirror_dir;
    struct git_http *server;
    struct mirror *mirror;
    struct secret password;
    struct git_remote_spec spec;
    char base[GIT_OID_HEX_SIZE];
    char commit[GIT_OID_HEX_SIZE];
    char next[GIT_OID_HEX_SIZE];
};

static int setup(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));

    p->dir = git_fixture_dir();
    p->remote = fs_join(p->dir, "repo.git");
    p->mirror_dir = fs_join(p->dir, "mirror");
    git_fixture_run(p->dir,
                    "git init -q --bare repo.git; git init -q work; cd work;"
                    "seq 1000 >a; git add a; git commit -qm one; git push -q ../repo.git main");
    p->server = git_http_start(p->dir);
    p->url = xasprintf("%s/repo.git", git_http_url(p->server));
    secret_set(&p->password, password, strlen(password));
    p->spec.url = p->url;
    p->spec.timeout_ms = 30000;
    assert_int_equal(mirror_open(p->mirror_dir, &p->mirror, NULL), VDO_OK);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    git_http_stop(p->server);
    mirror_close(p->mirror);
    (void)fs_remove_tree(p->dir, NULL);
    secret_release(&p->password);
    free(p->dir);
    free(p->remote);
    free(p->url);
    free(p->mirror_dir);
    free(p);
    return 0;
}

static void with_password(struct place *p)
{
    p->spec.username = "x-access-token";
    p->spec.password = &p->password;
}

static void must_fetch(struct place *p)
{
    MUST(mirror_fetch(p->mirror, &p->spec, &err));
    MUST(mirror_resolve(p->mirror, "main", p->base, &err));
}

static int fetch_fails(struct place *p, struct err *err)
{
    int rc = mirror_fetch(p->mirror, &p->spec, err);

    assert_int_not_equal(rc, VDO_OK);
    assert_int_equal(rc, err->code);
    assert_null(strstr(err->text, password));
    return rc;
}

/* Fetch, and make two commits in the mirror. */
static void prepare_push(struct place *p)
{
    struct commit_spec spec = {.message = "change\n",
                               .author_name = "VDO",
                               .author_email = "vdo@example.org",
                               .time_s = 1700000000};
    AUTO_FREE char *tree = NULL;

    must_fetch(p);
    tree = git_fixture_sh(p->mirror_dir, "b=$(echo new | git hash-object -w --stdin);"
                                         "printf '100644 blob %s\\tn\\n' $b | git mktree");
    spec.tree = tree;
    spec.parent = p->base;
    assert_int_equal(mirror_commit(p->mirror, &spec, p->commit, NULL), VDO_OK);
    spec.parent = p->commit;
    assert_int_equal(mirror_commit(p->mirror, &spec, p->next, NULL), VDO_OK);
}

static int push(struct place *p, const char *branch, const char *commit, const char *expected,
                enum push_outcome *outcome, char *found, struct err *err)
{
    return mirror_push(p->mirror, &p->spec, branch, commit, expected, outcome, found, err);
}

static void must_push(struct place *p, const char *branch, const char *commit, const char *expected,
                      enum push_outcome wanted)
{
    enum push_outcome outcome = (enum push_outcome) - 1;

    MUST(push(p, branch, commit, expected, &outcome, NULL, &err));
    assert_int_equal(outcome, wanted);
}

static void assert_remote_branch(struct place *p, const char *branch, const char *commit)
{
    AUTO_FREE char *script =
        xasprintf("git rev-parse -q --verify refs/heads/%s || echo none", branch);
    AUTO_FREE char *found = git_fixture_sh(p->remote, script);

    assert_string_equal(found, commit);
}

static void assert_log_lacks(struct git_http *server, const char *text)
{
    AUTO_FREE char *log = git_http_log(server);

    if (strstr(log, text))
        fail_msg("the server saw '%s':\n%s", text, log);
}

static void mirror_fetch__reads_over_http(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *expected = NULL;
    AUTO_FREE char *bytes = NULL;
    size_t len;

    must_fetch(p);
    expected = git_fixture_sh(p->remote, "git rev-parse main");
    assert_string_equal(p->base, expected);
    assert_string_equal(mirror_default_branch(p->mirror), "main");
    assert_int_equal(mirror_read_file(p->mirror, p->base, "a", 9999, &bytes, &len, NULL), VDO_OK);
    git_fixture_run(p->dir,
                    "cd work; git checkout -qb other; echo b >b; git add b; git commit -qm b;"
                    "git push -q ../repo.git other; git -C ../repo.git branch -D main -q;"
                    "git -C ../repo.git symbolic-ref HEAD refs/heads/other");
    assert_int_equal(mirror_fetch(p->mirror, &p->spec, NULL), VDO_OK);
    assert_string_equal(mirror_default_branch(p->mirror), "other");
    assert_int_equal(mirror_resolve(p->mirror, "main", p->base, NULL), VDO_E_NOT_FOUND);
}

static void mirror_fetch__of_an_empty_repository_over_http(void **state)
{
    struct place *p = *state;

    git_fixture_run(p->dir, "rm -rf repo.git; git init -q --bare repo.git");
    assert_int_equal(mirror_fetch(p->mirror, &p->spec, NULL), VDO_OK);
    assert_null(mirror_default_branch(p->mirror));
}

static void mirror_fetch__gives_its_password(void **state)
{
    struct place *p = *state;

    git_http_require(p->server, "x-access-token", password);
    with_password(p);
    must_fetch(p);
}

static void mirror_fetch__is_refused_with_wrong_credentials(void **state)
{
    struct place *p = *state;
    struct err err = {0};
    AUTO_FREE char *log = NULL;
    size_t n = 0;

    git_http_require(p->server, "x-access-token", "another");
    with_password(p);
    assert_int_equal(fetch_fails(p, &err), VDO_E_TEMPORARY);
    assert_non_null(strstr(err.text, "credentials"));
    log = git_http_log(p->server);
    for (const char *at = log; (at = strstr(at, "Basic")); at++)
        n++;
    assert_int_equal(n, 1);
}

static void mirror_fetch__says_when_credentials_are_missing(void **state)
{
    struct place *p = *state;
    struct err err = {0};

    git_http_require(p->server, "x-access-token", password);
    assert_int_equal(fetch_fails(p, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "none are configured"));
}

static void mirror_fetch__gives_each_status_its_meaning(void **state)
{
    static const struct {
        int status;
        int rc;
    } rows[] = {
        {403, VDO_E_REFUSED},   {404, VDO_E_NOT_FOUND}, {410, VDO_E_NOT_FOUND},
        {429, VDO_E_TEMPORARY}, {500, VDO_E_TEMPORARY}, {502, VDO_E_TEMPORARY},
        {503, VDO_E_TEMPORARY}, {400, VDO_E_REFUSED},
    };
    struct place *p = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        char status[16];
        int rc;

        git_http_set_fault(p->server, GIT_HTTP_STATUS, rows[i].status, NULL);
        rc = fetch_fails(p, &err);
        (void)snprintf(status, sizeof(status), "HTTP %d", rows[i].status);
        if (rc != rows[i].rc || !strstr(err.text, status))
            fail_msg("HTTP %d: %d (%s)", rows[i].status, rc, err.text);
    }
}

static void mirror_fetch__of_a_deleted_repository_is_not_found(void **state)
{
    struct place *p = *state;
    struct err err = {0};

    must_fetch(p);
    git_fixture_run(p->dir, "rm -rf repo.git");
    assert_int_equal(fetch_fails(p, &err), VDO_E_NOT_FOUND);
    assert_string_equal(mirror_default_branch(p->mirror), "main");
}

static void mirror_fetch__follows_no_redirect_and_gives_no_password_away(void **state)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1"};
    struct place *p = *state;
    struct git_http *other = git_http_start(p->dir);

    git_http_require(p->server, "x-access-token", password);
    with_password(p);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        AUTO_FREE char *elsewhere =
            xasprintf("http://%s%s", hosts[i], strrchr(git_http_url(other), ':'));
        struct err err = {0};

        git_http_set_fault(p->server, GIT_HTTP_REDIRECT, 0, elsewhere);
        assert_int_equal(fetch_fails(p, &err), VDO_E_REFUSED);
        assert_non_null(strstr(err.text, "redirects to"));
        assert_non_null(strstr(err.text, elsewhere));
    }
    assert_log_lacks(other, "/");
    git_http_stop(other);
}

static void mirror_fetch__from_a_server_that_does_not_speak_git_is_refused(void **state)
{
    struct place *p = *state;
    struct err err = {0};

    git_http_set_fault(p->server, GIT_HTTP_STATUS, 200, NULL);
    assert_int_equal(fetch_fails(p, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "text/plain"));
}

static void mirror_fetch__ends_a_silent_server_at_its_deadline(void **state)
{
    struct place *p = *state;
    int64_t start = clock_mono_ms(clock_real());
    struct err err = {0};

    git_http_set_fault(p->server, GIT_HTTP_HANG, 0, NULL);
    p->spec.timeout_ms = 300;
    assert_int_equal(fetch_fails(p, &err), VDO_E_TEMPORARY);
    assert_true(clock_mono_ms(clock_real()) - start < 10000);
    git_http_set_fault(p->server, GIT_HTTP_WELL, 0, NULL);
    p->spec.timeout_ms = 30000;
    must_fetch(p);
}

static void mirror_fetch__ends_when_cancelled(void **state)
{
    struct place *p = *state;
    atomic_bool cancel = true;
    struct err err = {0};

    git_http_set_fault(p->server, GIT_HTTP_HANG, 0, NULL);
    p->spec.cancel = &cancel;
    assert_int_equal(fetch_fails(p, &err), VDO_E_CANCELLED);
}

static void mirror_fetch__of_a_closed_port_may_be_tried_again(void **state)
{
    struct place *p = *state;
    struct err err = {0};

    p->spec.url = "http://127.0.0.1:1/repo.git";
    assert_int_equal(fetch_fails(p, &err), VDO_E_TEMPORARY);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
}

static void mirror_push__makes_and_moves_a_branch_over_http(void **state)
{
    struct place *p = *state;

    git_http_require(p->server, "x-access-token", password);
    with_password(p);
    prepare_push(p);
    must_push(p, "vdo/fix-1", p->commit, NULL, PUSH_DONE);
    assert_remote_branch(p, "vdo/fix-1", p->commit);
    must_push(p, "vdo/fix-1", p->commit, NULL, PUSH_ALREADY_THERE);
    must_push(p, "vdo/fix-1", p->next, p->commit, PUSH_DONE);
    assert_remote_branch(p, "vdo/fix-1", p->next);
    git_fixture_run(p->mirror_dir, "[ -z \"$(git for-each-ref refs/vdo/push)\" ]");
    git_fixture_run(p->remote, "git fsck --strict");
}

static void mirror_push__reports_a_foreign_branch_over_http(void **state)
{
    struct place *p = *state;
    char found[GIT_OID_HEX_SIZE];
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_fixture_run(p->remote, "git branch b main");
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, found, &err), VDO_E_CONFLICT);
    assert_string_equal(found, p->base);
    assert_int_equal(push(p, "b", p->next, p->commit, &outcome, found, NULL), VDO_E_CONFLICT);
    assert_string_equal(found, p->base);
    assert_int_equal(push(p, "gone", p->next, p->commit, &outcome, found, NULL), VDO_E_CONFLICT);
    assert_string_equal(found, "");
    assert_remote_branch(p, "b", p->base);
    git_fixture_run(p->dir, "cd work; git checkout -q --orphan o; git commit -qm o;"
                            "git push -q ../repo.git o");
    {
        AUTO_FREE char *theirs = git_fixture_sh(p->remote, "git rev-parse o");

        assert_int_equal(push(p, "o", p->next, theirs, &outcome, found, NULL), VDO_E_CONFLICT);
        assert_remote_branch(p, "o", theirs);
    }
}

static void mirror_push__that_loses_a_race_is_a_conflict(void **state)
{
    struct place *p = *state;
    char found[GIT_OID_HEX_SIZE];
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_http_before_push(p->server, "git -C repo.git branch b main");
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, found, &err), VDO_E_CONFLICT);
    assert_string_equal(found, p->base);
    assert_remote_branch(p, "b", p->base);
}

static void mirror_push__that_a_hook_declines_is_refused(void **state)
{
    struct place *p = *state;
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_fixture_run(p->remote,
                    "printf '#!/bin/sh\\nexit 1\\n' >hooks/update; chmod +x hooks/update");
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "hook declined"));
    assert_remote_branch(p, "b", "none");
}

static void mirror_push__to_a_branch_that_others_stand_in_the_way_of(void **state)
{
    struct place *p = *state;
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_fixture_run(p->remote, "git branch vdo main");
    assert_int_equal(push(p, "vdo/x", p->commit, NULL, &outcome, NULL, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "vdo/x"));
}

static void mirror_push__whose_answer_is_lost_is_found_done(void **state)
{
    struct place *p = *state;

    prepare_push(p);
    git_http_set_fault(p->server, GIT_HTTP_DROP_PUSH, 0, NULL);
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    assert_remote_branch(p, "b", p->commit);
}

static void mirror_push__that_hangs_when_done_is_found_done(void **state)
{
    struct place *p = *state;

    prepare_push(p);
    git_http_set_fault(p->server, GIT_HTTP_HANG_PUSH, 0, NULL);
    p->spec.timeout_ms = 3000;
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
    assert_remote_branch(p, "b", p->commit);
}

static void mirror_push__that_was_lost_may_be_tried_again(void **state)
{
    struct place *p = *state;
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_http_set_fault(p->server, GIT_HTTP_DROP_PUSH_LOST, 0, NULL);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_TEMPORARY);
    assert_remote_branch(p, "b", "none");
    git_http_set_fault(p->server, GIT_HTTP_WELL, 0, NULL);
    must_push(p, "b", p->commit, NULL, PUSH_DONE);
}

static void mirror_push__over_http_gives_each_failure_its_meaning(void **state)
{
    struct place *p = *state;
    struct git_http *other = git_http_start(p->dir);
    AUTO_FREE char *elsewhere = xasprintf("http://localhost%s", strrchr(git_http_url(other), ':'));
    enum push_outcome outcome;
    struct err err = {0};

    prepare_push(p);
    git_http_set_fault(p->server, GIT_HTTP_STATUS, 403, NULL);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_REFUSED);
    err_clear(&err);
    git_http_set_fault(p->server, GIT_HTTP_STATUS, 404, NULL);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_NOT_FOUND);
    git_http_set_fault(p->server, GIT_HTTP_REDIRECT, 0, elsewhere);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, NULL), VDO_E_REFUSED);
    git_http_set_fault(p->server, GIT_HTTP_HANG, 0, NULL);
    p->spec.timeout_ms = 300;
    err_clear(&err);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_TEMPORARY);
    p->spec.timeout_ms = 30000;
    git_http_set_fault(p->server, GIT_HTTP_WELL, 0, NULL);
    git_http_require(p->server, "x-access-token", "another");
    with_password(p);
    err_clear(&err);
    assert_int_equal(push(p, "b", p->commit, NULL, &outcome, NULL, &err), VDO_E_TEMPORARY);
    assert_null(strstr(err.text, password));
    assert_log_lacks(other, "/");
    git_http_stop(other);
}

static void git_transfer__says_what_is_wrong_with_its_order(void **state)
{
    static const struct {
        const char *order;
        int exit_code;
        const char *says; /* on standard output */
    } rows[] = {
        {"", 2, ""},
        {"no JSON", 2, ""},
        {"{}", 0, "open mirror"},
        {"{\"op\":\"fetch\",\"dir\":\"/nowhere\",\"url\":\"http://127.0.0.1:1/x\"}", 0, "/nowhere"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const argv[] = {proc_self_exe(), "git-transfer", NULL};
        const struct proc_spec spec = {.argv = argv,
                                       .in = rows[i].order,
                                       .in_len = strlen(rows[i].order),
                                       .timeout_ms = 20000,
                                       .head_max = 4096};
        struct proc_result result;

        assert_int_equal(proc_run(&spec, &result, NULL), VDO_OK);
        assert_int_equal(result.exit_code, rows[i].exit_code);
        assert_non_null(strstr(result.out.head, rows[i].says));
        assert_true(rows[i].exit_code == 0 || result.err.head_len > 0);
        proc_result_release(&result);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(mirror_fetch__reads_over_http),
        TEST(mirror_fetch__of_an_empty_repository_over_http),
        TEST(mirror_fetch__gives_its_password),
        TEST(mirror_fetch__is_refused_with_wrong_credentials),
        TEST(mirror_fetch__says_when_credentials_are_missing),
        TEST(mirror_fetch__gives_each_status_its_meaning),
        TEST(mirror_fetch__of_a_deleted_repository_is_not_found),
        TEST(mirror_fetch__follows_no_redirect_and_gives_no_password_away),
        TEST(mirror_fetch__from_a_server_that_does_not_speak_git_is_refused),
        TEST(mirror_fetch__ends_a_silent_server_at_its_deadline),
        TEST(mirror_fetch__ends_when_cancelled),
        TEST(mirror_fetch__of_a_closed_port_may_be_tried_again),
        TEST(mirror_push__makes_and_moves_a_branch_over_http),
        TEST(mirror_push__reports_a_foreign_branch_over_http),
        TEST(mirror_push__that_loses_a_race_is_a_conflict),
        TEST(mirror_push__that_a_hook_declines_is_refused),
        TEST(mirror_push__to_a_branch_that_others_stand_in_the_way_of),
        TEST(mirror_push__whose_answer_is_lost_is_found_done),
        TEST(mirror_push__that_hangs_when_done_is_found_done),
        TEST(mirror_push__that_was_lost_may_be_tried_again),
        TEST(mirror_push__over_http_gives_each_failure_its_meaning),
        TEST(git_transfer__says_what_is_wrong_with_its_order),
    };
    char self[4096] = "";

    if (argc > 1 && strcmp(argv[1], "git-transfer") == 0)
        return git_transfer_main();
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || setenv("VDO_EXE", self, 1))
        return 1;
    return cmocka_run_group_tests(tests, git_fixture_start, git_fixture_stop);
}
