#include "vdo/base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void rand_bytes(void *bytes, size_t len)
{
    char *at = bytes;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

uint32_t rand_below(uint32_t bound)
{
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    uint32_t value;

    do {
        rand_bytes(&value, sizeof(value));
    } while (value >= limit);
    return value % bound;
}

char *rand_id(char *buf)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char bytes[RAND_ID_SIZE - 1];

    rand_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        buf[i] = digits[bytes[i] % 32];
    buf[0] = digits[10 + bytes[0] % 22];
    buf[RAND_ID_SIZE - 1] = '\0';
    return buf;
}
