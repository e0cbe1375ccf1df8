/* Every command, with and without a job it fits. */
#include "fixture.h"

#include "vdo/base/log.h"
#include "vdo/markdown/markdown.h"

static char job_id[RAND_ID_SIZE]; /* of start_job() */

static void start_job(int64_t issue)
{
    add_issue(issue, true);
    hear("issues", issues_body("labeled", "ada", issue));
    assert_verdict(DELIVERY_DONE, "job started");
    memcpy(job_id, verdict.job_id, sizeof(job_id));
}

/* Put the job of start_job() into a state, as its worker would. */
static void set_state(enum job_state wanted, const char *headline)
{
    struct job_update update = JOB_UPDATE_NONE;

    update.state = (int)wanted;
    update.headline = headline;
    MUST(store_job_update(store, job_id, -1, &update, NULL, 0, &err));
}

static void end_job(enum job_state wanted, const char *headline)
{
    struct job job = {0};

    MUST(store_job_lease(store, "node", job_id, clock_now_ms(&test_time.clock), 60000, &job, &err));
    MUST(store_job_finish(store, job_id, job.epoch, wanted, headline, "why", NULL, 0, &err));
    job_release(&job);
}

static struct job get_job(void)
{
    struct job job = {0};

    MUST(store_job_get(store, job_id, &job, &err));
    return job;
}

static enum job_state job_state(void)
{
    struct job job = get_job();
    enum job_state found = job.state;

    job_release(&job);
    return found;
}

/* The nth reaction that no job has made. */
static void assert_reaction(size_t n, const char *content)
{
    AUTO_FREE char *payload = NULL;

    assert_int_equal(count_rows(NULL, "reaction", &payload), n);
    if (n) {
        assert_non_null(strstr(payload, content));
        assert_non_null(strstr(payload, "\"comment\""));
        assert_non_null(strstr(payload, "900"));
    }
}

/* ---- starting ---- */

static void build_starts_a_job_without_the_label(void **state)
{
    AUTO_FREE char *payload = NULL;
    struct job job;

    (void)state;
    add_issue(1, false);
    say("ada", 1, "Please:\n\n/vdo build but keep it\nshort\n");
    assert_verdict(DELIVERY_DONE, "job started");
    job = newest_job(1);
    assert_string_equal(job.workflow, "build");
    assert_string_equal(job.instructions, "but keep it\nshort");
    assert_string_equal(job.text, "As it was");
    assert_int_equal(count_rows(job.id, "reaction", &payload), 1);
    assert_non_null(strstr(payload, "\"comment\""));
    job_release(&job);
    say("ada", 1, "/vdo build");
    assert_verdict(DELIVERY_DONE, "under way already");
    assert_int_equal(count_jobs(1, false), 1);
}

static void plan_starts_a_plan(void **state)
{
    struct job job;

    (void)state;
    add_issue(1, false);
    say("ada", 1, "/vdo plan");
    assert_verdict(DELIVERY_DONE, "job started");
    job = newest_job(1);
    assert_string_equal(job.workflow, "plan");
    job_release(&job);
}

static void nothing_is_started_on_closed_issues_and_pull_requests(void **state)
{
    static const char *const verbs[] = {"build", "plan"};

    (void)state;
    add_issue(1, false);
    add_issue(2, false);
    forge_fake_set_issue(fake, REPO, 1, false, false, false);
    forge_fake_set_issue(fake, REPO, 2, true, false, true);
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *text = xasprintf("/vdo %s", verbs[i]);
        AUTO_FREE char *reply = xasprintf("`%s` is for issues", verbs[i]);
        AUTO_FREE char *reason = xasprintf("refused: /vdo %s is for issues", verbs[i]);

        say("ada", 1, text);
        assert_verdict(DELIVERY_DONE, "ignored: the issue is closed");
        say("ada", 2, text);
        assert_verdict(DELIVERY_DONE, reason);
        assert_replies(i + 1, reply);
    }
    assert_int_equal(count_jobs(0, false), 0);
}

static void a_provider_can_be_chosen_from_those_there_are(void **state)
{
    struct job job;

    (void)state;
    add_issue(1, false);
    say("ada", 1, "/vdo build --with nonsense quickly");
    assert_verdict(DELIVERY_DONE, "--with names no provider");
    assert_replies(1, "script");
    assert_int_equal(count_jobs(0, false), 0);
    say("ada", 1, "/vdo build --with script quickly");
    assert_verdict(DELIVERY_DONE, "job started");
    job = newest_job(1);
    assert_string_equal(job.instructions, "quickly");
    job_release(&job);
}

