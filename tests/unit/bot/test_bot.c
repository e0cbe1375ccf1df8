/* What the bot decides on events; commands have test_commands.c. */
#include "fixture.h"

#include "vdo/base/log.h"
#include "vdo/markdown/markdown.h"

/* ---- what holds now decides, whatever order events come in ---- */

enum { LABELED, UNLABELED, CLOSED, REOPENED, ACTIONS, LONGEST = 4 };

static const char *const actions[] = {"labeled", "unlabeled", "closed", "reopened"};

static void do_action(int64_t issue, int action, bool *open, bool *labelled)
{
    if (action == LABELED || action == UNLABELED)
        *labelled = action == LABELED;
    else
        *open = action == REOPENED;
    forge_fake_set_issue(fake, REPO, issue, *open, false, false);
    forge_fake_set_label(fake, REPO, issue, "vdo", *labelled);
}

/* Orders of n things, by number: 0 is as they came, n! - 1 backwards. */
static void nth_order(int number, int n, int *out)
{
    int left[LONGEST] = {0, 1, 2, 3};

    for (int i = 0; i < n; i++) {
        int base = 1;
        int pick;

        for (int k = 2; k < n - i; k++)
            base *= k;
        pick = number / base;
        number %= base;
        out[i] = left[pick];
        memmove(left + pick, left + pick + 1, (size_t)(LONGEST - 1 - pick) * sizeof(*left));
    }
}

struct history {
    int action[LONGEST];
    int n;
};

static void check_end(int64_t issue, const struct history *h, const char *how, bool open,
                      bool labelled)
{
    size_t n = count_jobs(issue, true);
    /* A job needs an event that may start one; a label that was always there has none. */
    size_t wanted = open && labelled;

    if (n != wanted)
        fail_msg("%s %s %s %s (%d), %s: %zu open jobs instead of %zu", actions[h->action[0]],
                 actions[h->action[1]], actions[h->action[2]], actions[h->action[3]], h->n, how, n,
                 wanted);
}

/* Everything happens on the forge first; the events arrive in this order afterwards. */
static void hear_late(int64_t issue, const struct history *h, const int *order)
{
    struct heard events[LONGEST];
    bool open = true;
    bool labelled = false;

    add_issue(issue, false);
    for (int i = 0; i < h->n; i++) {
        do_action(issue, h->action[i], &open, &labelled);
        events[i] = event_of("issues", issues_body(actions[h->action[i]], "ada", issue));
    }
    for (int i = 0; i < h->n; i++)
        hear_again(&events[order[i]], 1);
    for (int i = 0; i < h->n; i++)
        heard_release(&events[i]);
    check_end(issue, h, "late", open, labelled);
}

/* Each event arrives, once or twice, as soon as it has happened. */
static void hear_at_once(int64_t issue, const struct history *h, bool twice)
{
    bool open = true;
    bool labelled = false;

    add_issue(issue, false);
    for (int i = 0; i < h->n; i++) {
        struct heard event;

        do_action(issue, h->action[i], &open, &labelled);
        event = event_of("issues", issues_body(actions[h->action[i]], "ada", issue));
        hear_again(&event, 1);
        if (twice)
            hear_again(&event, 2);
        heard_release(&event);
        check_end(issue, h, "at once", open, labelled);
    }
}

/* All histories of n actions, with repetitions. */
static struct history nth_history(int number, int n)
{
    struct history h = {.n = n};

    for (int i = 0; i < n; i++) {
        h.action[i] = number % ACTIONS;
        number /= ACTIONS;
    }
    return h;
}

static bool all_differ(const struct history *h)
{
    for (int i = 0; i < h->n; i++)
        for (int k = 0; k < i; k++)
            if (h->action[i] == h->action[k])
                return false;
    return true;
}

static void every_history_ends_where_the_forge_says(void **state)
{
    int64_t issue = 0;

    (void)state;
    for (int n = 1, histories = ACTIONS, orders = 1; n <= LONGEST;
         histories *= ACTIONS, orders *= ++n) {
        for (int i = 0; i < histories; i++) {
            struct history h = nth_history(i, n);
            /* Repeated actions in the order of their happening and backwards only: enough of it. */
            int step = all_differ(&h) || orders == 1 ? 1 : orders - 1;

            for (int o = 0; o < orders; o += step) {
                int order[LONGEST];

                nth_order(o, n, order);
                hear_late(++issue, &h, order);
            }
            hear_at_once(++issue, &h, i % 2);
        }
    }
    assert_in_range(issue, 1000, 4000);
}

