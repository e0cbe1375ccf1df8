/* Lost answers, redirects and pages of the GitHub forge: what goes out twice, and where to. */
#include "github_world.h"
#include "http_stub.h"

#include "vdo/base/mem.h"
#include "vdo/http/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPO  "/repos/acme/app"
#define PULLS REPO "/pulls"

static int reads(struct github_world *w)
{
    return github_stub_count(w->stub, "GET", WORLD_ISSUE);
}

static int posts(struct github_world *w)
{
    return github_stub_count(w->stub, "POST", WORLD_COMMENTS);
}

/* ---- answers that never came ---- */

static void a_read_is_tried_three_times(void **state)
{
    struct github_world *w = *state;

    github_world_say(w, "GET", WORLD_ISSUE, 1, 500, "");
    github_world_say(w, "GET", WORLD_ISSUE, 1, STUB_DROP, NULL);
    github_world_say(w, "GET", WORLD_ISSUE, 1, 200, WORLD_ISSUE_JSON);
    github_world_say(w, "GET", WORLD_ISSUE, 0, 502, "<html>Bad gateway</html>");
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(reads(w), 3);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_non_null(strstr(w->err.text, "GET /repos/acme/app/issues/7: HTTP 502"));
    assert_int_equal(reads(w), 6);
}

static void writes_that_can_be_repeated_are(void **state)
{
    struct github_world *w = *state;

    github_world_say(w, "PATCH", "*", 2, 500, "");
    github_world_say(w, "PATCH", "*", 0, 200, "{}");
    github_world_say(w, "DELETE", "*", 1, 503, "");
    github_world_say(w, "DELETE", "*", 1, STUB_DROP, NULL);
    github_world_say(w, "DELETE", "*", 0, 200, "[]");
    assert_int_equal(forge_edit_comment(w->session, &w->repo, 9, "x", NULL), VDO_OK);
    assert_int_equal(forge_remove_label(w->session, &w->repo, 7, "vdo", NULL), VDO_OK);
    assert_int_equal(github_stub_count(w->stub, "PATCH", "*"), 3);
    assert_int_equal(github_stub_count(w->stub, "DELETE", "*"), 3);
}

