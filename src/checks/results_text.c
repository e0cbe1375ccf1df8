/* What was read, in words, and against the exit code. */
#include "vdo/checks/results.h"

#include "vdo/json/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 3 };

static bool something_read(const json_t *read)
{
    return json_array_size(js_at(read, "formats")) > 0;
}

static void add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void add(char *buf, size_t size, const char *fmt, ...)
{
    size_t len = strlen(buf);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(buf + len, size - len, fmt, ap);
    va_end(ap);
}

/* The last part of a name tells most where there is little room. */
static const char *shown(const char *name)
{
    size_t len = strlen(name);

    if (len <= 40)
        return name;
    name += len - 40;
    while (((unsigned char)*name & 0xc0u) == 0x80)
        name++;
    return name;
}

static void add_name(char *buf, size_t size, const char *before, const char *name)
{
    const char *part = shown(name);

    add(buf, size, "%s%s%s", before, part == name ? "" : "...", part);
}

static void add_names(const json_t *read, char *buf, size_t size)
{
    const json_t *failures = js_at(read, "failures");
    size_t n = json_array_size(failures);
    long long all = (long long)n + js_int(read, "more_failures", 0);

    for (size_t i = 0; i < n && i < NAMES; i++)
        add_name(buf, size, i ? ", " : " (", js_str(json_array_get(failures, i), "name", ""));
    if (n)
        add(buf, size, all > NAMES ? ", ...)" : ")");
}

char *results_text(const json_t *read, char *buf, size_t size)
{
    long long failed = js_int(read, "failed", 0);
    long long skipped = js_int(read, "skipped", 0);
    size_t problems = json_array_size(js_at(read, "problems"));

    *buf = '\0';
    if (something_read(read)) {
        add(buf, size, "%lld passed", (long long)js_int(read, "passed", 0));
        if (skipped)
            add(buf, size, ", %lld skipped", skipped);
        if (failed)
            add(buf, size, ", %lld failed", failed);
        if (failed)
            add_names(read, buf, size);
    } else if (!problems) {
        add(buf, size, "no test results in the output");
    }
    if (problems)
        add(buf, size, "%s%zu compiler error%s", *buf ? ", " : "", problems,
            problems == 1 ? "" : "s");
    return buf;
}

bool results_agree(const json_t *read, int exit_code)
{
    long long failed = js_int(read, "failed", 0);
    long long ran = failed + js_int(read, "passed", 0) + js_int(read, "skipped", 0);

    if (exit_code == 0)
        return failed == 0;
    return failed > 0 || ran == 0 || json_array_size(js_at(read, "problems")) > 0;
}
