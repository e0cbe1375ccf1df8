#include "ctags.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

enum {
    MAX_PENDING = 4,
    MAX_RESTARTS = 3,
    MAX_LINE = 64 * 1024,
    READ_ROOM = 64 * 1024,
    FEATURES_MS = 5000,
    MEMORY_MB = 512,
};

/* One file on its way. */
struct pending {
    char *request; /* owned; the JSON line before the bytes */
    size_t request_len;
    const char *bytes;
    size_t len;
    size_t sent; /* of request and bytes together */
};

struct ctags {
    struct proc_child child;
    bool running;
    unsigned restarts;
    struct pending pending[MAX_PENDING];
    size_t first;
    size_t n;
    struct strbuf in; /* what came and is not used yet */
    size_t used;
};

static struct {
    pthread_once_t once;
    bool usable;
    bool sandbox;
} features = {.once = PTHREAD_ONCE_INIT};

static void ask_features(void)
{
    static const char *const argv[] = {"ctags", "--options=NONE", "--list-features", NULL};
    struct proc_spec spec = {.argv = argv, .timeout_ms = FEATURES_MS, .head_max = 16384};
    struct proc_result result;

    if (proc_start_supervisor(NULL) || proc_run(&spec, &result, NULL))
        return;
    features.usable = result.exit_code == 0 && strstr(result.out.head, "\ninteractive") &&
                      strstr(result.out.head, "\njson");
    features.sandbox = strstr(result.out.head, "\nsandbox") != NULL;
    proc_result_release(&result);
}

bool ctags_available(void)
{
    (void)pthread_once(&features.once, ask_features);
    return features.usable;
}

static void start(struct ctags *c)
{
    const char *const argv[] = {"ctags",
                                "--options=NONE",
                                features.sandbox ? "--_interactive=sandbox" : "--_interactive",
                                "--output-format=json",
                                "--fields=NneKSs",
                                "--sort=no",
                                "--kinds-C=+p",
                                "--kinds-C++=+p",
                                NULL};
    const struct proc_rlimit limits[] = {
        {RLIMIT_AS, (uint64_t)MEMORY_MB << 20}, {RLIMIT_FSIZE, 0}, {RLIMIT_CORE, 0}};
    struct proc_spec spec = {.argv = argv, .cwd = "/", .rlimits = limits, .n_rlimits = 3};

    if (proc_spawn(&spec, &c->child, NULL))
        return;
    (void)fcntl(c->child.in_fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(c->child.out_fd, F_SETFL, O_NONBLOCK);
    c->running = true;
}

struct ctags *ctags_new(void)
{
    struct ctags *c = xcalloc(1, sizeof(*c));

    strbuf_init(&c->in, SIZE_MAX / 2);
    if (ctags_available())
        start(c);
    return c;
}

static void drop_first(struct ctags *c)
{
    struct pending *p = &c->pending[c->first];

    free(p->request);
    *p = (struct pending){0};
    c->first = (c->first + 1) % MAX_PENDING;
    c->n--;
}

void ctags_free(struct ctags *ctags)
{
    if (!ctags)
        return;
    while (ctags->n)
        drop_first(ctags);
    if (ctags->running)
        proc_child_end(&ctags->child);
    strbuf_release(&ctags->in);
    free(ctags);
}

/* Give up this child; what was handed over goes to the next one, the file it failed on excepted. */
static void replace(struct ctags *c)
{
    proc_child_end(&c->child);
    c->running = false;
    strbuf_clear(&c->in);
    c->used = 0;
    for (size_t i = 0; i < c->n; i++)
        c->pending[(c->first + i) % MAX_PENDING].sent = 0;
    if (c->restarts++ < MAX_RESTARTS)
        start(c);
}

/* Write as much as the pipe takes. False when the child is gone. */
static bool feed(struct ctags *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct pending *p = &c->pending[(c->first + i) % MAX_PENDING];

        while (p->sent < p->request_len + p->len) {
            bool head = p->sent < p->request_len;
            const char *from = head ? p->request + p->sent : p->bytes + (p->sent - p->request_len);
            size_t len = head ? p->request_len - p->sent : p->request_len + p->len - p->sent;
            ssize_t n = write(c->child.in_fd, from, len);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return errno == EAGAIN;
            p->sent += (size_t)n;
        }
    }
    return true;
}

