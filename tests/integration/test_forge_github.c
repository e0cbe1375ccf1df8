/* What the GitHub forge asks for and how it reads the answers, over real HTTP. */
#include "github_world.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REPO "/repos/acme/app"

static void assert_header(const char *request, const char *name, const char *wanted)
{
    AUTO_FREE char *value = github_stub_header(request, name);

    assert_non_null(value);
    assert_string_equal(value, wanted);
}

static void assert_json_body(const char *request, const char *wanted)
{
    json_auto_t *given = NULL;
    json_auto_t *expected = NULL;

    assert_int_equal(
        js_parse(github_stub_body(request), strlen(github_stub_body(request)), &given, NULL), 0);
    assert_int_equal(js_parse(wanted, strlen(wanted), &expected, NULL), 0);
    assert_true(json_equal(given, expected));
}

/* ---- what goes out ---- */

static void every_request_has_the_headers_github_asks_for(void **state)
{
    struct github_world *w = *state;
    static const char *const paths[] = {WORLD_MINT, WORLD_ISSUE, WORLD_COMMENTS};

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    github_world_say(w, "POST", WORLD_COMMENTS, 0, 201, "{\"id\":1}");
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(github_world_comment(w, NULL), VDO_OK);
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *request = github_stub_request(w->stub, NULL, paths[i], 0);
        AUTO_FREE char *agent = NULL;
        AUTO_FREE char *authorization = NULL;

        assert_non_null(request);
        agent = github_stub_header(request, "User-Agent");
        authorization = github_stub_header(request, "Authorization");
        assert_header(request, "Accept", "application/vnd.github+json");
        assert_header(request, "X-GitHub-Api-Version", "2022-11-28");
        assert_int_equal(strncmp(agent, "vdo/", 4), 0);
        assert_int_equal(strncmp(authorization, i ? "Bearer ghs_" : "Bearer ey", i ? 11 : 9), 0);
    }
    assert_int_equal(github_stub_count(w->stub, NULL, "*"), 3);
}

static void a_token_of_any_length_is_sent_whole(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *request = NULL;
    AUTO_FREE char *authorization = NULL;

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    request = github_stub_request(w->stub, "GET", WORLD_ISSUE, 0);
    authorization = github_stub_header(request, "Authorization");
    assert_int_equal(strlen(authorization), strlen("Bearer ghs_4242_") + 480 + 1);
}

static void a_jwt_names_the_app_and_lives_under_ten_minutes(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *request = NULL;
    AUTO_FREE char *authorization = NULL;
    AUTO_FREE char *claims = NULL;
    json_auto_t *json = NULL;
    int64_t now_s = clock_now_ms(github_stub_clock(w->stub)) / 1000;

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    request = github_stub_request(w->stub, "POST", WORLD_MINT, 0);
    authorization = github_stub_header(request, "Authorization");
    claims = github_stub_claims(authorization);
    assert_int_equal(js_parse(claims, strlen(claims), &json, NULL), 0);
    assert_string_equal(js_str(json, "iss", ""), "4242");
    assert_int_equal(js_int(json, "iat", 0), now_s - 60);
    assert_int_equal(js_int(json, "exp", 0), now_s + 540);
}

static void bodies_are_json_and_reads_have_none(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *post = NULL;
    AUTO_FREE char *get = NULL;

    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
    github_world_say(w, "POST", WORLD_COMMENTS, 0, 201, "{\"id\":1}");
    (void)github_world_read_issue(w);
    (void)github_world_comment(w, NULL);
    post = github_stub_request(w->stub, "POST", WORLD_COMMENTS, 0);
    get = github_stub_request(w->stub, "GET", WORLD_ISSUE, 0);
    assert_header(post, "Content-Type", "application/json");
    assert_json_body(post, "{\"body\":\"Hello\"}");
    assert_null(github_stub_header(get, "Content-Type"));
    assert_string_equal(github_stub_body(get), "");
}

