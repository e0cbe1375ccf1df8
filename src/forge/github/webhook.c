#include "vdo/forge/event.h"

#include "vdo/base/secret.h"
#include "vdo/crypto/crypto.h"

#include <string.h>

bool webhook_verify(const struct secret *secrets, size_t n_secrets, const char *header,
                    const void *body, size_t len, size_t *out_which)
{
    static const char prefix[] = "sha256=";
    unsigned char claimed[SHA256_SIZE];
    unsigned char actual[SHA256_SIZE];
    bool valid = false;

    if (!header || strlen(header) != sizeof(prefix) - 1 + SHA256_HEX_SIZE - 1 ||
        strncmp(header, prefix, sizeof(prefix) - 1) != 0 ||
        !hex_decode(header + sizeof(prefix) - 1, SHA256_HEX_SIZE - 1, claimed, sizeof(claimed)))
        return false;
    /* Upper-case hex is not what GitHub sends. */
    if (strpbrk(header, "ABCDEF"))
        return false;
    for (size_t i = 0; i < n_secrets && !valid; i++) {
        if (!secret_is_set(&secrets[i]))
            continue;
        hmac_sha256(secret_reveal(&secrets[i]), secrets[i].len, body, len, actual);
        valid = bytes_equal(claimed, actual, sizeof(actual));
        if (valid && out_which)
            *out_which = i;
    }
    return valid;
}
