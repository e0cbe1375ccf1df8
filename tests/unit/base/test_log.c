#include "vdo/base/limits.h"
#include "vdo/base/log.h"
#include "vdo/base/mem.h"
#include "vdo/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What log calls write to standard error, which is put back afterwards. */
struct capture {
    int saved;
    int fd;
    char text[20000];
};

static void capture_start(struct capture *c)
{
    char path[] = "/tmp/vdo-log-XXXXXX";

    (void)fflush(stderr);
    c->saved = dup(STDERR_FILENO);
    c->fd = mkstemp(path);
    assert_true(c->fd >= 0);
    (void)unlink(path);
    assert_true(dup2(c->fd, STDERR_FILENO) >= 0);
}

static const char *capture_end(struct capture *c)
{
    ssize_t n;

    (void)dup2(c->saved, STDERR_FILENO);
    (void)close(c->saved);
    n = pread(c->fd, c->text, sizeof(c->text) - 1, 0);
    c->text[n > 0 ? n : 0] = '\0';
    (void)close(c->fd);
    return c->text;
}

/* Behind the time, which is checked for its shape. */
static const char *after_time(const char *line, const char *front)
{
    assert_memory_equal(line, front, strlen(front));
    line += strlen(front);
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[19], '.');
    assert_int_equal(line[23], 'Z');
    return line + 24;
}

static void log_event__writes_json_with_its_ids(void **state)
{
    struct log_ctx ctx = {.job = "j1", .step = "plan"};
    struct capture c;

    (void)state;
    capture_start(&c);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info(&ctx, "job.step", "state=%s \"%d\"\n\t\\", "done", 7);
    assert_string_equal(
        after_time(capture_end(&c), "{\"t\":\""),
        "\",\"level\":\"info\",\"event\":\"job.step\",\"job\":\"j1\",\"step\":\"plan\","
        "\"msg\":\"state=done \\\"7\\\"\\n\\u0009\\\\\"}\n");
}

static void log_event__writes_text_quoted_where_needed(void **state)
{
    struct log_ctx ctx = {.delivery = "a b"};
    struct capture c;

    (void)state;
    capture_start(&c);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_error(&ctx, "x", "plain");
    assert_string_equal(after_time(capture_end(&c), ""),
                        " level=error event=x delivery=\"a b\" msg=plain\n");
}

static void log_event__is_one_line_whatever_is_in_it(void **state)
{
    struct capture c;
    const char *text;

    (void)state;
    capture_start(&c);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info(NULL, "x", "a\nlevel=error event=forged\r\n\033[31m");
    text = capture_end(&c);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strchr(text, '\r'));
    assert_null(strchr(text, '\033'));
}

static void log_event__says_nothing_below_its_level(void **state)
{
    struct capture c;

    (void)state;
    capture_start(&c);
    log_setup(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    log_debug(NULL, "x", "no");
    log_info(NULL, "x", "no");
    assert_true(log_enabled(LOG_LEVEL_WARN));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_string_equal(capture_end(&c), "");
}

static void log_event__redacts(void **state)
{
    struct secret secret = {0};
    struct capture c;
    const char *text;

    (void)state;
    secret_set(&secret, "very-secret-value", 17);
    capture_start(&c);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info(NULL, "x", "got very-secret-value and ghp_0123456789abcdefghij0123");
    text = capture_end(&c);
    assert_null(strstr(text, "very-secret"));
    assert_null(strstr(text, "ghp_"));
    assert_non_null(strstr(text, "got [redacted] and [redacted]"));
    secret_release(&secret);
}

static void log_event__keeps_errno_and_survives_long_messages(void **state)
{
    AUTO_FREE char *much = xmalloc(VDO_MAX_LOG_LINE + 10);
    struct capture c;

    (void)state;
    memset(much, 'y', VDO_MAX_LOG_LINE + 9);
    much[VDO_MAX_LOG_LINE + 9] = '\0';
    capture_start(&c);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    errno = ENOSPC;
    log_info(NULL, "x", "%s", much);
    assert_int_equal(errno, ENOSPC);
    assert_non_null(strstr(capture_end(&c), "message over 8192 bytes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_event__writes_json_with_its_ids),
        cmocka_unit_test(log_event__writes_text_quoted_where_needed),
        cmocka_unit_test(log_event__is_one_line_whatever_is_in_it),
        cmocka_unit_test(log_event__says_nothing_below_its_level),
        cmocka_unit_test(log_event__redacts),
        cmocka_unit_test(log_event__keeps_errno_and_survives_long_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