static void names_that_do_not_belong_into_a_path_are_refused_unsent(void **state)
{
    struct github_world *w = *state;
    static const char *const names[] = {
        NULL,   "",       "acme",     "/app",       "acme/",       "acme/app/x", "acme/..",
        "../x", "acme/.", "acme/a b", "acme/a?b=c", "acme/%2e%2e", "a\ncme/app", "acme/a#b",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct forge_pull pull = {0};

        w->repo.name = names[i];
        assert_int_equal(github_world_read_issue(w), VDO_E_INVALID);
        assert_int_equal(github_world_comment(w, NULL), VDO_E_INVALID);
        assert_int_equal(forge_find_pull(w->session, &w->repo, "b", &pull, NULL), VDO_E_INVALID);
    }
    assert_int_equal(github_stub_count(w->stub, NULL, "*"), 0);
    w->repo.name = "a-c_m.e/.github..x";
    assert_int_equal(github_world_read_issue(w), VDO_E_NOT_FOUND);
}

static void a_body_over_the_cap_is_refused_unsent(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *body = xmalloc(60002);

    memset(body, 'a', 60001);
    body[60001] = '\0';
    assert_int_equal(forge_create_comment(w->session, &w->repo, 7, body, &(int64_t){0}, NULL, NULL),
                     VDO_E_TOO_LARGE);
    assert_int_equal(forge_edit_comment(w->session, &w->repo, 9, body, NULL), VDO_E_TOO_LARGE);
    assert_int_equal(github_stub_count(w->stub, NULL, "*"), 0);
}

/* ---- reading ---- */

static void an_issue_is_read_with_all_that_may_be_missing(void **state)
{
    struct github_world *w = *state;
    struct forge_issue issue = {0};

    github_world_say(
        w, "GET", WORLD_ISSUE, 0, 200,
        "{\"id\":70,\"number\":7,\"title\":\"T\",\"body\":null,\"user\":null,"
        "\"state\":\"open\",\"locked\":true,\"labels\":[{\"name\":\"vdo\"},\"plain\","
        "{\"name\":null}],\"html_url\":\"https://x/7\",\"updated_at\":\"2026-01-01\"}");
    assert_int_equal(forge_get_issue(w->session, &w->repo, 7, &issue, NULL), VDO_OK);
    assert_int_equal(issue.number, 7);
    assert_int_equal(issue.id, 70);
    assert_string_equal(issue.body, "");
    assert_string_equal(issue.author, "");
    assert_true(issue.open && issue.locked && !issue.is_pull);
    assert_int_equal(issue.n_labels, 2);
    assert_string_equal(issue.labels[1], "plain");
    forge_issue_release(&issue);
}

static void answers_that_cannot_be_read_are_tried_again_later(void **state)
{
    struct github_world *w = *state;
    static const char *const bodies[] = {"", "[]", "null", "\"x\"", "{\"number\":", "<html>"};

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        github_stub_clear(w->stub);
        github_world_say(w, "GET", WORLD_ISSUE, 0, 200, bodies[i]);
        assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    }
}

static void a_repository_that_has_another_number_now_is_not_found(void **state)
{
    struct github_world *w = *state;
    struct forge_repo_info info = {0};

    github_world_say(w, "GET", REPO, 1, 200,
                     "{\"id\":5,\"full_name\":\"acme/app\",\"default_branch\":\"main\","
                     "\"archived\":true,\"private\":true}");
    github_world_say(w, "GET", REPO, 1, 200, "{\"id\":6,\"full_name\":\"acme/app\"}");
    assert_int_equal(forge_get_repo(w->session, &w->repo, &info, NULL), VDO_OK);
    assert_string_equal(info.default_branch, "main");
    assert_true(info.archived && info.is_private);
    forge_repo_info_release(&info);
    assert_int_equal(forge_get_repo(w->session, &w->repo, &info, NULL), VDO_E_NOT_FOUND);
    assert_null(info.full_name);
}

