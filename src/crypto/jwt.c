#include "vdo/crypto/crypto.h"

#include "vdo/base/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum { MIN_RSA_BITS = 2048 }; /* RFC 7518, section 3.3 */

#define KEY_SHAPE                                                                            \
    "an RSA private key in PEM form is needed, from \"-----BEGIN RSA PRIVATE KEY-----\" or " \
    "\"-----BEGIN PRIVATE KEY-----\" to the END line, with real line breaks"

/* OpenSSL would ask on the terminal for the password of an encrypted key. */
// NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL gives the type
static int refuse_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)arg;
    return -1;
}

static EVP_PKEY *read_key(const struct secret *pem)
{
    EVP_PKEY *key = NULL;
    BIO *bio;

    if (!secret_is_set(pem) || pem->len > INT_MAX)
        return NULL;
    bio = BIO_new_mem_buf(secret_reveal(pem), (int)pem->len);
    if (bio)
        key = PEM_read_bio_PrivateKey(bio, NULL, refuse_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static int load_key(const struct secret *pem, EVP_PKEY **out, struct err *err)
{
    EVP_PKEY *key = read_key(pem);

    if (!key)
        return err_set(err, VDO_E_INVALID, "the private key cannot be read: " KEY_SHAPE);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        return err_set(err, VDO_E_INVALID, "the private key is not an RSA key: " KEY_SHAPE);
    }
    if (EVP_PKEY_get_bits(key) < MIN_RSA_BITS) {
        int bits = EVP_PKEY_get_bits(key);

        EVP_PKEY_free(key);
        return err_set(err, VDO_E_INVALID, "the RSA key has %d bits; at least %d are needed", bits,
                       MIN_RSA_BITS);
    }
    *out = key;
    return VDO_OK;
}

/* RSASSA-PKCS1-v1_5, which is what EVP does for RSA keys unless told otherwise. */
static char *sign(EVP_PKEY *key, const char *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char *signature = NULL;
    char *encoded = NULL;
    size_t len = 0;

    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, NULL, &len, bytes, strlen(text)) != 1)
        goto out;
    signature = xmalloc(len);
    if (EVP_DigestSign(ctx, signature, &len, bytes, strlen(text)) == 1)
        encoded = base64url_encode(signature, len);
out:
    free(signature);
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return encoded;
}

int jwt_sign_rs256(const struct secret *pem, const char *claims_json, struct secret *out,
                   struct err *err)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    AUTO_FREE char *head = base64url_encode(header, strlen(header));
    AUTO_FREE char *claims = base64url_encode(claims_json, strlen(claims_json));
    AUTO_FREE char *signing_input = xasprintf("%s.%s", head, claims);
    AUTO_FREE char *signature = NULL;
    AUTO_FREE char *token = NULL;
    EVP_PKEY *key = NULL;
    int rc = load_key(pem, &key, err);

    if (rc)
        return rc;
    signature = sign(key, signing_input);
    EVP_PKEY_free(key);
    if (!signature)
        return err_set(err, VDO_E_INVALID, "the private key cannot sign: " KEY_SHAPE);
    token = xasprintf("%s.%s", signing_input, signature);
    secret_set(out, token, strlen(token));
    return VDO_OK;
}
