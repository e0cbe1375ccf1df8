#include "setup.h"

#include "checks.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

int setup_run(struct job_run *run, const char *dir, char **out_why, struct err *err)
{
    const struct repo_config *config = run->repo_config;
    bool network = strcmp(config->setup_network, "full") == 0;

    for (size_t i = 0; i < config->n_setup; i++) {
        struct sandbox_result done = {0};
        struct err why = {0};
        int rc = checks_run_line(run, dir, config->setup[i], 0, network, &done, &why);

        if (rc && rc != VDO_E_REFUSED)
            return err_set(err, why.code, "setup: %s", why.text);
        if (rc || done.end != SANDBOX_EXITED || done.exit_code != 0) {
            *out_why = rc ? xstrdup(why.text) :
                            xasprintf("setup '%s' ended with exit code %d %s", config->setup[i],
                                      done.exit_code, done.limit);
            if (!rc) {
                run_log(run, "warn", "setup %s:\n%s", config->setup[i], done.output);
                sandbox_result_release(&done);
            }
            return VDO_OK;
        }
        sandbox_result_release(&done);
    }
    return VDO_OK;
}