/* ---- answering a job ---- */

static void approve_lets_a_waiting_plan_go_on(void **state)
{
    struct job job;

    (void)state;
    start_job(1);
    say("ada", 1, "/vdo approve");
    assert_verdict(DELIVERY_DONE, "no plan waits for approval");
    assert_replies(1, "no job here that `approve`");
    set_state(JOB_AWAITING_APPROVAL, "waits");
    say("ada", 1, "/vdo approve");
    assert_verdict(DELIVERY_DONE, "plan approved");
    assert_string_equal(verdict.job_id, job_id);
    job = get_job();
    assert_int_equal(job.state, JOB_QUEUED);
    assert_string_equal(job.approved_by, "ada");
    job_release(&job);
    assert_reaction(1, "+1");
}

static void answer_takes_the_text(void **state)
{
    struct job job;

    (void)state;
    start_job(1);
    set_state(JOB_AWAITING_ANSWER, "asks");
    say("ada", 1, "/vdo answer");
    assert_verdict(DELIVERY_DONE, "no question waits");
    assert_int_equal(job_state(), JOB_AWAITING_ANSWER);
    say("ada", 1, "/vdo answer Take the second.");
    assert_verdict(DELIVERY_DONE, "answer taken");
    job = get_job();
    assert_int_equal(job.state, JOB_QUEUED);
    assert_string_equal(job.answer, "Take the second.");
    job_release(&job);
    assert_reaction(1, "eyes");
    say("ada", 1, "/vdo answer Or the first?");
    assert_verdict(DELIVERY_DONE, "no question waits");
    assert_replies(2, "`answer`");
}

static void cancel_stops_what_is_open(void **state)
{
    (void)state;
    add_issue(2, false);
    say("ada", 2, "/vdo cancel");
    assert_verdict(DELIVERY_DONE, "nothing to cancel");
    assert_replies(1, "`cancel`");
    start_job(1);
    say("ada", 1, "/vdo cancel");
    assert_verdict(DELIVERY_DONE, "cancel requested");
    assert_int_equal(job_state(), JOB_CANCELLED);
    assert_reaction(1, "+1");
    say("ada", 1, "/vdo cancel");
    assert_verdict(DELIVERY_DONE, "nothing to cancel");
}

static void retry_queues_what_failed_or_was_cancelled(void **state)
{
    static const enum job_state ends[] = {JOB_FAILED, JOB_CANCELLED, JOB_COMPLETED};

    (void)state;
    add_issue(9, false);
    say("ada", 9, "/vdo retry");
    assert_verdict(DELIVERY_DONE, "nothing to retry");
    for (size_t i = 0; i < 3; i++) {
        start_job((int64_t)i + 1);
        say("ada", (int64_t)i + 1, "/vdo retry");
        assert_verdict(DELIVERY_DONE, "nothing to retry");
        end_job(ends[i], "ended");
        say("ada", (int64_t)i + 1, "/vdo retry");
        assert_verdict(DELIVERY_DONE,
                       ends[i] == JOB_COMPLETED ? "nothing to retry" : "job queued again");
        assert_int_equal(job_state(), ends[i] == JOB_COMPLETED ? JOB_COMPLETED : JOB_QUEUED);
    }
    assert_reaction(2, "eyes");
}

static void status_tells_of_the_newest_job(void **state)
{
    (void)state;
    add_issue(2, false);
    say("ada", 2, "/vdo status");
    assert_verdict(DELIVERY_DONE, "no job to tell of");
    assert_replies(1, "`status`");
    start_job(1);
    end_job(JOB_FAILED, "checks fail");
    say("ada", 1, "/vdo status");
    assert_verdict(DELIVERY_DONE, "status told");
    assert_replies(2, "checks fail");
    assert_replies(2, job_id);
}

