#include "git_http.h"

#include "git_fixture.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/crypto/crypto.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKEND "/usr/lib/git-core/git-http-backend"

enum { MAX_BYTES = 256 << 20, TICK_MS = 20 };

struct git_http {
    char *root;
    char url[64];
    int listen_fd;
    pthread_t thread;
    atomic_bool stopping;
    atomic_int n_open;
    pthread_mutex_t mutex; /* guards what follows */
    char *wanted;          /* the Authorization header asked for; NULL: none */
    enum git_http_fault fault;
    int status;
    char *redirect;
    char *before_push;
    struct strbuf log;
};

struct exchange {
    struct git_http *server;
    int fd;
    struct strbuf in;
    char *method;
    char *target;
    char *authorization;
    char *content_type;
    char *encoding;
    char *protocol;
    struct strbuf body;
    enum git_http_fault fault;
    int status;
    char *redirect;
    char *before_push;
    bool allowed;
};

/* More bytes; false at the end, on failure, and when the server stops. */
static bool read_more(struct exchange *x)
{
    char chunk[16384];

    while (!atomic_load(&x->server->stopping)) {
        struct pollfd poll_fd = {.fd = x->fd, .events = POLLIN};
        ssize_t n;

        if (poll(&poll_fd, 1, TICK_MS) <= 0)
            continue;
        n = read(x->fd, chunk, sizeof(chunk));
        if (n <= 0)
            return false;
        return strbuf_add(&x->in, chunk, (size_t)n) == 0;
    }
    return false;
}

static char *header_value(const char *head, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = head; line; line = strstr(line, "\r\n")) {
        line += strncmp(line, "\r\n", 2) == 0 ? 2 : 0;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1;

            value += strspn(value, " ");
            return xstrndup(value, strcspn(value, "\r\n"));
        }
    }
    return NULL;
}

static void drop_front(struct strbuf *sb, size_t len)
{
    memmove(sb->ptr, sb->ptr + len, sb->len - len);
    strbuf_truncate(sb, sb->len - len);
}

static bool read_chunks(struct exchange *x)
{
    for (;;) {
        char *end;
        size_t size;

        while (!(end = strstr(x->in.ptr, "\r\n")))
            if (!read_more(x))
                return false;
        size = strtoul(x->in.ptr, NULL, 16);
        drop_front(&x->in, (size_t)(end - x->in.ptr) + 2);
        while (x->in.len < size + 2)
            if (!read_more(x))
                return false;
        (void)strbuf_add(&x->body, x->in.ptr, size);
        drop_front(&x->in, size + 2);
        if (size == 0)
            return true;
    }
}

