/*
 * http_stub: both ends of a raw connection, for tests that need bytes no honest peer sends.
 *
 * The stub server listens on a free port of 127.0.0.1 and gives each connection to `serve` in a
 * thread of its own. The raw client is a socket with deadlines. Every wait ends after
 * STUB_WAIT_MS at the latest.
 */
#ifndef VDO_TESTS_HTTP_STUB_H
#define VDO_TESTS_HTTP_STUB_H

#include <stdbool.h>
#include <stddef.h>

enum { STUB_WAIT_MS = 10000 };

struct stub;

/* Serve one connection; the stub closes the socket when it returns. */
typedef void (*stub_serve_fn)(void *arg, int fd, unsigned number);

struct stub *stub_start(stub_serve_fn serve, void *arg);
/* "http://127.0.0.1:PORT"; borrowed. */
const char *stub_url(const struct stub *stub);
int stub_port(const struct stub *stub);
/* How many connections came so far. */
unsigned stub_connections(const struct stub *stub);
/* Close the listening socket and every connection, wait for the threads. */
void stub_stop(struct stub *stub);

/* Read a request: up to the blank line and the Content-Length behind it. Returns a string to
 * free, NULL when the peer closed first. */
char *stub_read_request(int fd);
void stub_send(int fd, const char *text);
void stub_send_bytes(int fd, const void *bytes, size_t len);

/* The raw client. */
int raw_connect(const char *url); /* "http://127.0.0.1:PORT" or "unix:/path"; -1 on failure */
/* Everything until the peer closes (or STUB_WAIT_MS); to free. */
char *raw_read_all(int fd);
/* Until `text` has come; what was read, to free; NULL when it never came. */
char *raw_read_until(int fd, const char *text);
/* True when the peer closed within the time. */
bool raw_is_closed(int fd, int wait_ms);
/* Connect, send, read to the end. To free. */
char *raw_exchange(const char *url, const char *bytes);

/* Wait until check(arg) is true; false when it is not within STUB_WAIT_MS. */
bool wait_until(bool (*check)(void *arg), void *arg);
long long stub_now_ms(void);

#endif
