/* Tokens, clocks and rate limits of the GitHub forge, over real HTTP and with a pretended clock. */
#include "github_world.h"

#include "vdo/base/mem.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60000 };

#define SECONDARY \
    "{\"message\":\"You have exceeded a secondary rate limit. Please wait a few minutes.\"}"
#define NOT_ACCESSIBLE "{\"message\":\"Resource not accessible by integration\"}"
#define BAD            "{\"message\":\"Bad credentials\"}"

static int mints(struct github_world *w)
{
    return github_stub_count(w->stub, "POST", WORLD_MINT);
}

static int reads(struct github_world *w)
{
    return github_stub_count(w->stub, "GET", WORLD_ISSUE);
}

static void say_issue(struct github_world *w)
{
    github_world_say(w, "GET", WORLD_ISSUE, 0, 200, WORLD_ISSUE_JSON);
}

static void say_limit(struct github_world *w, int times, int status, const char *headers,
                      const char *body)
{
    github_stub_add(w->stub, &(struct stub_reply){.method = "GET",
                                                  .path = WORLD_ISSUE,
                                                  .times = times,
                                                  .status = status,
                                                  .headers = headers,
                                                  .body = body});
}

/* ---- tokens ---- */

static void a_token_serves_until_ten_minutes_before_its_end(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_advance(w->stub, 49LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 1);
    github_stub_advance(w->stub, 2LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 2);
}

static void an_old_token_serves_while_no_new_one_can_be_had(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_world_say(w, "POST", WORLD_MINT, 0, 502, "");
    github_stub_advance(w->stub, 55LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    /* Not in its last minute. */
    github_stub_advance(w->stub, 4LL * MINUTE + 30000);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(reads(w), 2);
}

static void a_token_that_lives_shortly_is_used_for_what_it_is_worth(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    github_stub_set_life(w->stub, 2LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_set_life(w->stub, -1000);
    github_stub_advance(w->stub, 3LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(reads(w), 1);
}

static void git_waits_for_a_token_of_ten_minutes(void **state)
{
    struct github_world *w = *state;
    struct secret first = {0};
    struct secret second = {0};
    AUTO_FREE char *url = NULL;
    AUTO_FREE char *again = NULL;
    const char *name;

    assert_int_equal(forge_git_access(w->session, &w->repo, &url, &name, &first, NULL), VDO_OK);
    github_stub_advance(w->stub, 51LL * MINUTE);
    assert_int_equal(forge_git_access(w->session, &w->repo, &again, &name, &second, NULL), VDO_OK);
    assert_string_not_equal(secret_reveal(&first), secret_reveal(&second));
    secret_release(&first);
    secret_release(&second);
}

static void git_gets_another_token_after_a_refusal(void **state)
{
    struct github_world *w = *state;
    struct secret first = {0};
    struct secret same = {0};
    struct secret second = {0};
    const char *name;
    char *url = NULL;

    assert_int_equal(forge_git_access(w->session, &w->repo, &url, &name, &first, NULL), VDO_OK);
    free(url);
    assert_int_equal(forge_git_access(w->session, &w->repo, &url, &name, &same, NULL), VDO_OK);
    free(url);
    assert_string_equal(secret_reveal(&first), secret_reveal(&same));
    forge_git_refused(w->session, &w->repo);
    assert_int_equal(forge_git_access(w->session, &w->repo, &url, &name, &second, NULL), VDO_OK);
    free(url);
    assert_string_not_equal(secret_reveal(&first), secret_reveal(&second));
    secret_release(&first);
    secret_release(&same);
    secret_release(&second);
}

static void each_installation_has_its_own_token(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    w->repo.installation_id = 778;
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(github_stub_count(w->stub, "POST", "/app/installations/778/access_tokens"), 1);
    assert_int_equal(mints(w), 1);
}

static void a_refused_token_is_minted_again_once(void **state)
{
    struct github_world *w = *state;
    AUTO_FREE char *old = NULL;
    AUTO_FREE char *new = NULL;
    AUTO_FREE char *old_token = NULL;
    AUTO_FREE char *new_token = NULL;

    say_limit(w, 1, 200, NULL, WORLD_ISSUE_JSON);
    say_limit(w, 1, 401, NULL, BAD);
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_advance(w->stub, MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 2);
    assert_int_equal(reads(w), 3);
    old = github_stub_request(w->stub, "GET", WORLD_ISSUE, 1);
    new = github_stub_request(w->stub, "GET", WORLD_ISSUE, 2);
    old_token = github_stub_header(old, "Authorization");
    new_token = github_stub_header(new, "Authorization");
    assert_string_not_equal(old_token, new_token);
}

static void credentials_that_stay_refused_end_it(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 200, NULL, WORLD_ISSUE_JSON);
    say_limit(w, 0, 401, NULL, BAD);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_advance(w->stub, MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "refuses the credentials"));
    assert_null(strstr(w->err.text, "ghs_"));
    assert_int_equal(mints(w), 2);
    assert_in_range(reads(w), 3, 6);
}

static void a_personal_token_that_is_refused_is_not_tried_twice(void **state)
{
    struct github_world *w = github_world_new(false);

    (void)state;
    say_limit(w, 0, 401, NULL, BAD);
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_int_equal(reads(w), 1);
    github_world_free(w);
}

static void a_new_token_is_given_time_to_become_known(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 401, NULL, BAD);
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 1);
    assert_in_range(github_stub_time(w->stub, "GET", WORLD_ISSUE, 1) -
                        github_stub_time(w->stub, "GET", WORLD_ISSUE, 0),
                    1000, 3000);
}

