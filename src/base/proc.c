#include "vdo/base/proc.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/sched.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 50, AFTER_EXIT_MS = 200 };

/* One order to the supervisor: fork this. Lives on the caller's stack until `done`. */
struct order {
    const struct proc_spec *spec;
    const char *path; /* resolved argv[0] */
    bool in_cgroup;   /* it starts in its control group */
    int in_fd;
    int out_fd;
    int err_fd;
    pid_t pid; /* answer; -1 on failure */
    int error; /* errno of what failed in the supervisor or the child */
    const char *failed;
    bool done;
    struct order *next;
};

static struct {
    pthread_mutex_t lock; /* guards head, running, stop and every order's answer */
    pthread_cond_t wake;  /* an order came */
    pthread_cond_t done;  /* an order was carried out */
    pthread_t thread;
    struct order *head;
    bool running;
    bool stop;
} supervisor = {.lock = PTHREAD_MUTEX_INITIALIZER,
                .wake = PTHREAD_COND_INITIALIZER,
                .done = PTHREAD_COND_INITIALIZER};

/* What the child writes to its status pipe when it cannot become the program. */
struct child_failure {
    int error;
    int at; /* index into failure_names */
};

enum { AT_LIMIT, AT_GROUP, AT_USER, AT_CWD, AT_STDIO, AT_CGROUP, AT_PREPARE, AT_EXEC };

static const char *const failure_names[] = {"set a resource limit",
                                            "set its group",
                                            "set its user",
                                            "enter its directory",
                                            "connect its standard streams",
                                            "enter its control group",
                                            "prepare its surroundings",
                                            "execute"};

static void child_fail(int status_fd, int at) __attribute__((noreturn));

static void child_fail(int status_fd, int at)
{
    struct child_failure failure = {.error = errno, .at = at};

    (void)!write(status_fd, &failure, sizeof(failure));
    _exit(127);
}

/* Keep only 0..2, the passed ones and the status pipe; the rest is closed at exec. */
static void mark_descriptors(const struct proc_spec *spec)
{
    (void)syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    for (size_t i = 0; i < spec->n_pass_fds; i++)
        (void)fcntl(spec->pass_fds[i], F_SETFD, 0);
}

/* Runs in the forked child: only async-signal-safe calls from here on. */
static void become_program(const struct order *order, int status_fd) __attribute__((noreturn));

static void become_program(const struct order *order, int status_fd)
{
    static char *const empty_env[] = {NULL};
    const struct proc_spec *spec = order->spec;
    sigset_t none;

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < spec->n_cgroup_fds && !order->in_cgroup; i++) {
        if (write(spec->cgroup_fds[i], "0", 1) != 1)
            child_fail(status_fd, AT_CGROUP);
    }
    if (dup2(order->in_fd, 0) < 0 || dup2(order->out_fd, 1) < 0 || dup2(order->err_fd, 2) < 0)
        child_fail(status_fd, AT_STDIO);
    if (spec->cwd && chdir(spec->cwd))
        child_fail(status_fd, AT_CWD);
    for (size_t i = 0; i < spec->n_rlimits; i++) {
        struct rlimit limit = {.rlim_cur = spec->rlimits[i].value,
                               .rlim_max = spec->rlimits[i].value};

        if (setrlimit((__rlimit_resource_t)spec->rlimits[i].resource, &limit))
            child_fail(status_fd, AT_LIMIT);
    }
    if (spec->prepare && spec->prepare(spec->prepare_arg))
        child_fail(status_fd, AT_PREPARE);
    if (spec->run_uid) {
        if (setgroups(0, NULL) || setgid(spec->run_gid))
            child_fail(status_fd, AT_GROUP);
        if (setuid(spec->run_uid))
            child_fail(status_fd, AT_USER);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cleared by the change of user */
    }
    mark_descriptors(spec);
    (void)execve(order->path, (char *const *)(const void *)spec->argv,
                 spec->envp ? (char *const *)(const void *)spec->envp : empty_env);
    child_fail(status_fd, AT_EXEC);
}

