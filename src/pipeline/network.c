#include "network.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

static const char *const places[] = {
    [RUNS_ON_CHANGE] = "change", [RUNS_ON_BASE] = "base", [RUNS_ON_SETUP] = "setup"};

/* One line that fits a table. */
static char *short_command(const char *command)
{
    size_t len = strlen(command);
    bool cut = len > NETWORK_MAX_COMMAND;
    char *text =
        xasprintf("%.*s%s", cut ? NETWORK_MAX_COMMAND : (int)len, command, cut ? "..." : "");

    for (char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    }
    return text;
}

static bool is_same_attempt(const json_t *a, const json_t *b)
{
    return strcmp(js_str(a, "host", ""), js_str(b, "host", "")) == 0 &&
           js_int(a, "port", 0) == js_int(b, "port", 0) &&
           js_bool(a, "allowed", false) == js_bool(b, "allowed", false);
}

/* What setup does is told apart: it stands on no side of the change. */
static bool is_beside(const json_t *known, const char *place)
{
    const char *setup = places[RUNS_ON_SETUP];

    return (strcmp(js_str(known, "on", ""), setup) == 0) == (strcmp(place, setup) == 0);
}

static json_t *find_known(const json_t *list, const json_t *attempt, const json_t *command,
                          const char *place)
{
    size_t i;
    json_t *known;

    json_array_foreach (list, i, known) {
        if (is_same_attempt(known, attempt) && is_beside(known, place) &&
            json_equal(json_object_get(known, "command"), command))
            return known;
    }
    return NULL;
}

static void log_refused(struct job_run *run, const json_t *attempt, const char *command)
{
    long long port = (long long)js_int(attempt, "port", 0);
    AUTO_FREE char *to = port ? xasprintf("%s:%lld", js_str(attempt, "host", ""), port) :
                                xstrdup(js_str(attempt, "host", ""));

    run_log(run, "warn", "network: %s%s%s, asked for by: %s", to, *to ? " " : "",
            js_str(attempt, "why", ""), command);
}

/* How many were first seen there. */
static size_t count_on(const json_t *list, const char *place)
{
    const bool both = strcmp(place, places[RUNS_ON_BASE]) == 0;
    size_t n = 0;
    size_t i;
    json_t *known;

    json_array_foreach (list, i, known) {
        const char *on = js_str(known, "on", "");

        n += strcmp(on, place) == 0 || (both && strcmp(on, "both") == 0);
    }
    return n;
}

/* What stands for all that find no room. New reference. */
static json_t *no_room(void)
{
    return json_pack("{s:s, s:i, s:b, s:s, s:i}", "host", "", "port", 0, "allowed", 0, "why",
                     "more attempts than are listed", "count", 1);
}

static void keep_one(struct job_run *run, const json_t *attempt, const char *command,
                     const char *place)
{
    json_auto_t *name = js_string_lossy(command, strlen(command));
    json_t *known = find_known(run->network, attempt, name, place);
    size_t n = known ? 0 : count_on(run->network, place);
    json_t *copy;

    if (known) {
        if (strcmp(js_str(known, "on", ""), place) != 0)
            (void)json_object_set_new(known, "on", json_string("both"));
        return;
    }
    if (n >= NETWORK_MAX_ATTEMPTS)
        return;
    if (!js_bool(attempt, "allowed", false))
        log_refused(run, attempt, command);
    copy = n == NETWORK_MAX_ATTEMPTS - 1 ? no_room() : json_deep_copy(attempt);
    (void)json_object_set(copy, "command", name);
    (void)json_object_set_new(copy, "on", json_string(place));
    (void)json_array_append_new(run->network, copy);
}

void network_keep(struct job_run *run, const char *command, const struct sandbox_spec *spec,
                  const struct sandbox_result *result)
{
    AUTO_FREE char *line = short_command(command);
    size_t i;
    json_t *attempt;

    if (!result->network && !spec->network)
        run->network_unseen = true;
    if (!run->network)
        run->network = json_array();
    json_array_foreach (result->network, i, attempt)
        keep_one(run, attempt, line, places[run->runs_on]);
}

void network_leave(struct job_run *run)
{
    if (json_array_size(run->network) && json_is_object(run->result))
        (void)json_object_set(run->result, "network", run->network);
    if (run->network_unseen && json_is_object(run->result))
        (void)json_object_set_new(run->result, "network_unseen", json_true());
    json_decref(run->network);
    run->network = NULL;
    run->network_unseen = false;
}