static void a_new_token_that_may_not_yet_is_tried_three_times_more(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 2, 403, NULL, NOT_ACCESSIBLE);
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(reads(w), 3);
    assert_int_equal(mints(w), 1);
}

static void a_missing_permission_is_named_at_once(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 200, NULL, WORLD_ISSUE_JSON);
    say_limit(w, 0, 403, "X-Accepted-GitHub-Permissions: issues=write; pull_requests=write\r\n",
              NOT_ACCESSIBLE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_advance(w->stub, MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "the App needs the permission issues=write"));
    assert_int_equal(reads(w), 2);
}

static void an_app_that_was_uninstalled_is_refused_not_missing(void **state)
{
    struct github_world *w = *state;
    enum forge_permission level = FORGE_ADMIN;

    github_world_say(w, "POST", WORLD_MINT, 0, 404, "{\"message\":\"Not Found\"}");
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "token of installation 777"));
    assert_int_equal(forge_remove_label(w->session, &w->repo, 7, "vdo", NULL), VDO_E_REFUSED);
    assert_int_equal(forge_get_permission(w->session, &w->repo, "x", &level, NULL), VDO_E_REFUSED);
    assert_int_equal(level, FORGE_ADMIN);
    assert_int_equal(github_stub_count(w->stub, NULL, "/repos/*"), 0);
}

static void the_installation_of_a_repository_is_looked_up(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    w->repo.installation_id = 0;
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "not installed on acme/app"));
    github_world_say(w, "GET", "/repos/acme/app/installation", 0, 200, "{\"id\":777}");
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 1);
}

/* ---- clocks ---- */

static int64_t claimed(struct github_world *w, int nth, const char *claim)
{
    AUTO_FREE char *request = github_stub_request(w->stub, "POST", WORLD_MINT, nth);
    AUTO_FREE char *authorization = github_stub_header(request, "Authorization");
    AUTO_FREE char *text = github_stub_claims(authorization);
    json_auto_t *json = NULL;

    assert_int_equal(js_parse(text, strlen(text), &json, NULL), 0);
    return js_int(json, claim, 0);
}