/* ---- every event ends in a named reason ---- */

struct row {
    const char *what;
    const char *event;
    json_t *(*body)(void);
    enum delivery_state state;
    const char *reason;
};

static json_t *label_other(void)
{
    json_t *body = issues_body("labeled", "ada", 1);

    (void)json_object_set_new(body, "label", json_pack("{s:s}", "name", "vdo:high"));
    return body;
}

static json_t *label_case(void)
{
    json_t *body = issues_body("labeled", "ada", 1);

    (void)json_object_set_new(body, "label", json_pack("{s:s}", "name", "VDO"));
    return body;
}

static json_t *archived(void)
{
    json_t *body = issues_body("labeled", "ada", 1);

    (void)json_object_set_new(json_object_get(body, "repository"), "archived", json_true());
    return body;
}

static json_t *without(json_t *body, const char *member)
{
    (void)json_object_del(body, member);
    return body;
}

static json_t *no_repository(void)
{
    return without(issues_body("labeled", "ada", 1), "repository");
}

static json_t *no_issue(void)
{
    return without(issues_body("labeled", "ada", 1), "issue");
}

static json_t *no_number(void)
{
    json_t *body = issues_body("labeled", "ada", 1);

    (void)json_object_del(json_object_get(body, "issue"), "number");
    return body;
}

static json_t *no_sender(void)
{
    return without(issues_body("labeled", "ada", 1), "sender");
}

static json_t *label_on(int64_t issue)
{
    return issues_body("labeled", "ada", issue);
}

static json_t *label_1(void)
{
    return label_on(1);
}

static json_t *label_closed(void)
{
    return label_on(2);
}

static json_t *label_pull(void)
{
    return label_on(3);
}

static json_t *label_bare(void)
{
    return label_on(4);
}

static json_t *edited(void)
{
    return issues_body("edited", "ada", 1);
}

static json_t *deleted(void)
{
    return issues_body("deleted", "ada", 4);
}

static json_t *transferred(void)
{
    return issues_body("transferred", "ada", 4);
}

static json_t *comment_edited(void)
{
    json_t *body = comment_body("ada", 1, "/vdo build");

    (void)json_object_set_new(body, "action", json_string("edited"));
    return body;
}

static json_t *chat(void)
{
    return comment_body("ada", 1, "I like /vdo build\n\n> /vdo build\n\n    /vdo build\n");
}

static json_t *ping(void)
{
    return json_pack("{s:s, s:i}", "zen", "Design for failure.", "hook_id", 31);
}

static json_t *push(void)
{
    json_t *body = without(common("x", "ada"), "action");

    (void)json_object_set_new(body, "ref", json_string("refs/heads/main"));
    return body;
}

static json_t *pull_with(const char *action)
{
    json_t *body = common(action, "ada");

    (void)json_object_set_new(body, "number", json_integer(40));
    (void)json_object_set_new(body, "pull_request", issue_json(40, "P", "B"));
    return body;
}

static json_t *pull_opened(void)
{
    return pull_with("opened");
}

static json_t *pull_closed(void)
{
    return pull_with("closed");
}

static json_t *star(void)
{
    return common("created", "ada");
}

static json_t *installed(void)
{
    return without(common("created", "ada"), "repository");
}

static json_t *repository_renamed(void)
{
    return common("renamed", "ada");
}

