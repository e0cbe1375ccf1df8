#include "vdo/base/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void *read_mask(void *arg)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, arg);
    return arg;
}

static void thread_start__blocks_signals_in_the_thread_alone(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1};
    sigset_t inside;
    sigset_t outside;
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(sigemptyset(&inside), 0);
    assert_int_equal(thread_start(&thread, read_mask, &inside), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &inside);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &outside), 0);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        assert_int_equal(sigismember(&inside, signals[i]), 1);
        assert_int_equal(sigismember(&outside, signals[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_start__blocks_signals_in_the_thread_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
