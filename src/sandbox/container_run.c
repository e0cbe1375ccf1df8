#include "container.h"

#include "container_engine.h"
#include "host.h"
#include "mounts.h"
#include "orphans.h"
#include "output.h"
#include "spec.h"
#include "watch.h"

#include "vdo/base/host_rule.h"
#include "vdo/base/image_name.h"
#include "vdo/base/limits.h"
#include "vdo/base/rand.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REMOVE_MS = 60000, ENGINE_FAILED = 125, KILLED = 128 + 9, KILLED_BY_FILE_SIZE = 128 + 25 };

struct running {
    struct container_run c;
    struct tenant tenant;
    struct cgroup no_group; /* the engine has its own */
    struct watch watch;
    struct output output;
    struct args args;
};

static int check(const struct sandbox *sandbox, const struct sandbox_spec *spec, const char **image,
                 struct err *err)
{
    int rc = spec_check(spec, err);

    if (rc)
        return rc;
    if (spec->home_below)
        return err_set(err, VDO_E_REFUSED,
                       "the driver \"container\" has no HOME that begins with "
                       "what was kept");
    if (strpbrk(spec->dir, ",\n") || strpbrk(spec_place(spec), ",\n") ||
        (spec->home && strpbrk(spec->home, ",\n")))
        return err_set(err, VDO_E_INVALID, "sandbox: the name of a work directory has no comma");
    if (spec->allow_hosts)
        return err_set(err, VDO_E_REFUSED,
                       "the driver \"container\" cannot let a run reach some hosts only: use "
                       "setup_network: full, or sandbox.driver: bubblewrap");
    *image = spec->image && *spec->image ? spec->image : sandbox->container.image;
    if (!*image || !**image)
        return err_set(err, VDO_E_REFUSED,
                       "no image to run in: set sandbox.image, or name one in "
                       ".devcontainer/devcontainer.json of the base branch");
    return image_name_is_valid(*image) ?
               VDO_OK :
               err_set(err, VDO_E_REFUSED, "\"%.100s\" is not the name of an image", *image);
}

static void make_name(char *name, size_t size)
{
    char mark[ORPHANS_MARK_SIZE];
    char id[RAND_ID_SIZE];

    (void)orphans_mark(mark, sizeof(mark));
    for (char *c = mark; *c; c++)
        *c = *c == ':' ? '.' : *c;
    rand_id(id);
    (void)snprintf(name, size, "vdo-%s-%s", mark, id);
}

static void collect(void *arg, int stream, const char *bytes, size_t len)
{
    struct running *r = arg;

    output_add(&r->output, bytes, len);
    if (r->c.spec->on_output)
        r->c.spec->on_output(r->c.spec->on_output_arg, stream, bytes, len);
}

static void tell_engine(const struct running *r, const char *const *words)
{
    struct proc_result done;

    if (container_engine(r->c.sandbox, words, REMOVE_MS, &done, NULL) == VDO_OK)
        proc_result_release(&done);
}

/* What was killed is only the engine's client. To remove alone would wait for a polite end first.
 */
static void end_container(const struct running *r)
{
    tell_engine(r, (const char *const[]){"kill", "--signal", "KILL", r->c.name, NULL});
    tell_engine(r, (const char *const[]){"rm", "--force", "--volumes", r->c.name, NULL});
}

static void set_end(const struct running *r, const struct proc_result *p,
                    struct sandbox_result *out)
{
    const struct sandbox_spec *spec = r->c.spec;
    int64_t memory = spec->memory_bytes ? spec->memory_bytes : SPEC_BYTES;
    char size[SPEC_SIZE_TEXT];

