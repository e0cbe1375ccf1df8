/*
 * dns_question: which name a DNS query asks for. Threads: pure functions. Source: RFC 1035, 4.1.
 */
#ifndef VDO_SANDBOX_DNS_QUESTION_H
#define VDO_SANDBOX_DNS_QUESTION_H

#include "vdo/base/host_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read the first question of a query, as it is in a UDP packet.
 *
 * name  set when true: in lower case, without the dot at the end; bytes that are in no host name
 *       are "?"
 * Returns false when it is no query, asks for the root, or is cut before the name's end.
 */
bool dns_question_read(const uint8_t *bytes, size_t len, char name[HOST_NAME_SIZE]);

#endif