static const struct row rows[] = {
    {"our label", "issues", label_1, DELIVERY_DONE, "job started"},
    {"in other letters", "issues", label_case, DELIVERY_DONE, "under way already"},
    {"another label", "issues", label_other, DELIVERY_DONE, "label is not ours"},
    {"archived", "issues", archived, DELIVERY_DONE, "repository is archived"},
    {"no repository", "issues", no_repository, DELIVERY_DONE, "names no repository"},
    {"no issue", "issues", no_issue, DELIVERY_DEAD, "event and payload disagree"},
    {"no number", "issues", no_number, DELIVERY_DONE, "names no issue"},
    {"no sender", "issues", no_sender, DELIVERY_DONE, "names no sender"},
    {"closed", "issues", label_closed, DELIVERY_DONE, "issue is closed"},
    {"a pull request", "issues", label_pull, DELIVERY_DONE, "labels on pull requests"},
    {"gone again", "issues", label_bare, DELIVERY_DONE, "does not carry the label"},
    {"edited", "issues", edited, DELIVERY_DONE, "issues.edited changes nothing"},
    {"deleted", "issues", deleted, DELIVERY_DONE, "deleted; no job was open"},
    {"transferred", "issues", transferred, DELIVERY_DONE, "transferred; no job was open"},
    {"edited comment", "issue_comment", comment_edited, DELIVERY_DONE, "only created comments"},
    {"talk", "issue_comment", chat, DELIVERY_DONE, "no command in the comment"},
    {"a lying name", "issue_comment", label_1, DELIVERY_DEAD, "event and payload disagree"},
    {"another lie", "push", label_1, DELIVERY_DEAD, "event and payload disagree"},
    {"ping", "ping", ping, DELIVERY_DONE, "ping of hook 31"},
    {"push", "push", push, DELIVERY_DONE, "event push is not used"},
    {"star", "star", star, DELIVERY_DONE, "event star is not used"},
    {"pull opened", "pull_request", pull_opened, DELIVERY_DONE, "opened changes nothing"},
    {"foreign pull", "pull_request", pull_closed, DELIVERY_DONE, "not a pull request of ours"},
    {"installed", "installation", installed, DELIVERY_DONE, "noted: installation created"},
    {"renamed", "repository", repository_renamed, DELIVERY_DONE, "noted: repository renamed"},
};

static void every_event_ends_in_a_named_reason(void **state)
{
    (void)state;
    for (int64_t issue = 1; issue <= 4; issue++)
        add_issue(issue, issue != 4);
    forge_fake_set_issue(fake, REPO, 2, false, false, false);
    forge_fake_set_issue(fake, REPO, 3, true, false, true);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hear(rows[i].event, rows[i].body());
        assert_verdict(rows[i].state, rows[i].reason);
    }
    assert_int_equal(count_jobs(0, false), 1);
    assert_replies(0, NULL);
}

static void what_is_not_json_is_dead(void **state)
{
    static const char *const bodies[] = {"", "{", "[]", "\"x\"", "{\"a\":1,\"a\":2}", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct heard event = {
            .event = "issues", .guid = xstrdup("guid-broken"), .body = xstrdup(bodies[i])};

        hear_again(&event, 1);
        assert_verdict(DELIVERY_DEAD, "cannot be understood");
        heard_release(&event);
    }
}

/* ---- who may ask ---- */

static void set_sender(json_t *body, const char *login, int id, const char *type)
{
    (void)json_object_set_new(body, "sender",
                              json_pack("{s:s, s:i, s:s}", "login", login, "id", id, "type", type));
}

static void nobody_hears_itself_or_other_bots(void **state)
{
    static const struct {
        const char *login;
        int id;
        const char *type;
        const char *reason;
    } senders[] = {
        {"vdo[bot]", 4242, "Bot", "our own event"},
        {"renamed[bot]", 4242, "Bot", "our own event"},
        {"vdo[bot]", 9, "User", "our own event"},
        {"dependabot[bot]", 49, "Bot", "is a bot"},
        {"acme", 50, "Organization", "is an organization"},
        {"", 51, "User", "names no sender"},
        {"ghost", 0, "User", "names no sender"},
    };

    (void)state;
    add_issue(1, true);
    forge_fake_set_permission(fake, "dependabot[bot]", FORGE_ADMIN);
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        json_t *label = issues_body("labeled", "ada", 1);
        json_t *comment = comment_body("ada", 1, "/vdo help");

        set_sender(label, senders[i].login, senders[i].id, senders[i].type);
        set_sender(comment, senders[i].login, senders[i].id, senders[i].type);
        hear("issues", label);
        assert_verdict(DELIVERY_DONE, senders[i].reason);
        hear("issue_comment", comment);
        assert_verdict(DELIVERY_DONE, senders[i].reason);
    }
    assert_int_equal(count_jobs(0, false), 0);
    assert_replies(0, NULL);
    assert_int_equal(forge_fake_calls(fake, FAKE_GET_ISSUE), 0);
    assert_int_equal(forge_fake_calls(fake, FAKE_GET_PERMISSION), 0);
}

