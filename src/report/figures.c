#include "vdo/report/report.h"

#include <inttypes.h>
#include <stdio.h>

double report_usd(int64_t microusd)
{
    return (double)microusd / 1e6;
}

char *report_usd_text(int64_t microusd, char *buf, size_t size)
{
    int64_t whole = microusd / 1000000;
    int64_t part = microusd % 1000000;

    if (whole > 0 || part == 0)
        (void)snprintf(buf, size, "$%" PRId64 ".%02" PRId64, whole, part / 10000);
    else if (part < 100)
        (void)snprintf(buf, size, "under $0.0001");
    else
        (void)snprintf(buf, size, "$0.%04" PRId64, part / 100);
    return buf;
}

char *report_duration_text(int64_t ms, char *buf, size_t size)
{
    if (ms < 1000)
        (void)snprintf(buf, size, "%" PRId64 " ms", ms);
    else if (ms < 120000)
        (void)snprintf(buf, size, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms % 1000 / 100);
    else
        (void)snprintf(buf, size, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms % 60000 / 1000);
    return buf;
}