static void a_post_is_never_sent_twice(void **state)
{
    static const struct {
        int status;
        const char *body;
        int code;
        bool maybe;
    } rows[] = {
        {STUB_DROP, NULL, VDO_E_TEMPORARY, true}, {500, "", VDO_E_TEMPORARY, true},
        {502, "<html>", VDO_E_TEMPORARY, true},   {408, "", VDO_E_TEMPORARY, true},
        {201, "{\"id\":", VDO_E_TEMPORARY, true}, {201, "{}", VDO_E_TEMPORARY, true},
        {201, "", VDO_E_TEMPORARY, true},         {400, "{}", VDO_E_REFUSED, false},
        {403, "{}", VDO_E_REFUSED, false},        {404, "{}", VDO_E_NOT_FOUND, false},
        {410, "{}", VDO_E_NOT_FOUND, false},      {422, "{}", VDO_E_REFUSED, false},
        {429, "{}", VDO_E_TEMPORARY, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct github_world *w = github_world_new(true);
        struct forge_pull pull = {0};
        struct forge_pull_spec spec = {.title = "T", .body = "B", .head = "h", .base = "main"};
        bool maybe = !rows[i].maybe;

        github_world_say(w, "POST", WORLD_COMMENTS, 0, rows[i].status, rows[i].body);
        assert_int_equal(github_world_comment(w, &maybe), rows[i].code);
        assert_int_equal(w->err.code, rows[i].code);
        assert_int_equal(maybe, rows[i].maybe);
        assert_int_equal(posts(w), 1);
        if (rows[i].status != 429) {
            github_world_say(w, "POST", PULLS, 0, rows[i].status, rows[i].body);
            maybe = !rows[i].maybe;
            assert_int_equal(forge_create_pull(w->session, &w->repo, &spec, &pull, &maybe, NULL),
                             rows[i].code);
            assert_int_equal(maybe, rows[i].maybe);
            assert_int_equal(github_stub_count(w->stub, "POST", PULLS), 1);
        }
        github_world_free(w);
    }
}

/* libcurl repeats what it sent on a kept connection that turned out to be dead, unless kept from
 * it.
 */
static void a_post_on_a_kept_connection_that_dies_is_not_repeated(void **state)
{
    struct github_world *w = *state;
    bool maybe = false;

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    github_world_say(w, "POST", WORLD_COMMENTS, 0, STUB_DROP, NULL);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(github_world_comment(w, &maybe), VDO_E_TEMPORARY);
    assert_true(maybe);
    assert_int_equal(posts(w), 1);
}

static void a_token_is_asked_for_again_although_that_is_a_post(void **state)
{
    struct github_world *w = *state;

    github_world_say(w, "POST", WORLD_MINT, 1, 502, "");
    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(reads(w), 0);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
}

static void nobody_there_is_certain_to_have_had_no_effect(void **state)
{
    struct github_world *w = *state;
    bool maybe = true;

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    {
        /* A forge of the same stub, which is gone by then. */
        struct stub *gone = stub_start(NULL, NULL);
        AUTO_FREE char *url = xstrdup(stub_url(gone));
        struct secret token = {0};
        struct forge_options options = {.kind = "github",
                                        .api_url = url,
                                        .git_url = url,
                                        .token = &token,
                                        .clock = github_stub_clock(w->stub)};
        struct forge *forge = NULL;
        struct forge_session *session;

        secret_set(&token, "ghp_personal_token", 18);
        stub_stop(gone);
        assert_int_equal(forge_open(&options, &forge, NULL), VDO_OK);
        session = forge_session_new(forge, NULL);
        assert_int_equal(
            forge_create_comment(session, &w->repo, 7, "x", &(int64_t){0}, &maybe, &w->err),
            VDO_E_TEMPORARY);
        assert_false(maybe);
        forge_session_free(session);
        forge_close(forge);
        secret_release(&token);
    }
}

struct stopper {
    struct github_world *w;
    const char *path;
};

static bool has_come(void *arg)
{
    struct stopper *stopper = arg;

    return github_stub_count(stopper->w->stub, NULL, stopper->path) > 0;
}

static void *stop_when_it_has_come(void *arg)
{
    struct stopper *stopper = arg;

    (void)wait_until(has_come, stopper);
    atomic_store(&stopper->w->cancel, true);
    return NULL;
}

static void a_write_that_is_cancelled_under_way_may_have_happened(void **state)
{
    struct github_world *w = *state;
    struct stopper stopper = {w, WORLD_COMMENTS};
    pthread_t thread;
    bool maybe = false;

    github_world_say(w, "POST", WORLD_COMMENTS, 0, STUB_HOLD, NULL);
    assert_int_equal(pthread_create(&thread, NULL, stop_when_it_has_come, &stopper), 0);
    assert_int_equal(github_world_comment(w, &maybe), VDO_E_CANCELLED);
    assert_true(maybe);
    (void)pthread_join(thread, NULL);
    assert_int_equal(github_world_comment(w, &maybe), VDO_E_CANCELLED);
    assert_false(maybe);
    assert_int_equal(posts(w), 1);
}

/* ---- redirects ---- */

static void say_moved(struct github_world *w, const char *method, int status, const char *to)
{
    AUTO_FREE char *location = xasprintf("Location: %s\r\n", to);

    github_stub_add(w->stub, &(struct stub_reply){.method = method,
                                                  .path = REPO "/*",
                                                  .status = status,
                                                  .headers = location,
                                                  .body = "{\"message\":\"Moved\"}"});
}

static void a_renamed_repository_is_followed_within_the_api(void **state)
{
    static const int statuses[] = {301, 302, 307, 308};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct github_world *w = github_world_new(true);
        AUTO_FREE char *to = xasprintf("%s/repositories/5/issues/7", github_stub_url(w->stub));
        AUTO_FREE char *request = NULL;
        AUTO_FREE char *authorization = NULL;

        /* Half of them without the origin. */
        say_moved(w, "GET", statuses[i], i % 2 ? "/repositories/5/issues/7" : to);
        github_world_say(w, "GET", "/repositories/5/issues/7", 0, 200, WORLD_ISSUE_JSON);
        assert_int_equal(github_world_read_issue(w), VDO_OK);
        request = github_stub_request(w->stub, "GET", "/repositories/5/issues/7", 0);
        authorization = github_stub_header(request, "Authorization");
        assert_non_null(authorization);
        github_world_free(w);
    }
}

