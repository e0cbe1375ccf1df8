#include "web_internal.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One browser that follows along. The bus calls in from any thread; the stream may close at any
 * time. */
struct follower {
    struct web *web;
    pthread_mutex_t lock; /* guards stream */
    struct http_stream *stream;
    int handle;
    char *job; /* only events of this job; NULL: all */
};

static void write_event(void *arg, const struct bus_event *event)
{
    struct follower *f = arg;
    AUTO_STRBUF text = {0};

    if (f->job && strcmp(f->job, event->job_id) != 0)
        return;
    strbuf_init(&text, VDO_MIB);
    /* The data is one line of JSON, so it cannot break the framing. */
    (void)strbuf_addf(&text, "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)event->id,
                      event->type, event->data);
    (void)pthread_mutex_lock(&f->lock);
    if (f->stream && !strbuf_overflowed(&text))
        (void)http_stream_write(f->stream, text.ptr, text.len);
    (void)pthread_mutex_unlock(&f->lock);
}

static void closed(void *arg)
{
    struct follower *f = arg;

    (void)pthread_mutex_lock(&f->lock);
    f->stream = NULL;
    (void)pthread_mutex_unlock(&f->lock);
    bus_unsubscribe(f->web->o.bus, f->handle);
    (void)atomic_fetch_sub(&f->web->streams, 1);
    (void)pthread_mutex_destroy(&f->lock);
    free(f->job);
    free(f);
}

void route_events(struct http_request *request, void *arg)
{
    struct web *web = arg;
    const char *last = http_request_header(request, "Last-Event-ID", NULL);
    const char *job = http_request_query(request, "job");
    struct follower *f;

    if (atomic_fetch_add(&web->streams, 1) >= VDO_MAX_SSE_CLIENTS) {
        (void)atomic_fetch_sub(&web->streams, 1);
        http_respond_error(request, 503, "busy", "too many live streams are open");
        return;
    }
    f = xcalloc(1, sizeof(*f));
    f->web = web;
    f->job = job && *job ? xstrdup(job) : NULL;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_mutex_lock(&f->lock);
    f->stream = http_respond_stream(request, closed, f);
    (void)http_stream_write(f->stream, "retry: 3000\n\n", 13);
    (void)pthread_mutex_unlock(&f->lock);
    /* closed() comes from this thread, after this function has returned. */
    f->handle =
        bus_subscribe(web->o.bus, last ? strtoull(last, NULL, 10) : UINT64_MAX, write_event, f);
    if (f->handle < 0)
        http_stream_end(f->stream);
}
