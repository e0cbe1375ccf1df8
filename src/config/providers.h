/* providers: the providers of vdo.yml, and which of them each role has. */
#ifndef VDO_CONFIG_PROVIDERS_H
#define VDO_CONFIG_PROVIDERS_H

#include "option.h"

/* Fill config->provider from the file; those whose key is unset are left out with a warning. */
void config_read_providers(struct option_reader *r, struct config *config);
void config_release_provider(struct config_provider *provider);
/* Take providers that were left out from the roles, give roles without a list all of them, and
 * complain about those that have none. */
void config_settle_roles(struct option_reader *r, struct config *config, enum config_need need);

/* Is it a name a provider may have? NULL or what is wrong. */
const char *check_provider_name(const char *text);

#endif
