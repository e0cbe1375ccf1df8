#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

enum { MOST_TOLD = 20, MOST_ONE = 600 /* bytes: host, port, words and command */ };

/* In the order in which they are told. */
enum kind {
    NEW_REFUSED,  /* by the change, by setup, or by a command of a model */
    OLD_REFUSED,  /* the same command makes it on the base as well */
    GONE_REFUSED, /* on the base only */
    ALLOWED,
    N_KINDS
};

static const char *const words[N_KINDS] = {[NEW_REFUSED] = "blocked",
                                           [OLD_REFUSED] = "blocked, on the base too",
                                           [GONE_REFUSED] = "blocked, on the base only",
                                           [ALLOWED] = "allowed"};

/* In the order of a workflow: a job that was resumed has them in another one. */
static const char *const steps[] = {"survey", "refine", "plan",  "build",
                                    "test",   "verify", "review"};

static bool is_of_setup(const json_t *attempt)
{
    return strcmp(js_str(attempt, "on", ""), "setup") == 0;
}

static bool is_same(const json_t *a, const json_t *b)
{
    static const char *const names[] = {"host", "port", "allowed", "command"};
    bool same = is_of_setup(a) == is_of_setup(b);

    for (size_t i = 0; i < N_OF(names); i++) {
        json_t *x = json_object_get(a, names[i]);
        json_t *y = json_object_get(b, names[i]);

        same = same && (x == y || json_equal(x, y));
    }
    return same;
}

/* What one step kept, each attempt of each command once over all steps. */
static void join_step(json_t *all, const json_t *attempts)
{
    size_t i;
    json_t *attempt;

    json_array_foreach (attempts, i, attempt) {
        json_t *known = NULL;
        size_t at;
        json_t *one;

        json_array_foreach (all, at, one)
            known = !known && is_same(one, attempt) ? one : known;
        if (!known)
            (void)json_array_append_new(all, json_deep_copy(attempt));
        else if (strcmp(js_str(known, "on", ""), js_str(attempt, "on", "")) != 0)
            (void)json_object_set_new(known, "on", json_string("both"));
    }
}

/* What setup is refused is missing in `allow`, whoever is to blame. */
static enum kind kind_of(const json_t *attempt)
{
    const char *on = js_str(attempt, "on", "");

    if (js_bool(attempt, "allowed", false))
        return ALLOWED;
    if (strcmp(on, "base") == 0)
        return GONE_REFUSED;
    return strcmp(on, "both") == 0 ? OLD_REFUSED : NEW_REFUSED;
}

static void tell(struct strbuf *text, const json_t *attempt, enum kind kind)
{
    const char *host = js_str(attempt, "host", "");
    long long port = (long long)js_int(attempt, "port", 0);
    const char *command = js_str(attempt, "command", "");

    if (text->len)
        (void)strbuf_adds(text, ", ");
    if (!*host)
        (void)strbuf_addf(text, "%s (%s)", js_str(attempt, "why", ""), command);
    else if (port)
        (void)strbuf_addf(text, "%s:%lld %s (%s)", host, port, words[kind], command);
    else
        (void)strbuf_addf(text, "%s %s (%s)", host, words[kind], command);
}

/* Text of the attempts; how many there are of each kind. */
static void tell_all(const json_t *all, struct strbuf *text, size_t counts[N_KINDS])
{
    size_t told = 0;

    for (enum kind kind = 0; kind < N_KINDS; kind++) {
        size_t i;
        json_t *attempt;

        json_array_foreach (all, i, attempt) {
            if (kind_of(attempt) != kind)
                continue;
            counts[kind]++;
            if (told >= MOST_TOLD || text->len + MOST_ONE > VERDICT_MAX_TEXT)
                continue;
            tell(text, attempt, kind);
            told++;
        }
    }
    if (told < json_array_size(all))
        (void)strbuf_addf(text, ", and %zu more", json_array_size(all) - told);
}

/* What nobody saw, or NULL. */
static const char *unseen(const struct verdict *v)
{
    if (strcmp(js_str(v->points, "verify.reach", ""), "full") == 0)
        return "setup had the whole network, so nobody saw what it reached";
    for (size_t i = 0; i < N_OF(steps); i++) {
        if (js_bool(json_object_get(v->points, steps[i]), "network_unseen", false))
            return "commands without a network could not be seen on this machine (vdo doctor)";
    }
    return NULL;
}

static void add_row(struct verdict *v, struct strbuf *text, const size_t counts[N_KINDS])
{
    AUTO_FREE char *command = xasprintf("vdo jobs log %s", v->job->id);
    const char *blind = unseen(v);
    const char *status = counts[NEW_REFUSED] ? "warn" : text->len ? "info" : "pass";

    if (!text->len)
        (void)strbuf_adds(text, blind ? blind : "none");
    else if (blind)
        (void)strbuf_addf(text, "; %s", blind);
    verdict_add(v, "network attempts", blind && strcmp(status, "pass") == 0 ? "unknown" : status,
                text->ptr, command);
}

void verdict_network_row(struct verdict *v)
{
    const char *skipped = js_str(v->points, "verify.skipped", "");
    json_auto_t *all = json_array();
    size_t counts[N_KINDS] = {0};
    AUTO_STRBUF text = {0};

    if (*skipped || !js_at(v->points, "verify")) {
        verdict_add(v, "network attempts", "unknown", *skipped ? skipped : "nothing was run", NULL);
        return;
    }
    for (size_t i = 0; i < N_OF(steps); i++)
        join_step(all, js_at(json_object_get(v->points, steps[i]), "network"));
    strbuf_init(&text, (size_t)VERDICT_MAX_TEXT * 2);
    tell_all(all, &text, counts);
    add_row(v, &text, counts);
}