static void permissions_take_the_role_where_it_says_more(void **state)
{
    struct github_world *w = *state;
    static const struct {
        int status;
        const char *body;
        enum forge_permission level;
    } rows[] = {
        {200, "{\"permission\":\"admin\",\"role_name\":\"admin\"}", FORGE_ADMIN},
        {200, "{\"permission\":\"write\",\"role_name\":\"maintain\"}", FORGE_MAINTAIN},
        {200, "{\"permission\":\"read\",\"role_name\":\"triage\"}", FORGE_TRIAGE},
        {200, "{\"permission\":\"write\",\"role_name\":\"our own role\"}", FORGE_WRITE},
        {200, "{\"permission\":\"none\"}", FORGE_NONE},
        {200, "{}", FORGE_NONE},
        {404, "{\"message\":\"someone is not a user\"}", FORGE_NONE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum forge_permission level = FORGE_ADMIN;

        github_stub_clear(w->stub);
        github_world_say(w, "GET", REPO "/collaborators/a%2Fb/permission", 0, rows[i].status,
                         rows[i].body);
        assert_int_equal(forge_get_permission(w->session, &w->repo, "a/b", &level, NULL), VDO_OK);
        assert_int_equal(level, rows[i].level);
    }
}

static void a_permission_that_could_not_be_asked_for_is_no_answer(void **state)
{
    struct github_world *w = *state;
    enum forge_permission level = FORGE_ADMIN;

    github_world_say(w, "GET", REPO "/collaborators/*", 0, 403, "{\"message\":\"Forbidden\"}");
    assert_int_equal(forge_get_permission(w->session, &w->repo, "x", &level, NULL), VDO_E_REFUSED);
    assert_int_equal(level, FORGE_ADMIN);
}

static void each_status_has_its_code(void **state)
{
    struct github_world *w = *state;
    static const struct {
        int status;
        const char *body;
        int code;
        const char *text;
    } rows[] = {
        {304, "", VDO_E_REFUSED, "HTTP 304"},
        {400, "{\"message\":\"Bad version\"}", VDO_E_REFUSED, "Bad version"},
        {403, "{\"message\":\"Repository was archived so is read-only.\"}", VDO_E_REFUSED,
         "archived"},
        {404, "{\"message\":\"Not Found\"}", VDO_E_NOT_FOUND, "HTTP 404 Not Found"},
        {409, "{\"message\":\"Git Repository is empty.\"}", VDO_E_CONFLICT, "empty"},
        {410, "{\"message\":\"This issue was deleted\"}", VDO_E_NOT_FOUND, "deleted"},
        {422,
         "{\"message\":\"Validation Failed\",\"errors\":[{\"field\":\"body\",\"code\":\"custom\","
         "\"message\":\"is too long\"},\"and\\nmore\"]}",
         VDO_E_REFUSED, "Validation Failed; body custom is too long; and more"},
        {451, "not JSON", VDO_E_REFUSED, "HTTP 451"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        github_stub_clear(w->stub);
        github_world_say(w, "GET", WORLD_ISSUE, 0, rows[i].status, rows[i].body);
        assert_int_equal(github_world_read_issue(w), rows[i].code);
        assert_int_equal(w->err.code, rows[i].code);
        assert_non_null(strstr(w->err.text, rows[i].text));
        assert_null(strchr(w->err.text, '\n'));
        assert_int_equal(github_stub_count(w->stub, "GET", WORLD_ISSUE), 1);
        assert_int_equal(forge_retry_after_ms(w->session), 0);
    }
}

/* ---- comments, reactions, labels ---- */

static void comments_of_all_pages_are_read_and_chosen(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *second =
        xasprintf("%s/repositories/5/issues/7/comments?after=b", github_stub_url(w->stub));
    AUTO_FREE char *link = xasprintf("Link: <%s/x>; rel=\"first\", <%s>; rel=\"next\"\r\n",
                                     github_stub_url(w->stub), second);
    struct forge_comment *comments = NULL;
    size_t n = 0;

    github_world_say(w, "GET", "/app", 0, 200, "{\"id\":4242,\"slug\":\"vdo\"}");
    github_world_say(w, "GET", "/users/*", 0, 200, "{\"id\":99}");
    github_stub_add(
        w->stub, &(struct stub_reply){
                     .method = "GET",
                     .path = WORLD_COMMENTS "?per_page=100&since=2026-01-01T00:00:00Z",
                     .status = 200,
                     .headers = link,
                     .body = "[{\"id\":1,\"body\":\"a mark\",\"user\":{\"login\":\"o\",\"id\":3}},"
                             "{\"id\":2,\"body\":null}]"});
    github_world_say(
        w, "GET", "/repositories/5/issues/7/comments?after=b", 0, 200,
        "[{\"id\":3,\"body\":\"the mark\",\"user\":{\"login\":\"vdo[bot]\",\"id\":99}},"
        "{\"id\":4,\"body\":\"mark\",\"user\":{\"id\":8},"
        "\"performed_via_github_app\":{\"id\":4242}}]");
    assert_int_equal(
        forge_list_comments(w->session, &w->repo, 7, 1767225600000, "mark", &comments, &n, NULL),
        VDO_OK);
    assert_int_equal(n, 3);
    assert_int_equal(comments[0].id, 1);
    assert_false(comments[0].by_us);
    assert_int_equal(comments[1].id, 3);
    assert_true(comments[1].by_us && comments[2].by_us);
    forge_comments_free(comments, n);
    comments = NULL;
    github_world_say(w, "GET", WORLD_COMMENTS "?per_page=100", 0, 200, "[]");
    assert_int_equal(forge_list_comments(w->session, &w->repo, 7, 0, NULL, &comments, &n, NULL),
                     VDO_OK);
    assert_int_equal(n, 0);
    forge_comments_free(comments, n);
}

static void a_list_that_is_none_is_an_error_and_not_empty(void **state)
{
    struct github_world *w = *state;
    struct forge_pull pull = {0};

    github_world_say(w, "GET", REPO "/pulls*", 0, 200, "{\"total_count\":1}");
    assert_int_equal(forge_find_pull(w->session, &w->repo, "b", &pull, NULL), VDO_E_TEMPORARY);
}

static void a_reaction_that_is_there_already_is_a_success(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *request = NULL;

    github_world_say(w, "POST", REPO "/issues/comments/33/reactions", 0, 200, "{\"id\":1}");
    github_world_say(w, "POST", REPO "/issues/7/reactions", 0, 201, "{\"id\":1}");
    assert_int_equal(forge_add_reaction(w->session, &w->repo, 7, 33, "eyes", NULL), VDO_OK);
    assert_int_equal(forge_add_reaction(w->session, &w->repo, 7, 0, "rocket", NULL), VDO_OK);
    request = github_stub_request(w->stub, "POST", REPO "/issues/7/reactions", 0);
    assert_json_body(request, "{\"content\":\"rocket\"}");
}

static void a_label_is_encoded_and_its_absence_is_fine(void **state)
{
    struct github_world *w = *state;

    github_world_say(w, "DELETE", WORLD_ISSUE "/labels/vdo%2F%F0%9F%90%9B%20x", 1, 200,
                     "[{\"name\":\"other\"}]");
    assert_int_equal(forge_remove_label(w->session, &w->repo, 7, "vdo/🐛 x", NULL), VDO_OK);
    assert_int_equal(forge_remove_label(w->session, &w->repo, 7, "absent", NULL), VDO_OK);
    assert_int_equal(github_stub_count(w->stub, "DELETE", "*"), 2);
    github_world_say(w, "DELETE", "*", 0, 403, "{\"message\":\"no\"}");
    assert_int_equal(forge_remove_label(w->session, &w->repo, 7, "x", &w->err), VDO_E_REFUSED);
}

static void a_comment_that_a_person_deleted_is_not_found(void **state)
{
    struct github_world *w = *state;

    github_world_say(w, "PATCH", REPO "/issues/comments/9", 1, 200, "{\"id\":9}");
    assert_int_equal(forge_edit_comment(w->session, &w->repo, 9, "new", NULL), VDO_OK);
    assert_int_equal(forge_edit_comment(w->session, &w->repo, 9, "new", NULL), VDO_E_NOT_FOUND);
}

/* ---- pull requests ---- */

static int create_pull(struct github_world *w, struct forge_pull *pull, bool *maybe_done)
{
    static const struct forge_pull_spec spec = {
        .title = "T", .body = "B", .head = "vdo/issue-7", .base = "main", .draft = true};

    err_clear(&w->err);
    return forge_create_pull(w->session, &w->repo, &spec, pull, maybe_done, &w->err);
}

static void a_pull_request_is_made_as_asked(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *request = NULL;
    struct forge_pull pull = {0};

    github_world_say(w, "POST", REPO "/pulls", 0, 201,
                     "{\"number\":12,\"state\":\"open\",\"html_url\":\"https://x/12\","
                     "\"head\":{\"ref\":\"vdo/issue-7\",\"sha\":\"abc\"},\"body\":\"B\"}");
    assert_int_equal(create_pull(w, &pull, NULL), VDO_OK);
    assert_int_equal(pull.number, 12);
    assert_string_equal(pull.head_sha, "abc");
    assert_true(pull.open && !pull.merged);
    request = github_stub_request(w->stub, "POST", REPO "/pulls", 0);
    assert_json_body(request, "{\"title\":\"T\",\"body\":\"B\",\"head\":\"vdo/issue-7\","
                              "\"base\":\"main\",\"draft\":true}");
    forge_pull_release(&pull);
}

static void what_stands_with_422_decides_about_a_pull_request(void **state)
{
    struct github_world *w = *state;
    static const struct {
        const char *body;
        int code;
        int64_t wait_ms;
    } rows[] = {
        {"{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\",\"code\":"
         "\"custom\",\"message\":\"A pull request already exists for acme:vdo/issue-7.\"}]}",
         VDO_E_CONFLICT, 0},
        {"{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\",\"code\":"
         "\"custom\",\"message\":\"No commits between main and vdo/issue-7\"}]}",
         VDO_E_REFUSED, 0},
        {"{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\","
         "\"field\":\"head\",\"code\":\"invalid\"}]}",
         VDO_E_TEMPORARY, 2000},
        {"{\"message\":\"Validation Failed\",\"errors\":[{\"resource\":\"PullRequest\","
         "\"field\":\"base\",\"code\":\"invalid\"}]}",
         VDO_E_REFUSED, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_pull pull = {0};
        bool maybe = true;

        github_stub_clear(w->stub);
        github_world_say(w, "POST", REPO "/pulls", 0, 422, rows[i].body);
        assert_int_equal(create_pull(w, &pull, &maybe), rows[i].code);
        assert_int_equal(w->err.code, rows[i].code);
        assert_int_equal(forge_retry_after_ms(w->session), rows[i].wait_ms);
        assert_false(maybe);
        assert_int_equal(github_stub_count(w->stub, "POST", REPO "/pulls"), 1);
    }
}

static void the_newest_pull_request_of_the_branch_is_found_and_no_forks(void **state)
{
    struct github_world *w = *state;
    struct forge_pull pull = {0};

    github_world_say(
        w, "GET", REPO "/pulls?head=acme%3Avdo%2Fissue-7&state=all&per_page=100", 0, 200,
        "[{\"number\":3,\"state\":\"closed\",\"merged_at\":\"2026-01-01\",\"head\":{\"ref\":\"vdo/"
        "issue-7\",\"repo\":{\"id\":5}},\"base\":{\"repo\":{\"id\":5}}},"
        "{\"number\":9,\"state\":\"open\",\"head\":{\"ref\":\"other\"}},"
        "{\"number\":8,\"state\":\"open\",\"head\":{\"ref\":\"vdo/issue-7\",\"repo\":{\"id\":6}},"
        "\"base\":{\"repo\":{\"id\":5}}},"
        "{\"number\":2,\"state\":\"open\",\"head\":{\"ref\":\"vdo/issue-7\",\"repo\":null}}]");
    assert_int_equal(forge_find_pull(w->session, &w->repo, "vdo/issue-7", &pull, NULL), VDO_OK);
    assert_int_equal(pull.number, 3);
    assert_true(pull.merged && !pull.open);
    forge_pull_release(&pull);
    github_stub_clear(w->stub);
    github_world_say(w, "GET", REPO "/pulls*", 0, 200, "[]");
    assert_int_equal(forge_find_pull(w->session, &w->repo, "vdo/issue-7", &pull, NULL),
                     VDO_E_NOT_FOUND);
}

/* ---- who we are, how git gets in ---- */

static void the_app_is_asked_who_it_is_once(void **state)
{
    struct github_world *w = *state;
    const struct forge_identity *us = NULL;
    AUTO_FREE char *request = NULL;

    github_world_say(w, "GET", "/app", 0, 200, "{\"id\":4242,\"slug\":\"my-vdo\"}");
    github_world_say(w, "GET", "/users/my-vdo%5Bbot%5D", 0, 200, "{\"id\":99}");
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_OK);
    assert_int_equal(us->id, 99);
    assert_int_equal(us->app_id, 4242);
    assert_string_equal(us->login, "my-vdo[bot]");
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_OK);
    assert_int_equal(github_stub_count(w->stub, NULL, "*"), 2);
    request = github_stub_request(w->stub, "GET", "/users/*", 0);
    assert_null(github_stub_header(request, "Authorization"));
}

static void an_app_whose_number_is_hidden_still_knows_its_name(void **state)
{
    struct github_world *w = *state;
    const struct forge_identity *us = NULL;

    github_world_say(w, "GET", "/app", 0, 200, "{\"id\":4242,\"slug\":\"vdo\"}");
    github_world_say(w, "GET", "/users/*", 0, 401, "{\"message\":\"Requires authentication\"}");
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_OK);
    assert_int_equal(us->id, 0);
    assert_string_equal(us->login, "vdo[bot]");
    assert_int_equal(github_stub_count(w->stub, NULL, "/users/*"), 1);
}