/* Read what is there. False when the child is gone. */
static bool drain(struct ctags *c)
{
    char buf[READ_ROOM];

    if (c->used > READ_ROOM) { /* keep the buffer small */
        memmove(c->in.ptr, c->in.ptr + c->used, c->in.len - c->used);
        strbuf_truncate(&c->in, c->in.len - c->used);
        c->used = 0;
    }
    for (;;) {
        ssize_t n = read(c->child.out_fd, buf, sizeof(buf));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return false;
        (void)strbuf_add(&c->in, buf, (size_t)n);
        if ((size_t)n < sizeof(buf))
            return true;
    }
}

static bool unsent(const struct ctags *c)
{
    const struct pending *p = &c->pending[(c->first + c->n - 1) % MAX_PENDING];

    return c->n && p->sent < p->request_len + p->len;
}

void ctags_submit(struct ctags *ctags, const char *name, const char *bytes, size_t len)
{
    struct pending *p = &ctags->pending[(ctags->first + ctags->n) % MAX_PENDING];
    json_t *request = json_pack("{s:s, s:s, s:I}", "command", "generate-tags", "filename", name,
                                "size", (json_int_t)len);
    char *text = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    *p = (struct pending){.bytes = bytes, .len = len};
    p->request = xasprintf("%s\n", text ? text : "");
    p->request_len = strlen(p->request);
    free(text);
    ctags->n++;
    if (ctags->running)
        (void)(feed(ctags) && drain(ctags)); /* a child that is gone is met in ctags_collect() */
}

static const char *text_of(const json_t *tag, const char *key)
{
    const char *text = json_string_value(json_object_get(tag, key));

    return text ? text : "";
}

static void give(const json_t *tag, ctags_fn fn, void *arg)
{
    struct facts_symbol symbol = {
        .name = text_of(tag, "name"),
        .kind = text_of(tag, "kind"),
        .scope = text_of(tag, "scope"),
        .signature = text_of(tag, "signature"),
        .line = (uint32_t)json_integer_value(json_object_get(tag, "line")),
        .line_end = (uint32_t)json_integer_value(json_object_get(tag, "end")),
    };

    if (*symbol.name)
        fn(arg, &symbol);
}

enum line_result { LINE_TAG, LINE_LAST, LINE_WRONG };

static enum line_result use_line(const char *line, size_t len, ctags_fn fn, void *arg)
{
    json_t *tag = len < MAX_LINE ? json_loadb(line, len, 0, NULL) : NULL;
    const char *type = text_of(tag, "_type");
    enum line_result result = LINE_TAG;

    if (strcmp(type, "completed") == 0)
        result = LINE_LAST;
    else if (strcmp(type, "error") == 0 && json_is_true(json_object_get(tag, "fatal")))
        result = LINE_WRONG;
    else if (strcmp(type, "tag") == 0)
        give(tag, fn, arg);
    json_decref(tag);
    return result;
}

/* Use whole lines up to the end of the oldest file. LINE_TAG: more must come. */
static enum line_result use_lines(struct ctags *c, ctags_fn fn, void *arg)
{
    enum line_result result = LINE_TAG;

    while (result == LINE_TAG) {
        const char *line = c->in.ptr + c->used;
        const char *nl = memchr(line, '\n', c->in.len - c->used);

        if (!nl)
            return LINE_TAG;
        c->used += (size_t)(nl + 1 - line);
        result = use_line(line, (size_t)(nl - line), fn, arg);
    }
    return result;
}

static bool wait_for(struct ctags *c, int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms(clock_real());
    struct pollfd fds[2] = {{.fd = c->child.out_fd, .events = POLLIN},
                            {.fd = unsent(c) ? c->child.in_fd : -1, .events = POLLOUT}};

    return left > 0 && poll(fds, 2, (int)left) >= 0 && feed(c) && drain(c);
}

bool ctags_collect(struct ctags *ctags, ctags_fn fn, void *arg)
{
    int64_t deadline = clock_mono_ms(clock_real()) + CTAGS_FILE_MS;
    enum line_result result = LINE_TAG;
    bool alive = ctags->running;

    while (alive && (result = use_lines(ctags, fn, arg)) == LINE_TAG)
        alive = wait_for(ctags, deadline);
    drop_first(ctags);
    if (ctags->running && (!alive || result == LINE_WRONG))
        replace(ctags);
    return alive && result == LINE_LAST;
}
