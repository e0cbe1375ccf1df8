#include "lock.h"
#include "object_share.h"
#include "remote_fetch.h"
#include "transfer.h"

#include "vdo/base/clock.h"

#include <unistd.h>

static int fetch_local(struct mirror *mirror, const struct git_remote_spec *remote, struct err *err)
{
    struct link link = {.url = remote->url,
                        .is_local = true,
                        .deadline_ms = clock_mono_ms(clock_real()) + remote->timeout_ms,
                        .cancel = remote->cancel};
    int rc = object_share(mirror, remote->url, err);

    return rc ? rc : remote_fetch(&link, mirror->repo, err);
}

int mirror_fetch(struct mirror *mirror, const struct git_remote_spec *remote, struct err *err)
{
    bool is_local = false;
    int lock_fd = -1;
    int rc = remote_url_check(remote->url, &is_local, err);

    if (!rc)
        rc = lock_mirror(mirror->dir, remote->timeout_ms, remote->cancel, &lock_fd, err);
    if (rc)
        return rc;
    if (is_local)
        rc = fetch_local(mirror, remote, err);
    else
        rc = transfer_run(mirror, remote, "fetch", NULL, lock_fd, NULL, NULL, err);
    (void)close(lock_fd);
    if (rc)
        return rc;
    (void)git_odb_refresh(mirror->odb);
    mirror_reload(mirror);
    return VDO_OK;
}