/* As fork(2). Without the C library, which does not know the flag: the child makes only
 * async-signal-safe calls, so nothing of the library needs to be told. -1 where it cannot be. */
static pid_t fork_into(int cgroup_dir)
{
    struct clone_args args = {
        .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup_dir};

    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t fork_child(struct order *order)
{
    pid_t pid = -1;

    order->in_cgroup = order->spec->cgroup_dir > 0;
    if (order->in_cgroup)
        pid = fork_into(order->spec->cgroup_dir);
    if (pid >= 0)
        return pid;
    order->in_cgroup = false;
    return fork();
}

static void carry_out(struct order *order)
{
    struct child_failure failure;
    int status[2];
    pid_t pid;
    ssize_t got;

    order->pid = -1;
    order->failed = "start a process";
    if (pipe2(status, O_CLOEXEC)) {
        order->error = errno;
        return;
    }
    pid = fork_child(order);
    if (pid == 0) {
        (void)close(status[0]);
        become_program(order, status[1]);
    }
    order->error = errno;
    (void)close(status[1]);
    if (pid > 0) {
        (void)setpgid(pid, pid);
        do {
            got = read(status[0], &failure, sizeof(failure));
        } while (got < 0 && errno == EINTR);
        if (got == (ssize_t)sizeof(failure)) {
            order->error = failure.error;
            order->failed = failure_names[failure.at];
            (void)waitpid(pid, NULL, 0);
        } else {
            order->pid = pid;
        }
    }
    (void)close(status[0]);
}

static void *supervise(void *arg)
{
    (void)arg;
    (void)pthread_mutex_lock(&supervisor.lock);
    while (!supervisor.stop) {
        struct order *order = supervisor.head;

        if (!order) {
            (void)pthread_cond_wait(&supervisor.wake, &supervisor.lock);
            continue;
        }
        supervisor.head = order->next;
        (void)pthread_mutex_unlock(&supervisor.lock);
        carry_out(order);
        (void)pthread_mutex_lock(&supervisor.lock);
        order->done = true;
        (void)pthread_cond_broadcast(&supervisor.done);
    }
    (void)pthread_mutex_unlock(&supervisor.lock);
    return NULL;
}

int proc_start_supervisor(struct err *err)
{
    int rc = 0;

    (void)pthread_mutex_lock(&supervisor.lock);
    if (!supervisor.running) {
        supervisor.stop = false;
        rc = thread_start(&supervisor.thread, supervise, NULL);
        supervisor.running = rc == 0;
    }
    (void)pthread_mutex_unlock(&supervisor.lock);
    return rc ? err_set(err, VDO_E_IO, "start the process supervisor: %s", strerrordesc_np(rc)) :
                VDO_OK;
}

void proc_stop_supervisor(void)
{
    bool running;

    (void)pthread_mutex_lock(&supervisor.lock);
    running = supervisor.running;
    supervisor.stop = true;
    supervisor.running = false;
    (void)pthread_cond_broadcast(&supervisor.wake);
    (void)pthread_mutex_unlock(&supervisor.lock);
    if (running)
        (void)pthread_join(supervisor.thread, NULL);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* argv[0] as an absolute path of something executable, or NULL. */
static char *resolve_program(const char *name)
{
    static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/sbin", "/sbin"};

    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        char *path = xasprintf("%s/%s", dirs[i], name);

        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static int give_order(struct order *order, struct err *err)
{
    bool running;

    (void)pthread_mutex_lock(&supervisor.lock);
    running = supervisor.running;
    if (running) {
        struct order **at = &supervisor.head;

        while (*at)
            at = &(*at)->next;
        *at = order;
        (void)pthread_cond_signal(&supervisor.wake);
        while (!order->done)
            (void)pthread_cond_wait(&supervisor.done, &supervisor.lock);
    }
    (void)pthread_mutex_unlock(&supervisor.lock);
    if (!running)
        return err_set(err, VDO_E_IO, "start %s: the process supervisor is not running",
                       order->spec->argv[0]);
    if (order->pid < 0)
        return err_set(err, order->error == ENOENT ? VDO_E_NOT_FOUND : VDO_E_INVALID,
                       "start %s: cannot %s: %s", order->spec->argv[0], order->failed,
                       strerrordesc_np(order->error));
    return VDO_OK;
}

struct pipes {
    int in[2];
    int out[2];
    int err[2];
};

static void close_pipes(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close_fd(&p->in[i]);
        close_fd(&p->out[i]);
        close_fd(&p->err[i]);
    }
}

static int open_pipes(struct pipes *p, bool feed, struct err *err)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    if (feed ? pipe2(p->in, O_CLOEXEC) : (p->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0)
        goto fail;
    if (pipe2(p->out, O_CLOEXEC) || pipe2(p->err, O_CLOEXEC))
        goto fail;
    return VDO_OK;
fail:
    close_pipes(p);
    return err_set(err, VDO_E_IO, "open pipes: %s", strerrordesc_np(errno));
}

static int start_child(const struct proc_spec *spec, struct pipes *p, pid_t *out_pid,
                       struct err *err)
{
    AUTO_FREE char *path = resolve_program(spec->argv[0]);
    struct order order = {.spec = spec, .path = path};
    int rc;

    if (!path)
        return err_set(err, VDO_E_NOT_FOUND, "start %s: no such program", spec->argv[0]);
    order.in_fd = p->in[0];
    order.out_fd = p->out[1];
    order.err_fd = spec->merge_output ? p->out[1] : p->err[1];
    rc = give_order(&order, err);
    close_fd(&p->in[0]);
    close_fd(&p->out[1]);
    close_fd(&p->err[1]);
    if (!rc)
        *out_pid = order.pid;
    return rc;
}

/* Keeps the head and, in a ring, the tail of one stream. */
struct keeper {
    struct strbuf head;
    char *ring;
    size_t ring_size;
    uint64_t past_head; /* bytes that went to the ring */
};

static void keeper_init(struct keeper *k, const struct proc_spec *spec)
{
    strbuf_init(&k->head, spec->head_max);
    k->ring = spec->tail_max ? xmalloc(spec->tail_max) : NULL;
    k->ring_size = spec->tail_max;
    k->past_head = 0;
}

static void keeper_add(struct keeper *k, const char *bytes, size_t len)
{
    size_t room = k->head.max - k->head.len;
    size_t first = len < room ? len : room;

    (void)strbuf_add(&k->head, bytes, first);
    bytes += first;
    len -= first;
    for (size_t i = 0; k->ring && i < len; i++)
        k->ring[(k->past_head + i) % k->ring_size] = bytes[i];
    k->past_head += len;
}

static void keeper_finish(struct keeper *k, struct proc_stream *out)
{
    size_t kept = k->past_head < k->ring_size ? (size_t)k->past_head : k->ring_size;

    out->head = strbuf_take(&k->head, &out->head_len);
    out->tail = xmalloc(kept + 1);
    for (size_t i = 0; i < kept; i++)
        out->tail[i] = k->ring[(k->past_head - kept + i) % k->ring_size];
    out->tail[kept] = '\0';
    out->tail_len = kept;
    out->dropped = k->past_head - kept;
    free(k->ring);
}

/* The state of one proc_run() while the child lives. */
struct pump {
    const struct proc_spec *spec;
    struct proc_result *result;
    struct pipes *pipes;
    struct keeper keep[2];
    pid_t pid;
    size_t fed;
    int64_t deadline;
    int64_t next_watch;
    bool exited;
    int status;
    struct rusage usage;
};

static void kill_group(struct pump *p, bool *why)
{
    *why = true;
    (void)kill(-p->pid, SIGKILL);
    (void)kill(p->pid, SIGKILL);
}

/* write() that says EPIPE without the signal, whatever this program does about SIGPIPE. */
static ssize_t write_quietly(int fd, const void *bytes, size_t len)
{
    static const struct timespec now = {0};
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    ssize_t n;
    int error;

    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    n = write(fd, bytes, len);
    error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        (void)sigtimedwait(&pipe_signal, NULL, &now);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}

static void feed_input(struct pump *p)
{
    ssize_t n = write_quietly(p->pipes->in[1], (const char *)p->spec->in + p->fed,
                              p->spec->in_len - p->fed);

    if (n > 0)
        p->fed += (size_t)n;
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || p->fed == p->spec->in_len)
        close_fd(&p->pipes->in[1]);
}

static void drain(struct pump *p, int stream)
{
    int *fd = stream == 1 ? &p->pipes->out[0] : &p->pipes->err[0];
    char buf[65536];
    ssize_t n = read(*fd, buf, sizeof(buf));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        close_fd(fd);
        return;
    }
    keeper_add(&p->keep[stream - 1], buf, (size_t)n);
    if (p->spec->on_output)
        p->spec->on_output(p->spec->on_output_arg, stream, buf, (size_t)n);
}

