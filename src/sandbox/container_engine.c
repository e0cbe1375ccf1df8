#include "container_engine.h"

#include "host.h"

#include "vdo/base/mem.h"

#include <pthread.h>
#include <stdlib.h>

enum { MOST_WORDS = 16, MOST_ENVIRONMENT = 12 };

static const char *environment[MOST_ENVIRONMENT];

/* Where the engine finds its own things; nothing of it gets into a container. */
static void collect_environment(void)
{
    static const char *const names[] = {"HOME",
                                        "XDG_RUNTIME_DIR",
                                        "DOCKER_HOST",
                                        "DOCKER_CONFIG",
                                        "CONTAINER_HOST",
                                        "CONTAINERS_CONF",
                                        "CONTAINERS_STORAGE_CONF",
                                        "DBUS_SESSION_BUS_ADDRESS"};
    size_t n = 0;

    environment[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = secure_getenv(names[i]);

        if (value)
            environment[n++] = xasprintf("%s=%s", names[i], value);
    }
}

const char *const *container_environment(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, collect_environment);
    return environment;
}

int container_engine(const struct sandbox *sandbox, const char *const *words, int64_t timeout_ms,
                     struct proc_result *result, struct err *err)
{
    const char *argv[MOST_WORDS + 2] = {sandbox->engine};
    struct proc_spec p = {.argv = argv,
                          .envp = container_environment(),
                          .cwd = "/",
                          .timeout_ms = timeout_ms,
                          .head_max = 65536,
                          .merge_output = true};

    for (size_t i = 0; words[i] && i < MOST_WORDS; i++)
        argv[i + 1] = words[i];
    return proc_run(&p, result, err);
}