/* GitHub says it is 10:00:00 while we take it for 08:00:00. */
static void a_wrong_clock_is_learnt_from_the_refusal(void **state)
{
    struct github_world *w = *state;
    int64_t now_s = clock_now_ms(github_stub_clock(w->stub)) / 1000;

    say_issue(w);
    github_stub_add(w->stub,
                    &(struct stub_reply){
                        .method = "POST",
                        .path = WORLD_MINT,
                        .times = 1,
                        .status = 401,
                        .headers = "Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n",
                        .body = "{\"message\":\"'Expiration time' claim ('exp') must be a numeric "
                                "value representing the future time at which the assertion "
                                "expires\"}"});
    github_stub_set_life(w->stub, 180LL * MINUTE); /* one hour, by a clock two hours ahead */
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 2);
    assert_int_equal(claimed(w, 0, "iat"), now_s - 60);
    assert_int_equal(claimed(w, 1, "iat"), now_s + 7200 - 60);
    /* And the token's end is taken by our clock. */
    github_stub_advance(w->stub, 51LL * MINUTE);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(mints(w), 3);
}

static void a_key_that_is_wrong_is_tried_twice_and_no_more(void **state)
{
    struct github_world *w = *state;

    github_stub_add(w->stub, &(struct stub_reply){.method = "POST",
                                                  .path = WORLD_MINT,
                                                  .status = 401,
                                                  .headers = "Date: nonsense\r\n",
                                                  .body = BAD});
    assert_int_equal(github_world_read_issue(w), VDO_E_REFUSED);
    assert_int_equal(mints(w), 2);
    assert_int_equal(claimed(w, 0, "iat"), claimed(w, 1, "iat"));
}

/* ---- rate limits ---- */

static void each_kind_of_limit_pauses_for_its_time(void **state)
{
    /* The stub's time of day is 2026-11-21T08:00:00Z = 1795248000. */
    static const struct {
        int status;
        const char *headers;
        const char *body;
        int64_t least_ms;
        int64_t most_ms;
    } rows[] = {
        {403, "Retry-After: 30\r\n", SECONDARY, 30000, 30000},
        {429, "Retry-After: 1\r\n", "", 1000, 1000},
        {429, "Retry-After: 0\r\n", "", 1000, 1000},
        {429, "retry-after: 5\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795249000\r\n", "",
         5000, 5000},
        {403, "Retry-After: 99999999999999\r\n", "", 86400000, 86400000},
        {403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795248100\r\n", "", 101000, 106000},
        {429, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795248100\r\n", "", 101000, 106000},
        {403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n", "", 60000, 60000},
        {403, "X-RateLimit-Remaining: 0\r\n", "", 60000, 60000},
        {403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 9999999999999\r\n", "", 86400000,
         86400000},
        {403, NULL, SECONDARY, 60000, 60000},
        {403, "X-RateLimit-Remaining: 4000\r\n",
         "{\"message\":\"x\",\"documentation_url\":\"https://docs.github.com/rest/overview/"
         "rate-limits-for-the-rest-api#about-secondary-rate-limits\"}",
         60000, 60000},
        {403, NULL, "{\"message\":\"You have triggered an abuse detection mechanism\"}", 60000,
         60000},
        {429, NULL, "", 60000, 60000},
        {429, "Retry-After: soon\r\n", "", 60000, 60000},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct github_world *w = github_world_new(true);

        (void)state;
        say_limit(w, 1, rows[i].status, rows[i].headers, rows[i].body);
        say_issue(w);
        assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
        assert_in_range(forge_retry_after_ms(w->session), rows[i].least_ms, rows[i].most_ms);
        assert_int_equal(reads(w), 1);
        /* Not one request while it lasts ... */
        github_stub_advance(w->stub, rows[i].least_ms - 1);
        assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
        assert_int_equal(github_world_comment(w, NULL), VDO_E_TEMPORARY);
        assert_in_range(forge_retry_after_ms(w->session), 1,
                        rows[i].most_ms - rows[i].least_ms + 1);
        assert_int_equal(github_stub_count(w->stub, NULL, "/repos/*"), 1);
        /* ... and on afterwards. */
        github_stub_advance(w->stub, rows[i].most_ms - rows[i].least_ms + 1);
        assert_int_equal(github_world_read_issue(w), VDO_OK);
        github_world_free(w);
    }
}

static void a_refusal_that_is_no_limit_pauses_nothing(void **state)
{
    struct github_world *w = *state;
    bool maybe = true;

    say_issue(w);
    github_stub_add(
        w->stub,
        &(struct stub_reply){
            .method = "POST",
            .path = WORLD_COMMENTS,
            .status = 403,
            .headers = "X-RateLimit-Remaining: 4000\r\n",
            .body = "{\"message\":\"Unable to create comment because issue is locked.\"}"});
    assert_int_equal(github_world_comment(w, &maybe), VDO_E_REFUSED);
    assert_non_null(strstr(w->err.text, "issue is locked"));
    assert_false(maybe);
    assert_int_equal(github_stub_count(w->stub, "POST", WORLD_COMMENTS), 1);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
}

static void other_installations_go_on_while_one_is_paused(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 403, "Retry-After: 60\r\n", SECONDARY);
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    w->repo.installation_id = 778;
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    w->repo.installation_id = 777;
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(reads(w), 2);
}

static void a_limit_without_a_time_doubles_up_to_a_quarter_of_an_hour(void **state)
{
    struct github_world *w = *state;
    static const int64_t waits[] = {60000, 120000, 240000, 480000, 900000, 900000};

    say_limit(w, 6, 403, NULL, SECONDARY);
    say_limit(w, 1, 200, NULL, WORLD_ISSUE_JSON);
    say_limit(w, 1, 403, NULL, SECONDARY);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
        assert_int_equal(forge_retry_after_ms(w->session), waits[i]);
        github_stub_advance(w->stub, waits[i]);
    }
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    /* A success begins anew. */
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(forge_retry_after_ms(w->session), 60000);
}

static void the_last_request_of_the_hour_is_the_last(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 200, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1795248100\r\n",
              WORLD_ISSUE_JSON);
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_in_range(forge_retry_after_ms(w->session), 101000, 106000);
    assert_int_equal(reads(w), 1);
    github_stub_advance(w->stub, 106000);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
}

