#include "cgroup.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MOST_TEXT = 1 << 20 };

#define LEAF "vdo-main"

static const char *const kind_names[CGROUP_KINDS] = {"memory", "pids", "cpu", "cpuacct"};

static char *read_all(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = xmalloc(MOST_TEXT);
    size_t len = 0;
    ssize_t n;

    while (fd >= 0 && len < MOST_TEXT - 1 && (n = read(fd, text + len, MOST_TEXT - 1 - len)) > 0)
        len += (size_t)n;
    if (fd >= 0)
        (void)close(fd);
    text[len] = '\0';
    return text;
}

/* Is name one of the words of a comma-separated list? */
static bool in_list(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = list; (at = strstr(at, name)); at += len) {
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

/* One line of mountinfo, cut into what matters; see proc_pid_mountinfo(5). */
struct mount_line {
    char *root;
    char *point;
    char *type;
    char *options;
};

static bool cut_mount_line(char *line, struct mount_line *out)
{
    char *fields[6];
    char *save = NULL;
    char *dash = strstr(line, " - ");

    if (!dash)
        return false;
    *dash = '\0';
    for (int i = 0; i < 6; i++) {
        fields[i] = strtok_r(i ? NULL : line, " ", &save);
        if (!fields[i])
            return false;
    }
    out->root = fields[3];
    out->point = fields[4];
    out->type = strtok_r(dash + 3, " ", &save);
    if (!out->type || !strtok_r(NULL, " ", &save))
        return false;
    out->options = strtok_r(NULL, " ", &save);
    return out->options != NULL;
}

/* Our path in the hierarchy with this controller ("" is version 2), or NULL. */
static char *own_path(const char *self, const char *controller)
{
    AUTO_FREE char *copy = xstrdup(self);
    char *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *list = strchr(line, ':');
        char *path = list ? strchr(list + 1, ':') : NULL;

        if (!path)
            continue;
        *path++ = '\0';
        list++;
        if (*controller ? in_list(list, controller) : *list == '\0')
            return xstrdup(path);
    }
    return NULL;
}

/* The directory of our group below this mount, or NULL when the mount does not show it. */
static char *group_dir(const struct mount_line *m, const char *path)
{
    size_t len = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);

    if (strncmp(path, m->root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    path += len;
    return strcmp(path, "/") == 0 ? xstrdup(m->point) : xasprintf("%s%s", m->point, path);
}

static void place(char **slot, const struct mount_line *m, const char *self, const char *controller)
{
    AUTO_FREE char *path = own_path(self, controller);

    if (path && !*slot)
        *slot = group_dir(m, path);
}

void cgroup_locate(const char *mountinfo, const char *self, struct cgroup_host *v1,
                   struct cgroup_host *v2)
{
    AUTO_FREE char *copy = xstrdup(mountinfo);
    char *save = NULL;

    *v1 = (struct cgroup_host){.level = CGROUP_V1};
    *v2 = (struct cgroup_host){.level = CGROUP_V2};
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct mount_line m;

        if (!cut_mount_line(line, &m))
            continue;
        if (strcmp(m.type, "cgroup2") == 0)
            place(&v2->dir[CGROUP_MEMORY], &m, self, "");
        for (int k = 0; k < CGROUP_KINDS && strcmp(m.type, "cgroup") == 0; k++) {
            if (in_list(m.options, kind_names[k]))
                place(&v1->dir[k], &m, self, kind_names[k]);
        }
    }
}

void cgroup_host_release(struct cgroup_host *host)
{
    for (int k = 0; k < CGROUP_KINDS; k++)
        free(host->dir[k]);
    memset(host, 0, sizeof(*host));
}

const char *cgroup_level_name(enum cgroup_level level)
{
    static const char *const names[] = {"none", "v1", "v2"};

    return names[level];
}

/* Groups of VDO processes that are gone. */
static void sweep(const char *parent)
{
    DIR *dir = opendir(parent);
    struct dirent *entry;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (dir && (entry = readdir(dir))) {
        char *end;
        long pid;

        if (strncmp(entry->d_name, "vdo-", 4) != 0)
            continue;
        pid = strtol(entry->d_name + 4, &end, 10);
        if (*end == '-' && pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH)
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
    }
    if (dir)
        (void)closedir(dir);
}

