/* openai: what Chat Completions and Responses have in common: headers, models, errors. */
#ifndef VDO_MODEL_PROVIDERS_OPENAI_H
#define VDO_MODEL_PROVIDERS_OPENAI_H

#include "../wire.h"

void openai_headers(const struct config_provider *provider, struct wire_headers *out);
char *openai_models_url(const struct config_provider *provider);
const json_t *openai_find_model(const json_t *list, const char *model);
void openai_error(const json_t *body, struct wire_error *out);
/* Usage of Chat Completions: totals with the cached part inside. */
void openai_chat_usage(struct wire_answer *answer, const json_t *usage);
/* Arguments as a string that is JSON in any case; free with free(). */
char *openai_args(const struct block *call);

#endif
