#include "github_stub.h"

#include "http_stub.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { MAX_RULES = 64, MAX_HEARD = 1024, TOKEN_LIFE_MS = 3600000, GLANCE_MS = 500 };

/* 2026-11-21T08:00:00Z */
static const int64_t start_ms = 1795248000000;

struct rule {
    char *method;
    char *path;
    int left; /* -1: without end */
    int status;
    char *headers;
    char *body;
};

struct heard {
    char *method;
    char *target;
    char *text;
    int64_t at_ms;
};

struct stub_clock {
    struct clock clock;
    _Atomic int64_t ms;
};

struct github_stub {
    struct stub_clock clock;
    struct stub *server;
    pthread_mutex_t lock; /* guards everything below */
    struct rule rules[MAX_RULES];
    size_t n_rules;
    struct heard heard[MAX_HEARD];
    size_t n_heard;
    int tokens;
    int64_t life_ms;
};

static int64_t time_of_day(const struct clock *clock)
{
    return atomic_load(&((const struct stub_clock *)clock)->ms);
}

static int64_t glance(const struct clock *clock)
{
    struct stub_clock *own = (struct stub_clock *)(uintptr_t)clock;

    return atomic_fetch_add(&own->ms, GLANCE_MS) + GLANCE_MS;
}

static bool fits(const char *wanted, const char *target)
{
    size_t len = strlen(wanted);

    if (len > 0 && wanted[len - 1] == '*')
        return strncmp(wanted, target, len - 1) == 0;
    return strcmp(wanted, target) == 0;
}

static struct heard *listen_to(struct github_stub *stub, char *text_taken)
{
    struct heard *heard = &stub->heard[stub->n_heard];
    size_t method = strcspn(text_taken, " ");
    const char *target = text_taken + method + 1;

    if (stub->n_heard++ == MAX_HEARD)
        abort();
    heard->text = text_taken;
    heard->method = xmemdup0(text_taken, method);
    heard->target = xmemdup0(target, strcspn(target, " "));
    heard->at_ms = atomic_load(&stub->clock.ms);
    return heard;
}

static struct rule *find_rule(struct github_stub *stub, const struct heard *heard)
{
    for (size_t i = 0; i < stub->n_rules; i++) {
        struct rule *rule = &stub->rules[i];

        if (rule->left == 0 || (rule->method && strcmp(rule->method, heard->method) != 0) ||
            !fits(rule->path, heard->target))
            continue;
        if (rule->left > 0)
            rule->left--;
        return rule;
    }
    return NULL;
}

static char *write_answer(int status, const char *headers, const char *body)
{
    return xasprintf("HTTP/1.1 %d Status\r\nContent-Type: application/json; charset=utf-8\r\n"
                     "Content-Length: %zu\r\n%s\r\n%s",
                     status, strlen(body), headers ? headers : "", body);
}

/* GitHub's present form: opaque, about 520 characters, with dots. */
static char *make_token(struct github_stub *stub)
{
    char until[CLOCK_RFC3339_SIZE];
    char filler[481];
    AUTO_FREE char *body = NULL;

    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    filler[100] = filler[300] = '.';
    body = xasprintf(
        "{\"token\":\"ghs_%d_%s%d\",\"expires_at\":\"%s\",\"permissions\":{},"
        "\"repository_selection\":\"all\"}",
        STUB_APP_ID, filler, ++stub->tokens,
        clock_rfc3339(atomic_load(&stub->clock.ms) + stub->life_ms, until, sizeof(until)));
    return write_answer(201, NULL, body);
}

static bool is_minting(const struct heard *heard)
{
    return strcmp(heard->method, "POST") == 0 && strstr(heard->target, "/access_tokens") != NULL;
}

/* The answer, or NULL and in *status what to do instead. */
static char *decide(struct github_stub *stub, char *text_taken, int *status)
{
    struct heard *heard;
    struct rule *rule;
    char *answer = NULL;

    (void)pthread_mutex_lock(&stub->lock);
    heard = listen_to(stub, text_taken);
    rule = find_rule(stub, heard);
    *status = rule ? rule->status : 0;
    if (rule && rule->status > 0)
        answer = write_answer(rule->status, rule->headers, rule->body);
    else if (!rule && is_minting(heard))
        answer = make_token(stub);
    else if (!rule)
        answer = write_answer(404, NULL, "{\"message\":\"Not Found\"}");
    (void)pthread_mutex_unlock(&stub->lock);
    return answer;
}

static void wait_until_gone(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN | POLLRDHUP};

    (void)poll(&pfd, 1, STUB_WAIT_MS);
}

static void serve(void *arg, int fd, unsigned number)
{
    struct github_stub *stub = arg;
    char *text;

    (void)number;
    while ((text = stub_read_request(fd))) {
        int status = 0;
        AUTO_FREE char *answer = decide(stub, text, &status);

        if (status == STUB_HOLD)
            wait_until_gone(fd);
        if (!answer)
            return;
        stub_send(fd, answer);
    }
}

struct github_stub *github_stub_new(void)
{
    struct github_stub *stub = xcalloc(1, sizeof(*stub));

    stub->clock.clock = (struct clock){time_of_day, glance};
    atomic_init(&stub->clock.ms, start_ms);
    stub->life_ms = TOKEN_LIFE_MS;
    (void)pthread_mutex_init(&stub->lock, NULL);
    stub->server = stub_start(serve, stub);
    return stub;
}

