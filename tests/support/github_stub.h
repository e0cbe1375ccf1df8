/*
 * github_stub: a stand-in for GitHub's API that says what a test wants, and remembers what it
 * heard.
 *
 * Rules are looked through in the order they were made; the first of the method and path that has
 * answers left serves the request. Installation tokens are made by a rule that is always there,
 * after all others. Whatever no rule knows gets 404.
 *
 * Its clock jumps ahead by half a second whenever somebody measures a duration, so that waits of
 * many seconds cost no time; the time of day stands still otherwise. Threads: every function from
 * any thread.
 */
#ifndef VDO_TESTS_SUPPORT_GITHUB_STUB_H
#define VDO_TESTS_SUPPORT_GITHUB_STUB_H

#include "vdo/base/clock.h"
#include "vdo/base/secret.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct github_stub;

enum { STUB_APP_ID = 4242, STUB_INSTALLATION = 777 };

/* Statuses that are none: what the stub does instead of answering. */
enum {
    STUB_DROP = -1, /* close the connection after the whole request has come */
    STUB_HOLD = -2, /* say nothing until the client goes away */
};

struct stub_reply {
    const char *method; /* NULL: any */
    const char *path;   /* the whole target, or its beginning when it ends in '*' */
    int times;          /* how many requests it serves; 0: all */
    int status;
    const char *headers; /* "Name: value\r\n"..., or NULL */
    const char *body;    /* NULL: "" */
};

struct github_stub *github_stub_new(void);
void github_stub_free(struct github_stub *stub);
const char *github_stub_url(const struct github_stub *stub);
const struct clock *github_stub_clock(struct github_stub *stub);
void github_stub_advance(struct github_stub *stub, int64_t ms);
/* The texts of a rule are copied. */
void github_stub_add(struct github_stub *stub, const struct stub_reply *reply);
/* Forget all rules and all requests. */
void github_stub_clear(struct github_stub *stub);
/* How long tokens live that are made from now on; an hour at first. */
void github_stub_set_life(struct github_stub *stub, int64_t ms);

/* How many requests came whose method (NULL: any) and path (as in a rule) fit. */
int github_stub_count(struct github_stub *stub, const char *method, const char *path);
/* The nth of them (from 0) as it came, head and body; NULL when there is none; free with free(). */
char *github_stub_request(struct github_stub *stub, const char *method, const char *path, int nth);
/* The value of a header in a request text, to free; NULL when it is absent. Fails the test when the
 * header is there twice. */
char *github_stub_header(const char *request, const char *name);
/* The body in a request text; borrowed. */
const char *github_stub_body(const char *request);
/* When the nth came, by the stub's clock. */
int64_t github_stub_time(struct github_stub *stub, const char *method, const char *path, int nth);

/* A fresh RSA key, the same for the whole program: no private key lies in the repository. */
const struct secret *github_stub_key(void);
/* The claims of a JWT as JSON text, to free. */
char *github_stub_claims(const char *jwt);

#endif
