#include "call.h"

#include "vdo/base/log.h"
#include "vdo/base/mem.h"
#include "vdo/policy/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORGE_DOWN_RETRY_MS = 5000, STORE_DOWN_RETRY_MS = 5000 };

/* Sorted by name. Events that are not here are recorded as ignored. */
static const struct {
    const char *name;
    bot_fn handle;
} events[] = {
    {"installation", event_installation},
    {"installation_repositories", event_installation_repositories},
    {"issue_comment", event_issue_comment},
    {"issues", event_issues},
    {"ping", event_ping},
    {"pull_request", event_pull_request},
    {"repository", event_repository},
};

int bot_new(const struct bot_options *options, struct bot **out, struct err *err)
{
    struct bot *bot = xcalloc(1, sizeof(*bot));

    (void)err;
    bot->o = *options;
    *out = bot;
    return VDO_OK;
}

void bot_set_jobs(struct bot *bot, struct jobs *jobs)
{
    bot->jobs = jobs;
}

void bot_free(struct bot *bot)
{
    free(bot);
}

static void replace(char **field, const char *value)
{
    free(*field);
    *field = xstrdup(value ? value : "");
}

static void free_event(void *event)
{
    forge_event_release(event);
    free(event);
}

/* Parsing is most of the work on a delivery that changes nothing; bot_handle() finds what this
 * parsed. NULL: the body cannot be understood. */
static const struct forge_event *parse_for_both(struct delivery *delivery)
{
    struct forge_event *event = xcalloc(1, sizeof(*event));
    int rc = forge_event_parse(delivery->event, delivery->body, delivery->body_len, event, NULL);

    if (rc && rc != VDO_E_NOT_FOUND) {
        free(event);
        return NULL;
    }
    delivery->parsed = event;
    delivery->free_parsed = free_event;
    return event;
}

void bot_describe(void *arg, struct delivery *delivery)
{
    const struct forge_event *event = parse_for_both(delivery);

    (void)arg;
    if (!event)
        return;
    replace(&delivery->action, event->action);
    replace(&delivery->repo, event->repo);
    delivery->repo_id = event->repo_id;
    delivery->issue = event->issue;
}

static bot_fn find_event(const char *name)
{
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (strcmp(events[i].name, name) == 0)
            return events[i].handle;
    }
    return NULL;
}

static void end(struct delivery_verdict *out, enum delivery_state state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void end(struct delivery_verdict *out, enum delivery_state state, const char *fmt, ...)
{
    va_list ap;

    out->state = state;
    va_start(ap, fmt);
    (void)vsnprintf(out->reason, sizeof(out->reason), fmt, ap);
    va_end(ap);
}

/* Nothing is answered to these, and an App that is gone may not even ask who it is. */
static bool is_about_us(const char *event)
{
    return strcmp(event, "ping") == 0 || strncmp(event, "installation", 12) == 0;
}

/* Our own events first, before anything else is looked at: a bot that hears itself never stops. */
static int listen(struct bot_call *call, struct err *err)
{
    const struct forge_identity *us = NULL;
    int rc;

    if (is_about_us(call->event->event))
        return VDO_OK;
    rc = forge_identity(call->forge, &us, err);
    if (rc)
        return err_wrap(err, "ask who we are"), rc;
    return policy_may_speak(us, call->event->sender_id, call->event->sender,
                            call->event->sender_type, call->event->via_app_id, err);
}

/* How long to wait before the delivery is tried again; 0: never. A store that is full or busy
 * heals, and a process that stops leaves its delivery to the next one. */
static int64_t find_wait(struct bot_call *call, int rc)
{
    int64_t wait = forge_retry_after_ms(call->forge);

    switch (rc) {
    case VDO_E_TEMPORARY:
        return wait > 0 ? wait : FORGE_DOWN_RETRY_MS;
    case VDO_E_IO:
        return STORE_DOWN_RETRY_MS;
    case VDO_E_CANCELLED:
        return 1;
    default:
        return 0;
    }
}

static void decide(struct bot_call *call, struct delivery_verdict *out)
{
    bot_fn handle = find_event(call->event->event);
    struct err err = {0};
    int rc;

    if (!handle) {
        end(out, DELIVERY_DONE, "ignored: event %s is not used", call->event->event);
        return;
    }
    if (!is_about_us(call->event->event) && (!call->event->repo_id || !*call->event->repo)) {
        end(out, DELIVERY_DONE, "ignored: the event names no repository");
        return;
    }
    rc = listen(call, &err);
    if (rc == VDO_E_REFUSED) {
        end(out, DELIVERY_DONE, "ignored: %s", err.text);
        return;
    }
    if (!rc)
        rc = handle(call, &err);
    out->retry_after_ms = find_wait(call, rc);
    if (out->retry_after_ms) {
        end(out, DELIVERY_FAILED, "waiting: %s", err.text);
    } else if (rc == VDO_E_REFUSED || rc == VDO_E_NOT_FOUND) {
        end(out, DELIVERY_DONE, "refused: %s", err.text);
    } else if (rc) {
        end(out, DELIVERY_FAILED, "failed: %s", err.text);
    }
}

/* What bot_describe() parsed; otherwise out, filled in: to be released in both cases. */
static int find_event_of(const struct delivery *delivery, struct forge_event *out,
                         const struct forge_event **out_event, struct err *err)
{
    int rc = VDO_OK;

    *out_event = delivery->parsed ? delivery->parsed : out;
    if (!delivery->parsed)
        rc = forge_event_parse(delivery->event, delivery->body, delivery->body_len, out, err);
    return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
}

void bot_handle(void *arg, struct forge_session *forge, const struct delivery *delivery,
                struct delivery_verdict *out)
{
    struct forge_event own = {0};
    struct err err = {0};
    struct bot_call call = {.bot = arg, .forge = forge, .delivery = delivery, .out = out};
    const struct log_ctx ctx = {.delivery = delivery->guid};
    int rc = find_event_of(delivery, &own, &call.event, &err);

    memset(out, 0, sizeof(*out));
    out->state = DELIVERY_DONE;
    if (rc) {
        end(out, DELIVERY_DEAD, "cannot be understood: %s", err.text);
    } else {
        call.repo = (struct forge_repo){.installation_id = call.event->installation_id,
                                        .id = call.event->repo_id,
                                        .name = call.event->repo};
        decide(&call, out);
        forge_issue_release(&call.issue);
    }
    forge_event_release(&own);
    log_info(&ctx, "bot.delivery", "event=%s action=%s repo=%s issue=%lld: %s", delivery->event,
             delivery->action ? delivery->action : "", delivery->repo ? delivery->repo : "",
             (long long)delivery->issue, out->reason);
}