void github_stub_clear(struct github_stub *stub)
{
    (void)pthread_mutex_lock(&stub->lock);
    for (size_t i = 0; i < stub->n_rules; i++) {
        free(stub->rules[i].method);
        free(stub->rules[i].path);
        free(stub->rules[i].headers);
        free(stub->rules[i].body);
    }
    for (size_t i = 0; i < stub->n_heard; i++) {
        free(stub->heard[i].method);
        free(stub->heard[i].target);
        free(stub->heard[i].text);
    }
    stub->n_rules = stub->n_heard = 0;
    (void)pthread_mutex_unlock(&stub->lock);
}

void github_stub_free(struct github_stub *stub)
{
    stub_stop(stub->server);
    github_stub_clear(stub);
    (void)pthread_mutex_destroy(&stub->lock);
    free(stub);
}

const char *github_stub_url(const struct github_stub *stub)
{
    return stub_url(stub->server);
}

const struct clock *github_stub_clock(struct github_stub *stub)
{
    return &stub->clock.clock;
}

void github_stub_advance(struct github_stub *stub, int64_t ms)
{
    (void)atomic_fetch_add(&stub->clock.ms, ms);
}

void github_stub_add(struct github_stub *stub, const struct stub_reply *reply)
{
    (void)pthread_mutex_lock(&stub->lock);
    if (stub->n_rules == MAX_RULES)
        abort();
    stub->rules[stub->n_rules++] =
        (struct rule){.method = reply->method ? xstrdup(reply->method) : NULL,
                      .path = xstrdup(reply->path),
                      .left = reply->times ? reply->times : -1,
                      .status = reply->status,
                      .headers = xstrdup(reply->headers ? reply->headers : ""),
                      .body = xstrdup(reply->body ? reply->body : "")};
    (void)pthread_mutex_unlock(&stub->lock);
}

void github_stub_set_life(struct github_stub *stub, int64_t ms)
{
    (void)pthread_mutex_lock(&stub->lock);
    stub->life_ms = ms;
    (void)pthread_mutex_unlock(&stub->lock);
}

/* With the lock held. */
static const struct heard *find_heard(const struct github_stub *stub, const char *method,
                                      const char *path, int nth)
{
    for (size_t i = 0; i < stub->n_heard; i++) {
        const struct heard *heard = &stub->heard[i];

        if ((!method || strcmp(method, heard->method) == 0) && fits(path, heard->target) &&
            nth-- == 0)
            return heard;
    }
    return NULL;
}

int github_stub_count(struct github_stub *stub, const char *method, const char *path)
{
    int n = 0;

    (void)pthread_mutex_lock(&stub->lock);
    while (find_heard(stub, method, path, n))
        n++;
    (void)pthread_mutex_unlock(&stub->lock);
    return n;
}

char *github_stub_request(struct github_stub *stub, const char *method, const char *path, int nth)
{
    const struct heard *heard;
    char *text;

    (void)pthread_mutex_lock(&stub->lock);
    heard = find_heard(stub, method, path, nth);
    text = heard ? xstrdup(heard->text) : NULL;
    (void)pthread_mutex_unlock(&stub->lock);
    return text;
}

int64_t github_stub_time(struct github_stub *stub, const char *method, const char *path, int nth)
{
    const struct heard *heard;
    int64_t at;

    (void)pthread_mutex_lock(&stub->lock);
    heard = find_heard(stub, method, path, nth);
    at = heard ? heard->at_ms : -1;
    (void)pthread_mutex_unlock(&stub->lock);
    return at;
}

char *github_stub_header(const char *request, const char *name)
{
    const char *end = strstr(request, "\r\n\r\n");
    AUTO_FREE char *head = xmemdup0(request, end ? (size_t)(end - request) + 2 : strlen(request));
    AUTO_FREE char *start = xasprintf("\r\n%s:", name);
    const char *at = strcasestr(head, start);
    const char *value;

    if (!at)
        return NULL;
    value = at + strlen(start);
    if (strcasestr(value, start))
        abort();
    value += strspn(value, " ");
    return xmemdup0(value, strcspn(value, "\r"));
}

const char *github_stub_body(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");

    return end ? end + 4 : "";
}

static struct secret key;

static void make_key(void)
{
    EVP_PKEY *pair = EVP_RSA_gen(2048);
    BIO *out = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len;

    if (!pair || !PEM_write_bio_PrivateKey(out, pair, NULL, NULL, 0, NULL, NULL))
        abort();
    len = BIO_get_mem_data(out, &pem);
    secret_set(&key, pem, (size_t)len);
    BIO_free(out);
    EVP_PKEY_free(pair);
}

const struct secret *github_stub_key(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_key);
    return &key;
}

char *github_stub_claims(const char *jwt)
{
    const char *from = strchr(jwt, '.');
    size_t len = from ? strcspn(from + 1, ".") : 0;
    AUTO_FREE char *text = from ? xmemdup0(from + 1, len) : xstrdup("");
    AUTO_FREE char *padded = NULL;
    char *out = xcalloc(1, len + 4);

    for (char *c = text; *c; c++)
        *c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
    padded = xasprintf("%s%s", text, &"===="[len % 4 ? len % 4 : 4]);
    if (EVP_DecodeBlock((unsigned char *)out, (unsigned char *)padded, (int)strlen(padded)) < 0)
        abort();
    return out;
}