static void a_failed_question_who_we_are_is_asked_again(void **state)
{
    struct github_world *w = *state;
    const struct forge_identity *us = NULL;

    github_world_say(w, "GET", "/app", 3, 500, "");
    github_world_say(w, "GET", "/app", 0, 200, "{\"id\":4242,\"slug\":\"vdo\"}");
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_E_TEMPORARY);
    assert_null(us);
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_OK);
    assert_string_equal(us->slug, "vdo");
}

static void a_personal_token_speaks_for_its_user(void **state)
{
    struct github_world *w = github_world_new(false);
    const struct forge_identity *us = NULL;
    AUTO_FREE char *request = NULL;
    AUTO_FREE char *authorization = NULL;

    (void)state;
    github_world_say(w, "GET", "/user", 0, 200, "{\"id\":12,\"login\":\"octocat\"}");
    assert_int_equal(forge_identity(w->session, &us, NULL), VDO_OK);
    assert_string_equal(us->login, "octocat");
    assert_int_equal(us->id, 12);
    assert_int_equal(us->app_id, 0);
    request = github_stub_request(w->stub, "GET", "/user", 0);
    authorization = github_stub_header(request, "Authorization");
    assert_string_equal(authorization, "Bearer ghp_personal_token");
    github_world_free(w);
}

