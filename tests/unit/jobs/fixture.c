#include "fixture.h"

/* ---- drawing ---- */

static pthread_mutex_t draw_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the next two */
static char drawn_text[200];
static int draw_rc;

ANYWHERE static void set_text(const char *text)
{
    (void)pthread_mutex_lock(&draw_lock);
    (void)snprintf(drawn_text, sizeof(drawn_text), "%s", text);
    (void)pthread_mutex_unlock(&draw_lock);
}

static int draw(void *arg, const char *job_id, char **out, struct err *err)
{
    int rc;

    (void)arg;
    (void)job_id;
    (void)pthread_mutex_lock(&draw_lock);
    rc = draw_rc;
    if (!rc)
        *out = xstrdup(drawn_text);
    (void)pthread_mutex_unlock(&draw_lock);
    return rc ? err_set(err, (enum vdo_code)rc, "cannot be drawn") : VDO_OK;
}

/* ---- setting up ---- */

static int setup(void **state)
{
    AUTO_FREE char *url = NULL;
    struct err err = {0};

    (void)state;
    (void)strcpy(dir, "/tmp/vdo-jobs-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    clock_fake_init(&test_time, START_MS);
    url = xasprintf("sqlite:%s/vdo.db", dir);
    if (store_open(url, &test_time.clock, &store, &err) || bus_open("memory", &bus, &err))
        return -1;
    forge = forge_fake_new(&test_time.clock);
    forge_fake_set_repo(forge, REPO, 5, "main", "/nowhere", false);
    forge_fake_add_issue(forge, REPO, 1, "ada", "title", "text");
    session = forge_session_new(forge_fake_forge(forge), NULL);
    set_text("first");
    draw_rc = 0;
    options = (struct jobs_options){.store = store,
                                    .bus = bus,
                                    .forge = forge_fake_forge(forge),
                                    .clock = &test_time.clock,
                                    .data_dir = dir,
                                    .draw = draw,
                                    .progress_gap_ms = 5000};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jobs_free(jobs);
    jobs = NULL;
    forge_session_free(session);
    forge_fake_free(forge);
    bus_close(bus);
    store_close(store);
    return fs_remove_tree(dir, NULL);
}

#define ON_STORE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void new_jobs(void)
{
    MUST(jobs_new(&options, &jobs, &err));
}

ANYWHERE static void start_jobs(void)
{
    new_jobs();
    MUST(jobs_start(jobs, &err));
}

static int64_t now(void)
{
    return clock_now_ms(&test_time.clock);
}

/* ---- jobs and rows ---- */

ANYWHERE static struct job make_job_struct(int64_t issue)
{
    static char workflow[] = "build";
    static char forge_name[] = "github";
    static char repo[] = REPO;
    static char title[] = "title";

    return (struct job){.workflow = workflow,
                        .forge = forge_name,
                        .repo_id = 5,
                        .repo = repo,
                        .issue = issue,
                        .title = title};
}

ANYWHERE static void make_job(int64_t issue, char id[RAND_ID_SIZE])
{
    struct job job = make_job_struct(issue);

    MUST(jobs_submit(jobs, &job, NULL, 0, id, &err));
}

ANYWHERE static struct job get_job(const char *id)
{
    struct job job = {0};

    MUST(store_job_get(store, id, &job, &err));
    return job;
}

ANYWHERE static enum job_state state_of(const char *id)
{
    struct job job = get_job(id);
    enum job_state job_state = job.state;

    job_release(&job);
    return job_state;
}

/* Add a row of a job with this payload (taken). */
ANYWHERE static void add_row(const char *job_id, const char *kind, json_t *payload,
                             char row_id[RAND_ID_SIZE])
{
    struct job job = get_job(job_id);
    struct outbox_row row;

    outbox_row_init(&row, &job, kind, payload);
    if (row_id)
        memcpy(row_id, row.id, RAND_ID_SIZE);
    MUST(store_outbox_add(store, &row, 1, &err));
    outbox_row_release(&row);
    job_release(&job);
}

ANYWHERE static struct outbox_row get_row(const char *row_id)
{
    struct outbox_row row = {0};

    MUST(store_outbox_get(store, row_id, &row, &err));
    return row;
}

ANYWHERE static enum outbox_state row_state(const char *row_id)
{
    struct outbox_row row = get_row(row_id);
    enum outbox_state row_state = row.state;

    outbox_row_release(&row);
    return row_state;
}

/* Send what is due; the code. */
ANYWHERE static int flush(const char *job_id)
{
    return jobs_outbox_flush(jobs, session, job_id, NULL, NULL, NULL);
}

ANYWHERE static size_t our_comments(void)
{
    return forge_fake_count_comments(forge, REPO, 1);
}

ANYWHERE static int edits(void)
{
    return forge_fake_edits(forge, forge_fake_comment_id(forge, REPO, 1, 0));
}

ANYWHERE static void expect_comment(size_t i, const char *begins)
{
    AUTO_FREE char *body = forge_fake_comment(forge, REPO, 1, i);

    assert_non_null(body);
    if (strncmp(body, begins, strlen(begins)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", body, begins);
}

ANYWHERE static void advance(int64_t ms)
{
    clock_fake_advance(&test_time, ms);
}

ANYWHERE static int64_t time_now(void)
{
    return now();
}
