#include "orphans.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t read_of(long pid, const char *file, char *buf, size_t size)
{
    char path[64];
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, buf, size - 1);
    if (fd >= 0)
        (void)close(fd);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

/* Field 22 of /proc/PID/stat, in clock ticks since the host started; 0 when there is none. A
 * process that is only waiting to be reaped is none. */
static unsigned long long start_time(long pid)
{
    char stat[1024];
    char *at;

    (void)read_of(pid, "stat", stat, sizeof(stat));
    at = strrchr(stat, ')');
    if (!at || strncmp(at, ") Z", 3) == 0)
        return 0;
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

static unsigned long long own_namespace(void)
{
    struct stat st;

    return stat("/proc/self/ns/pid", &st) ? 0 : (unsigned long long)st.st_ino;
}

char *orphans_mark(char *buf, size_t size)
{
    (void)snprintf(buf, size, "%llu:%ld:%llu", own_namespace(), (long)getpid(),
                   start_time((long)getpid()));
    return buf;
}

/* Numbers count in our own process namespace only: others' owners we cannot see. */
static bool owner_is_dead(const char *mark)
{
    unsigned long long namespace;
    unsigned long long started;
    long pid;

    // NOLINTNEXTLINE(cert-err34-c): three numbers, checked by the count
    if (sscanf(mark, "%llu:%ld:%llu", &namespace, &pid, &started) != 3 || pid <= 0)
        return false;
    return namespace == own_namespace() && start_time(pid) != started;
}

bool orphans_is_left(const char *name)
{
    char mark[ORPHANS_MARK_SIZE];
    size_t len = strncmp(name, "vdo-", 4) == 0 ? strcspn(name + 4, "-") : 0;

    if (len == 0 || len >= sizeof(mark) || name[4 + len] != '-')
        return false;
    memcpy(mark, name + 4, len);
    mark[len] = '\0';
    for (char *c = mark; *c; c++)
        *c = *c == '.' ? ':' : *c;
    return owner_is_dead(mark);
}

/* The argument behind the name, in a command line of NUL-ended arguments; or NULL. */
static const char *find_mark(const char *cmdline, size_t len)
{
    const char *at = memmem(cmdline, len, ORPHANS_NAME, sizeof(ORPHANS_NAME));

    if (!at || (size_t)(at - cmdline) + sizeof(ORPHANS_NAME) >= len)
        return NULL;
    return at + sizeof(ORPHANS_NAME);
}

static bool is_orphan(long pid)
{
    char text[16384];
    const char *mark;
    size_t len;

    (void)read_of(pid, "comm", text, sizeof(text));
    if (strcmp(text, "bwrap\n") != 0)
        return false;
    len = read_of(pid, "cmdline", text, sizeof(text));
    mark = find_mark(text, len);
    return mark && owner_is_dead(mark);
}

int orphans_end(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int found = 0;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (proc && (entry = readdir(proc))) {
        long pid = strtol(entry->d_name, NULL, 10);

        if (pid > 1 && is_orphan(pid) && kill((pid_t)pid, SIGKILL) == 0)
            found++;
    }
    if (proc)
        (void)closedir(proc);
    return found;
}