static void move_bytes(struct pump *p, int timeout_ms)
{
    struct pollfd fds[3] = {{.fd = p->pipes->in[1], .events = POLLOUT},
                            {.fd = p->pipes->out[0], .events = POLLIN},
                            {.fd = p->pipes->err[0], .events = POLLIN}};

    if (poll(fds, 3, timeout_ms) <= 0)
        return;
    if (fds[0].revents)
        feed_input(p);
    if (fds[1].revents)
        drain(p, 1);
    if (fds[2].revents)
        drain(p, 2);
}

static void look_at_clock(struct pump *p, int64_t now)
{
    const struct proc_spec *spec = p->spec;
    struct proc_result *r = p->result;

    if (r->timed_out || r->cancelled || r->watch_killed)
        return;
    if (now >= p->deadline)
        kill_group(p, &r->timed_out);
    else if (spec->cancel && atomic_load(spec->cancel))
        kill_group(p, &r->cancelled);
    else if (spec->watch && now >= p->next_watch) {
        p->next_watch = now + spec->watch_ms;
        if (!spec->watch(spec->watch_arg, p->pid))
            kill_group(p, &r->watch_killed);
    }
}

/* How long poll() may wait: not past the deadline, nor past the next look of the watcher. */
static int wait_ms(const struct pump *p, int64_t now)
{
    int64_t next = p->deadline;

    if (p->spec->watch && p->next_watch < next)
        next = p->next_watch;
    if (next - now >= POLL_MS)
        return POLL_MS;
    return next > now ? (int)(next - now) : 1;
}

