/* warning: what is odd in vdo.yml and yet no error. */
#ifndef VDO_CONFIG_WARNING_H
#define VDO_CONFIG_WARNING_H

#include "option.h"

/* Add a warning; text is taken. */
void config_warn(struct config *config, char *text);
/* A warning where the config is only checked, else an error. */
void config_complain(struct option_reader *r, struct config *config, enum config_need need,
                     const char *path, const char *text);

#endif
