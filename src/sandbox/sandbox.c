#include "vdo/sandbox/sandbox.h"

#include "driver.h"
#include "host.h"

#include <stdlib.h>

bool sandbox_available(const struct sandbox *sandbox)
{
    return sandbox->available;
}

const char *sandbox_describe(const struct sandbox *sandbox)
{
    return sandbox->describe;
}

int sandbox_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                struct sandbox_result *result, struct err *err)
{
    if (!sandbox->available)
        return err_set(err, VDO_E_REFUSED, "%.480s", sandbox->describe);
    return sandbox->driver->run(sandbox, spec, result, err);
}

void sandbox_result_release(struct sandbox_result *result)
{
    if (!result)
        return;
    free(result->output);
    json_decref(result->network);
    result->output = NULL;
    result->network = NULL;
}