/* Until the child is gone and its pipes are empty. A pipe that a daemon of the child keeps open is
 * given up shortly after; its group is killed. */
static void pump_until_end(struct pump *p)
{
    int64_t give_up = INT64_MAX;

    for (;;) {
        int64_t now = clock_mono_ms(clock_real());
        bool open = p->pipes->out[0] >= 0 || p->pipes->err[0] >= 0;

        if (!p->exited && wait4(p->pid, &p->status, WNOHANG, &p->usage) == p->pid) {
            p->exited = true;
            (void)kill(-p->pid, SIGKILL);
            give_up = now + AFTER_EXIT_MS;
        }
        if (p->exited && (!open || now >= give_up))
            return;
        if (!p->exited)
            look_at_clock(p, now);
        move_bytes(p, open ? wait_ms(p, now) : 2);
    }
}

/* Where this program is the first process of a container, what a command has left behind becomes
 * its child: it was killed, and must be waited for. Elsewhere there is none. */
static void reap_group(pid_t group)
{
    int64_t deadline = clock_mono_ms(clock_real()) + AFTER_EXIT_MS;
    pid_t reaped;

    do {
        reaped = waitpid(-group, NULL, WNOHANG);
        if (reaped == 0)
            (void)poll(NULL, 0, 1);
    } while (reaped >= 0 && clock_mono_ms(clock_real()) < deadline);
}

