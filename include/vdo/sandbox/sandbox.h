/*
 * sandbox: runs commands of a repository, which are hostile until proven otherwise.
 *
 * The command sees /usr and its own directory, nothing else of the host: empty environment, no
 * network, no new privileges, private process, user and IPC namespaces, size-limited /tmp, a system
 * call filter, limits on processes, memory, CPU, file size, the growth of its directory, and wall
 * time, after which everything it started is gone. A `.git` in its directory is hidden. Where the
 * host cannot do that, nothing is run (VDO_E_REFUSED) and the reason is said: there is no fallback
 * to running without isolation. Source of the rules: bubblewrap(1), and the attack list in
 * docs/security.md. Threads: any, after sandbox_probe().
 */
#ifndef VDO_SANDBOX_SANDBOX_H
#define VDO_SANDBOX_SANDBOX_H

#include "vdo/base/err.h"
#include "vdo/base/proc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct sandbox; /* what this host can do, found once */

/* For the driver "container"; the texts are borrowed until sandbox_free(). */
struct sandbox_container {
    const char *engine; /* auto podman docker, or an absolute path; NULL: auto */
    const char *image;  /* NULL or "": each run names its own */
};

/*
 * Find out what holds here. driver: "auto" (bubblewrap), "bubblewrap", "container", "none".
 * container may be NULL otherwise. Never fails for want of isolation: ask sandbox_available().
 * Takes about 50 ms; with containers up to a minute.
 */
int sandbox_probe(const char *driver, const struct sandbox_container *container,
                  struct sandbox **out, struct err *err);
void sandbox_free(struct sandbox *sandbox);
bool sandbox_available(const struct sandbox *sandbox);
/* One line for people: "bubblewrap 0.8.0, cgroup v1, seccomp" or why there is none and what to do
 * about it. Borrowed. */
const char *sandbox_describe(const struct sandbox *sandbox);
/* The same as JSON for doctor and /readyz:
 * {"driver","available","why","version","cgroup":"v2|v1|none","seccomp","limits":
 * "enforced|measured","user","attempts_seen","user_namespaces","landlock_abi",
 * "id_mapped_mounts","kept_homes","engines":[name]}.
 * New reference. */
json_t *sandbox_report(const struct sandbox *sandbox);
/* What of this host the sandbox builds on, one entry each, with the remedy where it is missing:
 * [{"fact","status":"ok|note|fail","text"}]; "fail" is what the driver cannot do without. New
 * reference. */
json_t *sandbox_facts(const struct sandbox *sandbox);

/*
 * Find out whether HOME may begin with something (home_below), by doing it in a folder made in dir,
 * which exists. Takes about 30 ms; once, before the sandbox is shared between threads.
 */
bool sandbox_try_homes(struct sandbox *sandbox, const char *dir);
/* The same in a thread of its own, for which everything waits that wants to know: the functions
 * below, sandbox_report(), sandbox_facts() and sandbox_free(). */
void sandbox_try_homes_beside(struct sandbox *sandbox, const char *dir);
/* What sandbox_try_homes() found, and why not, with the remedy; "" when it can be had. Borrowed. */
bool sandbox_has_homes(const struct sandbox *sandbox);
const char *sandbox_homes_why(const struct sandbox *sandbox);

/* A directory of the host that the command may read at a place of its own. Everybody must be able
 * to read what is in it. */
struct sandbox_mount {
    const char *from; /* absolute */
    const char *to;   /* relative to the work directory; made when missing; no link may be in the
                         way */
};

enum { SANDBOX_MAX_MOUNTS = 32 };

struct sandbox_spec {
    const char *dir; /* absolute; mounted read-write, and the working directory */
    /* Where it is inside: absolute, no part of the system; NULL: at the same place. With a constant
     * place nothing inside knows where dir is, and what names the place is true in another dir. */
    const char *at;
    /*
     * NULL: HOME is empty, in memory, and ends with the command. Else an absolute path that is not
     * below dir: what the command leaves in HOME is in home/files afterwards, for the next command
     * that is given the same. It is made when missing. It is on disk, and its growth counts with
     * that of dir.
     */
    const char *home;
    /*
     * NULL, or a directory with which HOME begins: its files are seen in HOME, are the command's,
     * and may be changed and removed, but never are: what the command does to them is kept in
     * home/files, in the way of overlayfs, which is used for it. Everybody must be able to read it.
     * Only where sandbox_try_homes() said so; and always the same for one home.
     */
    const char *home_below;
    const char *const *argv; /* NULL-ended; for a shell line: {"/bin/sh", "-c", line, NULL} */
    const char *const *env;  /* "NAME=value" added to PATH, HOME, LANG, TERM; NULL-ended or NULL */
    bool network;            /* true: the host's network */
    /* Without `network`: NULL for none, or the hosts that may be reached through a proxy, as
     * host_rule.h has them; NULL-ended. Programs find it in the usual variables (HTTPS_PROXY). */
    const char *const *allow_hosts;
    const struct sandbox_mount *mounts; /* read-only; at most SANDBOX_MAX_MOUNTS */
    size_t n_mounts;
    const char *image; /* driver "container": instead of the configured one; NULL: that */
    int64_t timeout_ms;
    int64_t memory_bytes; /* all processes together, tmpfs included; 0: 2 GiB */
    int64_t disk_bytes;   /* how much dir, and home with it, may grow; 0: 2 GiB */
    int64_t pids;         /* 0: 256 */
    int64_t cpus;         /* 0: no limit; enforced where cgroups allow */
    const atomic_bool *cancel;
    proc_output_fn on_output; /* NULL, or called as output comes, in the caller's thread */
    void *on_output_arg;
};

enum sandbox_end {
    SANDBOX_EXITED,
    SANDBOX_TIMEOUT,
    SANDBOX_MEMORY,
    SANDBOX_DISK,
    SANDBOX_CANCELLED,
    SANDBOX_PIDS
};

struct sandbox_result {
    enum sandbox_end end;
    int exit_code; /* 0 .. 255, 128 + signal; 127 when there is no such command; 137 past a limit */
    int64_t wall_ms;
    int64_t cpu_ms;
    char *output;   /* standard output and error together, head and tail, valid UTF-8; owned */
    char limit[96]; /* which limit ended it, for people: "memory: all ..."; "" otherwise */
    /* What it tried to reach, [{"host","port","allowed","why","count"}], at most 101 entries, host
     * "" where it could not be read, port 0 for a name that was looked up; owned. NULL where nobody
     * sees that: with the host's network, in a container, and without allow_hosts on a host where
     * sandbox_facts() says that attempts cannot be seen. */
    json_t *network;
};

/*
 * Run one command. 0 when it ran, however it ended; VDO_E_REFUSED without isolation; VDO_E_INVALID;
 * VDO_E_IO. Release the result after 0.
 */
int sandbox_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
                struct sandbox_result *result, struct err *err);
void sandbox_result_release(struct sandbox_result *result);

/*
 * Read a file that a run has left below dir: a regular file of at most max bytes, reached without
 * any symbolic link, and not outside of dir, whatever the run has planted (openat2(2)).
 *
 * path       relative to dir
 * out_bytes  set on success; a NUL stands behind the last byte; free with free()
 * Returns 0; VDO_E_NOT_FOUND; VDO_E_TOO_LARGE; VDO_E_REFUSED when a link is in the way, or it is
 * not a regular file; VDO_E_IO. Not for use while a run in dir is going on.
 */
int sandbox_read_file(const char *dir, const char *path, size_t max, char **out_bytes,
                      size_t *out_len, struct err *err);

#endif
