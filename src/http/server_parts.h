/*
 * server_parts: what the files of the server share: server, connection, request, stream.
 *
 * Threads of a server: `gate` (gate.c) accepts connections, cuts those past their deadline and
 * pings streams; N loops of libmicrohttpd read, call handlers and write. Connections are handed to
 * the loops with MHD_add_connection(): libmicrohttpd 0.9.75 has a race in MHD_quiesce_daemon() that
 * ends the process, so it never owns the listening socket.
 *
 * Locks, outermost first: http_server.lock, connection.lock, http_stream.lock, then those inside
 * libmicrohttpd. None is held while a handler, on_done or on_close runs.
 */
#ifndef VDO_HTTP_SERVER_PARTS_H
#define VDO_HTTP_SERVER_PARTS_H

#include "listen.h"
#include "route.h"
#include "target.h"
#include "vdo/base/clock.h"
#include "vdo/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
    PEER_SIZE = 64,
    METHOD_SIZE = 16,
    MAX_REQUEST_HEADERS = 100,
    MAX_STREAM_QUEUE = 1024 * 1024,
    CONNECTION_MEMORY = 32 * 1024,
    INACTIVITY_S = 10
};

/* What a connection is doing; decides who may still answer and which deadline holds. */
enum phase {
    PHASE_WAITING,   /* no request line yet */
    PHASE_RECEIVING, /* from the request line to the last byte of the body */
    PHASE_HANDLING,  /* the handler or a thread it gave the request to has it */
    PHASE_ANSWERING, /* an answer is being written */
    PHASE_STREAMING,
    PHASE_CUT /* and above: refused on the bare socket with the status phase - PHASE_CUT */
};

/* Who may answer a request. */
enum turn {
    TURN_HANDLER,  /* the handler, before it returned */
    TURN_DEFERRED, /* the thread that holds it; the connection is suspended */
    TURN_ANSWERED,
    TURN_ABANDONED /* the server stopped waiting; the holder only frees it */
};

/* An answer given without a handler; status 0: none. */
struct refusal {
    int status;
    const char *code;
    const char *message;
};

struct http_request {
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    atomic_int refs; /* the connection's and, once deferred, the holder's */
    atomic_int turn;
    int64_t started_us;
    bool seen;   /* the headers were looked at */
    bool broken; /* the target */
    struct refusal refusal;
    bool deferred;
    struct MHD_Response *reply; /* set with TURN_ANSWERED, as the next is */
    int reply_status;
    int status; /* of the reply given to libmicrohttpd; 0: none yet; the loop's */
    bool is_stream;
    bool chunked;     /* the request's body */
    bool version_1_1; /* or later: understands chunks */
    char *body;
    size_t body_len;
    size_t body_cap;
    char method[METHOD_SIZE];
    char peer[PEER_SIZE];
    size_t target_len;
    struct route_match match;
    char *copy; /* set by http_defer(): names and headers that belonged to others */
    unsigned n_headers;
    struct pair headers[MAX_REQUEST_HEADERS];
    struct target target;
    char space[]; /* strings of target */
};

struct connection {
    TAILQ_ENTRY(connection) entry;
    struct http_server *server;
    unsigned loop;
    int fd;                     /* closed by libmicrohttpd after this left the list */
    struct MHD_Connection *mhd; /* NULL until its loop began with it; server->lock */
    char peer[PEER_SIZE];
    _Atomic int phase;
    _Atomic int64_t since_ms; /* when the phase began */
    pthread_mutex_t lock;     /* guards request */
    struct http_request *request;
};

struct http_stream {
    LIST_ENTRY(http_stream) entry; /* server->lock */
    struct http_server *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    void (*on_close)(void *arg);
    void *arg;
    bool chunked;
    pthread_mutex_t lock; /* guards what follows */
    char *queue;
    size_t start;
    size_t len;
    size_t cap;
    bool suspended;
    bool ending; /* say goodbye when the queue is empty */
    bool dead;   /* the client is gone or too slow */
};

TAILQ_HEAD(connection_list, connection);
LIST_HEAD(stream_list, http_stream);

struct http_server {
    struct http_server_options options; /* with defaults filled in */
    struct listener listener;
    struct route_table *routes;
    struct MHD_Daemon **loops;
    unsigned n_loops;
    pthread_t gate;
    int wake_fd;           /* eventfd: the gate looks around at once */
    atomic_bool draining;  /* no new connections; answers close theirs */
    atomic_bool hard_stop; /* no new handler calls */
    atomic_bool gate_done;
    atomic_int resuming;  /* threads inside MHD_resume_connection() */
    pthread_mutex_t lock; /* guards connections, n_*, streams, full */
    pthread_cond_t changed;
    struct connection_list connections;
    unsigned n_connections;
    unsigned n_started; /* those with mhd set */
    unsigned *n_per_loop;
    bool full; /* the gate waits for a connection to close */
    struct stream_list streams;
    int64_t next_ping_ms;
};

/* By the clock of deadlines. */
static inline int64_t mono_now_ms(void)
{
    return clock_mono_ms(clock_real());
}

/* Have the gate look around at once. */
static inline void gate_wake(const struct http_server *server)
{
    eventfd_write(server->wake_fd, 1);
}

/* gate.c */
void *gate_run(void *server_arg);

/* connection.c */
/* A request line arrived, a request is over: the phase changes unless the connection was cut. */
bool connection_move(struct connection *connection, enum phase from, enum phase to);
void connection_enter(struct connection *connection, enum phase to);
/* Refuse on the bare socket and close: libmicrohttpd takes no answer while a body arrives. */
bool connection_cut(struct connection *connection, enum phase from, int status);
struct connection *connection_new(struct http_server *server, int fd, const struct sockaddr *addr);
void connection_remove(struct connection *connection);
void connection_notify(void *server, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);

/* exchange.c: callbacks of libmicrohttpd for one request */
void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd);
enum MHD_Result exchange_step(void *server, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **request_arg);
void exchange_end(void *server_arg, struct MHD_Connection *mhd, void **request_arg,
                  enum MHD_RequestTerminationCode why);

/* request.c */
struct http_request *request_new(struct connection *connection, const char *target);
void request_unref(struct http_request *request);
/* Give up on a deferred request; false when it is not (or no longer) deferred. */
bool request_abandon(struct http_request *request);

/* respond.c */
struct MHD_Response *make_reply(int *status, const struct http_answer *answer);
struct MHD_Response *make_error_reply(int status, const char *code, const char *message);

/* stream.c */
void streams_end_all(struct http_server *server, bool now);
/* Ping when due, find clients that left. */
void streams_tick(struct http_server *server);

#endif
