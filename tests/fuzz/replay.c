/* Runs a fuzz target over files: how the corpora are replayed without a fuzzing compiler. */
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct err err = {0};
        char *bytes = NULL;
        size_t len = 0;

        if (fs_read_file(argv[i], VDO_MAX_HTTP_BODY, &bytes, &len, &err)) {
            (void)fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes, len);
        free(bytes);
    }
    (void)printf("%d inputs\n", argc - 1);
    return argc < 2;
}
