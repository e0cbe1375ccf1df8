/*
 * Headers of a webhook request, one a line in the order signature, type, encoding, event, GUID,
 * then the body. A line "-" is a header that is absent; one that begins with '+' is there twice; a
 * signature "=" stands for the right one. Whatever comes in, only the exact signature of one of the
 * secrets is believed, and what is believed has an event and a GUID that may stand anywhere.
 */
#include "../../src/web/webhook_check.h"

#include "vdo/crypto/crypto.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 5, MAX_LINE = 512 };

static struct secret secrets[2];

static void make_secrets(void)
{
    if (secret_is_set(&secrets[0]))
        return;
    secret_set(&secrets[0], "current secret of the fuzzer", 28);
    secret_set(&secrets[1], "previous secret of the fuzzer", 29);
}

static void write_signature(const struct secret *secret, const void *body, size_t len, char *out)
{
    unsigned char mac[SHA256_SIZE];

    hmac_sha256(secret_reveal(secret), secret->len, body, len, mac);
    memcpy(out, "sha256=", 7);
    hex_encode(mac, sizeof(mac), out + 7);
}

static struct webhook_header header_of(char *line)
{
    if (strcmp(line, "-") == 0)
        return (struct webhook_header){0};
    if (*line == '+')
        return (struct webhook_header){.value = line + 1, .count = 2};
    return (struct webhook_header){.value = line, .count = 1};
}

/* Take a line off the input; false when there is none, or it could be no header. */
static bool take_line(const uint8_t **data, size_t *size, char *out)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    size_t len = end ? (size_t)(end - *data) : 0;

    if (!end || len >= MAX_LINE || memchr(*data, '\0', len))
        return false;
    memcpy(out, *data, len);
    out[len] = '\0';
    *data += len + 1;
    *size -= len + 1;
    return true;
}

static void assert_plain(const struct webhook_header *header, size_t least, char other)
{
    assert(header->count == 1 && strlen(header->value) >= least && strlen(header->value) <= 64);
    for (const char *c = header->value; *c; c++)
        assert((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
               *c == other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char lines[LINES][MAX_LINE];
    char right[2][7 + SHA256_HEX_SIZE];
    struct webhook_headers headers;
    enum webhook_finding finding;
    bool is_signed;

    make_secrets();
    for (int i = 0; i < LINES; i++) {
        if (!take_line(&data, &size, lines[i]))
            return 0;
    }
    for (int i = 0; i < 2; i++)
        write_signature(&secrets[i], data, size, right[i]);
    if (strcmp(lines[0], "=") == 0)
        (void)snprintf(lines[0], MAX_LINE, "%s", right[size % 2]);
    headers = (struct webhook_headers){.signature = header_of(lines[0]),
                                       .type = header_of(lines[1]),
                                       .encoding = header_of(lines[2]),
                                       .event = header_of(lines[3]),
                                       .guid = header_of(lines[4])};
    is_signed = headers.signature.count == 1 && (strcmp(headers.signature.value, right[0]) == 0 ||
                                                 strcmp(headers.signature.value, right[1]) == 0);
    finding = webhook_check(&headers, secrets, 2, data, size);
    assert((finding == WEBHOOK_UNSIGNED) == !is_signed);
    if (finding == WEBHOOK_GOOD) {
        assert(headers.type.count == 1 && headers.encoding.count <= 1);
        assert(strncasecmp(headers.type.value, "application/json", 16) == 0);
        assert_plain(&headers.event, 1, '_');
        assert_plain(&headers.guid, 8, '-');
    }
    /* Without secrets nothing is believed. */
    assert(webhook_check(&headers, secrets, 0, data, size) == WEBHOOK_UNSIGNED);
    return 0;
}
