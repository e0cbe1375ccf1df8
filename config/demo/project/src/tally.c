#include "words.h"

#include <stdio.h>

int main(void)
{
    static char text[1 << 20];
    size_t len = fread(text, 1, sizeof(text), stdin);

    printf("%zu\n", count_words(text, len));
    return 0;
}
