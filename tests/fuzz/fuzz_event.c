/* Webhook bodies: the first line names the event. Whatever comes in, the facts are either all there
 * or none. */
#include "vdo/forge/event.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    struct forge_event event = {0};
    char name[64];
    size_t len;
    int rc;

    if (!newline || (size_t)(newline - data) >= sizeof(name))
        return 0;
    len = (size_t)(newline - data);
    memcpy(name, data, len);
    name[len] = '\0';
    rc = forge_event_parse(name, (const char *)newline + 1, size - len - 1, &event, NULL);
    assert(rc == VDO_OK || rc == VDO_E_INVALID || rc == VDO_E_REFUSED || rc == VDO_E_NOT_FOUND);
    if (rc == VDO_OK || rc == VDO_E_NOT_FOUND) {
        assert(event.action && event.repo && event.sender && event.comment_body && event.title);
        forge_event_release(&event);
    } else {
        assert(!event.event);
    }
    return 0;
}