    out->end = r->watch.end;
    (void)snprintf(out->limit, sizeof(out->limit), "%s", r->watch.limit);
    if (out->end != SANDBOX_EXITED)
        return;
    if (p->timed_out) {
        out->end = SANDBOX_TIMEOUT;
        (void)snprintf(out->limit, sizeof(out->limit), "time: not done after %g s",
                       (double)spec->timeout_ms / 1000);
    } else if (p->cancelled) {
        out->end = SANDBOX_CANCELLED;
        (void)snprintf(out->limit, sizeof(out->limit), "cancelled");
    } else if (p->exit_code == KILLED_BY_FILE_SIZE) {
        out->end = SANDBOX_DISK;
        (void)snprintf(out->limit, sizeof(out->limit), "disk: a file grew over %s",
                       spec_size_text(r->watch.disk_bytes, size));
    } else if (p->exit_code == KILLED) {
        out->end = SANDBOX_MEMORY;
        (void)snprintf(out->limit, sizeof(out->limit),
                       "memory: killed, as past %s of all processes together",
                       spec_size_text(memory, size));
    }
}

/* The engine's own words when it could not make the container. */
static int check_started(const struct running *r, const struct proc_result *p, const char *text,
                         struct err *err)
{
    const char *said = strstr(text, "Error");

    if (!said)
        said = strstr(text, "docker: ");
    if (p->exit_code != ENGINE_FAILED || !said || r->watch.end != SANDBOX_EXITED)
        return VDO_OK;
    return err_set(err, VDO_E_IO, "start a container of %s: %.*s", r->c.image,
                   (int)strcspn(said, "\n"), said);
}

static int execute(struct running *r, struct sandbox_result *result, struct err *err)
{
    const struct sandbox_spec *spec = r->c.spec;
    struct proc_spec p = {.argv = (const char *const *)r->args.list,
                          .envp = container_environment(),
                          .cwd = "/",
                          .timeout_ms = spec->timeout_ms,
                          .cancel = spec->cancel,
                          .merge_output = !spec->on_output,
                          .on_output = collect,
                          .on_output_arg = r,
                          .watch = watch_look,
                          .watch_arg = &r->watch,
                          .watch_ms = WATCH_MS};
    struct proc_result ended;
    char *text;
    int rc = proc_run(&p, &ended, err);

    if (rc)
        return rc;
    if (ended.timed_out || ended.cancelled || ended.watch_killed || ended.signal)
        end_container(r);
    watch_finish(&r->watch);
    text = output_text(&r->output);
    rc = check_started(r, &ended, text, err);
    if (!rc) {
        *result = (struct sandbox_result){.wall_ms = ended.wall_ms, .output = text};
        set_end(r, &ended, result);
        result->exit_code = result->end == SANDBOX_EXITED ? ended.exit_code : KILLED;
    } else {
        free(text);
    }
    proc_result_release(&ended);
    return rc;
}

static int start_watch(struct running *r, struct err *err)
{
    const struct sandbox_spec *spec = r->c.spec;

    r->watch.dir = spec->dir;
    r->watch.home = spec->home;
    r->watch.group = &r->no_group;
    r->watch.limits =
        (struct cgroup_limits){.memory_bytes = spec->memory_bytes, .pids = spec->pids};
    r->watch.disk_bytes = spec->disk_bytes ? spec->disk_bytes : SPEC_BYTES;
    if (watch_init(&r->watch, -1))
        return err_set(err, VDO_E_INVALID, "sandbox: read %s: %s", spec->dir,
                       strerrordesc_np(errno));
    return VDO_OK;
}

int container_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                  struct sandbox_result *result, struct err *err)
{
    struct running r = {.c = {.sandbox = sandbox, .spec = spec, .tenant = &r.tenant}};
    int rc = check(sandbox, spec, &r.c.image, err);

    if (rc)
        return rc;
    make_name(r.c.name, sizeof(r.c.name));
    output_init(&r.output, VDO_MAX_COMMAND_OUTPUT / 2);
    rc = mounts_make_places(spec, err);
    if (!rc)
        rc = tenant_init(&r.tenant, spec->dir, false, err);
    if (!rc)
        rc = tenant_add_home(&r.tenant, spec, err);
    if (!rc)
        rc = start_watch(&r, err);
    if (!rc)
        rc = container_args(&r.c, &r.args, err);
    if (!rc)
        rc = execute(&r, result, err);
    if (r.watch.dir)
        watch_release(&r.watch);
    args_release(&r.args);
    tenant_release(&r.tenant);
    output_release(&r.output);
    return rc;
}
