/*
 * crypto: the few primitives VDO needs, all by OpenSSL (EVP).
 *
 * Threads: any; nothing here keeps state.
 */
#ifndef VDO_CRYPTO_CRYPTO_H
#define VDO_CRYPTO_CRYPTO_H

#include "vdo/base/err.h"
#include "vdo/base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 65 };

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE]);
/* Lower-case hex and a NUL. */
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE]);
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                 unsigned char out[SHA256_SIZE]);

/* Incremental SHA-256/HMAC for bodies that arrive in chunks; free with hmac_free(). */
struct hmac;
struct hmac *hmac_new(const void *key, size_t key_len);
/* A copy in the same state: keep one that has seen only its key and start each message from a copy,
 * which is cheaper than keying again. Threads: one h may be copied by several at once. */
struct hmac *hmac_dup(const struct hmac *h);
void hmac_update(struct hmac *h, const void *bytes, size_t len);
void hmac_finish(struct hmac *h, unsigned char out[SHA256_SIZE]);
void hmac_free(struct hmac *h);

/* Constant time in the bytes; lengths are public. */
bool bytes_equal(const void *a, const void *b, size_t len);

/* Decode exactly 2*out_len lower- or upper-case hex digits; false for anything else. */
bool hex_decode(const char *hex, size_t hex_len, unsigned char *out, size_t out_len);
void hex_encode(const void *bytes, size_t len, char *out); /* 2*len + NUL */

/* RFC 4648 section 5 without padding; free with free(). */
char *base64url_encode(const void *bytes, size_t len);
/* RFC 4648 section 4 with padding; free with free(). */
char *base64_encode(const void *bytes, size_t len);

/*
 * A JWT signed with RS256 (RFC 7519, RFC 7515) as a GitHub App sends it: header
 * {"alg":"RS256","typ":"JWT"} and the claims given as compact JSON. pem is a PKCS#1 or PKCS#8 RSA
 * private key. Returns 0, out set by secret_set(); VDO_E_INVALID when the key cannot be read (err
 * says what a key looks like).
 */
int jwt_sign_rs256(const struct secret *pem, const char *claims_json, struct secret *out,
                   struct err *err);

#endif
