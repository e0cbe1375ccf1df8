/* The local forge over a real store. */
#include "vdo/forge/forge.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIR_A "/srv/a"

static char dir[64];
static struct clock_fake test_time;
static struct store *store;
static struct forge *forge;
static struct forge_session *session;
static const struct forge_repo repo = {.name = DIR_A};

static int open_all(void)
{
    AUTO_FREE char *url = xasprintf("sqlite:%s/vdo.db", dir);
    struct forge_options options = {.kind = "local", .clock = &test_time.clock};
    struct err err = {0};

    if (store_open(url, &test_time.clock, &store, &err))
        return -1;
    options.store = store;
    if (forge_open(&options, &forge, &err))
        return -1;
    session = forge_session_new(forge, NULL);
    return 0;
}

static void close_all(void)
{
    forge_session_free(session);
    forge_close(forge);
    store_close(store);
}

static int setup(void **state)
{
    (void)state;
    (void)strcpy(dir, "/tmp/vdo-local-XXXXXX");
    clock_fake_init(&test_time, 1795248000000);
    return mkdtemp(dir) ? open_all() : -1;
}

static int teardown(void **state)
{
    (void)state;
    close_all();
    return fs_remove_tree(dir, NULL);
}

static void put_issue(const char *key, json_t *value)
{
    assert_int_equal(store_doc_put(store, "local/issue", key, value, NULL), VDO_OK);
    json_decref(value);
}

static int64_t comment(const char *body)
{
    bool maybe = true;
    int64_t id = 0;

    assert_int_equal(forge_create_comment(session, &repo, 1, body, &id, &maybe, NULL), VDO_OK);
    assert_false(maybe);
    return id;
}

static size_t list(const struct forge_repo *of, int64_t issue, int64_t since_ms,
                   const char *contains, struct forge_comment **out)
{
    struct forge_comment *comments = NULL;
    size_t n = 0;

    assert_int_equal(
        forge_list_comments(session, of, issue, since_ms, contains, &comments, &n, NULL), VDO_OK);
    if (out)
        *out = comments;
    else
        forge_comments_free(comments, n);
    return n;
}

static void an_issue_is_read_as_it_was_put(void **state)
{
    struct forge_issue issue = {0};

    (void)state;
    put_issue(DIR_A "#1", json_pack("{s:s, s:s, s:s, s:[s,s,i]}", "title", "T", "body", "B",
                                    "author", "ada", "labels", "vdo", "vdo:bugfix", 7));
    assert_int_equal(forge_get_issue(session, &repo, 1, &issue, NULL), VDO_OK);
    assert_int_equal(issue.number, 1);
    assert_string_equal(issue.title, "T");
    assert_string_equal(issue.body, "B");
    assert_string_equal(issue.author, "ada");
    assert_true(issue.open && !issue.is_pull && !issue.locked);
    assert_int_equal(issue.n_labels, 2);
    assert_string_equal(issue.labels[1], "vdo:bugfix");
    forge_issue_release(&issue);
    put_issue(DIR_A "#2", json_pack("{s:s}", "state", "closed"));
    assert_int_equal(forge_get_issue(session, &repo, 2, &issue, NULL), VDO_OK);
    assert_false(issue.open);
    assert_string_equal(issue.title, "");
    forge_issue_release(&issue);
    assert_int_equal(forge_get_issue(session, &repo, 3, &issue, NULL), VDO_E_NOT_FOUND);
    assert_null(issue.title);
}

static void comments_are_kept_in_order_and_chosen(void **state)
{
    const struct forge_repo other = {.name = "/srv/b"};
    struct forge_comment *comments = NULL;
    int64_t first = comment("one <!-- vdo:a -->");
    int64_t second;

    (void)state;
    clock_fake_advance(&test_time, 1000);
    second = comment("two");
    assert_true(second > first);
    for (int i = 0; i < 9; i++)
        (void)comment("more");
    assert_int_equal(list(&repo, 1, 0, NULL, &comments), 11);
    assert_int_equal(comments[0].id, first);
    assert_string_equal(comments[1].body, "two");
    assert_true(comments[0].by_us);
    forge_comments_free(comments, 11);
    assert_int_equal(list(&repo, 1, 0, "vdo:a", NULL), 1);
    assert_int_equal(list(&repo, 1, 1795248000001, NULL, NULL), 10);
    assert_int_equal(list(&repo, 2, 0, NULL, NULL), 0);
    assert_int_equal(list(&other, 1, 0, NULL, NULL), 0);
}

static void a_comment_can_be_edited_when_it_is_there(void **state)
{
    struct forge_comment *comments = NULL;
    int64_t id = comment("old");

    (void)state;
    assert_int_equal(forge_edit_comment(session, &repo, id, "new", NULL), VDO_OK);
    assert_int_equal(list(&repo, 1, 0, NULL, &comments), 1);
    assert_string_equal(comments[0].body, "new");
    assert_int_equal(comments[0].id, id);
    forge_comments_free(comments, 1);
    assert_int_equal(forge_edit_comment(session, &repo, id + 1, "new", NULL), VDO_E_NOT_FOUND);
}

static void a_label_is_removed_and_its_absence_is_fine(void **state)
{
    struct forge_issue issue = {0};

    (void)state;
    put_issue(DIR_A "#1", json_pack("{s:[s,s,i,s]}", "labels", "vdo", "x", 7, "vdo"));
    assert_int_equal(forge_remove_label(session, &repo, 1, "vdo", NULL), VDO_OK);
    assert_int_equal(forge_remove_label(session, &repo, 1, "vdo", NULL), VDO_OK);
    assert_int_equal(forge_get_issue(session, &repo, 1, &issue, NULL), VDO_OK);
    assert_int_equal(issue.n_labels, 1);
    assert_string_equal(issue.labels[0], "x");
    forge_issue_release(&issue);
}

