#include "sandbox_fixture.h"

#include "vdo/base/proc.h"

#include <stdio.h>
#include <unistd.h>

struct sandbox *sandbox;

int sandbox_fixture_start(void **state)
{
    struct err err = {0};

    (void)state;
    if (proc_start_supervisor(&err) || sandbox_probe("auto", NULL, &sandbox, &err)) {
        (void)printf("# %s\n", err.text);
        return -1;
    }
    (void)printf("# as uid %d: %s\n", (int)geteuid(), sandbox_describe(sandbox));
    return 0;
}

int sandbox_fixture_stop(void **state)
{
    (void)state;
    sandbox_free(sandbox);
    sandbox = NULL;
    proc_stop_supervisor();
    return 0;
}
