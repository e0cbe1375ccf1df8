#include "words.h"

static int is_separator(char c)
{
    return c == ' ' || c == '\n';
}

size_t count_words(const char *text, size_t len)
{
    size_t words = 0;
    int inside = 0;

    for (size_t i = 0; i < len; i++) {
        if (is_separator(text[i])) {
            inside = 0;
        } else if (!inside) {
            inside = 1;
            words++;
        }
    }
    return words;
}