static void budget_takes_dollars(void **state)
{
    static const struct {
        const char *text;
        int64_t microusd; /* 0: refused */
    } words[] = {
        {"5", 5000000},
        {"$3", 3000000},
        {"2.50", 2500000},
        {"0.000001", 1},
        {"10000", 10000000000},
        {"0", 0},
        {"-1", 0},
        {"", 0},
        {"5 dollars", 0},
        {"1.2.3", 0},
        {"10001", 0},
        {"1e9", 0},
        {"$", 0},
        {".", 0},
        {"99999999999999999999", 0},
        {"5$", 0},
        {"0.0000001", 0},
        {"\xe2\x82\xac"
         "5",
         0},
    };
    size_t refused = 0;

    (void)state;
    start_job(1);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        AUTO_FREE char *text = xasprintf("/vdo budget %s", words[i].text);
        struct job before = get_job();
        struct job after;

        say("ada", 1, text);
        assert_verdict(DELIVERY_DONE,
                       words[i].microusd ? "budget set" : "refused: budget takes dollars");
        after = get_job();
        if (words[i].microusd)
            assert_int_equal(after.budget_microusd, words[i].microusd);
        else
            assert_int_equal(after.budget_microusd, before.budget_microusd);
        refused += !words[i].microusd;
        job_release(&before);
        job_release(&after);
    }
    assert_replies(refused, "/vdo budget 5");
    add_issue(2, false);
    say("ada", 2, "/vdo budget 5");
    assert_verdict(DELIVERY_DONE, "no job to set a budget for");
}

static void budget_wakes_what_stopped_at_a_limit(void **state)
{
    (void)state;
    start_job(1);
    end_job(JOB_FAILED, REPORT_HEADLINE_LIMIT);
    say("ada", 1, "/vdo budget 7");
    assert_verdict(DELIVERY_DONE, "budget raised, job queued again");
    assert_int_equal(job_state(), JOB_QUEUED);
    start_job(2);
    end_job(JOB_FAILED, "checks fail");
    say("ada", 2, "/vdo budget 7");
    assert_verdict(DELIVERY_DONE, "budget set");
    assert_int_equal(job_state(), JOB_FAILED);
}

static void rate_takes_one_to_five(void **state)
{
    static const char *const bad[] = {"", "0", "6", "55", "-1", "five", "3.5"};

    (void)state;
    start_job(1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        AUTO_FREE char *text = xasprintf("/vdo rate %s", bad[i]);

        say("ada", 1, text);
        assert_verdict(DELIVERY_DONE, "refused: rate takes 1 to 5");
        assert_replies(i + 1, "rate 1 to 5");
    }
    say("ada", 1, "/vdo rate 4");
    assert_verdict(DELIVERY_DONE, "rated 4");
    assert_reaction(1, "heart");
    add_issue(2, false);
    say("ada", 2, "/vdo rate 4");
    assert_verdict(DELIVERY_DONE, "no job to rate");
}

static void help_tells_the_command_and_the_label(void **state)
{
    (void)state;
    add_issue(1, false);
    say("ada", 1, "/vdo help");
    assert_verdict(DELIVERY_DONE, "help told");
    assert_replies(1, "/vdo build [text]");
    assert_replies(1, "Label an issue `vdo`");
    say("ada", 1, "/vdo");
    assert_verdict(DELIVERY_DONE, "help told");
}

static void unknown_verbs_get_one_reply(void **state)
{
    static const char *const verbs[] = {"dance", "buildx", "build\\_it", "\xf0\x9f\x90\x9b", "_"};

    (void)state;
    add_issue(1, true);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        AUTO_FREE char *text = xasprintf("/vdo %s\n/vdo %s", verbs[i], verbs[i]);

        say("ada", 1, text);
        assert_verdict(DELIVERY_DONE, "unknown command: ");
        assert_replies(i + 1, "There is no command");
    }
    say("ada", 1, "/vdo fix it");
    assert_replies(6, "in this version yet");
    assert_int_equal(count_jobs(0, false), 0);
}

static void an_unknown_verb_cannot_write_markup_into_our_reply(void **state)
{
    AUTO_FREE char *payload = NULL;

    (void)state;
    add_issue(1, false);
    say("ada", 1, "/vdo `@everyone`<!--vdo:x-->");
    (void)count_rows(NULL, "comment", &payload);
    assert_non_null(payload);
    assert_null(strstr(payload, "<!--vdo"));
}

