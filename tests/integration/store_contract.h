/*
 * store_contract: what every store must do, whatever stands behind it.
 *
 * A test program of a backend defines contract_url() and includes store_contract.c and the files of
 * the subjects; contract_tests() runs them all. Each test gets an empty store and a fake clock that
 * stands at CONTRACT_START_MS.
 */
#ifndef VDO_TESTS_INTEGRATION_STORE_CONTRACT_H
#define VDO_TESTS_INTEGRATION_STORE_CONTRACT_H

#include "must.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/store/store.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONTRACT_START_MS 1795248000000LL /* 2026-11-21T08:00:00Z */

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, LEASE_MS = MINUTE_MS };

/* Of the backend: the URL of a new empty store, and its removal. */
void contract_make(char *url, size_t size);
void contract_remove(void);

extern struct store *store;         /* the test's */
extern struct clock_fake test_time; /* its clock */

int contract_setup(void **state);
int contract_teardown(void **state);
/* Close and open again, as after a restart. */
void reopen(void);

#define CONTRACT(name) cmocka_unit_test_setup_teardown(name, contract_setup, contract_teardown)

int64_t now(void);

/* ---- short ways ---- */

/* Add and wait for the call back. */
int add_delivery(const char *guid, const char *event, const char *body, enum delivery_add *out);
void must_add(const char *guid, enum delivery_add wanted);
/* Claim, describe as of a repository and issue; released by the caller. */
void must_claim(const char *guid, struct delivery *out);

/* A job of repository number repo_id ("o/r<repo_id>"); returns its id in a static buffer. */
const char *make_job(int64_t repo_id, int64_t issue, const char *priority);
int try_make_job(int64_t repo_id, const char *repo, int64_t issue, char id[RAND_ID_SIZE]);
/* Lease this job; its epoch. */
int64_t lease_job(const char *id);
enum job_state state_of(const char *id);

/* A row of a job; payload {"n": n}. Returns its id in a static buffer. */
const char *add_row(const char *job_id, const char *kind, int n);
enum outbox_state row_state(const char *id);

/* Run fn in n threads, each with its number, and wait for all. */
void in_threads(unsigned n, void *(*fn)(void *number));

#endif
