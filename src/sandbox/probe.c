/* Finding out, once, what the sandbox can do here. */
#include "driver.h"
#include "host.h"
#include "tap.h"

#include "vdo/base/mem.h"
#include "vdo/sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sandbox_driver *find_driver(const char *name)
{
    if (strcmp(name, "container") == 0)
        return &driver_container;
    return strcmp(name, "auto") == 0 || strcmp(name, "bubblewrap") == 0 ? &driver_bubblewrap : NULL;
}

int sandbox_probe(const char *driver, const struct sandbox_container *container,
                  struct sandbox **out, struct err *err)
{
    struct sandbox *s;
    int rc = VDO_OK;

    if (strcmp(driver, "none") != 0 && !find_driver(driver))
        return err_set(
            err, VDO_E_INVALID,
            "sandbox driver \"%.40s\" is unknown: use auto, bubblewrap, container or none", driver);
    s = xcalloc(1, sizeof(*s));
    s->driver = find_driver(driver);
    s->needs_bwrap = s->driver == &driver_bubblewrap;
    if (container)
        s->container = *container;
    facts_find(&s->facts);
    cgroup_host_find(&s->cgroups);
    if (s->driver) {
        rc = s->driver->probe(s, err);
    } else {
        (void)snprintf(s->why, sizeof(s->why), "turned off by sandbox.driver: none");
        (void)snprintf(s->describe, sizeof(s->describe),
                       "no isolation, so repository code is not run: %s", s->why);
    }
    if (rc) {
        sandbox_free(s);
        return rc;
    }
    *out = s;
    return VDO_OK;
}

void sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    homes_release(sandbox);
    free(sandbox->filter);
    cgroup_host_release(&sandbox->cgroups);
    bwrap_view_release(&sandbox->view);
    tap_wait_for_all();
    free(sandbox);
}
