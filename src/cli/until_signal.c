#include "until_signal.h"

#include "common.h"

#include "vdo/app/app.h"
#include "vdo/base/log.h"
#include "vdo/base/resident.h"
#include "vdo/cli/commands.h"
#include "vdo/sandbox/sandbox.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { GRACE_MS = 10000 };

/* Signals are taken by sigwait() in main; every other thread has them blocked from its start. */
static void block_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* A second signal while stopping ends the process at once; leases and outbox rows survive that. */
static void *end_at_second_signal(void *arg)
{
    const sigset_t *set = arg;
    int number;

    if (sigwait(set, &number) == 0)
        _exit(128 + number);
    return NULL;
}

static int wait_for_signal(const sigset_t *set)
{
    int number = 0;

    while (sigwait(set, &number) == 0 && number == SIGHUP)
        log_info(NULL, "serve.hangup", "the configuration is read at start only");
    return number;
}

int serve_until_signal(const struct config *config, unsigned parts)
{
    struct app *app = NULL;
    struct err err = {0};
    pthread_t second;
    sigset_t set;
    int rc;
    int number;

    block_signals(&set);
    rc = app_new(config, parts, &app, &err);
    if (!rc)
        rc = app_start(app, &err);
    if (rc) {
        app_free(app, 0);
        return common_fail("serve", rc == VDO_E_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", err.text);
    }
    log_info(NULL, "serve.ready", "listening on %s, store %s, %s", app_url(app), config->store,
             app_sandbox(app) ? sandbox_describe(app_sandbox(app)) : "no workers");
    resident_give_back();
    number = wait_for_signal(&set);
    log_info(NULL, "serve.stopping", "%s", sigdescr_np(number));
    if (pthread_create(&second, NULL, end_at_second_signal, &set) == 0)
        (void)pthread_detach(second);
    app_free(app, GRACE_MS);
    log_info(NULL, "serve.stopped", "done");
    return EXIT_DONE;
}
