#include "extractor.h"

#include "classify.h"
#include "ctags.h"
#include "facts.h"
#include "manifest.h"

#include "vdo/base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sys/queue.h>

enum { N_WORKERS = 2, MAX_WAITING = 12 * 1024 * 1024, LOOKAHEAD = 2, MANY_FILES = 10 };

struct job {
    uint64_t ticket;
    char *name; /* last component of the path */
    char *bytes;
    size_t len;
    const struct lang *lang;
    struct extractor_result result;
    struct facts_builder *builder; /* while a worker has it */
    bool asked;                    /* ctags was */
    STAILQ_ENTRY(job) link;
};

STAILQ_HEAD(jobs, job);

struct extractor {
    pthread_mutex_t lock; /* guards all below but the threads */
    pthread_cond_t work;  /* something was put in, or stop */
    pthread_cond_t done;  /* something was finished */
    struct jobs waiting;
    struct jobs finished;
    size_t waiting_bytes; /* put in and not finished */
    size_t on_the_way;    /* put in and not taken */
    bool stop;
    bool symbols;
    pthread_t threads[N_WORKERS];
    size_t n_threads;
};

/* What one worker has in hand, oldest first. */
struct worker {
    struct extractor *p;
    struct ctags *ctags;
    struct facts_builder *builders[LOOKAHEAD];
    struct jobs in_hand;
    size_t n_in_hand;
    size_t next_builder;
};

static void job_free(struct job *job)
{
    free(job->name);
    free(job->bytes);
    free(job->result.facts);
    free(job);
}

static void add_symbol(void *arg, const struct facts_symbol *symbol)
{
    facts_add_symbol(arg, symbol);
}

/* Read the file while ctags reads it too. */
static void begin(struct worker *w, struct job *job)
{
    job->result.ticket = job->ticket;
    job->result.bytes_len = job->len;
    job->result.flags = classify_bytes(job->bytes, job->len);
    if (job->result.flags & FILE_UNREAD)
        return;
    job->lang = lang_of(job->name, job->bytes, job->len);
    job->builder = w->builders[w->next_builder++ % LOOKAHEAD];
    job->asked = w->ctags && job->lang->ctags && job->len;
    if (job->asked)
        ctags_submit(w->ctags, job->name, job->bytes, job->len);
    facts_scan(job->builder, job->lang, job->bytes, job->len);
}

static void finish(struct worker *w, struct job *job)
{
    struct strbuf out;

    if (!job->builder)
        return;
    if (job->asked)
        (void)ctags_collect(w->ctags, add_symbol, job->builder);
    manifest_symbols(job->name, job->bytes, job->len, add_symbol, job->builder);
    strbuf_init(&out, SIZE_MAX / 2);
    facts_pack(job->builder, &out);
    job->result.symbols = (uint32_t)facts_symbol_count(job->builder);
    job->result.lines = ((const struct facts_head *)(const void *)out.ptr)->lines;
    job->result.facts = strbuf_take(&out, &job->result.facts_len);
}

static void finish_oldest(struct worker *w)
{
    struct job *job = STAILQ_FIRST(&w->in_hand);
    struct extractor *p = w->p;

    STAILQ_REMOVE_HEAD(&w->in_hand, link);
    w->n_in_hand--;
    finish(w, job);
    free(job->bytes);
    job->bytes = NULL;
    (void)pthread_mutex_lock(&p->lock);
    p->waiting_bytes -= job->len;
    STAILQ_INSERT_TAIL(&p->finished, job, link);
    (void)pthread_cond_signal(&p->done);
    (void)pthread_mutex_unlock(&p->lock);
}

/* The next job, or NULL when there is none and `wait` is off, or at the end. */
static struct job *next_job(struct extractor *p, bool wait, bool *stop)
{
    struct job *job;

    (void)pthread_mutex_lock(&p->lock);
    while (wait && !p->stop && STAILQ_EMPTY(&p->waiting))
        (void)pthread_cond_wait(&p->work, &p->lock);
    job = STAILQ_FIRST(&p->waiting);
    if (job)
        STAILQ_REMOVE_HEAD(&p->waiting, link);
    *stop = p->stop;
    (void)pthread_mutex_unlock(&p->lock);
    return job;
}

