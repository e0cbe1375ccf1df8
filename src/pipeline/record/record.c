#include "record.h"

#include "../workspace.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/json/json.h"
#include "vdo/model/record.h"
#include "vdo/model/redact.h"
#include "vdo/pipeline/replay.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_VERSION = 1 };

static json_t *hidden(const char *text)
{
    AUTO_FREE char *clean = redact_dup(text);

    return js_string_lossy(clean, strlen(clean));
}

/* ---- export ---- */

static void set(json_t *object, const char *name, const char *text)
{
    (void)json_object_set_new(object, name, hidden(text ? text : ""));
}

static json_t *job_part(const struct job *job)
{
    json_t *out = json_object();

    set(out, "id", job->id);
    set(out, "workflow", job->workflow);
    set(out, "forge", job->forge);
    set(out, "repo", job->repo);
    set(out, "title", job->title);
    set(out, "text", job->text);
    set(out, "instructions", job->instructions);
    set(out, "type", job->type);
    set(out, "priority", job->priority);
    set(out, "requester", job->requester);
    set(out, "approved_by", job->approved_by);
    set(out, "answer", job->answer);
    set(out, "base_ref", job->base_ref);
    set(out, "state", job_state_name(job->state));
    set(out, "headline", job->headline);
    set(out, "reason", job->reason);
    return out;
}

static json_t *limits_part(const struct config_limits *limits)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "job_turns", (json_int_t)limits->job_turns,
                     "job_output_tokens", (json_int_t)limits->job_output_tokens, "fix_rounds",
                     (json_int_t)limits->fix_rounds, "review_rounds",
                     (json_int_t)limits->review_rounds);
}

static json_t *parsed(const char *text)
{
    json_t *value = NULL;

    return js_parse(text, strlen(text), &value, NULL) == VDO_OK ? value : json_null();
}

/* Calls have their secrets hidden as they are recorded; checkpoints have not. */
static json_t *parsed_hidden(const char *text)
{
    json_auto_t *value = parsed(text);
    AUTO_FREE char *clean = redact_json(value);

    return parsed(clean);
}

static int steps_part(struct store *store, const char *job_id, json_t **out, struct err *err)
{
    struct job_step *steps = NULL;
    size_t n = 0;
    int rc = store_step_list(store, job_id, &steps, &n, err);

    if (rc)
        return rc;
    *out = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(
            *out, json_pack("{s:s, s:s, s:i, s:o}", "name", steps[i].name, "state",
                            step_state_name(steps[i].state), "attempt", steps[i].attempt, "output",
                            parsed_hidden(steps[i].output ? steps[i].output : "null")));
        job_step_release(&steps[i]);
    }
    free(steps);
    return VDO_OK;
}

static json_t *call_part(const struct model_call *call, json_t *request)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:I, s:o, s:o}", "step", call->step,
                     "step_attempt", call->step_attempt, "role", call->role, "provider",
                     call->provider, "model", call->model, "ok", call->ok, "cost_microusd",
                     (json_int_t)call->cost_microusd, "request", request, "response",
                     parsed(call->response));
}

/* False when it, or what it goes on from, is no longer kept. */
static bool whole_request(json_t *known, const struct model_call *call, json_t **out)
{
    json_auto_t *request = call->request ? parsed(call->request) : NULL;

    return request && model_record_expand(known, request, out, NULL) == VDO_OK;
}

static int calls_part(struct store *store, const char *job_id, json_t **out, struct err *err)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    json_auto_t *known = json_object();
    bool pruned = false;
    int rc = store_call_list(store, job_id, true, &calls, &n, err);

    if (rc)
        return rc;
    *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *request = NULL;

        pruned = pruned || !calls[i].response || !whole_request(known, &calls[i], &request);
        if (!pruned)
            (void)json_array_append_new(*out, call_part(&calls[i], request));
        model_call_release(&calls[i]);
    }
    free(calls);
    if (!pruned)
        return VDO_OK;
    json_decref(*out);
    *out = NULL;
    return err_set(err, VDO_E_REFUSED,
                   "the conversations of job %s are no longer kept, so it cannot be replayed",
                   job_id);
}

