#include "lock.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { POLL_NS = 10 * 1000 * 1000 };

/* 0 when ours, 1 when somebody else's, -1 with errno. */
static int try_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK || errno == EINTR ? 1 : -1;
}

static int wait_for_lock(int fd, const char *dir, int64_t timeout_ms, const atomic_bool *cancel,
                         struct err *err)
{
    int64_t deadline = clock_mono_ms(clock_real()) + timeout_ms;
    const struct timespec pause = {.tv_nsec = POLL_NS};
    int rc;

    while ((rc = try_lock(fd)) > 0) {
        if (cancel && atomic_load(cancel))
            return err_set(err, VDO_E_CANCELLED, "cancelled while waiting for mirror %s", dir);
        if (clock_mono_ms(clock_real()) >= deadline)
            return err_set(err, VDO_E_TEMPORARY, "mirror %s is busy", dir);
        (void)nanosleep(&pause, NULL);
    }
    return rc ? err_set(err, VDO_E_IO, "lock mirror %s: %s", dir, strerrordesc_np(errno)) : VDO_OK;
}

int lock_mirror(const char *dir, int64_t timeout_ms, const atomic_bool *cancel, int *out_fd,
                struct err *err)
{
    AUTO_FREE char *path = xasprintf("%s.lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int rc;

    if (fd < 0)
        return err_set(err, VDO_E_IO, "open %s: %s", path, strerrordesc_np(errno));
    rc = wait_for_lock(fd, dir, timeout_ms, cancel, err);
    if (rc)
        (void)close(fd);
    else
        *out_fd = fd;
    return rc;
}
