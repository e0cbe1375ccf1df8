/*
 * sandbox_fixture: the real sandbox of this host, for the tests of one program.
 */
#ifndef VDO_TESTS_SUPPORT_SANDBOX_FIXTURE_H
#define VDO_TESTS_SUPPORT_SANDBOX_FIXTURE_H

#include "../../src/sandbox/host.h"

#include "vdo/sandbox/sandbox.h"

/* From sandbox_fixture_start() to sandbox_fixture_stop(). */
extern struct sandbox *sandbox;

/* Set-up and tear-down of a group: the supervisor, and what was found of the host, which a line of
 * the output tells with the user. */
int sandbox_fixture_start(void **state);
int sandbox_fixture_stop(void **state);

#endif
