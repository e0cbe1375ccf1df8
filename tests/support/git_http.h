/*
 * git_http: a git server over HTTP for tests: git-http-backend behind a small server on 127.0.0.1
 * that can ask for credentials, redirect, refuse, hang and break off.
 */
#ifndef VDO_TESTS_GIT_HTTP_H
#define VDO_TESTS_GIT_HTTP_H

#include <stdbool.h>

struct git_http;

/* Serve the repositories below root, for reading and pushing, on a free port. */
struct git_http *git_http_start(const char *root);
/* Stop, wait for what is under way, free. */
void git_http_stop(struct git_http *server);
/* "http://127.0.0.1:PORT"; borrowed. */
const char *git_http_url(const struct git_http *server);

/* Ask for these credentials (Basic) from now on; NULL: for none. */
void git_http_require(struct git_http *server, const char *user, const char *password);

enum git_http_fault {
    GIT_HTTP_WELL,
    GIT_HTTP_STATUS,         /* answer everything with the status given */
    GIT_HTTP_REDIRECT,       /* 302 to the base URL given, same path */
    GIT_HTTP_HANG,           /* accept, read, never answer */
    GIT_HTTP_DROP_PUSH,      /* break the connection in place of answering a push that was done */
    GIT_HTTP_DROP_PUSH_LOST, /* ... that was not done */
    GIT_HTTP_HANG_PUSH,      /* do a push, never answer it */
};
/* status is for GIT_HTTP_STATUS, url for GIT_HTTP_REDIRECT. */
void git_http_set_fault(struct git_http *server, enum git_http_fault fault, int status,
                        const char *url);

/* Run a shell script in root before each push is given to git: for races. NULL: none. */
void git_http_before_push(struct git_http *server, const char *script);

/* One line per request: "METHOD TARGET authorization=VALUE"; free with free(). */
char *git_http_log(struct git_http *server);

#endif
