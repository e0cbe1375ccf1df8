#include "model_server.h"

#include "http_stub.h"
#include "model_contract.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_KEPT = 256 };

struct model_server {
    struct stub *stub;
    const struct model_reply *replies;
    size_t n_replies;
    pthread_mutex_t lock; /* guards all below */
    char *kept[MAX_KEPT];
    size_t n;
    char *violations;
};

static size_t keep(struct model_server *server, char *request)
{
    char *wrong = model_contract_check(request);
    size_t at;

    pthread_mutex_lock(&server->lock);
    at = server->n;
    if (at < MAX_KEPT)
        server->kept[server->n++] = request;
    if (*wrong) {
        size_t have = strlen(server->violations);

        server->violations = realloc(server->violations, have + strlen(wrong) + 1);
        memcpy(server->violations + have, wrong, strlen(wrong) + 1);
    }
    pthread_mutex_unlock(&server->lock);
    free(wrong);
    return at;
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void send_head(int fd, const struct model_reply *reply)
{
    char head[1024];

    (void)snprintf(
        head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Type: %s\r\nConnection: close\r\n%s\r\n",
        reply->status ? reply->status : 200, reply->type ? reply->type : "text/event-stream",
        reply->headers ? reply->headers : "");
    stub_send(fd, head);
}

static void send_body(int fd, const struct model_reply *reply)
{
    size_t len = strlen(reply->body);
    size_t piece = reply->piece ? reply->piece : len;

    if (reply->cut_after > 0 && (size_t)reply->cut_after < len)
        len = (size_t)reply->cut_after;
    for (size_t at = 0; at < len; at += piece)
        stub_send_bytes(fd, reply->body + at, at + piece < len ? piece : len - at);
}

static void serve(void *arg, int fd, unsigned number)
{
    struct model_server *server = arg;
    char *request = stub_read_request(fd);
    const struct model_reply *reply;
    size_t at;

    (void)number;
    if (!request)
        return;
    at = keep(server, request);
    reply = &server->replies[at < server->n_replies ? at : server->n_replies - 1];
    if (reply->hang) {
        char byte;

        while (recv(fd, &byte, 1, 0) > 0) {
        }
        return;
    }
    if (reply->drop) {
        reset(fd);
        return;
    }
    send_head(fd, reply);
    send_body(fd, reply);
    for (size_t i = 1; i < reply->endless; i++)
        send_body(fd, reply);
    if (reply->cut_after > 0)
        reset(fd);
}

struct model_server *model_server_start(const struct model_reply *replies, size_t n)
{
    struct model_server *server = calloc(1, sizeof(*server));

    server->replies = replies;
    server->n_replies = n;
    server->violations = calloc(1, 1);
    pthread_mutex_init(&server->lock, NULL);
    server->stub = stub_start(serve, server);
    return server;
}

const char *model_server_url(const struct model_server *server)
{
    return stub_url(server->stub);
}

size_t model_server_requests(struct model_server *server)
{
    size_t n;

    pthread_mutex_lock(&server->lock);
    n = server->n;
    pthread_mutex_unlock(&server->lock);
    return n;
}

const char *model_server_request(struct model_server *server, size_t i)
{
    return i < model_server_requests(server) ? server->kept[i] : "";
}

const char *model_server_violations(struct model_server *server)
{
    return server->violations;
}

void model_server_stop(struct model_server *server)
{
    if (!server)
        return;
    stub_stop(server->stub);
    for (size_t i = 0; i < server->n; i++)
        free(server->kept[i]);
    free(server->violations);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
