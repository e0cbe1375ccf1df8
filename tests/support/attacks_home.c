/* Attacks on a HOME that begins with a directory of the host, in which there is a file "kept". */
#include "attacks_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What is written is seen here, and must be nowhere else: the host's side looks. */
static int write_home(void)
{
    int fd = open("/tmp/home/kept", O_RDONLY); /* before anything of it is copied */
    int writable;
    char *bytes;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) || st.st_uid != geteuid())
        return broken("cannot even see", "what HOME begins with");
    if (chdir("/tmp/home") || link("kept", "hard") || chmod("kept", 0777) ||
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4) == 0)
        return broken("cannot use", "HOME");
    writable = open("hard", O_RDWR);
    bytes = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, writable, 0);
    if (writable < 0 || bytes == MAP_FAILED)
        return broken("cannot map", "HOME");
    memcpy(bytes, "evil", 4);
    (void)msync(bytes, 4, MS_SYNC);
    (void)!truncate("kept", 1);
    (void)utimensat(AT_FDCWD, "kept", NULL, 0);
    (void)setxattr("kept", "user.evil", "x", 1, 0);
    (void)!chown("kept", 0, 0);
    (void)!link("kept", "/workspaces/kept");
    (void)mkdir("dir", 0700);
    (void)renameat2(AT_FDCWD, "dir", AT_FDCWD, "kept", RENAME_EXCHANGE);
    (void)renameat2(AT_FDCWD, "hard", AT_FDCWD, "moved", RENAME_WHITEOUT);
    (void)unlink("kept");
    (void)unlink("moved");
    (void)rmdir("dir");
    (void)rmdir("kept");
    (void)chmod(".", 0777);
    return access("kept", F_OK) == 0 ? broken("cannot remove", "what HOME begins with") : 0;
}

/* The directories that the kernel works with, and what they lie in. */
static int leave_home(void)
{
    static const char *const places[] = {"/tmp/home/../files", "/tmp/home/../work",
                                         "/tmp/home/work", "/tmp/files", "/tmp/work"};
    static const char *const tops[] = {"/mnt", "/media", "/srv", "/opt"};
    struct stat st;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (lstat(places[i], &st) == 0)
            return broken("sees", places[i]);
    }
    for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
        if (lstat(tops[i], &st) == 0)
            return broken("sees", tops[i]);
    }
    if (rename("/tmp/home", "/tmp/moved") == 0 || rmdir("/tmp/home") == 0 ||
        umount2("/tmp/home", MNT_DETACH) == 0 ||
        mount("none", "/tmp/home", NULL, MS_REMOUNT, NULL) == 0 ||
        mount("/tmp/home", "/tmp", NULL, MS_BIND, NULL) == 0 ||
        mount("overlay", "/tmp", "overlay", 0, "userxattr,lowerdir=/usr:/tmp/home") == 0)
        return broken("changed", "the mount");
    return 0;
}

/* What would hide or redirect things for the one who reads the parts. */
static int forge_marks(void)
{
    static const char *const names[] = {"user.overlay.opaque",    "user.overlay.redirect",
                                        "user.overlay.metacopy",  "user.overlay.whiteout",
                                        "trusted.overlay.opaque", "trusted.overlay.redirect",
                                        "security.capability"};
    char value[16];

    if (chdir("/tmp/home") || mkdir("dir", 0755))
        return broken("cannot use", "HOME");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)setxattr("dir", names[i], i == 1 || i == 5 ? "/etc" : "y", i == 1 ? 4 : 1, 0);
        (void)setxattr(".", names[i], "y", 1, 0);
        (void)removexattr(".", names[i]);
        if (strncmp(names[i], "trusted", 7) == 0 && getxattr("dir", names[i], value, 16) >= 0)
            return broken("set", names[i]);
    }
    if (mknod("gone", S_IFCHR | 0600, makedev(0, 0)) == 0)
        return broken("made", "a whiteout");
    return 0;
}

static int fill(int named)
{
    static char block[1 << 20];

    memset(block, 1, sizeof(block));
    for (int i = 0; i < 100; i++) {
        char name[64];
        int fd;

        (void)snprintf(name, sizeof(name), "/tmp/home/bomb%d", i);
        fd = open(name, O_WRONLY | O_CREAT, 0644);
        if (!named)
            (void)unlink(name);
        for (int k = 0; fd >= 0 && k < 10; k++)
            (void)!write(fd, block, sizeof(block));
        if (named)
            (void)close(fd);
    }
    (void)sleep(20);
    return broken("filled", "the disk through HOME");
}

static int fill_home_openly(void)
{
    return fill(1);
}

static int fill_home_unlinked(void)
{
    return fill(0);
}

const struct attack *find_home_attack(const char *name)
{
    static const struct attack list[] = {{"write_home", write_home},
                                         {"leave_home", leave_home},
                                         {"forge_marks", forge_marks},
                                         {"fill_home_openly", fill_home_openly},
                                         {"fill_home_unlinked", fill_home_unlinked}};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}
