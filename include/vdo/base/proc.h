/*
 * proc: child processes, each with a deadline after which its whole process group is killed.
 *
 * All children are started by one long-lived supervisor thread, because PR_SET_PDEATHSIG follows
 * the thread that forked: a child of a worker thread would die with it. The caller's own thread
 * then moves the bytes and waits. Children start with an empty signal mask, in a process group of
 * their own, with no descriptors but 0, 1, 2 and the ones passed, and with exactly the environment
 * given. Not for: running untrusted code; that is sandbox/, which builds its command line and calls
 * here. Threads: proc_start_supervisor() once, before other threads; the rest from any.
 */
#ifndef VDO_BASE_PROC_H
#define VDO_BASE_PROC_H

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Start the thread that forks. Calling it again does nothing. */
int proc_start_supervisor(struct err *err);
/* Stop it; children still running are not touched (PDEATHSIG ends those that asked for it). */
void proc_stop_supervisor(void);

struct proc_rlimit {
    int resource; /* RLIMIT_... */
    uint64_t value;
};

typedef void (*proc_output_fn)(void *arg, int stream, const char *bytes, size_t len);
typedef bool (*proc_watch_fn)(void *arg, pid_t pid);
/* Runs in the forked child, before it changes its user: only async-signal-safe calls. 0, or -1 with
 * errno set, and the program is not started. */
typedef int (*proc_prepare_fn)(void *arg);

struct proc_spec {
    const char *const
        *argv; /* argv[0] is an absolute path, or searched in /usr/bin:/bin; NULL-ended */
    const char *const *envp; /* NULL-ended; NULL means an empty environment */
    const char *cwd;         /* NULL: the caller's */
    const void *in;          /* bytes for standard input; NULL: /dev/null */
    size_t in_len;
    const int *pass_fds; /* descriptors to keep at the same numbers; all others are closed */
    size_t n_pass_fds;
    const struct proc_rlimit *rlimits;
    size_t n_rlimits;
    uid_t run_uid; /* 0: stay; otherwise setgid, setgroups and setuid before exec */
    gid_t run_gid;
    int cgroup_dir; /* 0, or an open directory of control groups version 2: the child is started in
                       it, which spares the milliseconds that moving a process takes (clone(2),
                       CLONE_INTO_CGROUP, kernel 5.7) */
    const int *cgroup_fds; /* open files of control groups ("tasks" or "cgroup.procs"): else the
                              child writes "0" to each before exec */
    size_t n_cgroup_fds;
    proc_prepare_fn prepare; /* NULL, or the last thing before the change of user and exec */
    void *prepare_arg;
    int64_t timeout_ms;        /* > 0 */
    const atomic_bool *cancel; /* when it turns true the group is killed; NULL: never */
    size_t head_max;           /* bytes of each output stream kept from its start ... */
    size_t tail_max;           /* ... and from its end; what lies between is counted */
    bool merge_output;         /* standard error goes into standard output */
    proc_output_fn
        on_output; /* NULL or called as bytes come, in the caller's thread; 1 out, 2 err */
    void *on_output_arg;
    proc_watch_fn watch; /* NULL, or called every watch_ms; false kills the group */
    void *watch_arg;
    int64_t watch_ms;
};

/* What was kept of one stream. head holds everything when `dropped` is 0 and tail is empty. */
struct proc_stream {
    char *head; /* owned, NUL-terminated, never NULL after proc_run() */
    size_t head_len;
    char *tail;
    size_t tail_len;
    uint64_t dropped; /* bytes between head and tail that were not kept */
};

struct proc_result {
    int exit_code; /* 0 .. 255, or 128 + signal as a shell says it */
    int signal;    /* 0, or what killed it */
    bool timed_out;
    bool cancelled;
    bool watch_killed;
    int64_t wall_ms;
    int64_t cpu_ms; /* user and system time of the child and those it waited for */
    int64_t max_rss_kb;
    struct proc_stream out;
    struct proc_stream err;
};

/*
 * Run one command to its end.
 *
 * Returns 0 when it was started, however it ended (look at result); VDO_E_NOT_FOUND when argv[0]
 * does not exist; VDO_E_INVALID when it could not be started as asked; VDO_E_IO. After 0 release
 * the result with proc_result_release().
 */
int proc_run(const struct proc_spec *spec, struct proc_result *result, struct err *err);
void proc_result_release(struct proc_result *result);

/* Head, "... N bytes left out ...", tail: one NUL-terminated text; free with free(). */
char *proc_stream_text(const struct proc_stream *stream);

/* A child that one talks to (ctags in interactive mode). Only argv, envp, cwd, pass_fds and rlimits
 * of spec count. */
struct proc_child {
    pid_t pid;
    int in_fd;  /* write here */
    int out_fd; /* read here; standard error goes to /dev/null */
};
int proc_spawn(const struct proc_spec *spec, struct proc_child *child, struct err *err);
/* Close the pipes, kill the group, wait. A zeroed struct is fine. */
void proc_child_end(struct proc_child *child);

/* Absolute path of this program, for starting itself: $VDO_EXE when set (tests), else
 * /proc/self/exe. Static after the first call. */
const char *proc_self_exe(void);

#endif
