/* Whatever a repository has as its devcontainer.json: an image it names could not be an option. */
#include "../../src/pipeline/setup/devcontainer.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *image;

    if (!text)
        abort();
    memcpy(text, data, size);
    image = devcontainer_image(text, size);
    if (image &&
        (!isalnum((unsigned char)image[0]) || strlen(image) > 255 || strpbrk(image, " \n,")))
        abort();
    free(image);
    free(text);
    return 0;
}
