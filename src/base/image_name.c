#include "vdo/base/image_name.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 255 };

bool image_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > LONGEST || !isalnum((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._/:@-", *c))
            return false;
    }
    return true;
}
