/* thread: threads that take no signals. Those are for the main thread, which waits for them. */
#ifndef VDO_BASE_THREAD_H
#define VDO_BASE_THREAD_H

#include <pthread.h>

/*
 * Start a thread with all signals blocked, whatever its maker's mask.
 *
 * Returns 0, or an errno value as pthread_create(3) does; *out is then not to be joined. Threads:
 * any.
 */
int thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);

#endif
