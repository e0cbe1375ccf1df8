/* What a sandbox sends to the outside: the tap's parser, and the answers it makes. What is read is
 * printable and ends; an answer fits, and is no attempt itself. */
#include "../../src/sandbox/dns_question.h"
#include "../../src/sandbox/tap_packet.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t size)
{
    if (strnlen(text, size) == size)
        abort();
    for (; *text; text++) {
        if (!isprint((unsigned char)*text))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t answer[TAP_ANSWER_SIZE];
    char name[HOST_NAME_SIZE];
    struct tap_seen seen;
    struct tap_seen again;
    size_t len;

    if (dns_question_read(data, size, name))
        check_text(name, sizeof(name));
    if (!tap_packet_read(data, size, &seen))
        return 0;
    check_text(seen.address, sizeof(seen.address));
    check_text(seen.name, sizeof(seen.name));
    if (!seen.address[0] && !seen.name[0])
        abort();
    len = tap_packet_answer(data, size, answer);
    if (len > sizeof(answer) || (len == 0) != (seen.address[0] == '\0'))
        abort();
    if (tap_packet_read(answer, len, &again))
        abort();
    return 0;
}
