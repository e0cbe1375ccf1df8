#include "vdo/base/utf8.h"

#include <assert.h>

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0U) == 0x80U;
}

size_t utf8_decode(const char *bytes, size_t len, uint32_t *out)
{
    const unsigned char *b = (const unsigned char *)bytes;
    uint32_t point;
    uint32_t least;
    size_t size;

    if (b[0] < 0x80) {
        *out = b[0];
        return 1;
    }
    if (b[0] < 0xC2 || b[0] > 0xF4)
        return 0;
    size = b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : 4;
    if (size > len)
        return 0;
    point = b[0] & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(b[i]))
            return 0;
        point = point << 6 | (b[i] & 0x3FU);
    }
    least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    *out = point;
    return size;
}

int utf8_add(struct strbuf *sb, uint32_t code_point)
{
    char b[4];
    size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

    assert(code_point <= 0x10FFFF);
    for (size_t i = size; i-- > 1; code_point >>= 6)
        b[i] = (char)(0x80U | (code_point & 0x3FU));
    b[0] = (char)(lead[size] | code_point);
    return strbuf_add(sb, b, size);
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    uint32_t point;
    size_t size;

    for (size_t i = 0; i < len; i += size) {
        size = utf8_decode(bytes + i, len - i, &point);
        if (size == 0)
            return false;
    }
    return true;
}

bool utf8_is_invisible(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x00, 0x08},     {0x0B, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},
        {0x34F, 0x34F},   {0x61C, 0x61C},     {0x115F, 0x1160},   {0x17B4, 0x17B5},
        {0x180B, 0x180F}, {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    }
    return false;
}
