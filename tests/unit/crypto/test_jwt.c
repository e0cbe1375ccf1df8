#include "vdo/crypto/crypto.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* A fresh key each run: no private key lies in the repository. */
static EVP_PKEY *rsa_key;

static int make_key(void **state)
{
    (void)state;
    rsa_key = EVP_RSA_gen(2048);
    return rsa_key ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(rsa_key);
    return 0;
}

static void pem_of(EVP_PKEY *key, const char *structure, struct secret *out)
{
    OSSL_ENCODER_CTX *ctx =
        OSSL_ENCODER_CTX_new_for_pkey(key, EVP_PKEY_KEYPAIR, "PEM", structure, NULL);
    unsigned char *pem = NULL;
    size_t len = 0;

    assert_int_equal(OSSL_ENCODER_to_data(ctx, &pem, &len), 1);
    secret_set(out, pem, len);
    OPENSSL_free(pem);
    OSSL_ENCODER_CTX_free(ctx);
}

static size_t decode_base64url(const char *text, size_t len, unsigned char *out)
{
    char padded[1024];
    size_t n = len;

    assert_true(len + 4 < sizeof(padded));
    for (size_t i = 0; i < len; i++)
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    while (n % 4)
        padded[n++] = '=';
    assert_true(EVP_DecodeBlock(out, (unsigned char *)padded, (int)n) >= 0);
    return len * 3 / 4;
}

static bool verifies(EVP_PKEY *key, const char *token)
{
    const char *dot = strrchr(token, '.');
    unsigned char signature[1024];
    size_t len = decode_base64url(dot + 1, strlen(dot + 1), signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(ctx, signature, len, (const unsigned char *)token,
                               (size_t)(dot - token)) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static void jwt_sign_rs256__signs_with_either_form_of_key(void **state)
{
    static const char *const structures[] = {"type-specific", "PrivateKeyInfo"};
    static const char *const begins[] = {"-----BEGIN RSA PRIVATE KEY-----",
                                         "-----BEGIN PRIVATE KEY-----"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct secret pem = {0};
        struct secret token = {0};

        pem_of(rsa_key, structures[i], &pem);
        assert_int_equal(strncmp(secret_reveal(&pem), begins[i], strlen(begins[i])), 0);
        assert_int_equal(jwt_sign_rs256(&pem, "{\"iss\":\"4242\"}", &token, NULL), 0);
        /* {"alg":"RS256","typ":"JWT"} . {"iss":"4242"} */
        assert_int_equal(strncmp(secret_reveal(&token),
                                 "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiI0MjQyIn0.", 57),
                         0);
        assert_true(verifies(rsa_key, secret_reveal(&token)));
        secret_release(&pem);
        secret_release(&token);
    }
}

static void jwt_sign_rs256__does_not_verify_after_a_change(void **state)
{
    struct secret pem = {0};
    struct secret token = {0};
    AUTO_FREE char *changed = NULL;

    (void)state;
    pem_of(rsa_key, "PrivateKeyInfo", &pem);
    assert_int_equal(jwt_sign_rs256(&pem, "{\"iss\":\"1\"}", &token, NULL), 0);
    changed = xstrdup(secret_reveal(&token));
    changed[40] = changed[40] == 'A' ? 'B' : 'A';
    assert_false(verifies(rsa_key, changed));
    secret_release(&pem);
    secret_release(&token);
}

static void assert_refused(const char *pem_text, const char *message)
{
    struct secret pem = {0};
    struct secret token = {0};
    struct err err = {0};

    if (pem_text)
        secret_set(&pem, pem_text, strlen(pem_text));
    assert_int_equal(jwt_sign_rs256(&pem, "{}", &token, &err), VDO_E_INVALID);
    if (!strstr(err.text, message))
        fail_msg("%s", err.text);
    assert_false(secret_is_set(&token));
    secret_release(&pem);
}

static void jwt_sign_rs256__says_what_a_key_looks_like(void **state)
{
    (void)state;
    assert_refused(NULL, "BEGIN RSA PRIVATE KEY");
    assert_refused("not a key", "BEGIN RSA PRIVATE KEY");
    assert_refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                   "BEGIN PRIVATE KEY");
    assert_refused("-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY-----",
                   "real line breaks");
}

static void jwt_sign_rs256__refuses_other_and_short_keys(void **state)
{
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    EVP_PKEY *small = EVP_RSA_gen(1024);
    struct secret pem = {0};

    (void)state;
    pem_of(ec, "PrivateKeyInfo", &pem);
    assert_refused(secret_reveal(&pem), "not an RSA key");
    pem_of(small, "PrivateKeyInfo", &pem);
    assert_refused(secret_reveal(&pem), "1024 bits; at least 2048");
    secret_release(&pem);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jwt_sign_rs256__signs_with_either_form_of_key),
        cmocka_unit_test(jwt_sign_rs256__does_not_verify_after_a_change),
        cmocka_unit_test(jwt_sign_rs256__says_what_a_key_looks_like),
        cmocka_unit_test(jwt_sign_rs256__refuses_other_and_short_keys),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
