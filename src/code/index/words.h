/*
 * words: from an identifier or a word of prose to the terms it is found by.
 *
 * "parseHTTPHeaders", "parse_http_headers" and "parse-http-headers" all give the terms of "parse",
 * "http", "header" and one for the whole. A term is a 32 bit number: FNV-1a of the lower-case
 * letters after a light stemming of English endings (so that "cached", "caching" and "caches"
 * meet). Two terms of one code base meet by accident once in thousands of queries, which a ranking
 * bears, and no dictionary needs to be kept. Threads: any.
 */
#ifndef VDO_CODE_INDEX_WORDS_H
#define VDO_CODE_INDEX_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORD_MAX = 64, WORD_MAX_PARTS = 12 };

struct word_parts {
    uint32_t whole; /* of all parts together; equals part[0] when there is one part only */
    uint32_t part[WORD_MAX_PARTS];
    unsigned n;    /* 0: nothing worth a term */
    bool compound; /* more than one part */
};

/* Letters, digits, "_" and every byte from 0x80 on. */
bool word_byte(unsigned char c);

/* Split one run of word bytes (and "-", "." or "$" within it). Longer than WORD_MAX: nothing. */
void word_split(const char *text, size_t len, struct word_parts *out);

/* The term of one plain word: lower case, stemmed. */
uint32_t word_term(const char *text, size_t len);
/* The term of two words written as one: "rule tester" as in "RuleTester". */
uint32_t word_join(const char *a, size_t a_len, const char *b, size_t b_len);

/* Length of the stem of a lower-case word, and in *add the letter to put behind it, or 0. */
size_t word_stem(const char *lower, size_t len, char *add);

/* Words of English, and of commits and issues, that say nothing about a place. Lower case. */
bool word_is_noise(const char *lower, size_t len);

#endif