static void a_limited_app_does_not_ask_for_tokens_over_and_over(void **state)
{
    struct github_world *w = *state;

    github_stub_add(w->stub, &(struct stub_reply){.method = "POST",
                                                  .path = WORLD_MINT,
                                                  .times = 1,
                                                  .status = 429,
                                                  .headers = "Retry-After: 20\r\n"});
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(forge_retry_after_ms(w->session), 20000);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(mints(w), 1);
    github_stub_advance(w->stub, 20000);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
}

static void sixty_comments_a_minute_and_no_more(void **state)
{
    struct github_world *w = *state;

    say_issue(w);
    github_world_say(w, "POST", WORLD_COMMENTS, 0, 201, "{\"id\":1}");
    for (int i = 0; i < 60; i++)
        assert_int_equal(github_world_comment(w, NULL), VDO_OK);
    assert_int_equal(github_world_comment(w, NULL), VDO_E_TEMPORARY);
    assert_in_range(forge_retry_after_ms(w->session), 1, 1001);
    assert_int_equal(github_stub_count(w->stub, "POST", WORLD_COMMENTS), 60);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    github_stub_advance(w->stub, 1001);
    assert_int_equal(github_world_comment(w, NULL), VDO_OK);
    assert_int_equal(github_world_comment(w, NULL), VDO_E_TEMPORARY);
}

static void four_hundred_comments_an_hour_and_few_more(void **state)
{
    struct github_world *w = *state;
    int sent = 0;

    github_world_say(w, "POST", WORLD_COMMENTS, 0, 201, "{\"id\":1}");
    for (int minute = 0; minute < 10; minute++) {
        while (github_world_comment(w, NULL) == VDO_OK)
            sent++;
        github_stub_advance(w->stub, MINUTE);
    }
    /* 400, and what grew again in ten minutes. */
    assert_in_range(sent, 400, 470);
    assert_int_equal(github_world_comment(w, NULL), VDO_OK);
    while (github_world_comment(w, NULL) == VDO_OK)
        sent++;
    assert_in_range(forge_retry_after_ms(w->session), 1, 9001);
}

