#include "smart_http.h"

#include "smart_answer.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/http/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2/sys/transport.h>

enum { CONNECT_MS = 15000, IDLE_MS = 120000, DEFAULT_MS = 600000, MAX_REQUEST_MIB = 1024 };

/* One conversation: all its requests go over one connection. */
struct carrier {
    git_smart_subtransport parent;
    struct link *link;
    struct http_client *client;
};

/* One request and its answer. */
struct exchange {
    git_smart_subtransport_stream parent;
    struct carrier *carrier;
    const char *service;
    bool is_ls;
    struct strbuf request;
    struct smart_answer answer;
    bool done;
};

static int64_t time_left(const struct link *link)
{
    int64_t left;

    if (link->deadline_ms <= 0)
        return DEFAULT_MS;
    left = link->deadline_ms - clock_mono_ms(clock_real());
    return left > 0 ? left : 1;
}

static char *basic_credentials(const struct link *link)
{
    char *plain = xasprintf("%s:%s", link->username, link->password);
    AUTO_FREE char *coded = base64_encode(plain, strlen(plain));

    explicit_bzero(plain, strlen(plain));
    free(plain);
    return xasprintf("Basic %s", coded);
}

/* GitHub and others look for "git/" in front of the name before they speak the protocol. */
static size_t fill_headers(const struct exchange *x, const char *type, const char *credentials,
                           struct http_header headers[4])
{
    size_t n = 0;

    headers[n++] = (struct http_header){"User-Agent", "git/2.0 (vdo " VDO_VERSION ")"};
    if (!x->is_ls) {
        headers[n++] = (struct http_header){"Content-Type", type};
        headers[n++] = (struct http_header){"Accept", smart_answer_type(&x->answer)};
    }
    if (credentials)
        headers[n++] = (struct http_header){"Authorization", credentials};
    return n;
}

static int ask(struct exchange *x)
{
    struct link *link = x->carrier->link;
    AUTO_FREE char *url = x->is_ls ? xasprintf("%s/info/refs?service=%s", link->url, x->service) :
                                     xasprintf("%s/%s", link->url, x->service);
    AUTO_FREE char *type = xasprintf("application/x-%s-request", x->service);
    char *credentials = link->username ? basic_credentials(link) : NULL;
    struct http_header headers[4];
    struct http_call call = {.method = x->is_ls ? "GET" : "POST",
                             .url = url,
                             .headers = headers,
                             .n_headers = fill_headers(x, type, credentials, headers),
                             .body = x->is_ls ? NULL : x->request.ptr,
                             .body_len = x->is_ls ? 0 : x->request.len,
                             .connect_timeout_ms = CONNECT_MS,
                             .timeout_ms = time_left(link),
                             .idle_timeout_ms = IDLE_MS,
                             .max_body = SMART_MAX_ANSWER,
                             .on_body = smart_answer_take,
                             .on_body_arg = &x->answer,
                             .cancel = link->cancel};
    struct http_result result = {0};
    struct err why = {0};
    int rc = http_call(x->carrier->client, &call, &result, &why);

    if (credentials)
        explicit_bzero(credentials, strlen(credentials));
    free(credentials);
    if (rc)
        rc = err_set(&link->failure, rc, "%s: %s", link->url, why.text);
    else
        rc = smart_answer_judge(&x->answer, link, &result, &link->failure);
    http_result_release(&result);
    return rc;
}

static int read_answer(git_smart_subtransport_stream *stream, char *buffer, size_t size,
                       size_t *out_len)
{
    struct exchange *x = (struct exchange *)stream;
    ssize_t n;

    if (!x->done) {
        x->done = true;
        if (ask(x))
            return GIT_EUSER;
    }
    do
        n = read(x->answer.fd, buffer, size);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        (void)err_set(&x->carrier->link->failure, VDO_E_IO, "read what %s answered: %s",
                      x->carrier->link->url, strerrordesc_np(errno));
        return GIT_EUSER;
    }
    *out_len = (size_t)n;
    return 0;
}

static int write_request(git_smart_subtransport_stream *stream, const char *bytes, size_t len)
{
    struct exchange *x = (struct exchange *)stream;

    if (strbuf_add(&x->request, bytes, len) == VDO_OK)
        return 0;
    (void)err_set(&x->carrier->link->failure, VDO_E_TOO_LARGE,
                  "what is to be sent to %s is over %d MiB", x->carrier->link->url,
                  MAX_REQUEST_MIB);
    return GIT_EUSER;
}

static void free_exchange(git_smart_subtransport_stream *stream)
{
    struct exchange *x = (struct exchange *)stream;

    smart_answer_release(&x->answer);
    strbuf_release(&x->request);
    free(x);
}

/* url is the one of our link: libgit2 has no other, since nothing is redirected. */
static int begin(git_smart_subtransport_stream **out, git_smart_subtransport *subtransport,
                 const char *url, git_smart_service_t action)
{
    struct carrier *carrier = (struct carrier *)subtransport;
    bool is_push = action == GIT_SERVICE_RECEIVEPACK_LS || action == GIT_SERVICE_RECEIVEPACK;
    struct exchange *x = xcalloc(1, sizeof(*x));

    (void)url;
    x->parent.subtransport = subtransport;
    x->parent.read = read_answer;
    x->parent.write = write_request;
    x->parent.free = free_exchange;
    x->carrier = carrier;
    x->service = is_push ? "git-receive-pack" : "git-upload-pack";
    x->is_ls = action == GIT_SERVICE_UPLOADPACK_LS || action == GIT_SERVICE_RECEIVEPACK_LS;
    strbuf_init(&x->request, (size_t)MAX_REQUEST_MIB << 20);
    if (smart_answer_init(&x->answer, carrier->link->spool_dir, x->service, x->is_ls,
                          &carrier->link->failure)) {
        free_exchange(&x->parent);
        return GIT_EUSER;
    }
    *out = &x->parent;
    return 0;
}

static int close_carrier(git_smart_subtransport *subtransport)
{
    (void)subtransport;
    return 0;
}

static void free_carrier(git_smart_subtransport *subtransport)
{
    struct carrier *carrier = (struct carrier *)subtransport;

    http_client_free(carrier->client);
    free(carrier);
}

static int make_carrier(git_smart_subtransport **out, git_transport *owner, void *param)
{
    struct carrier *carrier = xcalloc(1, sizeof(*carrier));

    (void)owner;
    carrier->parent.action = begin;
    carrier->parent.close = close_carrier;
    carrier->parent.free = free_carrier;
    carrier->link = param;
    carrier->client = http_client_new();
    *out = &carrier->parent;
    return 0;
}

int smart_http_transport(git_transport **out, git_remote *owner, void *param)
{
    git_smart_subtransport_definition definition = {
        .callback = make_carrier, .rpc = 1, .param = param};

    return git_transport_smart(out, owner, &definition);
}