static bool read_body(struct exchange *x, const char *head)
{
    AUTO_FREE char *transfer = header_value(head, "Transfer-Encoding");
    AUTO_FREE char *length = header_value(head, "Content-Length");
    AUTO_FREE char *expect = header_value(head, "Expect");
    size_t len = length ? strtoul(length, NULL, 10) : 0;

    if (expect && write(x->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 25)
        return false;
    if (transfer)
        return read_chunks(x);
    while (x->in.len < len)
        if (!read_more(x))
            return false;
    (void)strbuf_add(&x->body, x->in.ptr, len);
    drop_front(&x->in, len);
    return true;
}

static bool read_request(struct exchange *x)
{
    AUTO_FREE char *head = NULL;
    char *end;

    while (!(end = strstr(x->in.ptr, "\r\n\r\n")))
        if (!read_more(x))
            return false;
    head = xstrndup(x->in.ptr, (size_t)(end - x->in.ptr));
    drop_front(&x->in, strlen(head) + 4);
    x->method = xstrndup(head, strcspn(head, " "));
    x->target = xstrndup(head + strlen(x->method) + 1, strcspn(head + strlen(x->method) + 1, " "));
    x->authorization = header_value(head, "Authorization");
    x->content_type = header_value(head, "Content-Type");
    x->encoding = header_value(head, "Content-Encoding");
    x->protocol = header_value(head, "Git-Protocol");
    return read_body(x, head);
}

/* Note the request and take the orders that hold for it. */
static void take_orders(struct exchange *x)
{
    struct git_http *s = x->server;

    (void)pthread_mutex_lock(&s->mutex);
    (void)strbuf_addf(&s->log, "%s %s authorization=%s\n", x->method, x->target,
                      x->authorization ? x->authorization : "");
    x->fault = s->fault;
    x->status = s->status;
    x->redirect = xstrdup_or_null(s->redirect);
    x->before_push = xstrdup_or_null(s->before_push);
    x->allowed = !s->wanted || (x->authorization && strcmp(s->wanted, x->authorization) == 0);
    (void)pthread_mutex_unlock(&s->mutex);
}

static void send_bytes(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

static void send_status(struct exchange *x, int status, const char *extra)
{
    AUTO_FREE char *text = xasprintf("HTTP/1.1 %d Test\r\nContent-Length: 3\r\n"
                                     "Content-Type: text/plain\r\n%sConnection: "
                                     "close\r\n\r\nno\n",
                                     status, extra);

    send_bytes(x->fd, text, strlen(text));
}

/* What the backend printed, as an HTTP answer. */
static void send_cgi(struct exchange *x, const char *out, size_t len)
{
    const char *end = memmem(out, len, "\r\n\r\n", 4);
    AUTO_FREE char *head = NULL;
    AUTO_FREE char *status = NULL;
    AUTO_FREE char *text = NULL;
    size_t head_len;

    if (!end) {
        send_status(x, 500, "");
        return;
    }
    head_len = (size_t)(end - out);
    head = xstrndup(out, head_len);
    status = header_value(head, "Status");
    text = xasprintf("HTTP/1.1 %s\r\n%s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     status ? status : "200 OK", head, len - head_len - 4);
    send_bytes(x->fd, text, strlen(text));
    send_bytes(x->fd, end + 4, len - head_len - 4);
}

static FILE *file_of(const struct strbuf *bytes)
{
    FILE *file = tmpfile();

    (void)fwrite(bytes->ptr, 1, bytes->len, file);
    (void)fflush(file);
    (void)lseek(fileno(file), 0, SEEK_SET);
    return file;
}

static void run_backend(struct exchange *x, FILE *in, FILE *out)
{
    char *query = strchr(x->target, '?');
    AUTO_FREE char *path = xstrndup(x->target, strcspn(x->target, "?"));
    char *env[16];
    char *argv[] = {(char[]){BACKEND}, NULL};
    posix_spawn_file_actions_t actions;
    size_t n = 0;
    pid_t pid;

    env[n++] = xasprintf("GIT_PROJECT_ROOT=%s", x->server->root);
    env[n++] = xasprintf("PATH_INFO=%s", path);
    env[n++] = xasprintf("QUERY_STRING=%s", query ? query + 1 : "");
    env[n++] = xasprintf("REQUEST_METHOD=%s", x->method);
    env[n++] = xasprintf("CONTENT_TYPE=%s", x->content_type ? x->content_type : "");
    env[n++] = xasprintf("HTTP_CONTENT_ENCODING=%s", x->encoding ? x->encoding : "");
    env[n++] = xasprintf("CONTENT_LENGTH=%zu", x->body.len);
    env[n++] = xasprintf("GIT_PROTOCOL=%s", x->protocol ? x->protocol : "");
    env[n++] = xstrdup("GIT_HTTP_EXPORT_ALL=1");
    env[n++] = xstrdup("REMOTE_USER=test");
    env[n++] = xstrdup("PATH=/usr/bin:/bin");
    env[n++] = xstrdup("GIT_CONFIG_NOSYSTEM=1");
    env[n++] = xstrdup("GIT_CONFIG_COUNT=1");
    env[n++] = xstrdup("GIT_CONFIG_KEY_0=safe.directory");
    env[n++] = xstrdup("GIT_CONFIG_VALUE_0=*");
    env[n] = NULL;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, fileno(in), 0);
    (void)posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
    if (posix_spawn(&pid, BACKEND, &actions, NULL, argv, env) == 0)
        (void)waitpid(pid, NULL, 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    while (n > 0)
        free(env[--n]);
}

static void read_output(FILE *file, struct strbuf *out)
{
    char chunk[16384];
    size_t n;

    (void)fseek(file, 0, SEEK_SET);
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        (void)strbuf_add(out, chunk, n);
}

static void serve_git(struct exchange *x, bool answer)
{
    AUTO_STRBUF text = {0};
    FILE *in = file_of(&x->body);
    FILE *out = tmpfile();

    strbuf_init(&text, MAX_BYTES);
    run_backend(x, in, out);
    read_output(out, &text);
    if (answer)
        send_cgi(x, text.ptr, text.len);
    (void)fclose(in);
    (void)fclose(out);
}

static void hang(struct exchange *x)
{
    struct pollfd poll_fd = {.fd = x->fd, .events = POLLIN};

    while (!atomic_load(&x->server->stopping))
        if (poll(&poll_fd, 1, TICK_MS) > 0 && recv(x->fd, &(char){0}, 1, 0) <= 0)
            return;
}

static bool is_push(const struct exchange *x)
{
    size_t len = strlen(x->target);

    return strcmp(x->method, "POST") == 0 && len > 17 &&
           strcmp(x->target + len - 17, "/git-receive-pack") == 0;
}

static void answer_push(struct exchange *x)
{
    if (x->before_push)
        git_fixture_run(x->server->root, x->before_push);
    if (x->fault != GIT_HTTP_DROP_PUSH_LOST)
        serve_git(x, x->fault != GIT_HTTP_DROP_PUSH && x->fault != GIT_HTTP_HANG_PUSH);
    if (x->fault == GIT_HTTP_HANG_PUSH)
        hang(x);
}

static void answer(struct exchange *x)
{
    AUTO_FREE char *location = NULL;

    take_orders(x);
    if (x->fault == GIT_HTTP_HANG) {
        hang(x);
    } else if (x->fault == GIT_HTTP_STATUS) {
        send_status(x, x->status, "");
    } else if (x->fault == GIT_HTTP_REDIRECT) {
        location = xasprintf("Location: %s%s\r\n", x->redirect, x->target);
        send_status(x, 302, location);
    } else if (!x->allowed) {
        send_status(x, 401, "WWW-Authenticate: Basic realm=\"test\"\r\n");
    } else if (is_push(x)) {
        answer_push(x);
    } else {
        serve_git(x, true);
    }
}

static void *serve_connection(void *arg)
{
    struct exchange *x = arg;

    strbuf_init(&x->in, MAX_BYTES);
    strbuf_init(&x->body, MAX_BYTES);
    if (read_request(x))
        answer(x);
    (void)shutdown(x->fd, SHUT_WR);
    (void)close(x->fd);
    strbuf_release(&x->in);
    strbuf_release(&x->body);
    free(x->method);
    free(x->target);
    free(x->authorization);
    free(x->content_type);
    free(x->encoding);
    free(x->protocol);
    free(x->redirect);
    free(x->before_push);
    (void)atomic_fetch_sub(&x->server->n_open, 1);
    free(x);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct git_http *server = arg;

    while (!atomic_load(&server->stopping)) {
        struct pollfd poll_fd = {.fd = server->listen_fd, .events = POLLIN};
        struct exchange *x;
        pthread_t thread;

        if (poll(&poll_fd, 1, TICK_MS) <= 0)
            continue;
        x = xcalloc(1, sizeof(*x));
        x->server = server;
        x->fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        (void)atomic_fetch_add(&server->n_open, 1);
        if (x->fd < 0 || pthread_create(&thread, NULL, serve_connection, x)) {
            (void)atomic_fetch_sub(&server->n_open, 1);
            free(x);
            continue;
        }
        (void)pthread_detach(thread);
    }
    return NULL;
}

struct git_http *git_http_start(const char *root)
{
    struct git_http *server = xcalloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    server->root = xstrdup(root);
    (void)pthread_mutex_init(&server->mutex, NULL);
    strbuf_init(&server->log, 1 << 20);
    server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0 ||
        bind(server->listen_fd, (const struct sockaddr *)&address, sizeof(address)) ||
        listen(server->listen_fd, 16) ||
        getsockname(server->listen_fd, (struct sockaddr *)&address, &len) ||
        pthread_create(&server->thread, NULL, accept_all, server))
        abort();
    (void)snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d",
                   ntohs(address.sin_port));
    return server;
}

void git_http_stop(struct git_http *server)
{
    atomic_store(&server->stopping, true);
    (void)pthread_join(server->thread, NULL);
    while (atomic_load(&server->n_open) > 0)
        (void)poll(NULL, 0, 1);
    (void)close(server->listen_fd);
    (void)pthread_mutex_destroy(&server->mutex);
    strbuf_release(&server->log);
    free(server->root);
    free(server->wanted);
    free(server->redirect);
    free(server->before_push);
    free(server);
}

const char *git_http_url(const struct git_http *server)
{
    return server->url;
}

void git_http_require(struct git_http *server, const char *user, const char *password)
{
    AUTO_FREE char *plain = xasprintf("%s:%s", user ? user : "", password ? password : "");
    AUTO_FREE char *coded = base64_encode(plain, strlen(plain));

    (void)pthread_mutex_lock(&server->mutex);
    free(server->wanted);
    server->wanted = user ? xasprintf("Basic %s", coded) : NULL;
    (void)pthread_mutex_unlock(&server->mutex);
}

void git_http_set_fault(struct git_http *server, enum git_http_fault fault, int status,
                        const char *url)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->fault = fault;
    server->status = status;
    free(server->redirect);
    server->redirect = xstrdup_or_null(url);
    (void)pthread_mutex_unlock(&server->mutex);
}

void git_http_before_push(struct git_http *server, const char *script)
{
    (void)pthread_mutex_lock(&server->mutex);
    free(server->before_push);
    server->before_push = xstrdup_or_null(script);
    (void)pthread_mutex_unlock(&server->mutex);
}

char *git_http_log(struct git_http *server)
{
    char *copy;

    (void)pthread_mutex_lock(&server->mutex);
    copy = xstrdup(server->log.ptr);
    (void)pthread_mutex_unlock(&server->mutex);
    return copy;
}
