#include "warning.h"

#include "vdo/base/mem.h"

void config_warn(struct config *config, char *text)
{
    config->warnings = xreallocarray(config->warnings, config->n_warnings + 1, sizeof(char *));
    config->warnings[config->n_warnings++] = text;
}

void config_complain(struct option_reader *r, struct config *config, enum config_need need,
                     const char *path, const char *text)
{
    if (need == CONFIG_FOR_CHECK)
        config_warn(config, option_place_text(r, path, text));
    else
        (void)option_fail(r, path, true, "%s", text);
}
