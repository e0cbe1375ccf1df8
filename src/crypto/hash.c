#include "vdo/crypto/crypto.h"

#include "vdo/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct hmac {
    EVP_MAC_CTX *ctx;
};

/* Fetching an algorithm costs as much as hashing a short message, so it is done once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_md;
static EVP_MAC *hmac_mac;

/* Without its primitives nothing can be verified; like xmalloc(), there is no way to go on. */
static void must(int ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "vdo: OpenSSL: %s failed\n", what);
    abort();
}

static void fetch_algorithms(void)
{
    sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(sha256_md && hmac_mac, "fetching SHA256 and HMAC");
}

static void prepare(void)
{
    must(pthread_once(&once, fetch_algorithms) == 0, "pthread_once");
}

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE])
{
    prepare();
    must(EVP_Digest(bytes, len, out, NULL, sha256_md, NULL), "SHA256");
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_SIZE];

    sha256(bytes, len, digest);
    hex_encode(digest, sizeof(digest), out);
}

struct hmac *hmac_new(const void *key, size_t key_len)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    struct hmac *h = xcalloc(1, sizeof(*h));

    prepare();
    h->ctx = EVP_MAC_CTX_new(hmac_mac);
    must(h->ctx != NULL, "EVP_MAC_CTX_new");
    /* A NULL key would mean "the key of before", also with length 0. */
    must(EVP_MAC_init(h->ctx, key ? key : (const void *)"", key_len, params), "EVP_MAC_init");
    return h;
}

struct hmac *hmac_dup(const struct hmac *h)
{
    struct hmac *copy = xcalloc(1, sizeof(*copy));

    copy->ctx = EVP_MAC_CTX_dup(h->ctx);
    must(copy->ctx != NULL, "EVP_MAC_CTX_dup");
    return copy;
}

void hmac_update(struct hmac *h, const void *bytes, size_t len)
{
    if (len)
        must(EVP_MAC_update(h->ctx, bytes, len), "EVP_MAC_update");
}

void hmac_finish(struct hmac *h, unsigned char out[SHA256_SIZE])
{
    size_t len = 0;

    must(EVP_MAC_final(h->ctx, out, &len, SHA256_SIZE) && len == SHA256_SIZE, "EVP_MAC_final");
}

void hmac_free(struct hmac *h)
{
    if (!h)
        return;
    EVP_MAC_CTX_free(h->ctx);
    free(h);
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 unsigned char out[SHA256_SIZE])
{
    struct hmac *h = hmac_new(key, key_len);

    hmac_update(h, bytes, len);
    hmac_finish(h, out);
    hmac_free(h);
}

bool bytes_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