static void the_level_asked_for_is_enough_and_less_is_not(void **state)
{
    (void)state;
    for (int least = FORGE_READ; least <= FORGE_ADMIN; least++) {
        AUTO_FREE char *yaml =
            xasprintf("%strigger: {permission: %s}\n", YAML, forge_permission_name(least));

        assert_int_equal(open_all(yaml), 0);
        for (int has = FORGE_NONE; has <= FORGE_ADMIN; has++) {
            int64_t issue = has + 1;

            add_issue(issue, true);
            forge_fake_set_permission(fake, "grace", has);
            hear("issues", issues_body("labeled", "grace", issue));
            assert_verdict(DELIVERY_DONE, has >= least ? "job started" : "refused: ");
            say("grace", issue, "/vdo help");
            assert_verdict(DELIVERY_DONE, has >= least ? "help told" : "refused: ");
            assert_int_equal(count_jobs(issue, true), has >= least);
        }
        (void)teardown(NULL);
    }
}

static void a_refusal_is_said_once_for_each_issue(void **state)
{
    struct heard again;

    (void)state;
    add_issue(1, true);
    add_issue(2, true);
    again = event_of("issues", issues_body("labeled", "reader", 1));
    hear_again(&again, 1);
    assert_verdict(DELIVERY_DONE, "refused: reader: needs permission write");
    assert_replies(1, "reader set the label");
    hear_again(&again, 2);
    for (int i = 0; i < 3; i++)
        hear("issues", issues_body(i ? "labeled" : "opened", "reader", 1));
    assert_replies(1, NULL);
    hear("issues", issues_body("labeled", "stranger", 2));
    assert_replies(2, "stranger set the label");
    heard_release(&again);
    assert_int_equal(count_jobs(0, false), 0);
    /* And somebody who may still can. */
    hear("issues", issues_body("labeled", "ada", 1));
    assert_verdict(DELIVERY_DONE, "job started");
}

static void strangers_that_comment_get_no_answer(void **state)
{
    static const char *const texts[] = {"/vdo build", "/vdo help", "/vdo nonsense", "/vdo cancel"};

    (void)state;
    add_issue(1, true);
    for (size_t i = 0; i < 4; i++) {
        say("reader", 1, texts[i]);
        assert_verdict(DELIVERY_DONE, "refused: ");
    }
    assert_replies(0, NULL);
    assert_int_equal(count_rows(NULL, "reaction", NULL), 0);
    assert_int_equal(count_jobs(0, false), 0);
}

/* ---- jobs ---- */

static void a_job_is_made_of_what_was_there_when_it_was_asked_for(void **state)
{
    AUTO_FREE char *payload = NULL;
    struct job job;
    json_t *body = issues_body("labeled", "ada", 1);

    (void)state;
    add_issue(1, true);
    forge_fake_set_label(fake, REPO, 1, "VDO:Bugfix", true);
    forge_fake_set_label(fake, REPO, 1, "vdo:high", true);
    hear("issues", body);
    job = newest_job(1);
    assert_string_equal(job.id, verdict.job_id);
    assert_string_equal(job.text, "As it was");
    assert_string_equal(job.workflow, "build");
    assert_string_equal(job.type, "bugfix");
    assert_string_equal(job.priority, "high");
    assert_string_equal(job.requester, "ada");
    assert_string_equal(job.repo, REPO);
    assert_int_equal(job.repo_id, REPO_ID);
    assert_int_equal(job.installation_id, INSTALLATION);
    assert_int_equal(count_rows(job.id, "progress", NULL), 1);
    assert_int_equal(count_rows(job.id, "reaction", &payload), 1);
    assert_non_null(strstr(payload, "eyes"));
    job_release(&job);
}

static void a_text_that_was_empty_stays_empty(void **state)
{
    struct job job;
    json_t *body = issues_body("labeled", "ada", 1);

    (void)state;
    add_issue(1, true);
    (void)json_object_set_new(json_object_get(body, "issue"), "body", json_null());
    hear("issues", body);
    job = newest_job(1);
    assert_string_equal(job.text, "");
    job_release(&job);
}

static void one_delivery_makes_one_job_however_often_it_is_heard(void **state)
{
    struct heard event;

    (void)state;
    add_issue(1, true);
    event = event_of("issues", issues_body("labeled", "ada", 1));
    hear_again(&event, 1);
    hear_again(&event, 2);
    assert_int_equal(count_jobs(1, false), 1);
    /* Also when that job has ended meanwhile. */
    MUST(jobs_cancel(jobs, verdict.job_id, "enough", &err));
    hear_again(&event, 3);
    assert_int_equal(count_jobs(1, false), 1);
    assert_int_equal(count_jobs(1, true), 0);
    heard_release(&event);
}

