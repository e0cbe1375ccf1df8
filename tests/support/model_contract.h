/*
 * model_contract: is a request one that the provider itself would take?
 *
 * The rules that make the real endpoints answer 400, or that cost money or leak a key: required and
 * known members, header versions, turns that alternate, every tool call answered, schema dialect.
 * Written from the providers' published references.
 */
#ifndef VDO_TESTS_MODEL_CONTRACT_H
#define VDO_TESTS_MODEL_CONTRACT_H

#include <stddef.h>

/* request: as on the wire, from the request line to the end of the body. Returns "" when all is
 * well, else one line per violation; to free. Requests that are no model calls pass. */
char *model_contract_check(const char *request);
/* The same for a body alone; path tells the protocol ("/v1/messages"). */
char *model_contract_check_body(const char *path, const char *body);

#endif