static void git_gets_a_url_and_a_token_that_lasts(void **state)
{
    struct github_world *w = *state;
    struct secret password = {0};
    const char *username = NULL;
    AUTO_FREE char *url = NULL;

    assert_int_equal(forge_git_access(w->session, &w->repo, &url, &username, &password, NULL),
                     VDO_OK);
    assert_string_equal(url, "https://github.test/acme/app.git");
    assert_string_equal(username, "x-access-token");
    assert_int_equal(strncmp(secret_reveal(&password), "ghs_4242_", 9), 0);
    secret_release(&password);
}

static void people_get_addresses_of_the_site(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *issue = forge_web_url(w->forge, "a/b", "issue", "7");
    AUTO_FREE char *branch = forge_web_url(w->forge, "a/b", "branch", "vdo/x");
    AUTO_FREE char *pull = forge_web_url(w->forge, "a/b", "pull", "8");

    assert_string_equal(issue, "https://github.test/a/b/issues/7");
    assert_string_equal(branch, "https://github.test/a/b/tree/vdo/x");
    assert_string_equal(pull, "https://github.test/a/b/pull/8");
}

static void a_forge_without_credentials_is_not_opened(void **state)
{
    struct forge_options options = {
        .kind = "github", .api_url = "http://x", .git_url = "http://x", .clock = clock_real()};
    struct forge *forge = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(forge_open(&options, &forge, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "private_key"));
    options.app_id = 1;
    assert_int_equal(forge_open(&options, &forge, NULL), VDO_E_INVALID);
    options.kind = "gitlab";
    err_clear(&err);
    assert_int_equal(forge_open(&options, &forge, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "github and local"));
    assert_null(forge);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, github_world_setup, github_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(every_request_has_the_headers_github_asks_for),
        IN_WORLD(a_token_of_any_length_is_sent_whole),
        IN_WORLD(a_jwt_names_the_app_and_lives_under_ten_minutes),
        IN_WORLD(bodies_are_json_and_reads_have_none),
        IN_WORLD(names_that_do_not_belong_into_a_path_are_refused_unsent),
        IN_WORLD(a_body_over_the_cap_is_refused_unsent),
        IN_WORLD(an_issue_is_read_with_all_that_may_be_missing),
        IN_WORLD(answers_that_cannot_be_read_are_tried_again_later),
        IN_WORLD(a_repository_that_has_another_number_now_is_not_found),
        IN_WORLD(permissions_take_the_role_where_it_says_more),
        IN_WORLD(a_permission_that_could_not_be_asked_for_is_no_answer),
        IN_WORLD(each_status_has_its_code),
        IN_WORLD(comments_of_all_pages_are_read_and_chosen),
        IN_WORLD(a_list_that_is_none_is_an_error_and_not_empty),
        IN_WORLD(a_reaction_that_is_there_already_is_a_success),
        IN_WORLD(a_label_is_encoded_and_its_absence_is_fine),
        IN_WORLD(a_comment_that_a_person_deleted_is_not_found),
        IN_WORLD(a_pull_request_is_made_as_asked),
        IN_WORLD(what_stands_with_422_decides_about_a_pull_request),
        IN_WORLD(the_newest_pull_request_of_the_branch_is_found_and_no_forks),
        IN_WORLD(the_app_is_asked_who_it_is_once),
        IN_WORLD(an_app_whose_number_is_hidden_still_knows_its_name),
        IN_WORLD(a_failed_question_who_we_are_is_asked_again),
        cmocka_unit_test(a_personal_token_speaks_for_its_user),
        IN_WORLD(git_gets_a_url_and_a_token_that_lasts),
        IN_WORLD(people_get_addresses_of_the_site),
        cmocka_unit_test(a_forge_without_credentials_is_not_opened),
    };

    http_client_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
