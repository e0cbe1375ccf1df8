#include "nsproc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_WITHIN_MS = 5000, MOST_SEEN_FILES = 4096 };

void nsproc_init(struct nsproc *ns, int status_fd)
{
    *ns = (struct nsproc){.status_fd = status_fd, .pidfd = -1, .root_fd = -1, .proc_fd = -1};
    (void)fcntl(status_fd, F_SETFL, O_NONBLOCK);
}

/* The number behind "name": in bwrap's status, or -1. */
static long long status_number(const struct nsproc *ns, const char *name)
{
    const char *at = strstr(ns->status, name);

    at = at ? strchr(at, ':') : NULL;
    return at ? strtoll(at + 1, NULL, 10) : -1;
}

static void read_status(struct nsproc *ns)
{
    size_t room = sizeof(ns->status) - 1 - ns->status_len;
    ssize_t n = room ? read(ns->status_fd, ns->status + ns->status_len, room) : 0;

    if (n > 0)
        ns->status_len += (size_t)n;
    ns->status[ns->status_len] = '\0';
}

/* The id may be another process' by now; the namespace tells. */
static void open_first_process(struct nsproc *ns, long long pid)
{
    char path[64];
    char link[64];
    char expected[64];
    ssize_t len;
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U);

    if (fd < 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/%lld/ns/pid", pid);
    (void)snprintf(expected, sizeof(expected), "pid:[%lld]",
                   status_number(ns, "\"pid-namespace\""));
    len = readlink(path, link, sizeof(link) - 1);
    link[len > 0 ? len : 0] = '\0';
    if (strcmp(link, expected) == 0)
        ns->pidfd = fd;
    else
        (void)close(fd);
}

/* Until bwrap has changed the root, this is the host's /proc: another instance tells them apart. */
static void open_root(struct nsproc *ns, long long pid)
{
    char path[64];
    struct stat host;
    struct stat inside;
    struct statfs fs;
    int root;
    int proc;

    (void)snprintf(path, sizeof(path), "/proc/%lld/root", pid);
    root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return;
    proc = openat(root, "proc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (proc >= 0 && fstat(proc, &inside) == 0 && fstatfs(proc, &fs) == 0 &&
        fs.f_type == 0x9fa0 /* procfs */ && stat("/proc", &host) == 0 &&
        host.st_dev != inside.st_dev) {
        ns->root_fd = root;
        ns->proc_fd = proc;
        return;
    }
    if (proc >= 0)
        (void)close(proc);
    (void)close(root);
}

void nsproc_learn(struct nsproc *ns)
{
    long long pid;

    read_status(ns);
    if (ns->proc_fd >= 0)
        return;
    pid = status_number(ns, "\"child-pid\"");
    if (pid <= 0)
        return;
    if (ns->pidfd < 0)
        open_first_process(ns, pid);
    if (ns->pidfd >= 0)
        open_root(ns, pid);
}

bool nsproc_has_exit(const struct nsproc *ns)
{
    return strstr(ns->status, "\"exit-code\"") != NULL;
}

void nsproc_end(struct nsproc *ns)
{
    struct pollfd end;
    siginfo_t ended;

    nsproc_learn(ns);
    if (ns->pidfd < 0)
        return;
    /* The first process takes the whole namespace with it, and is gone only when all others are. */
    (void)syscall(SYS_pidfd_send_signal, ns->pidfd, SIGKILL, NULL, 0U);
    end = (struct pollfd){.fd = ns->pidfd, .events = POLLIN};
    (void)poll(&end, 1, END_WITHIN_MS);
    /* It is our child when this program is the first process of a container. */
    (void)waitid(P_PIDFD, (id_t)ns->pidfd, &ended, WEXITED | WNOHANG);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void nsproc_release(struct nsproc *ns)
{
    close_fd(&ns->status_fd);
    close_fd(&ns->pidfd);
    close_fd(&ns->root_fd);
    close_fd(&ns->proc_fd);
}

static DIR *list_processes(const struct nsproc *ns)
{
    int fd = ns->proc_fd < 0 ? -1 : openat(ns->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0)
        (void)close(fd);
    return dir;
}

static const char *next_process(DIR *dir)
{
    struct dirent *entry;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this run
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            return entry->d_name;
    }
    return NULL;
}

