#include "host.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 10000 };

/* What a run does to its HOME, all of which must be seen there and nowhere else: a file changed,
 * one removed, a directory removed and made anew, without what was in it. */
static const char line[] =
    "cd && test \"$(cat changed dir/old)\" = below && echo mine > changed && rm gone && rm -r dir && "
    "mkdir dir && test -z \"$(ls dir)\" && test ! -e gone && test \"$(cat changed)\" = mine";

static int write_below(const char *below, struct err *err)
{
    static const char *const names[] = {"changed", "gone"};
    AUTO_FREE char *dir = fs_join(below, "dir");
    AUTO_FREE char *old = fs_join(dir, "old");
    int rc = fs_make_dirs(dir, 0755, err);

    for (size_t i = 0; i < 2 && !rc; i++) {
        AUTO_FREE char *path = fs_join(below, names[i]);

        rc = fs_write_atomic(path, "below", 5, 0644, err);
    }
    return rc ? rc : fs_write_atomic(old, "", 0, 0644, err);
}

static int try_in(struct sandbox *s, const char *top, struct err *err)
{
    static const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    AUTO_FREE char *work = fs_join(top, "work");
    AUTO_FREE char *home = fs_join(top, "home");
    AUTO_FREE char *below = fs_join(top, "below");
    const struct sandbox_spec spec = {.dir = work,
                                      .at = "/workspaces/probe",
                                      .home = home,
                                      .home_below = below,
                                      .argv = argv,
                                      .timeout_ms = TIMEOUT_MS};
    struct sandbox_result result;
    int rc = fs_make_dirs(work, 0700, err);

    if (!rc)
        rc = write_below(below, err);
    if (!rc)
        rc = sandbox_run(s, &spec, &result, err);
    if (rc == VDO_E_INVALID || rc == VDO_E_IO)
        (void)err_wrap(err,
                       "overlay mounts need a kernel of 5.19 (as root) or 5.11 (an ordinary user, "
                       "where AppArmor lets them), and data_dir on ext4, xfs, btrfs or tmpfs");
    if (rc)
        return rc;
    if (result.end != SANDBOX_EXITED || result.exit_code != 0)
        rc = err_set(err, VDO_E_REFUSED, "overlay mounts do not behave there: %.200s%s",
                     result.output, result.limit);
    sandbox_result_release(&result);
    return rc;
}

bool sandbox_try_homes(struct sandbox *sandbox, const char *dir)
{
    AUTO_FREE char *absolute = realpath(dir, NULL);
    AUTO_FREE char *top = xasprintf("%s/.probe-XXXXXX", absolute ? absolute : dir);
    struct err why = {0};

    sandbox->homes = false;
    if (!absolute || !mkdtemp(top)) {
        (void)err_set(&why, VDO_E_IO, "%s cannot be written", dir);
    } else {
        sandbox->homes = try_in(sandbox, top, &why) == VDO_OK;
        (void)fs_remove_tree(top, NULL);
    }
    (void)snprintf(sandbox->homes_why, sizeof(sandbox->homes_why), "%.380s", why.text);
    return sandbox->homes;
}

struct homes_beside {
    struct sandbox *sandbox;
    char *dir;
    pthread_t thread;
    pthread_mutex_t lock; /* guards running */
    bool running;         /* and not waited for yet */
};

static void *try_beside(void *arg)
{
    struct homes_beside *beside = arg;

    (void)sandbox_try_homes(beside->sandbox, beside->dir);
    return NULL;
}

void sandbox_try_homes_beside(struct sandbox *sandbox, const char *dir)
{
    struct homes_beside *beside = xcalloc(1, sizeof(*beside));

    beside->sandbox = sandbox;
    beside->dir = xstrdup(dir);
    (void)pthread_mutex_init(&beside->lock, NULL);
    beside->running = thread_start(&beside->thread, try_beside, beside) == 0;
    sandbox->homes_beside = beside;
    if (!beside->running)
        (void)sandbox_try_homes(sandbox, dir);
}

void homes_wait(const struct sandbox *sandbox)
{
    struct homes_beside *beside = sandbox->homes_beside;

    if (!beside)
        return;
    (void)pthread_mutex_lock(&beside->lock);
    if (beside->running)
        (void)pthread_join(beside->thread, NULL);
    beside->running = false;
    (void)pthread_mutex_unlock(&beside->lock);
}

void homes_release(struct sandbox *sandbox)
{
    struct homes_beside *beside = sandbox->homes_beside;

    homes_wait(sandbox);
    sandbox->homes_beside = NULL;
    if (!beside)
        return;
    (void)pthread_mutex_destroy(&beside->lock);
    free(beside->dir);
    free(beside);
}

bool sandbox_has_homes(const struct sandbox *sandbox)
{
    homes_wait(sandbox);
    return sandbox->homes;
}

const char *sandbox_homes_why(const struct sandbox *sandbox)
{
    homes_wait(sandbox);
    return sandbox->homes_why;
}