static void reactions_can_be_made_again(void **state)
{
    (void)state;
    assert_int_equal(forge_add_reaction(session, &repo, 1, 0, "eyes", NULL), VDO_OK);
    assert_int_equal(forge_add_reaction(session, &repo, 1, 0, "eyes", NULL), VDO_OK);
}

static int propose(const struct forge_repo *where, const char *head, struct forge_pull *out)
{
    const struct forge_pull_spec spec = {
        .title = "T", .body = "B", .head = head, .base = "main", .draft = true};

    return forge_create_pull(session, where, &spec, out, NULL, NULL);
}

static void each_branch_has_one_pull_request(void **state)
{
    const struct forge_repo other = {.name = DIR_A "#1"};
    struct forge_pull pull = {0};

    (void)state;
    assert_int_equal(forge_find_pull(session, &repo, "vdo/x", &pull, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(propose(&repo, "vdo/x", &pull), VDO_OK);
    assert_int_equal(pull.number, 1);
    assert_string_equal(pull.head_branch, "vdo/x");
    assert_true(pull.open);
    forge_pull_release(&pull);
    assert_int_equal(propose(&repo, "vdo/x", &pull), VDO_E_CONFLICT);
    assert_int_equal(propose(&repo, "vdo/y", &pull), VDO_OK);
    assert_int_equal(pull.number, 2);
    forge_pull_release(&pull);
    assert_int_equal(forge_find_pull(session, &repo, "vdo/x", &pull, NULL), VDO_OK);
    assert_string_equal(pull.body, "B");
    forge_pull_release(&pull);
    /* A directory whose name goes on where the other's number stands. */
    assert_int_equal(propose(&other, "vdo/z", &pull), VDO_OK);
    forge_pull_release(&pull);
    assert_int_equal(forge_find_pull(session, &repo, "vdo/z", &pull, NULL), VDO_E_NOT_FOUND);
}

static void what_was_written_is_there_after_a_restart(void **state)
{
    struct forge_pull pull = {0};
    int64_t id = comment("kept");

    (void)state;
    assert_int_equal(propose(&repo, "vdo/x", &pull), VDO_OK);
    forge_pull_release(&pull);
    close_all();
    assert_int_equal(open_all(), 0);
    assert_int_equal(list(&repo, 1, 0, "kept", NULL), 1);
    assert_true(comment("next") > id);
    assert_int_equal(propose(&repo, "vdo/x", &pull), VDO_E_CONFLICT);
}

static void everybody_here_is_an_administrator_and_git_needs_a_path(void **state)
{
    const struct forge_identity *us = NULL;
    const struct forge_repo relative = {.name = "srv/a"};
    struct forge_repo_info info = {0};
    struct secret password = {0};
    enum forge_permission level = FORGE_NONE;
    AUTO_FREE char *url = NULL;
    const char *username = "";

    (void)state;
    assert_int_equal(forge_get_permission(session, &repo, "anybody", &level, NULL), VDO_OK);
    assert_int_equal(level, FORGE_ADMIN);
    assert_int_equal(forge_identity(session, &us, NULL), VDO_OK);
    assert_string_equal(us->login, "vdo");
    assert_int_equal(forge_get_repo(session, &repo, &info, NULL), VDO_OK);
    assert_string_equal(info.full_name, DIR_A);
    forge_repo_info_release(&info);
    assert_int_equal(forge_git_access(session, &repo, &url, &username, &password, NULL), VDO_OK);
    assert_string_equal(url, DIR_A);
    assert_null(username);
    assert_false(secret_is_set(&password));
    assert_int_equal(forge_git_access(session, &relative, &url, &username, &password, NULL),
                     VDO_E_INVALID);
    assert_null(forge_web_url(forge, DIR_A, "issue", "1"));
}

static void a_local_forge_needs_a_store(void **state)
{
    struct forge_options options = {.kind = "local", .clock = &test_time.clock};
    struct forge *none = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(forge_open(&options, &none, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "store"));
    assert_null(none);
}

static void a_session_that_is_told_to_stop_does_nothing(void **state)
{
    atomic_bool cancel = true;
    struct forge_session *stopped = forge_session_new(forge, &cancel);

    (void)state;
    assert_int_equal(forge_create_comment(stopped, &repo, 1, "x", &(int64_t){0}, NULL, NULL),
                     VDO_E_CANCELLED);
    forge_session_free(stopped);
    assert_int_equal(list(&repo, 1, 0, NULL, NULL), 0);
}

#define ON_STORE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(an_issue_is_read_as_it_was_put),
        ON_STORE(comments_are_kept_in_order_and_chosen),
        ON_STORE(a_comment_can_be_edited_when_it_is_there),
        ON_STORE(a_label_is_removed_and_its_absence_is_fine),
        ON_STORE(reactions_can_be_made_again),
        ON_STORE(each_branch_has_one_pull_request),
        ON_STORE(what_was_written_is_there_after_a_restart),
        ON_STORE(everybody_here_is_an_administrator_and_git_needs_a_path),
        ON_STORE(a_local_forge_needs_a_store),
        ON_STORE(a_session_that_is_told_to_stop_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