/* Do limits really take? Made, limited and removed once. */
static bool works(const struct cgroup_host *host)
{
    const struct cgroup_limits limits = {.memory_bytes = 64 << 20, .pids = 8, .cpus = 1};
    struct cgroup group;

    if (cgroup_create(host, &limits, &group, NULL))
        return false;
    cgroup_remove(&group);
    return true;
}

static bool file_has_word(const char *dir, const char *name, const char *word)
{
    AUTO_FREE char *path = fs_join(dir, name);
    AUTO_FREE char *text = read_all(path);
    char *save = NULL;

    for (char *at = strtok_r(text, " \n", &save); at; at = strtok_r(NULL, " \n", &save)) {
        if (strcmp(at, word) == 0)
            return true;
    }
    return false;
}

/* May we rearrange our own group? Yes when it was given to us, or nobody else is in it. */
static bool is_ours(const char *dir)
{
    AUTO_FREE char *path = fs_join(dir, "cgroup.procs");
    AUTO_FREE char *procs = read_all(path);
    char flag[8];
    char *at = procs;

    if (getxattr(dir, "user.delegate", flag, sizeof(flag)) > 0 ||
        getxattr(dir, "trusted.delegate", flag, sizeof(flag)) > 0)
        return true;
    for (long pid; (pid = strtol(at, &at, 10)) > 0;) {
        if (pid != (long)getpid())
            return false;
    }
    return true;
}

/* A process that arranged its group before us lives one level down. */
static void step_out_of_leaf(char *dir)
{
    size_t len = dir ? strlen(dir) : 0;

    if (len > sizeof(LEAF) && strcmp(dir + len - strlen("/" LEAF), "/" LEAF) == 0)
        dir[len - strlen("/" LEAF)] = '\0';
}

/* Version 2 lets a group either hold processes or give controllers to groups below it: move
 * everybody one level down first. */
static bool prepare_v2(const char *dir)
{
    AUTO_FREE char *leaf = fs_join(dir, LEAF);
    AUTO_FREE char *leaf_procs = fs_join(leaf, "cgroup.procs");
    AUTO_FREE char *procs_path = fs_join(dir, "cgroup.procs");
    AUTO_FREE char *control = fs_join(dir, "cgroup.subtree_control");
    AUTO_FREE char *procs = NULL;
    char *at;
    int fd;
    bool ok;

    if (!file_has_word(dir, "cgroup.controllers", "memory") ||
        !file_has_word(dir, "cgroup.controllers", "pids"))
        return false;
    if (file_has_word(dir, "cgroup.subtree_control", "memory") &&
        file_has_word(dir, "cgroup.subtree_control", "pids"))
        return true;
    if (!is_ours(dir) || fs_make_dirs(leaf, 0755, NULL))
        return false;
    procs = read_all(procs_path);
    at = procs;
    fd = open(leaf_procs, O_WRONLY | O_CLOEXEC);
    for (long pid; fd >= 0 && (pid = strtol(at, &at, 10)) > 0;)
        (void)dprintf(fd, "%ld", pid);
    if (fd >= 0)
        (void)close(fd);
    fd = open(control, O_WRONLY | O_CLOEXEC);
    ok = fd >= 0 && dprintf(fd, "+memory +pids") > 0;
    if (ok && file_has_word(dir, "cgroup.controllers", "cpu"))
        (void)dprintf(fd, "+cpu");
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

void cgroup_host_find(struct cgroup_host *host)
{
    AUTO_FREE char *mountinfo = read_all("/proc/self/mountinfo");
    AUTO_FREE char *self = read_all("/proc/self/cgroup");
    struct cgroup_host v1;
    struct cgroup_host v2;

    cgroup_locate(mountinfo, self, &v1, &v2);
    step_out_of_leaf(v2.dir[CGROUP_MEMORY]);
    if (v2.dir[CGROUP_MEMORY] && prepare_v2(v2.dir[CGROUP_MEMORY]) && works(&v2)) {
        cgroup_host_release(&v1);
        *host = v2;
    } else if (v1.dir[CGROUP_MEMORY] && v1.dir[CGROUP_PIDS] && works(&v1)) {
        cgroup_host_release(&v2);
        *host = v1;
    } else {
        cgroup_host_release(&v1);
        cgroup_host_release(&v2);
    }
    for (int k = 0; k < CGROUP_KINDS; k++) {
        if (host->dir[k])
            sweep(host->dir[k]);
    }
}
