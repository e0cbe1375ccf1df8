#include "container.h"

#include "container_engine.h"
#include "driver.h"
#include "host.h"
#include "orphans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_MS = 20000, FIRST_RUN_MS = 60000 };

static bool find_engine(struct sandbox *s)
{
    const char *wanted = s->container.engine ? s->container.engine : "auto";
    const char *path = wanted[0] == '/' ? wanted : facts_engine(wanted);

    if (strcmp(wanted, "auto") == 0)
        path = facts_engine("podman") ? facts_engine("podman") : facts_engine("docker");
    (void)snprintf(s->engine, sizeof(s->engine), "%s", path ? path : "");
    if (path && access(path, X_OK) == 0)
        return true;
    (void)snprintf(s->why, sizeof(s->why),
                   "%s is not there: install podman or docker, or correct sandbox.engine",
                   strcmp(wanted, "auto") == 0 ? "no container engine" : wanted);
    return false;
}

static void say_why(struct sandbox *s, const char *what, const char *said)
{
    (void)snprintf(s->why, sizeof(s->why), "%s %s: %.*s", s->engine, what,
                   (int)(strcspn(said, "\n") < 200 ? strcspn(said, "\n") : 200), said);
}

/* Does it answer, and where it is a client: does its server? */
static bool find_version(struct sandbox *s)
{
    static const char *const words[] = {"version", "--format", "{{.Server.Version}}", NULL};
    static const char *const alone[] = {"version", "--format", "{{.Client.Version}}", NULL};
    struct proc_result result;
    struct err why = {0};
    bool ok;

    if (container_engine(s, strstr(s->engine, "podman") ? alone : words, ASK_MS, &result, &why)) {
        say_why(s, "cannot be run", why.text);
        return false;
    }
    ok = result.exit_code == 0;
    if (ok)
        (void)snprintf(s->version, sizeof(s->version), "%.*s", (int)strcspn(result.out.head, "\n"),
                       result.out.head);
    else
        say_why(s, "does not answer", result.out.head);
    proc_result_release(&result);
    return ok;
}

/* Containers of a VDO that is dead. */
static void end_orphans(const struct sandbox *s)
{
    static const char *const words[] = {"ps",       "--all",      "--filter", "name=vdo-",
                                        "--format", "{{.Names}}", NULL};
    struct proc_result list;
    char *save = NULL;

    if (container_engine(s, words, ASK_MS, &list, NULL))
        return;
    for (char *name = strtok_r(list.out.head, "\n", &save); name && list.exit_code == 0;
         name = strtok_r(NULL, "\n", &save)) {
        const char *const remove[] = {"rm", "--force", "--volumes", name, NULL};
        struct proc_result removed;

        if (orphans_is_left(name) && container_engine(s, remove, ASK_MS, &removed, NULL) == 0)
            proc_result_release(&removed);
    }
    proc_result_release(&list);
}

static bool try_once(struct sandbox *s)
{
    static const char *const argv[] = {"/bin/true", NULL};
    char dir[] = "/tmp/vdo-probe-XXXXXX";
    struct sandbox_spec spec = {.dir = dir, .argv = argv, .timeout_ms = FIRST_RUN_MS};
    struct sandbox_result result;
    struct err why = {0};
    bool ok = false;

    if (!mkdtemp(dir)) {
        say_why(s, "was not tried", "/tmp is not writable");
        return false;
    }
    if (container_run(s, &spec, &result, &why)) {
        say_why(s, "cannot start a container", why.text);
    } else {
        ok = result.end == SANDBOX_EXITED && result.exit_code == 0;
        if (!ok)
            say_why(s, "cannot run /bin/true in the image",
                    result.limit[0] ? result.limit : result.output);
        sandbox_result_release(&result);
    }
    (void)rmdir(dir);
    return ok;
}

static int probe(struct sandbox *s, struct err *err)
{
    const char *image = s->container.image;
    bool ok = find_engine(s) && find_version(s);

    (void)err;
    if (ok)
        end_orphans(s);
    if (ok && image && *image)
        ok = try_once(s);
    s->available = ok;
    if (ok)
        (void)snprintf(s->describe, sizeof(s->describe), "containers by %s %s, image %.200s",
                       s->engine, s->version, image && *image ? image : "of the devcontainer");
    else
        (void)snprintf(s->describe, sizeof(s->describe),
                       "no isolation, so repository code is not run: %s", s->why);
    return VDO_OK;
}

const struct sandbox_driver driver_container = {
    .name = "container", .probe = probe, .run = container_run};
