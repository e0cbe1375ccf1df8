#include "vdo/crypto/crypto.h"

#include "vdo/base/mem.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

/* OpenSSL's OPENSSL_hexstr2buf() takes separators and any length; a signature must be exact. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(const char *hex, size_t hex_len, unsigned char *out, size_t out_len)
{
    if (hex_len % 2 || hex_len / 2 != out_len)
        return false;
    for (size_t i = 0; i < hex_len; i++) {
        if (digit_value(hex[i]) < 0)
            return false;
    }
    for (size_t i = 0; i < out_len; i++)
        out[i] = (unsigned char)(16 * digit_value(hex[2 * i]) + digit_value(hex[2 * i + 1]));
    return true;
}

void hex_encode(const void *bytes, size_t len, char *out)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[b[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[b[i] & 15U];
    }
    out[2 * len] = '\0';
}

char *base64_encode(const void *bytes, size_t len)
{
    char *out;

    assert(len <= INT_MAX / 2);
    out = xmalloc((len + 2) / 3 * 4 + 1);
    out[0] = '\0';
    if (len)
        (void)EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    return out;
}

char *base64url_encode(const void *bytes, size_t len)
{
    char *out = base64_encode(bytes, len);

    out[strcspn(out, "=")] = '\0';
    for (char *c = out; *c; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
    return out;
}