static void opened_and_labeled_together_make_one_job(void **state)
{
    struct heard opened;
    struct heard labeled;

    (void)state;
    add_issue(1, true);
    opened = event_of("issues", issues_body("opened", "ada", 1));
    labeled = event_of("issues", issues_body("labeled", "ada", 1));
    hear_again(&opened, 1);
    assert_verdict(DELIVERY_DONE, "job started");
    MUST(jobs_cancel(jobs, verdict.job_id, "done quickly", &err));
    hear_again(&labeled, 1);
    assert_verdict(DELIVERY_DONE, "covered by job");
    assert_int_equal(count_jobs(1, false), 1);
    /* A label set anew afterwards is a new wish. */
    hear("issues", issues_body("labeled", "ada", 1));
    assert_verdict(DELIVERY_DONE, "job started");
    heard_release(&opened);
    heard_release(&labeled);
}

static void a_job_ends_with_what_it_is_for(void **state)
{
    static const struct {
        const char *action;
        const char *reason;
    } ends[] = {{"deleted", "deleted"}, {"transferred", "transferred"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        int64_t issue = (int64_t)i + 1;

        add_issue(issue, true);
        hear("issues", issues_body("labeled", "ada", issue));
        hear("issues", issues_body(ends[i].action, "ada", issue));
        assert_verdict(DELIVERY_DONE, ends[i].reason);
        assert_int_equal(state_of(issue), JOB_CANCELLED);
    }
}

static void an_installation_or_repository_that_goes_takes_its_jobs_along(void **state)
{
    static const char *const kinds[] = {"deleted", "suspend", "removed", "archived", "transferred"};

    (void)state;
    for (int64_t i = 1; i <= 5; i++) {
        json_t *body = common(kinds[i - 1], "ada");
        const char *event = i <= 2 ? "installation" :
                            i == 3 ? "installation_repositories" :
                                     "repository";

        add_issue(i, true);
        hear("issues", issues_body("labeled", "ada", i));
        /* Another's first: nothing of ours ends. */
        if (i <= 2)
            (void)json_object_set_new(json_object_get(body, "installation"), "id", json_integer(1));
        else if (i == 3)
            (void)json_object_set_new(body, "repositories_removed", json_pack("[{s:i}]", "id", 6));
        else
            (void)json_object_set_new(json_object_get(body, "repository"), "id", json_integer(6));
        hear(event, json_incref(body));
        assert_verdict(DELIVERY_DONE, "; 0 jobs cancelled");
        (void)json_object_update_new(body, common(kinds[i - 1], "ada"));
        if (i == 3)
            (void)json_object_set_new(body, "repositories_removed",
                                      json_pack("[{s:i}, {}, {s:i}]", "id", 6, "id", REPO_ID));
        hear(event, body);
        assert_verdict(DELIVERY_DONE, "; 1 jobs cancelled");
        assert_int_equal(state_of(i), JOB_CANCELLED);
    }
}

static void closing_our_pull_request_ends_the_job(void **state)
{
    struct job_update update = JOB_UPDATE_NONE;
    char id[RAND_ID_SIZE];

    (void)state;
    add_issue(1, true);
    hear("issues", issues_body("labeled", "ada", 1));
    memcpy(id, verdict.job_id, sizeof(id));
    update.pr = 40;
    MUST(store_job_update(store, id, -1, &update, NULL, 0, &err));
    hear("pull_request", pull_closed());
    assert_verdict(DELIVERY_DONE, "our pull request was closed");
    assert_string_equal(verdict.job_id, id);
    assert_int_equal(state_of(1), JOB_CANCELLED);
}

/* ---- when the forge or the store cannot be asked ---- */

static void a_forge_that_is_down_is_asked_again(void **state)
{
    static const enum fake_call calls[] = {FAKE_GET_ISSUE, FAKE_GET_PERMISSION};

    (void)state;
    for (int64_t i = 1; i <= 2; i++) {
        struct heard event;

        add_issue(i, true);
        event = event_of("issues", issues_body("labeled", "ada", i));
        forge_fake_fail(fake, calls[i - 1], 1, 1, FAKE_BEFORE, VDO_E_TEMPORARY, i == 1 ? 77000 : 0);
        hear_again(&event, 1);
        assert_int_equal(verdict.retry_after_ms, i == 1 ? 77000 : 5000);
        assert_non_null(strstr(verdict.reason, "waiting: "));
        assert_int_equal(count_jobs(i, false), 0);
        hear_again(&event, 2);
        assert_verdict(DELIVERY_DONE, "job started");
        heard_release(&event);
    }
}

static void a_permission_that_is_not_known_starts_nothing(void **state)
{
    (void)state;
    add_issue(1, true);
    forge_fake_fail(fake, FAKE_GET_PERMISSION, 1, 10, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
    hear("issues", issues_body("labeled", "ada", 1));
    assert_true(verdict.retry_after_ms > 0);
    say("ada", 1, "/vdo build");
    assert_true(verdict.retry_after_ms > 0);
    assert_int_equal(count_jobs(0, false), 0);
    assert_replies(0, NULL);
}

static void a_process_that_stops_leaves_the_delivery_to_the_next(void **state)
{
    atomic_bool stop = true;
    struct forge_session *stopping = forge_session_new(forge_fake_forge(fake), &stop);
    struct forge_session *own = session;

    (void)state;
    add_issue(1, true);
    session = stopping;
    hear("issues", issues_body("labeled", "ada", 1));
    session = own;
    assert_true(verdict.retry_after_ms > 0);
    forge_session_free(stopping);
}

static void an_issue_that_is_not_there_yet_is_looked_for_again(void **state)
{
    struct heard event;

    (void)state;
    event = event_of("issues", issues_body("labeled", "ada", 1));
    hear_again(&event, 1);
    assert_true(verdict.retry_after_ms > 0);
    hear_again(&event, 2);
    assert_verdict(DELIVERY_DONE, "refused: read acme/app#1");
    add_issue(1, true);
    hear_again(&event, 1);
    assert_verdict(DELIVERY_DONE, "job started");
    heard_release(&event);
}

static void a_closed_issue_that_is_gone_ends_its_job(void **state)
{
    struct heard event;

    (void)state;
    add_issue(1, true);
    hear("issues", issues_body("labeled", "ada", 1));
    event = event_of("issues", issues_body("closed", "ada", 1));
    forge_fake_fail(fake, FAKE_GET_ISSUE, 1, 9, FAKE_BEFORE, VDO_E_NOT_FOUND, 0);
    hear_again(&event, 3);
    assert_verdict(DELIVERY_DONE, "job cancelled: the issue is gone");
    heard_release(&event);
}

/* A job that a command started needs no label. */
static void a_late_closing_ends_no_job_of_an_open_issue(void **state)
{
    (void)state;
    add_issue(1, false);
    say("ada", 1, "/vdo build");
    assert_verdict(DELIVERY_DONE, "job started");
    hear("issues", issues_body("closed", "ada", 1));
    assert_verdict(DELIVERY_DONE, "ignored: the issue is open again");
    assert_int_equal(count_jobs(1, true), 1);
}

static void what_the_forge_refuses_is_said(void **state)
{
    (void)state;
    add_issue(1, true);
    forge_fake_fail(fake, FAKE_GET_ISSUE, 1, 1, FAKE_BEFORE, VDO_E_REFUSED, 0);
    hear("issues", issues_body("labeled", "ada", 1));
    assert_verdict(DELIVERY_DONE, "refused: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOT(every_history_ends_where_the_forge_says),
        IN_BOT(every_event_ends_in_a_named_reason),
        IN_BOT(what_is_not_json_is_dead),
        IN_BOT(nobody_hears_itself_or_other_bots),
        cmocka_unit_test(the_level_asked_for_is_enough_and_less_is_not),
        IN_BOT(a_refusal_is_said_once_for_each_issue),
        IN_BOT(strangers_that_comment_get_no_answer),
        IN_BOT(a_job_is_made_of_what_was_there_when_it_was_asked_for),
        IN_BOT(a_text_that_was_empty_stays_empty),
        IN_BOT(one_delivery_makes_one_job_however_often_it_is_heard),
        IN_BOT(opened_and_labeled_together_make_one_job),
        IN_BOT(a_job_ends_with_what_it_is_for),
        IN_BOT(an_installation_or_repository_that_goes_takes_its_jobs_along),
        IN_BOT(closing_our_pull_request_ends_the_job),
        IN_BOT(a_forge_that_is_down_is_asked_again),
        IN_BOT(a_permission_that_is_not_known_starts_nothing),
        IN_BOT(a_process_that_stops_leaves_the_delivery_to_the_next),
        IN_BOT(an_issue_that_is_not_there_yet_is_looked_for_again),
        IN_BOT(a_closed_issue_that_is_gone_ends_its_job),
        IN_BOT(a_late_closing_ends_no_job_of_an_open_issue),
        IN_BOT(what_the_forge_refuses_is_said),
    };

    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    markdown_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
