#include "../../../src/sandbox/dns_question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEADER        "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define HEADER_NONE   "\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"
#define HEADER_ANSWER "\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00"
#define HEADER_NOTIFY "\x12\x34\x20\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define A             "\x00\x01\x00\x01"
#define L63 \
    "\x3f"  \
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct {
    const char *says;
    const char *bytes;
    size_t len;
    const char *name; /* NULL: refused */
} cases[] = {
#define CASE(says, bytes, name)              \
    {                                        \
        says, bytes, sizeof(bytes) - 1, name \
    }
    CASE("a name of three labels", HEADER "\10packages\7example\3org\0" A, "packages.example.org"),
    CASE("a name of one label", HEADER "\4host\0" A, "host"),
    CASE("capital letters, as some resolvers mix them", HEADER "\2Ex\3oRG\0" A, "ex.org"),
    CASE("an underscore and a hyphen", HEADER "\5_http\3x-y\0" A, "_http.x-y"),
    CASE("a name cut behind its end", HEADER "\2ex\0", "ex"),
    CASE("bytes that are in no host name",
         HEADER "\x05"
                "a\n|\xff."
                "\1z\0" A,
         "a????.z"),
    CASE("a byte of zero in a label",
         HEADER "\x03"
                "a\0b"
                "\0" A,
         "a?b"),
    CASE("three labels of 63 bytes and one of 61",
         HEADER L63 L63 L63 "\x3d"
                            "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\0" A,
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg."
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg."
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg."
         "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"),
    CASE("nothing", "", NULL),
    CASE("a header only", HEADER, NULL),
    CASE("the root", HEADER "\0" A, NULL),
    CASE("no question", HEADER_NONE "\2ex\0" A, NULL),
    CASE("an answer", HEADER_ANSWER "\2ex\0" A, NULL),
    CASE("a notification", HEADER_NOTIFY "\2ex\0" A, NULL),
    CASE("a label that is cut",
         HEADER "\x05"
                "ex",
         NULL),
    CASE("a name without its end",
         HEADER "\x02"
                "ex",
         NULL),
    CASE("a pointer", HEADER "\xc0\x0c" A, NULL),
    CASE("a pointer behind a label",
         HEADER "\x02"
                "ex\xc0\x0c" A,
         NULL),
    CASE("a label of 64 bytes",
         HEADER "\x40"
                "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg\0" A,
         NULL),
    CASE("a name of 256 bytes", HEADER L63 L63 L63 L63 "\0" A, NULL),
};

static void dns_question_read__knows_names_from_what_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[HOST_NAME_SIZE] = "untouched";
        bool ok = dns_question_read((const uint8_t *)cases[i].bytes, cases[i].len, name);
        const char *expected = cases[i].name ? cases[i].name : "untouched";

        if (ok != (cases[i].name != NULL) || strcmp(name, expected) != 0)
            fail_msg("%s: %s", cases[i].says, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_question_read__knows_names_from_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
