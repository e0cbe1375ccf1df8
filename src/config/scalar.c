#include "scalar.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t skip_digits(const char *text)
{
    size_t n = 0;

    while (isdigit((unsigned char)text[n]))
        n++;
    return n;
}

static bool is_integer(const char *text)
{
    size_t digits;

    text += *text == '-' || *text == '+';
    digits = skip_digits(text);
    return digits > 0 && text[digits] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(const char *text)
{
    size_t whole;
    size_t part = 0;

    text += *text == '-' || *text == '+';
    whole = skip_digits(text);
    text += whole;
    if (*text == '.') {
        part = skip_digits(++text);
        text += part;
    }
    if (whole + part == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '-' || *text == '+';
        if (skip_digits(text) == 0)
            return false;
        text += skip_digits(text);
    }
    return *text == '\0';
}

/* A number that its type cannot hold stays a text: nothing is rounded in silence. */
static json_t *number_to_json(const char *text)
{
    errno = 0;
    if (is_integer(text)) {
        long long integer = strtoll(text, NULL, 10);

        return errno ? json_string(text) : json_integer(integer);
    }
    double real = strtod(text, NULL);
    return isfinite(real) ? json_real(real) : json_string(text);
}

json_t *scalar_to_json(const char *text)
{
    if (*text == '\0' || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
        return json_null();
    if (strcmp(text, "true") == 0)
        return json_true();
    if (strcmp(text, "false") == 0)
        return json_false();
    return is_decimal(text) ? number_to_json(text) : json_string(text);
}

void scalar_make_printable(char *text)
{
    for (; *text; text++) {
        if (iscntrl((unsigned char)*text))
            *text = '?';
    }
}