static void *work(void *arg)
{
    struct extractor *p = arg;
    struct worker w = {.p = p};
    bool stop = false;
    sigset_t pipe_signal;

    /* A ctags that died must not end the program. */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    STAILQ_INIT(&w.in_hand);
    w.ctags = p->symbols ? ctags_new() : NULL;
    for (size_t i = 0; i < LOOKAHEAD; i++)
        w.builders[i] = facts_builder_new();
    while (!stop) {
        struct job *job = next_job(p, w.n_in_hand == 0, &stop);

        if (job) {
            if (w.n_in_hand == LOOKAHEAD)
                finish_oldest(&w);
            begin(&w, job);
            STAILQ_INSERT_TAIL(&w.in_hand, job, link);
            w.n_in_hand++;
        } else if (w.n_in_hand) {
            finish_oldest(&w);
        }
    }
    while (w.n_in_hand)
        finish_oldest(&w);
    for (size_t i = 0; i < LOOKAHEAD; i++)
        facts_builder_free(w.builders[i]);
    ctags_free(w.ctags);
    return NULL;
}

struct extractor *extractor_new(bool symbols)
{
    struct extractor *p = xcalloc(1, sizeof(*p));

    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->work, NULL);
    (void)pthread_cond_init(&p->done, NULL);
    STAILQ_INIT(&p->waiting);
    STAILQ_INIT(&p->finished);
    p->symbols = symbols;
    return p;
}

/* One thread starts with the first file, the other when there is enough to share: a refresh after a
 * commit reads a few files, and each thread brings a child. */
static void start_threads(struct extractor *p)
{
    size_t want = p->on_the_way >= MANY_FILES ? N_WORKERS : 1;

    while (p->n_threads < want && pthread_create(&p->threads[p->n_threads], NULL, work, p) == 0)
        p->n_threads++;
    if (p->n_threads == 0)
        abort(); /* as when memory is gone */
}

void extractor_free(struct extractor *p)
{
    struct job *job;

    if (!p)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->stop = true;
    while ((job = STAILQ_FIRST(&p->waiting))) {
        STAILQ_REMOVE_HEAD(&p->waiting, link);
        job_free(job);
    }
    (void)pthread_cond_broadcast(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->n_threads; i++)
        (void)pthread_join(p->threads[i], NULL);
    while ((job = STAILQ_FIRST(&p->finished))) {
        STAILQ_REMOVE_HEAD(&p->finished, link);
        job_free(job);
    }
    (void)pthread_cond_destroy(&p->done);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void extractor_put(struct extractor *p, uint64_t ticket, const char *path, char *bytes, size_t len)
{
    const char *slash = strrchr(path, '/');
    struct job *job = xcalloc(1, sizeof(*job));

    job->ticket = ticket;
    job->name = xstrdup(slash ? slash + 1 : path);
    job->bytes = bytes;
    job->len = len;
    (void)pthread_mutex_lock(&p->lock);
    p->waiting_bytes += len;
    p->on_the_way++;
    if (p->n_threads < N_WORKERS)
        start_threads(p);
    STAILQ_INSERT_TAIL(&p->waiting, job, link);
    (void)pthread_cond_signal(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
}

bool extractor_take(struct extractor *p, bool wait, struct extractor_result *out)
{
    struct job *job;

    (void)pthread_mutex_lock(&p->lock);
    while (wait && p->on_the_way && STAILQ_EMPTY(&p->finished))
        (void)pthread_cond_wait(&p->done, &p->lock);
    job = STAILQ_FIRST(&p->finished);
    if (job) {
        STAILQ_REMOVE_HEAD(&p->finished, link);
        p->on_the_way--;
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (!job)
        return false;
    *out = job->result;
    job->result.facts = NULL;
    job_free(job);
    return true;
}

bool extractor_is_full(struct extractor *p)
{
    bool full;

    (void)pthread_mutex_lock(&p->lock);
    full = p->waiting_bytes > MAX_WAITING;
    (void)pthread_mutex_unlock(&p->lock);
    return full;
}