static bool read_file_of(const struct nsproc *ns, const char *pid, const char *file, char *buf,
                         size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", pid, file);
    fd = openat(ns->proc_fd, path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, buf, size - 1);
    if (fd >= 0)
        (void)close(fd);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* "Name:   123 kB" in a text of lines: 123, or 0. */
static int64_t field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

/* Clock ticks of a process and of the children it has waited for: fields 14 to 17 of its stat,
 * counted behind the name, which may hold anything. */
static int64_t ticks(const char *stat)
{
    const char *at = strrchr(stat, ')');
    long long sum = 0;
    char *end;

    for (int field_no = 2; at && field_no < 14; field_no++)
        at = strchr(at + 1, ' ');
    for (int i = 0; at && i < 4; i++) {
        sum += strtoll(at, &end, 10);
        at = end;
    }
    return sum;
}

static int64_t tmpfs_bytes(const struct nsproc *ns, const char *path)
{
    struct statfs fs;
    int fd = openat(ns->root_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int64_t used = 0;

    if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == 0x01021994 /* tmpfs */)
        used = (int64_t)(fs.f_blocks - fs.f_bfree) * (int64_t)fs.f_bsize;
    if (fd >= 0)
        (void)close(fd);
    return used;
}

int nsproc_measure(const struct nsproc *ns, bool exact, struct nsproc_use *out)
{
    struct nsproc_use use = {0};
    DIR *dir = list_processes(ns);
    char text[4096];
    const char *pid;

    if (!dir)
        return -1;
    while ((pid = next_process(dir))) {
        if (!read_file_of(ns, pid, "status", text, sizeof(text)))
            continue;
        if (strcmp(pid, "1") != 0)
            use.tasks += field(text, "\nThreads:");
        if (!exact || !read_file_of(ns, pid, "smaps_rollup", text, sizeof(text)))
            use.bytes += (field(text, "\nRssAnon:") + field(text, "\nRssShmem:")) * 1024;
        else
            use.bytes += (field(text, "\nPss_Anon:") + field(text, "\nPss_Shmem:")) * 1024;
        if (read_file_of(ns, pid, "stat", text, sizeof(text)))
            use.cpu_ms += ticks(text);
    }
    (void)closedir(dir);
    use.cpu_ms = use.cpu_ms * 1000 / sysconf(_SC_CLK_TCK);
    use.bytes += tmpfs_bytes(ns, "tmp") + tmpfs_bytes(ns, "dev/shm") + tmpfs_bytes(ns, "dev");
    *out = use;
    return 0;
}

/* Inodes counted already; past the last slot files are counted again and again, which errs on the
 * safe side. */
struct seen {
    ino_t inodes[MOST_SEEN_FILES];
    size_t n;
};

static bool is_new(struct seen *seen, ino_t inode)
{
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->inodes[i] == inode)
            return false;
    }
    if (seen->n < MOST_SEEN_FILES)
        seen->inodes[seen->n++] = inode;
    return true;
}

dev_t nsproc_dev(const struct nsproc *ns, const char *path)
{
    struct stat st;

    if (ns->root_fd < 0 || fstatat(ns->root_fd, path + 1, &st, AT_SYMLINK_NOFOLLOW))
        return 0;
    return st.st_dev;
}

static int64_t unlinked_of(const struct nsproc *ns, const char *pid, dev_t dev, struct seen *seen)
{
    char path[64];
    struct dirent *entry;
    int64_t bytes = 0;
    DIR *dir;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/fd", pid);
    fd = openat(ns->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd < 0 ? NULL : fdopendir(fd);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this run
    while (dir && (entry = readdir(dir))) {
        struct stat st;

        if (fstatat(fd, entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0 &&
            st.st_dev == dev && is_new(seen, st.st_ino))
            bytes += (int64_t)st.st_blocks * 512;
    }
    if (dir)
        (void)closedir(dir);
    return bytes;
}

int64_t nsproc_unlinked_bytes(const struct nsproc *ns, dev_t dev)
{
    DIR *dir = list_processes(ns);
    struct seen *seen;
    int64_t bytes = 0;
    const char *pid;

    if (!dir)
        return 0;
    seen = calloc(1, sizeof(*seen));
    while (seen && (pid = next_process(dir)))
        bytes += unlinked_of(ns, pid, dev, seen);
    free(seen);
    (void)closedir(dir);
    return bytes;
}
