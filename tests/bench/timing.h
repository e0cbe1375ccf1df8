/* timing: what measurements share: a clock with fractions, and times put in order. */
#ifndef VDO_BENCH_TIMING_H
#define VDO_BENCH_TIMING_H

#include <stdlib.h>
#include <time.h>

static inline double now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

static inline int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The shortest first. */
static inline void sort_times(double *times, size_t n)
{
    qsort(times, n, sizeof(*times), compare_times);
}

#endif
