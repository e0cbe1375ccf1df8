#include "vdo/forge/forge.h"
#include "vdo/forge/ops.h"

#include <string.h>

int forge_open(const struct forge_options *options, struct forge **out, struct err *err)
{
    if (strcmp(options->kind, "github") == 0)
        return forge_github_open(options, out, err);
    if (strcmp(options->kind, "local") == 0)
        return forge_local_open(options, out, err);
    return err_set(err, VDO_E_INVALID, "forge '%s' is not known; github and local are",
                   options->kind);
}