static int commands_part(struct store *store, const char *job_id, json_t **out, struct err *err)
{
    AUTO_FREE char *prefix = xasprintf("%s/", job_id);
    json_auto_t *found = NULL;
    const char *key;
    json_t *one;
    int rc = store_doc_list(store, RECORD_COMMAND_KIND, prefix, &found, err);

    if (rc)
        return rc;
    *out = json_array();
    json_object_foreach (found, key, one) {
        (void)json_object_set_new(one, "key", json_string(key));
        (void)json_array_append(*out, one);
    }
    return VDO_OK;
}

/* ---- the files of the base commit ---- */

struct gathering {
    struct mirror *mirror;
    json_t *files;
    size_t bytes;
    bool hid; /* a secret, or a submodule: trees will have other ids than they had */
    struct err *err;
};

static const char mark[] = "[redacted]";
enum { MARK_LEN = sizeof(mark) - 1, KEPT_OF_SECRET = 4, ANCHOR = 32 };

/* Where a secret that begins at text ends: at what stands behind its mark in the redacted text. */
static const char *end_of_secret(const char *text, const char *behind_mark)
{
    char anchor[ANCHOR + 1];
    const char *next = strstr(behind_mark, mark);
    size_t len = next ? (size_t)(next - behind_mark) : strlen(behind_mark);

    if (len == 0)
        return next ? NULL : text + strlen(text);
    len = len < ANCHOR ? len : ANCHOR;
    memcpy(anchor, behind_mark, len);
    anchor[len] = '\0';
    return strstr(text, anchor);
}

/*
 * A file's text with its secrets made worthless in their own shape: what is told apart as a secret
 * stays one, so that a replay on the file reads like the job did. NULL when that cannot be done.
 */
static char *masked(const char *text, const char *redacted)
{
    AUTO_FREE char *copy = xstrdup(text);
    const char *from = text;
    const char *end;

    while (*from && *redacted) {
        if (strncmp(redacted, mark, MARK_LEN) != 0 || strncmp(from, mark, MARK_LEN) == 0) {
            if (*from++ != *redacted++)
                return NULL;
            continue;
        }
        redacted += MARK_LEN;
        end = end_of_secret(from, redacted);
        if (!end)
            return NULL;
        for (size_t i = KEPT_OF_SECRET; from + i < end; i++) {
            char *at = copy + (from - text) + i;

            if (isalnum((unsigned char)*at))
                *at = isdigit((unsigned char)*at) ? '0' : isupper((unsigned char)*at) ? 'X' : 'x';
        }
        from = end;
    }
    return *from || *redacted ? NULL : xstrdup(copy);
}

static json_t *hidden_in_file(const char *text, bool *hid)
{
    AUTO_FREE char *redacted = redact_dup(text);
    AUTO_FREE char *shaped = strcmp(redacted, text) ? masked(text, redacted) : xstrdup(text);
    AUTO_FREE char *again = shaped ? redact_dup(shaped) : NULL;
    const char *out = again && strcmp(again, redacted) == 0 ? shaped : redacted;

    *hid = *hid || strcmp(redacted, text) != 0;
    return js_string_lossy(out, strlen(out));
}

static json_t *in_hex(const char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    AUTO_FREE char *text = xmalloc(len * 2 + 1);

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    return json_stringn(text, len * 2);
}