static void a_post_is_followed_as_a_post_or_not_at_all(void **state)
{
    static const struct {
        int status;
        int code;
    } rows[] = {
        {301, VDO_OK},        {307, VDO_OK},        {308, VDO_OK},
        {302, VDO_E_REFUSED}, {303, VDO_E_REFUSED}, {300, VDO_E_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct github_world *w = github_world_new(true);
        bool maybe = true;

        say_moved(w, "POST", rows[i].status, "/repositories/5/issues/7/comments");
        github_world_say(w, "POST", "/repositories/5/issues/7/comments", 0, 201, "{\"id\":1}");
        assert_int_equal(github_world_comment(w, &maybe), rows[i].code);
        assert_false(maybe);
        if (rows[i].code == VDO_OK) {
            AUTO_FREE char *request =
                github_stub_request(w->stub, "POST", "/repositories/5/issues/7/comments", 0);

            assert_string_equal(github_stub_body(request), "{\"body\":\"Hello\"}");
        }
        assert_int_equal(github_stub_count(w->stub, "GET", "*"), 0);
        github_world_free(w);
    }
}

static void our_token_goes_to_no_other_server(void **state)
{
    struct github_world *w = *state;
    struct github_stub *other = github_stub_new();
    AUTO_FREE char *elsewhere = xasprintf("%s" WORLD_ISSUE, github_stub_url(other));
    AUTO_FREE char *port = xstrdup(strrchr(github_stub_url(other), ':'));
    AUTO_FREE char *trick = xasprintf("%s@127.0.0.1%s/", github_stub_url(w->stub), port);
    AUTO_FREE char *scheme = xasprintf("//127.0.0.1%s/", port);
    const char *const places[] = {elsewhere, trick, scheme, "file:///etc/passwd", "nonsense", ""};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        github_stub_clear(w->stub);
        say_moved(w, "GET", 301, places[i]);
        say_moved(w, "POST", 307, places[i]);
        assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
        assert_int_equal(github_world_comment(w, NULL), VDO_E_REFUSED);
        assert_int_equal(reads(w), 1);
    }
    assert_int_equal(github_stub_count(other, NULL, "*"), 0);
    github_stub_free(other);
}

