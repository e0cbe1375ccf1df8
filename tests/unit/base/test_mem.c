#include "vdo/base/mem.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void xmemdup0__copies_any_bytes_and_adds_a_nul(void **state)
{
    AUTO_FREE char *some = xmemdup0("a\0b", 3);
    AUTO_FREE char *none = xmemdup0(NULL, 0);

    (void)state;
    assert_memory_equal(some, "a\0b", 4);
    assert_string_equal(none, "");
}

static void xstrndup__stops_at_the_end_of_the_text(void **state)
{
    AUTO_FREE char *cut = xstrndup("abcdef", 3);
    AUTO_FREE char *whole = xstrndup("ab", 100);

    (void)state;
    assert_string_equal(cut, "abc");
    assert_string_equal(whole, "ab");
}

static void xstrdup_or_null__passes_null_through(void **state)
{
    AUTO_FREE char *text = xstrdup_or_null("x");

    (void)state;
    assert_null(xstrdup_or_null(NULL));
    assert_string_equal(text, "x");
}

static void xasprintf__formats(void **state)
{
    AUTO_FREE char *text = xasprintf("%s/%d", "a", 7);

    (void)state;
    assert_string_equal(text, "a/7");
}

static void allocations_of_nothing__are_not_null(void **state)
{
    AUTO_FREE char *a = xmalloc(0);
    AUTO_FREE char *b = xcalloc(0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    a = xrealloc(a, 0);
    assert_non_null(a);
}

static void xcalloc__is_zeroed(void **state)
{
    AUTO_FREE unsigned char *bytes = xcalloc(100, 10);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bytes[i], 0);
}

static int signal_of_child(void (*act)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        (void)freopen("/dev/null", "w", stderr);
        (void)signal(SIGABRT, SIG_DFL);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void overflow_array(void)
{
    volatile size_t many = SIZE_MAX / 4;

    free(xreallocarray(NULL, many, 8));
}

static void xreallocarray__aborts_instead_of_overflowing(void **state)
{
    (void)state;
    assert_int_equal(signal_of_child(overflow_array), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xmemdup0__copies_any_bytes_and_adds_a_nul),
        cmocka_unit_test(xstrndup__stops_at_the_end_of_the_text),
        cmocka_unit_test(xstrdup_or_null__passes_null_through),
        cmocka_unit_test(xasprintf__formats),
        cmocka_unit_test(allocations_of_nothing__are_not_null),
        cmocka_unit_test(xcalloc__is_zeroed),
        cmocka_unit_test(xreallocarray__aborts_instead_of_overflowing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