static int gather(void *arg, const struct tree_entry *entry)
{
    struct gathering *g = arg;
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;
    json_t *file;
    int rc;

    if (entry->mode == 0160000 || !g->files) {
        g->hid = g->hid || entry->mode == 0160000;
        return VDO_OK;
    }
    rc = mirror_read_blob(g->mirror, entry->oid, RECORD_MAX_FILES_BYTES, &bytes, &len, g->err);
    if (rc)
        return rc;
    g->bytes += len;
    if (g->bytes > RECORD_MAX_FILES_BYTES)
        return err_set(g->err, VDO_E_TOO_LARGE,
                       "the repository's files have more than %lu MiB, too much for one record",
                       RECORD_MAX_FILES_BYTES >> 20);
    file = json_pack("{s:o, s:i}", "path", js_string_lossy(entry->path, strlen(entry->path)),
                     "mode", (int)entry->mode);
    if (js_is_utf8(bytes, len) && !memchr(bytes, '\0', len))
        (void)json_object_set_new(file, "text", hidden_in_file(bytes, &g->hid));
    else
        (void)json_object_set_new(file, "hex", in_hex(bytes, len));
    (void)json_array_append_new(g->files, file);
    return VDO_OK;
}

/* with_files: else the replay takes them from the mirror, and only what it leaves out is noted. */
static int files_part(const char *data_dir, const struct job *job, const char *base,
                      bool with_files, json_t *record, struct err *err)
{
    AUTO_FREE char *key = workspace_key(job);
    AUTO_FREE char *dir = xasprintf("%s/mirrors/%s", data_dir, key);
    struct gathering g = {.files = with_files ? json_array() : NULL, .err = err};
    int rc = mirror_open(dir, &g.mirror, err);

    if (!rc)
        rc = mirror_walk(g.mirror, base, false, gather, &g, err);
    mirror_close(g.mirror);
    if (rc) {
        json_decref(g.files);
        return err_wrap(err, "the files of %.10s", base), rc;
    }
    if (g.files)
        (void)json_object_set_new(record, "files", g.files);
    (void)json_object_set_new(record, "files_hidden", json_boolean(g.hid));
    return VDO_OK;
}

static const char *base_of(const json_t *steps)
{
    const json_t *step;
    size_t i;

    json_array_foreach (steps, i, step) {
        if (strcmp(js_str(step, "name", ""), "checkout") == 0)
            return js_str(step, "output.base_sha", "");
    }
    return "";
}

static int fill(struct store *store, const char *data_dir, const struct job *job, bool with_files,
                json_t *record, struct err *err)
{
    json_t *steps = NULL;
    json_t *calls = NULL;
    json_t *commands = NULL;
    int rc = steps_part(store, job->id, &steps, err);

    if (!rc)
        (void)json_object_set_new(record, "steps", steps);
    if (!rc && !*base_of(steps))
        rc = err_set(err, VDO_E_REFUSED,
                     "job %s never came to a base commit, so there is nothing to replay", job->id);
    if (!rc)
        rc = calls_part(store, job->id, &calls, err);
    if (!rc)
        (void)json_object_set_new(record, "calls", calls);
    if (!rc)
        rc = commands_part(store, job->id, &commands, err);
    if (!rc)
        (void)json_object_set_new(record, "commands", commands);
    if (!rc)
        rc = files_part(data_dir, job, base_of(steps), with_files, record, err);
    return rc;
}

int record_export(struct store *store, const char *data_dir, const struct config_limits *limits,
                  const char *job_id, bool with_files, json_t **out, struct err *err)
{
    json_auto_t *record = NULL;
    struct job job = {0};
    int rc = store_job_get(store, job_id, &job, err);

    if (rc)
        return rc;
    record =
        json_pack("{s:i, s:s, s:o, s:o, s:s}", "vdo_record", RECORD_VERSION, "version", VDO_VERSION,
                  "job", job_part(&job), "limits", limits_part(limits), "mirror", "");
    if (!with_files) {
        AUTO_FREE char *key = workspace_key(&job);

        (void)json_object_set_new(record, "mirror", json_string(key));
    }
    rc = fill(store, data_dir, &job, with_files, record, err);
    job_release(&job);
    if (!rc)
        *out = json_incref(record);
    return rc;
}
