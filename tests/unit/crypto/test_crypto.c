#include "vdo/crypto/crypto.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const unsigned char digest[SHA256_SIZE], const char *hex)
{
    char text[SHA256_HEX_SIZE];

    hex_encode(digest, SHA256_SIZE, text);
    assert_string_equal(text, hex);
}

static void sha256__gives_the_values_of_fips_180(void **state)
{
    char hex[SHA256_HEX_SIZE];

    (void)state;
    sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231, sections 4.2 to 4.8, without the truncated case. */
static const struct {
    int key_byte; /* repeated key_len times; -1: key is text; -2: 1, 2, 3 ... */
    const char *key;
    size_t key_len;
    int data_byte;
    const char *data;
    size_t data_len;
    const char *hmac;
} rfc4231[] = {
    {0x0b, NULL, 20, -1, "Hi There", 8,
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {-1, "Jefe", 4, -1, "what do ya want for nothing?", 28,
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {0xaa, NULL, 20, 0xdd, NULL, 50,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {-2, NULL, 25, 0xcd, NULL, 50,
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {0xaa, NULL, 131, -1, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {0xaa, NULL, 131, -1,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void fill(unsigned char *out, int byte, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = byte == -1 ? (unsigned char)text[i] :
                 byte == -2 ? (unsigned char)(i + 1) :
                              (unsigned char)byte;
}

static void hmac_sha256__gives_the_values_of_rfc_4231(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rfc4231) / sizeof(rfc4231[0]); i++) {
        unsigned char key[200];
        unsigned char data[200];
        unsigned char out[SHA256_SIZE];

        fill(key, rfc4231[i].key_byte, rfc4231[i].key, rfc4231[i].key_len);
        fill(data, rfc4231[i].data_byte, rfc4231[i].data, rfc4231[i].data_len);
        hmac_sha256(key, rfc4231[i].key_len, data, rfc4231[i].data_len, out);
        assert_digest(out, rfc4231[i].hmac);
    }
}

static const char *const webhook_secret = "It's a Secret to Everybody";
static const char *const webhook_hmac =
    "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

static void hmac_sha256__gives_the_value_of_github_s_webhook_documentation(void **state)
{
    unsigned char out[SHA256_SIZE];

    (void)state;
    hmac_sha256(webhook_secret, strlen(webhook_secret), "Hello, World!", 13, out);
    assert_digest(out, webhook_hmac);
}

static void hmac__is_the_same_in_pieces_and_from_a_copy(void **state)
{
    struct hmac *keyed = hmac_new(webhook_secret, strlen(webhook_secret));
    unsigned char out[SHA256_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct hmac *h = hmac_dup(keyed);

        hmac_update(h, "Hello", 5);
        hmac_update(h, NULL, 0);
        hmac_update(h, ", World!", 8);
        hmac_finish(h, out);
        assert_digest(out, webhook_hmac);
        hmac_free(h);
    }
    hmac_free(keyed);
    hmac_free(NULL);
}

static void hmac__takes_an_empty_key_and_an_empty_message(void **state)
{
    unsigned char out[SHA256_SIZE];

    (void)state;
    hmac_sha256(NULL, 0, NULL, 0, out);
    assert_digest(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void bytes_equal__compares_all_bytes(void **state)
{
    (void)state;
    assert_true(bytes_equal("abc", "abd", 2));
    assert_true(bytes_equal("", "", 0));
    assert_false(bytes_equal("abc", "abd", 3));
    assert_false(bytes_equal("xbc", "abc", 3));
}

static void hex_decode__takes_exactly_the_digits_asked_for(void **state)
{
    unsigned char out[2] = {7, 7};

    (void)state;
    assert_true(hex_decode("aBf0", 4, out, 2));
    assert_int_equal(out[0], 0xAB);
    assert_int_equal(out[1], 0xF0);
    assert_true(hex_decode("", 0, out, 0));
}

static void hex_decode__refuses_everything_else(void **state)
{
    static const struct {
        const char *hex;
        size_t len;
    } rows[] = {{"abf", 3},   {"abf0a", 5}, {"abf0aa", 6}, {"abg0", 4}, {" bf0", 4},
                {"ab\0f", 4}, {"", 0},      {"0xab", 4},   {"+1+2", 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char out[2] = {7, 7};

        assert_false(hex_decode(rows[i].hex, rows[i].len, out, 2));
        assert_int_equal(out[0], 7);
    }
}

static void base64__gives_the_values_of_rfc_4648(void **state)
{
    static const struct {
        const char *text;
        const char *padded;
        const char *url;
    } rows[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xFB\xFF\xBF", "+/+/", "-_-_"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *padded = base64_encode(rows[i].text, strlen(rows[i].text));
        AUTO_FREE char *url = base64url_encode(rows[i].text, strlen(rows[i].text));

        assert_string_equal(padded, rows[i].padded);
        assert_string_equal(url, rows[i].url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256__gives_the_values_of_fips_180),
        cmocka_unit_test(hmac_sha256__gives_the_values_of_rfc_4231),
        cmocka_unit_test(hmac_sha256__gives_the_value_of_github_s_webhook_documentation),
        cmocka_unit_test(hmac__is_the_same_in_pieces_and_from_a_copy),
        cmocka_unit_test(hmac__takes_an_empty_key_and_an_empty_message),
        cmocka_unit_test(bytes_equal__compares_all_bytes),
        cmocka_unit_test(hex_decode__takes_exactly_the_digits_asked_for),
        cmocka_unit_test(hex_decode__refuses_everything_else),
        cmocka_unit_test(base64__gives_the_values_of_rfc_4648),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