static void an_issue_that_was_transferred_is_gone(void **state)
{
    struct github_world *w = *state;

    say_moved(w, NULL, 301, "/repositories/6/issues/2");
    github_world_say(w, NULL, "/repositories/6/*", 0, 200, "{\"number\":2,\"id\":1}");
    assert_int_equal(github_world_read_issue(w), VDO_E_NOT_FOUND);
    assert_int_equal(github_world_comment(w, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(github_stub_count(w->stub, NULL, "/repositories/*"), 0);
    /* Also where we do not know our repository's number. */
    w->repo.id = 0;
    assert_int_equal(github_world_read_issue(w), VDO_E_NOT_FOUND);
}

static void redirects_in_a_circle_end(void **state)
{
    struct github_world *w = *state;

    say_moved(w, "GET", 301, WORLD_ISSUE);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(reads(w), 4);
}

/* ---- pages ---- */

static void say_page(struct github_world *w, const char *path, const char *next, const char *body)
{
    AUTO_FREE char *link = next ? xasprintf("Link: <%s>; rel=\"next\"\r\n", next) : xstrdup("");

    github_stub_add(
        w->stub, &(struct stub_reply){
                     .method = "GET", .path = path, .status = 200, .headers = link, .body = body});
}

static int list(struct github_world *w, size_t *out_n)
{
    struct forge_comment *comments = NULL;
    size_t n = 0;
    int rc;

    github_world_say(w, "GET", "/app", 0, 200, "{\"id\":4242,\"slug\":\"vdo\"}");
    err_clear(&w->err);
    rc = forge_list_comments(w->session, &w->repo, 7, 0, NULL, &comments, &n, &w->err);
    if (!rc) {
        forge_comments_free(comments, n);
        *out_n = n;
    }
    return rc;
}

static void a_next_page_is_followed_as_it_is_written(void **state)
{
    struct github_world *w = *state;
    /* As long as cursors may become. */
    AUTO_FREE char *filler = xmalloc(6001);
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *next = NULL;
    size_t n = 0;

    memset(filler, 'c', 6000);
    filler[6000] = '\0';
    path = xasprintf("/anywhere?after=%s&x=%%2F", filler);
    next = xasprintf("%s%s", github_stub_url(w->stub), path);
    say_page(w, WORLD_COMMENTS "?per_page=100", next, "[{\"id\":1}]");
    say_page(w, path, NULL, "[{\"id\":2},{\"id\":3}]");
    assert_int_equal(list(w, &n), VDO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(github_stub_count(w->stub, "GET", path), 1);
}

static void a_next_page_elsewhere_ends_the_list_with_an_error(void **state)
{
    struct github_world *w = *state;
    struct github_stub *other = github_stub_new();
    AUTO_FREE char *next = xasprintf("%s/page", github_stub_url(other));
    size_t n = 0;

    say_page(w, WORLD_COMMENTS "?per_page=100", next, "[{\"id\":1}]");
    assert_int_equal(list(w, &n), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "another server"));
    assert_int_equal(github_stub_count(other, NULL, "*"), 0);
    github_stub_free(other);
}

static void pages_that_never_end_are_given_up(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *self = xasprintf("%s/page", github_stub_url(w->stub));
    size_t n = 0;

    say_page(w, WORLD_COMMENTS "?per_page=100", self, "[]");
    say_page(w, "/page", self, "[]");
    assert_int_equal(list(w, &n), VDO_E_TEMPORARY);
    assert_int_equal(github_stub_count(w->stub, "GET", "/page"), 1);
}

static void a_page_that_fails_fails_the_list(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *next = xasprintf("%s/page", github_stub_url(w->stub));
    size_t n = 0;

    say_page(w, WORLD_COMMENTS "?per_page=100", next, "[{\"id\":1}]");
    github_world_say(w, "GET", "/page", 0, 500, "");
    assert_int_equal(list(w, &n), VDO_E_TEMPORARY);
    assert_int_equal(n, 0);
}

/* ---- stopping ---- */

static void a_session_that_is_told_to_stop_does_not_wait(void **state)
{
    struct github_world *w = *state;

    atomic_store(&w->cancel, true);
    assert_int_equal(github_world_read_issue(w), VDO_E_CANCELLED);
    assert_int_equal(github_stub_count(w->stub, NULL, "*"), 0);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, github_world_setup, github_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_read_is_tried_three_times),
        IN_WORLD(writes_that_can_be_repeated_are),
        cmocka_unit_test(a_post_is_never_sent_twice),
        IN_WORLD(a_post_on_a_kept_connection_that_dies_is_not_repeated),
        IN_WORLD(a_token_is_asked_for_again_although_that_is_a_post),
        IN_WORLD(nobody_there_is_certain_to_have_had_no_effect),
        IN_WORLD(a_write_that_is_cancelled_under_way_may_have_happened),
        cmocka_unit_test(a_renamed_repository_is_followed_within_the_api),
        cmocka_unit_test(a_post_is_followed_as_a_post_or_not_at_all),
        IN_WORLD(our_token_goes_to_no_other_server),
        IN_WORLD(an_issue_that_was_transferred_is_gone),
        IN_WORLD(redirects_in_a_circle_end),
        IN_WORLD(a_next_page_is_followed_as_it_is_written),
        IN_WORLD(a_next_page_elsewhere_ends_the_list_with_an_error),
        IN_WORLD(pages_that_never_end_are_given_up),
        IN_WORLD(a_page_that_fails_fails_the_list),
        IN_WORLD(a_session_that_is_told_to_stop_does_not_wait),
    };

    http_client_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