static void the_report_shows_the_pause(void **state)
{
    struct github_world *w = *state;
    json_auto_t *report = NULL;
    json_t *lane = NULL;

    say_limit(w, 1, 403, "Retry-After: 60\r\nX-RateLimit-Remaining: 17\r\n", SECONDARY);
    (void)github_world_read_issue(w);
    report = forge_report(w->forge);
    for (size_t i = 0; i < json_array_size(js_at(report, "installations")); i++) {
        json_t *at = json_array_get(js_at(report, "installations"), i);

        if (js_int(at, "installation", 0) == STUB_INSTALLATION)
            lane = at;
    }
    assert_non_null(lane);
    assert_int_equal(js_int(lane, "remaining", 0), 17);
    assert_int_equal(js_int(lane, "paused_until_ms", 0),
                     clock_now_ms(github_stub_clock(w->stub)) + MINUTE);
    assert_non_null(strstr(js_str(report, "last_error", ""), "rate limit"));
}

/* ---- other waits ---- */

static void a_server_that_names_a_time_is_given_it(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 503, "Retry-After: 40\r\n", "");
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_E_TEMPORARY);
    assert_int_equal(forge_retry_after_ms(w->session), 40000);
    assert_int_equal(reads(w), 1);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_int_equal(forge_retry_after_ms(w->session), 0);
}

static void a_short_time_is_waited_out(void **state)
{
    struct github_world *w = *state;

    say_limit(w, 1, 503, "Retry-After: 2\r\n", "");
    say_issue(w);
    assert_int_equal(github_world_read_issue(w), VDO_OK);
    assert_true(github_stub_time(w->stub, "GET", WORLD_ISSUE, 1) -
                    github_stub_time(w->stub, "GET", WORLD_ISSUE, 0) >=
                2000);
}

#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, github_world_setup, github_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_token_serves_until_ten_minutes_before_its_end),
        IN_WORLD(an_old_token_serves_while_no_new_one_can_be_had),
        IN_WORLD(a_token_that_lives_shortly_is_used_for_what_it_is_worth),
        IN_WORLD(git_waits_for_a_token_of_ten_minutes),
        IN_WORLD(git_gets_another_token_after_a_refusal),
        IN_WORLD(each_installation_has_its_own_token),
        IN_WORLD(a_refused_token_is_minted_again_once),
        IN_WORLD(credentials_that_stay_refused_end_it),
        cmocka_unit_test(a_personal_token_that_is_refused_is_not_tried_twice),
        IN_WORLD(a_new_token_is_given_time_to_become_known),
        IN_WORLD(a_new_token_that_may_not_yet_is_tried_three_times_more),
        IN_WORLD(a_missing_permission_is_named_at_once),
        IN_WORLD(an_app_that_was_uninstalled_is_refused_not_missing),
        IN_WORLD(the_installation_of_a_repository_is_looked_up),
        IN_WORLD(a_wrong_clock_is_learnt_from_the_refusal),
        IN_WORLD(a_key_that_is_wrong_is_tried_twice_and_no_more),
        cmocka_unit_test(each_kind_of_limit_pauses_for_its_time),
        IN_WORLD(a_refusal_that_is_no_limit_pauses_nothing),
        IN_WORLD(other_installations_go_on_while_one_is_paused),
        IN_WORLD(a_limit_without_a_time_doubles_up_to_a_quarter_of_an_hour),
        IN_WORLD(the_last_request_of_the_hour_is_the_last),
        IN_WORLD(a_limited_app_does_not_ask_for_tokens_over_and_over),
        IN_WORLD(sixty_comments_a_minute_and_no_more),
        IN_WORLD(four_hundred_comments_an_hour_and_few_more),
        IN_WORLD(the_report_shows_the_pause),
        IN_WORLD(a_server_that_names_a_time_is_given_it),
        IN_WORLD(a_short_time_is_waited_out),
    };

    http_client_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
