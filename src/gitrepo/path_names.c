#include "path_names.h"

#include "vdo/base/utf8.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_hfs_ignorable(uint32_t point)
{
    return (point >= 0x200c && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
           (point >= 0x206a && point <= 0x206f) || point == 0xfeff;
}

/*
 * What is left of a name once file systems have had their way: lower case, no ignorable code
 * points, nothing from a stream's colon on, no blanks or dots at the end. Long names are cut: none
 * of those compared is longer than a few bytes, and blanks and dots in between are kept.
 */
static void squeeze(const char *name, size_t len, char *out, size_t size)
{
    size_t used = 0;
    size_t at = 0;

    while (at < len && name[at] != ':') {
        uint32_t point = 0;
        size_t step = utf8_decode(name + at, len - at, &point);

        if (step == 0)
            step = 1;
        if (step > 1 && is_hfs_ignorable(point)) {
            at += step;
            continue;
        }
        for (size_t i = 0; i < step; i++) {
            bool is_tail = name[at + i] == ' ' || name[at + i] == '.';

            if (used + 1 < size)
                out[used++] = (char)tolower((unsigned char)name[at + i]);
            else if (!is_tail)
                out[size - 2] = 'x'; /* something stands behind the blanks: not a short name */
        }
        at += step;
    }
    while (used > 0 && (out[used - 1] == ' ' || out[used - 1] == '.'))
        used--;
    out[used] = '\0';
}

bool name_is_dot_git(const char *name, size_t len)
{
    char plain[16] = "";

    squeeze(name, len, plain, sizeof(plain));
    if (strcmp(plain, ".git") == 0)
        return true;
    return strncmp(plain, "git~", 4) == 0 && isdigit((unsigned char)plain[4]) && plain[5] == '\0';
}

static size_t device_length(const char *plain)
{
    static const char *const names[] = {"conin$", "conout$", "con", "prn", "aux", "nul"};
    static const char *const ports[] = {"com", "lpt"};
    static const char *const digits[] = {"1", "2", "3", "4",        "5",        "6",
                                         "7", "8", "9", "\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(plain, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        for (size_t j = 0; j < sizeof(digits) / sizeof(digits[0]); j++)
            if (strncmp(plain, ports[i], 3) == 0 &&
                strncmp(plain + 3, digits[j], strlen(digits[j])) == 0)
                return 3 + strlen(digits[j]);
    return 0;
}

bool name_is_device(const char *name, size_t len)
{
    char plain[16] = "";
    size_t device;

    squeeze(name, len, plain, sizeof(plain));
    device = device_length(plain);
    if (device == 0)
        return false;
    while (plain[device] == ' ')
        device++;
    return plain[device] == '\0' || plain[device] == '.';
}
