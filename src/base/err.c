#include "vdo/base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum vdo_code code, const char *fmt, ...)
{
    va_list ap;

    if (!err || err->code != VDO_OK)
        return code;

    err->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char inner[sizeof(err->text)];
    va_list ap;
    int used;

    if (!err)
        return VDO_OK;

    (void)snprintf(inner, sizeof(inner), "%s", err->text);
    va_start(ap, fmt);
    used = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    if (used >= 0 && (size_t)used < sizeof(err->text))
        (void)snprintf(err->text + used, sizeof(err->text) - (size_t)used, ": %s", inner);
    return err->code;
}

void err_clear(struct err *err)
{
    if (!err)
        return;
    err->code = VDO_OK;
    err->text[0] = '\0';
}

const char *vdo_code_name(enum vdo_code code)
{
    switch (code) {
    case VDO_OK:
        return "ok";
    case VDO_E_INVALID:
        return "invalid";
    case VDO_E_NOT_FOUND:
        return "not_found";
    case VDO_E_TOO_LARGE:
        return "too_large";
    case VDO_E_TEMPORARY:
        return "temporary";
    case VDO_E_IO:
        return "io";
    case VDO_E_REFUSED:
        return "refused";
    case VDO_E_CONFLICT:
        return "conflict";
    case VDO_E_CANCELLED:
        return "cancelled";
    case VDO_E_LIMIT:
        return "limit";
    }
    return "unknown";
}
