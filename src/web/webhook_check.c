#include "webhook_check.h"

#include "vdo/forge/event.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { SHORTEST_GUID = 8, LONGEST_GUID = 64, LONGEST_EVENT = 64 };

static bool is_json(const struct webhook_header *type, const struct webhook_header *encoding)
{
    static const char json[] = "application/json";

    if (encoding->count > 1 ||
        (encoding->count == 1 && *encoding->value && strcasecmp(encoding->value, "identity") != 0))
        return false;
    return type->count == 1 && strncasecmp(type->value, json, sizeof(json) - 1) == 0 &&
           strchr("; \t", type->value[sizeof(json) - 1]) != NULL;
}

/* Letters, digits and the others. */
static bool is_word(const struct webhook_header *header, size_t least, size_t most, char other)
{
    size_t len = header->count == 1 ? strlen(header->value) : 0;

    if (len < least || len > most)
        return false;
    for (const char *c = header->value; *c; c++) {
        bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');

        if (!plain && *c != other)
            return false;
    }
    return true;
}

enum webhook_finding webhook_check(const struct webhook_headers *headers,
                                   const struct secret *secrets, size_t n_secrets, const void *body,
                                   size_t len)
{
    if (headers->signature.count != 1 ||
        !webhook_verify(secrets, n_secrets, headers->signature.value, body, len, NULL))
        return WEBHOOK_UNSIGNED;
    if (!is_json(&headers->type, &headers->encoding))
        return WEBHOOK_NOT_JSON;
    if (!is_word(&headers->event, 1, LONGEST_EVENT, '_') ||
        !is_word(&headers->guid, SHORTEST_GUID, LONGEST_GUID, '-'))
        return WEBHOOK_BAD_HEADERS;
    return WEBHOOK_GOOD;
}
