#include "watch.h"

#include "spec.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DISK_MS = 20,
    REST_FACTOR = 32, /* after work of n ms, rest 32 n ms */
    LONGEST_REST_MS = 3000
};

/* Below this much, the host is in danger whoever is to blame. */
static const int64_t least_free_disk = (int64_t)(512 * VDO_MIB);
static const int64_t least_free_memory = (int64_t)(128 * VDO_MIB);

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static bool over(struct watch *w, enum sandbox_end end, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool over(struct watch *w, enum sandbox_end end, const char *fmt, ...)
{
    va_list ap;

    w->end = end;
    va_start(ap, fmt);
    (void)vsnprintf(w->limit, sizeof(w->limit), fmt, ap);
    va_end(ap);
    return true;
}

static bool over_memory(struct watch *w)
{
    char size[SPEC_SIZE_TEXT];

    return over(w, SANDBOX_MEMORY, "memory: all processes together used more than %s",
                spec_size_text(w->limits.memory_bytes, size));
}

static bool over_pids(struct watch *w)
{
    return over(w, SANDBOX_PIDS, "processes: more than %" PRId64, w->limits.pids);
}

static bool over_disk(struct watch *w)
{
    char size[SPEC_SIZE_TEXT];

    return over(w, SANDBOX_DISK, "disk: the directory%s grew by more than %s",
                w->home ? " and HOME" : "", spec_size_text(w->disk_bytes, size));
}

static bool look_at_group(struct watch *w)
{
    struct cgroup_events events;

    cgroup_read_events(w->group, &events);
    if (events.out_of_memory)
        return over_memory(w);
    return events.out_of_pids && over_pids(w);
}

/* "MemAvailable" of the host in bytes, or a very large number. */
static int64_t host_memory(void)
{
    char text[512];
    FILE *file = fopen("/proc/meminfo", "re");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    const char *at;

    if (file)
        (void)fclose(file);
    text[n] = '\0';
    at = strstr(text, "MemAvailable:");
    return at ? strtoll(at + strlen("MemAvailable:"), NULL, 10) * 1024 : INT64_MAX;
}

static bool measure_use(struct watch *w)
{
    struct nsproc_use use;

    if (nsproc_measure(&w->ns, false, &use))
        return false;
    if (use.cpu_ms > w->cpu_ms)
        w->cpu_ms = use.cpu_ms;
    if (use.tasks > w->limits.pids)
        return over_pids(w);
    if (use.bytes > w->limits.memory_bytes && nsproc_measure(&w->ns, true, &use) == 0 &&
        use.bytes > w->limits.memory_bytes)
        return over_memory(w);
    return host_memory() < least_free_memory &&
           over(w, SANDBOX_MEMORY, "memory: the host has less than %" PRId64 " MiB left",
                least_free_memory / (int64_t)VDO_MIB);
}

/* How much less room there is on the file system than before; others use it too. */
static int64_t lost_room(const struct watch *w)
{
    int64_t left = fs_free_bytes(w->dir);

    return left < 0 || w->free_before < 0 ? 0 : w->free_before - left;
}

/* Is so little left on the file system that what a run took from it is more? The store and other
 * jobs need room there. */
static bool is_scarce(const struct watch *w, int64_t taken)
{
    int64_t left = fs_free_bytes(w->dir);

    return left >= 0 && left < least_free_disk && taken >= left;
}

/* Both directories together. */
static int measure(const struct watch *w, bool open_all, const struct timespec *before,
                   struct tree_size *out)
{
    struct tree_size home = {0};

    if (tree_measure(w->dir, open_all, before, out) ||
        (w->home && tree_measure(w->home, open_all, before, &home)))
        return -1;
    out->bytes += home.bytes;
    out->entries += home.entries;
    out->unreadable += home.unreadable;
    out->too_deep = out->too_deep || home.too_deep;
    return 0;
}

/* Files without a name; an overlay has a number of its own. */
static int64_t unlinked_bytes(const struct watch *w)
{
    dev_t inside = w->home ? nsproc_dev(&w->ns, SPEC_HOME) : w->dev;
    int64_t bytes = nsproc_unlinked_bytes(&w->ns, w->dev);

    if (w->home && w->home_dev != w->dev)
        bytes += nsproc_unlinked_bytes(&w->ns, w->home_dev);
    if (inside && inside != w->dev && inside != w->home_dev)
        bytes += nsproc_unlinked_bytes(&w->ns, inside);
    return bytes;
}

/* What was there when the run began, without what it has made since. */
static bool knows_before(struct watch *w)
{
    if (!w->measured)
        w->measured = measure(w, false, &w->started, &w->before) == 0;
    return w->measured;
}

static bool measure_disk(struct watch *w)
{
    struct tree_size size;
    bool fills; /* others may do it */
    bool suspicious;
    int64_t grown;

    if (!knows_before(w) || measure(w, false, NULL, &size))
        return false;
    grown = size.bytes - w->before.bytes;
    fills = lost_room(w) >= w->disk_bytes - grown;
    suspicious = grown < w->disk_bytes && (fills || is_scarce(w, lost_room(w)));
    if (suspicious && size.unreadable > 0 && measure(w, true, NULL, &size) == 0)
        grown = size.bytes - w->before.bytes;
    if (suspicious)
        grown += unlinked_bytes(w);
    w->grown = grown;
    if (grown >= w->disk_bytes)
        return over_disk(w);
    if (size.too_deep && !w->before.too_deep)
        return over(w, SANDBOX_DISK, "disk: directories nested deeper than %d", TREE_MAX_DEPTH);
    return suspicious && is_scarce(w, fills ? INT64_MAX : grown) &&
           over(w, SANDBOX_DISK, "disk: the file system has less than %" PRId64 " MiB left",
                least_free_disk / (int64_t)VDO_MIB);
}

/* When to do again what has just taken this long. */
static int64_t next_time(int64_t started, int64_t least)
{
    int64_t rest = (now_ms() - started) * REST_FACTOR;

    if (rest < least)
        rest = least;
    return now_ms() + (rest > LONGEST_REST_MS ? LONGEST_REST_MS : rest);
}

static bool can_be_listed(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

int watch_init(struct watch *watch, int status_fd)
{
    struct stat st;

    nsproc_init(&watch->ns, status_fd);
    watch->end = SANDBOX_EXITED;
    if (stat(watch->dir, &st) || !can_be_listed(watch->dir) ||
        (watch->home && !can_be_listed(watch->home)))
        return -1;
    (void)clock_gettime(CLOCK_REALTIME, &watch->started);
    watch->dev = st.st_dev;
    if (watch->home && stat(watch->home, &st) == 0)
        watch->home_dev = st.st_dev;
    watch->free_before = fs_free_bytes(watch->dir);
    watch->next_disk_ms = now_ms() + DISK_MS;
    return 0;
}

/* When its time has come, or when the file system lost so much room that it may be us. */
static bool look_at_disk(struct watch *w)
{
    int64_t now = now_ms();
    int64_t lost = lost_room(w) - w->lost;
    bool early = now >= w->early_disk_ms &&
                 (lost >= w->disk_bytes - w->grown || is_scarce(w, lost + w->grown));

    if (now < w->next_disk_ms && !early)
        return false;
    w->lost = lost_room(w);
    if (measure_disk(w))
        return true;
    w->next_disk_ms = next_time(now, DISK_MS);
    w->early_disk_ms = now_ms() + (now_ms() - now) + DISK_MS;
    return false;
}

bool watch_look(void *arg, pid_t pid)
{
    struct watch *w = arg;
    int64_t now = now_ms();

    (void)pid;
    nsproc_learn(&w->ns);
    if (w->group->level != CGROUP_NONE) {
        if (look_at_group(w))
            return false;
    } else if (now >= w->next_use_ms) {
        if (measure_use(w))
            return false;
        w->next_use_ms = next_time(now, WATCH_MS);
    }
    return !look_at_disk(w);
}

/* By what the file system says, which others use too: half of what was left counts. */
static bool may_be_over(const struct watch *w)
{
    return w->free_before < 0 || 2 * (lost_room(w) - w->lost) >= w->disk_bytes - w->grown;
}

void watch_finish(struct watch *watch)
{
    struct tree_size size;

    if (watch->end != SANDBOX_EXITED)
        return;
    if (look_at_group(watch))
        return;
    if (may_be_over(watch) && knows_before(watch) && measure(watch, false, NULL, &size) == 0 &&
        size.bytes - watch->before.bytes >= watch->disk_bytes)
        (void)over_disk(watch);
}

void watch_release(struct watch *watch)
{
    nsproc_release(&watch->ns);
}
