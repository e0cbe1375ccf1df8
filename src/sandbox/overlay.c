#include "overlay.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAP_WORDS = 2, CAP_WORD_BITS = 32 };

static int mount_it(const char *place, const char *options)
{
    return mount("overlay", place, "overlay", MS_NOSUID | MS_NODEV, options);
}

/*
 * The kernel does the work on the directories with the rights of the one who has mounted: as few as
 * it takes. To mount, and to go into the directory of mode 0 that it keeps its half-made files in.
 */
static int mount_as_them(const char *place, const char *options)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct before[CAP_WORDS];
    struct __user_cap_data_struct few[CAP_WORDS];
    int error;
    int rc;

    if (syscall(SYS_capget, &head, before))
        return -1;
    for (size_t i = 0; i < CAP_WORDS; i++) {
        few[i] = before[i];
        few[i].effective = 0;
    }
    few[CAP_SYS_ADMIN / CAP_WORD_BITS].effective |= CAP_TO_MASK(CAP_SYS_ADMIN);
    few[CAP_DAC_OVERRIDE / CAP_WORD_BITS].effective |= CAP_TO_MASK(CAP_DAC_OVERRIDE);
    if (syscall(SYS_capset, &head, few))
        return -1;
    rc = mount_it(place, options);
    error = errno;
    if (syscall(SYS_capset, &head, before))
        return -1;
    errno = error;
    return rc;
}

int overlay_mount(const char *place, const char *options, uid_t uid, gid_t gid)
{
    int error;
    int rc;

    if (!uid)
        return mount_it(place, options);
    (void)setfsgid(gid);
    (void)setfsuid(uid);
    rc = mount_as_them(place, options);
    error = errno;
    (void)setfsuid(geteuid());
    (void)setfsgid(getegid());
    errno = error;
    return rc;
}
