#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The living comment of a job: one row for the job's whole life.
 *
 *     PENDING, due -> SENDING -> drawn; differs from what was sent last -> created or edited
 *                             -> job not final: PENDING at rest, until the job changes (a "touch"),
 *                                then not before progress_gap_ms have passed
 *                             -> job final: DONE; a retry of the job touches it alive again
 *                             -> forge down: PENDING with back-off
 *                             -> locked, refused, deleted twice: FAILED; the job goes on without
 *
 * The state of the job is read before drawing, so a change in between is a touch that counts after.
 * result {"id": comment, "hash": of the body sent last, "remade": made anew after a deletion}.
 */
struct progress {
    struct jobs *jobs;
    struct forge_session *forge;
    const struct outbox_row *row;
    struct forge_repo repo;
    int64_t issue;
    int64_t comment_id;
    int64_t last_id;
    bool remade;
    bool final;
    bool wrote;
    bool maybe;
    char *body;
    char hash[SHA256_HEX_SIZE];
    char last_hash[SHA256_HEX_SIZE];
};

static void read_last(struct progress *p)
{
    json_auto_t *payload = NULL;
    json_auto_t *result = NULL;
    const char *row_payload = p->row->payload;
    const char *row_result = p->row->result;

    if (js_parse(row_payload, strlen(row_payload), &payload, NULL) == VDO_OK)
        p->issue = js_int(payload, "issue", 0);
    if (js_parse(row_result, strlen(row_result), &result, NULL) != VDO_OK)
        return;
    p->comment_id = js_int(result, "id", 0);
    p->last_id = p->comment_id;
    p->remade = js_bool(result, "remade", false);
    (void)snprintf(p->last_hash, sizeof(p->last_hash), "%s", js_str(result, "hash", ""));
}

static int draw(struct progress *p, struct err *err)
{
    AUTO_FREE char *text = NULL;
    struct job job = {0};
    int rc = store_job_get(p->jobs->o.store, p->row->job_id, &job, err);

    if (rc)
        return rc;
    p->final = job_state_is_final(job.state);
    job_release(&job);
    rc = p->jobs->o.draw(p->jobs->o.draw_arg, p->row->job_id, &text, err);
    if (rc)
        return err_wrap(err, "drawing the comment");
    p->body = body_with_marker(text, p->row);
    sha256_hex(p->body, strlen(p->body), p->hash);
    return VDO_OK;
}

static int create(struct progress *p, struct err *err)
{
    int rc = VDO_OK;

    if (p->maybe) {
        int64_t found = 0;

        rc = find_sent_comment(p->forge, p->row, p->issue, &found, err);
        if (rc)
            return rc;
        if (found) { /* with which text is not known: edit it next */
            p->comment_id = found;
            return forge_edit_comment(p->forge, &p->repo, found, p->body, err);
        }
    }
    return forge_create_comment(p->forge, &p->repo, p->issue, p->body, &p->comment_id, &p->maybe,
                                err);
}

static int write_comment(struct progress *p, struct err *err)
{
    int rc;

    if (!p->comment_id)
        return create(p, err);
    rc = forge_edit_comment(p->forge, &p->repo, p->comment_id, p->body, err);
    if (rc != VDO_E_NOT_FOUND)
        return rc;
    if (p->remade) {
        err_clear(err);
        return err_set(err, VDO_E_REFUSED, "the comment was deleted again");
    }
    err_clear(err);
    p->comment_id = 0;
    p->remade = true;
    return create(p, err);
}

static void conclude(struct progress *p, struct attempt *out)
{
    out->verdict = p->final ? SENT : RESTING;
    out->result = json_pack("{s:I, s:s, s:b}", "id", (json_int_t)p->comment_id, "hash", p->hash,
                            "remade", p->remade);
    out->update.comment_id = p->comment_id;
    out->has_update = p->comment_id != p->last_id;
    out->hold_until_ms = p->wrote ? jobs_now(p->jobs) + p->jobs->o.progress_gap_ms : 0;
}

void send_progress(struct jobs *jobs, struct forge_session *forge, const struct outbox_row *row,
                   struct attempt *out)
{
    struct progress p = {
        .jobs = jobs, .forge = forge, .row = row, .repo = row_repo(row), .maybe = row->maybe_sent};
    struct err err = {0};
    int rc;

    read_last(&p);
    rc = draw(&p, &err);
    if (!rc && (!p.comment_id || strcmp(p.hash, p.last_hash) != 0)) {
        rc = write_comment(&p, &err);
        p.wrote = !rc;
    }
    if (rc)
        judge(out, forge, rc, p.maybe, &err);
    else
        conclude(&p, out);
    free(p.body);
}