static void fill_result(struct pump *p, int64_t started)
{
    struct proc_result *r = p->result;

    r->signal = WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0;
    r->exit_code = r->signal ? 128 + r->signal : WEXITSTATUS(p->status);
    r->wall_ms = clock_mono_ms(clock_real()) - started;
    r->cpu_ms = (int64_t)(p->usage.ru_utime.tv_sec + p->usage.ru_stime.tv_sec) * 1000 +
                (p->usage.ru_utime.tv_usec + p->usage.ru_stime.tv_usec) / 1000;
    r->max_rss_kb = p->usage.ru_maxrss;
    keeper_finish(&p->keep[0], &r->out);
    keeper_finish(&p->keep[1], &r->err);
}

int proc_run(const struct proc_spec *spec, struct proc_result *result, struct err *err)
{
    struct pipes pipes;
    struct pump pump = {.spec = spec, .result = result, .pipes = &pipes};
    int64_t started = clock_mono_ms(clock_real());
    int rc = open_pipes(&pipes, spec->in != NULL, err);

    if (rc)
        return rc;
    rc = start_child(spec, &pipes, &pump.pid, err);
    if (rc) {
        close_pipes(&pipes);
        return rc;
    }
    memset(result, 0, sizeof(*result));
    if (pipes.in[1] >= 0)
        (void)fcntl(pipes.in[1], F_SETFL, O_NONBLOCK);
    if (spec->in && spec->in_len == 0)
        close_fd(&pipes.in[1]);
    pump.deadline = started + spec->timeout_ms;
    pump.next_watch = started;
    keeper_init(&pump.keep[0], spec);
    keeper_init(&pump.keep[1], spec);
    pump_until_end(&pump);
    close_pipes(&pipes);
    reap_group(pump.pid);
    fill_result(&pump, started);
    return VDO_OK;
}

static void stream_release(struct proc_stream *stream)
{
    free(stream->head);
    free(stream->tail);
    memset(stream, 0, sizeof(*stream));
}

void proc_result_release(struct proc_result *result)
{
    if (!result)
        return;
    stream_release(&result->out);
    stream_release(&result->err);
}

char *proc_stream_text(const struct proc_stream *stream)
{
    struct strbuf text;

    strbuf_init(&text, stream->head_len + stream->tail_len + 128);
    (void)strbuf_add(&text, stream->head, stream->head_len);
    if (stream->dropped)
        (void)strbuf_addf(&text, "\n... %llu bytes left out ...\n",
                          (unsigned long long)stream->dropped);
    (void)strbuf_add(&text, stream->tail, stream->tail_len);
    return strbuf_take(&text, NULL);
}

int proc_spawn(const struct proc_spec *spec, struct proc_child *child, struct err *err)
{
    struct pipes pipes;
    pid_t pid;
    int rc = open_pipes(&pipes, true, err);

    if (rc)
        return rc;
    close_fd(&pipes.err[0]);
    close_fd(&pipes.err[1]);
    pipes.err[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    rc = start_child(spec, &pipes, &pid, err);
    if (rc) {
        close_pipes(&pipes);
        return rc;
    }
    child->pid = pid;
    child->in_fd = pipes.in[1];
    child->out_fd = pipes.out[0];
    return VDO_OK;
}

void proc_child_end(struct proc_child *child)
{
    if (!child || child->pid <= 0)
        return;
    close_fd(&child->in_fd);
    close_fd(&child->out_fd);
    (void)kill(-child->pid, SIGKILL);
    (void)waitpid(child->pid, NULL, 0);
    reap_group(child->pid);
    child->pid = 0;
}

static char self_exe[PATH_MAX];

static void find_self(void)
{
    const char *told = secure_getenv("VDO_EXE");
    ssize_t len;

    if (told && *told) {
        (void)snprintf(self_exe, sizeof(self_exe), "%s", told);
        return;
    }
    len = readlink("/proc/self/exe", self_exe, sizeof(self_exe) - 1);
    self_exe[len > 0 ? len : 0] = '\0';
}

const char *proc_self_exe(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, find_self);
    return self_exe;
}
