/*
 * fixture: a jobs object on a real store and an in-memory forge, for the tests of this folder,
 * which include fixture.c. Functions that only some of them use are marked so.
 */
#ifndef VDO_TESTS_UNIT_JOBS_FIXTURE_H
#define VDO_TESTS_UNIT_JOBS_FIXTURE_H

#include "forge_fake.h"
#include "must.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define START_MS   1795248000000LL
#define MINUTE_MS  60000LL
#define HOUR_MS    (60 * MINUTE_MS)
#define REPO       "o/r"
#define ANYWHERE   __attribute__((unused))
#define PATIENT_MS 20000

static char dir[64];
static struct clock_fake test_time;
static struct store *store;
static struct bus *bus;
static struct forge_fake *forge;
static struct forge_session *session;
static struct jobs *jobs;
static struct jobs_options options; /* set what a test needs, then start_jobs() */

/* Wait for a condition; fails the test after PATIENT_MS. */
#define WAIT_FOR(condition)                                               \
    do {                                                                  \
        int64_t end_ = clock_mono_ms(clock_real()) + PATIENT_MS;          \
        while (!(condition)) {                                            \
            if (clock_mono_ms(clock_real()) > end_)                       \
                fail_msg("waited in vain for: %s", #condition);           \
            (void)nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); \
        }                                                                 \
    } while (0)

#endif