static void commands_on_our_pull_request_are_about_its_job(void **state)
{
    struct job_update update = JOB_UPDATE_NONE;
    json_t *body = comment_body("ada", 40, "/vdo cancel");

    (void)state;
    start_job(1);
    update.pr = 40;
    MUST(store_job_update(store, job_id, -1, &update, NULL, 0, &err));
    (void)json_object_set_new(json_object_get(body, "issue"), "pull_request", json_object());
    hear("issue_comment", body);
    assert_verdict(DELIVERY_DONE, "cancel requested");
    assert_string_equal(verdict.job_id, job_id);
    assert_int_equal(job_state(), JOB_CANCELLED);
}

/* ---- heard again, because the process died before the decision was recorded ---- */

static void a_command_that_is_heard_again_says_the_same(void **state)
{
    static const struct {
        const char *text;
        int from; /* enum job_state before */
        const char *reason;
        enum job_state after;
    } commands[] = {
        {"/vdo approve", JOB_AWAITING_APPROVAL, "plan approved", JOB_QUEUED},
        {"/vdo answer Yes.", JOB_AWAITING_ANSWER, "answer taken", JOB_QUEUED},
        {"/vdo cancel", JOB_QUEUED, "cancel requested", JOB_CANCELLED},
        {"/vdo retry", JOB_FAILED, "job queued again", JOB_QUEUED},
        {"/vdo rate 5", JOB_QUEUED, "rated 5", JOB_QUEUED},
        {"/vdo budget 9", JOB_QUEUED, "budget set", JOB_QUEUED},
        {"/vdo help", JOB_QUEUED, "help told", JOB_QUEUED},
        {"/vdo status", JOB_QUEUED, "status told", JOB_QUEUED},
        {"/vdo dance", JOB_QUEUED, "unknown command", JOB_QUEUED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct heard event;
        size_t replies;
        size_t reactions;

        start_job((int64_t)i + 1);
        if (commands[i].from == JOB_FAILED)
            end_job(JOB_FAILED, "failed");
        else if (commands[i].from != JOB_QUEUED)
            set_state((enum job_state)commands[i].from, "waits");
        event = event_of("issue_comment", comment_body("ada", (int64_t)i + 1, commands[i].text));
        hear_again(&event, 1);
        assert_verdict(DELIVERY_DONE, commands[i].reason);
        replies = count_rows(NULL, "comment", NULL);
        reactions = count_rows(NULL, "reaction", NULL);
        hear_again(&event, 2);
        assert_verdict(DELIVERY_DONE, commands[i].reason);
        assert_int_equal(job_state(), commands[i].after);
        assert_int_equal(count_rows(NULL, "comment", NULL), replies);
        assert_int_equal(count_rows(NULL, "reaction", NULL), reactions);
        heard_release(&event);
    }
}

static void a_comment_that_is_too_long_is_let_be(void **state)
{
    AUTO_FREE char *text = xmalloc(70001);

    (void)state;
    memset(text, 'a', 70000);
    memcpy(text, "/vdo help\n", 10);
    text[70000] = '\0';
    add_issue(1, false);
    say("ada", 1, text);
    assert_verdict(DELIVERY_DONE, "the comment is too long");
    assert_replies(0, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOT(build_starts_a_job_without_the_label),
        IN_BOT(plan_starts_a_plan),
        IN_BOT(nothing_is_started_on_closed_issues_and_pull_requests),
        IN_BOT(a_provider_can_be_chosen_from_those_there_are),
        IN_BOT(approve_lets_a_waiting_plan_go_on),
        IN_BOT(answer_takes_the_text),
        IN_BOT(cancel_stops_what_is_open),
        IN_BOT(retry_queues_what_failed_or_was_cancelled),
        IN_BOT(status_tells_of_the_newest_job),
        IN_BOT(budget_takes_dollars),
        IN_BOT(budget_wakes_what_stopped_at_a_limit),
        IN_BOT(rate_takes_one_to_five),
        IN_BOT(help_tells_the_command_and_the_label),
        IN_BOT(unknown_verbs_get_one_reply),
        IN_BOT(an_unknown_verb_cannot_write_markup_into_our_reply),
        IN_BOT(commands_on_our_pull_request_are_about_its_job),
        IN_BOT(a_command_that_is_heard_again_says_the_same),
        IN_BOT(a_comment_that_is_too_long_is_let_be),
    };

    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    markdown_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
