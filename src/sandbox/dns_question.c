#include "dns_question.h"

#include <ctype.h>

_Static_assert(HOST_NAME_SIZE > 253, "names fit");

enum { HEADER = 12, LONGEST_LABEL = 63, LONGEST_NAME = 253, RESPONSE = 0x80, OPCODE = 0x78 };

static char plain(uint8_t byte)
{
    if (byte < 0x80 && (isalnum(byte) || byte == '-' || byte == '_'))
        return (char)tolower(byte);
    return '?';
}

bool dns_question_read(const uint8_t *bytes, size_t len, char name[HOST_NAME_SIZE])
{
    char text[HOST_NAME_SIZE];
    size_t at = HEADER;
    size_t n = 0;

    if (len <= HEADER || (bytes[2] & (RESPONSE | OPCODE)) || (bytes[4] == 0 && bytes[5] == 0))
        return false;
    while (at < len && bytes[at]) {
        size_t label = bytes[at++];

        /* Longer ones are pointers, for which a question has no use. */
        if (label > LONGEST_LABEL || label > len - at || n + (n > 0) + label > LONGEST_NAME)
            return false;
        if (n)
            text[n++] = '.';
        for (size_t i = 0; i < label; i++)
            text[n++] = plain(bytes[at++]);
    }
    if (at >= len || n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        name[i] = text[i];
    name[n] = '\0';
    return true;
}
