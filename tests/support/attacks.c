#include "attacks.h"

#include "attacks_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

int broken(const char *how, const char *what)
{
    (void)printf("attack succeeded: %s %s\n", how, what);
    return 1;
}

const char *need(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static int read_secrets(void)
{
    const char *const files[] = {"/etc/shadow",
                                 "/etc/gshadow",
                                 "/root/.bashrc",
                                 "/proc/1/root/etc/shadow",
                                 "/proc/kcore",
                                 "/proc/sysrq-trigger",
                                 "/dev/mem",
                                 "/dev/sda",
                                 "/dev/vda",
                                 "/dev/vsock",
                                 "/sys/kernel/uevent_helper",
                                 need("HOST_FILE")};

    for (size_t i = 0; i < N_OF(files); i++) {
        char byte;
        int fd = open(files[i], O_RDONLY);

        if (fd >= 0 && read(fd, &byte, 1) == 1)
            return broken("read", files[i]);
    }
    return 0;
}

static int find_in_file(const char *path, const char *text)
{
    static char bytes[1 << 16];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));

    if (fd >= 0)
        (void)close(fd);
    return n > 0 && memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
}

/* The value is given in two halves, so that our own environment does not hold it. */
static int read_environments(void)
{
    char value[128];
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    (void)snprintf(value, sizeof(value), "%s%s", need("HALF_1"), need("HALF_2"));
    while (proc && (entry = readdir(proc))) {
        char path[300];

        (void)snprintf(path, sizeof(path), "/proc/%s/environ", entry->d_name);
        if (find_in_file(path, value))
            return broken("found the secret in", path);
        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        if (find_in_file(path, value))
            return broken("found the secret in", path);
    }
    return proc ? 0 : broken("no", "/proc");
}

static int use_descriptors(void)
{
    for (int fd = 3; fd < 4096; fd++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%d", fd);
        if (fcntl(fd, F_GETFD) >= 0)
            return broken("inherited descriptor", text);
    }
    return 0;
}

static int connect_loopback(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(need("HOST_PORT"))),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char byte;

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return broken("connected to the host's port", need("HOST_PORT"));
    to.sin_addr.s_addr = htonl(0x01010101);
    to.sin_port = htons(53);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno != ENETUNREACH))
        return broken("has a way to", "the internet");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
        send(fd, "x", 1, 0) == 1 && (recv(fd, &byte, 1, 0) >= 0 || errno != ECONNREFUSED))
        return broken("has a way by UDP to", "the internet");
    return 0;
}

static int connect_abstract(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *name = need("HOST_SOCKET");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(to.sun_path + 1, name, strlen(name));
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&to,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0)
        return broken("connected to the host's abstract socket", name);
    return 0;
}

/* Families that do not know network namespaces, or are rarely used doors into the kernel. */
static int open_odd_sockets(void)
{
    const int families[] = {AF_VSOCK, AF_ALG, AF_PACKET,    AF_BLUETOOTH, AF_CAN,
                            AF_TIPC,  AF_KEY, AF_APPLETALK, AF_RDS,       44 /* AF_XDP */};

    for (size_t i = 0; i < N_OF(families); i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%d", families[i]);
        if (socket(families[i], SOCK_DGRAM, 0) >= 0 || errno != EAFNOSUPPORT ||
            syscall(SYS_socket, 0x700000000L + families[i], SOCK_STREAM, 0) >= 0)
            return broken("opened a socket of family", text);
    }
    return 0;
}

static int kill_host(void)
{
    pid_t pid = (pid_t)atoi(need("HOST_PID"));
    char path[64];

    if (kill(pid, SIGKILL) == 0)
        return broken("killed the host's process", need("HOST_PID"));
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    return access(path, F_OK) == 0 ? broken("sees the host's process", path) : 0;
}

static int write_system(void)
{
    static const char *const files[] = {"/evil",
                                        "/usr/evil",
                                        "/usr/bin/evil",
                                        "/etc/evil",
                                        "/etc/passwd",
                                        "/dev/evil",
                                        "/proc/sys/kernel/core_pattern",
                                        "/proc/sys/kernel/modprobe",
                                        "/proc/sys/vm/overcommit_memory",
                                        "/proc/sysrq-trigger",
                                        "/var/evil",
                                        "/run/evil",
                                        "/etc/ld.so.preload"};

    for (size_t i = 0; i < N_OF(files); i++) {
        int fd = open(files[i], O_WRONLY | O_CREAT, 0644);

        if (fd >= 0 && write(fd, "0", 1) == 1)
            return broken("wrote", files[i]);
    }
    if (mkdir("/evil", 0755) == 0 || rename("/usr", "/usr2") == 0 || unlink("/bin") == 0 ||
        rmdir("/run") == 0)
        return broken("changed", "/");
    return 0;
}

static int make_namespaces(void)
{
    const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                         CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};

    for (size_t i = 0; i < N_OF(flags); i++) {
        char text[32];
        long pid;

        (void)snprintf(text, sizeof(text), "%#x", (unsigned)flags[i]);
        if (unshare(flags[i]) == 0)
            return broken("unshare", text);
        pid = syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            return broken("clone", text);
    }
    if (syscall(SYS_clone3, NULL, 0) == 0 || errno != ENOSYS)
        return broken("clone3 is", "there");
    return 0;
}

static int mount_things(void)
{
    if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0)
        return broken("mounted", "tmpfs");
    if (mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0)
        return broken("remounted", "/usr");
    if (umount2("/proc/sys", MNT_DETACH) == 0 || umount2(".", MNT_DETACH) == 0)
        return broken("unmounted", "");
    if (chroot("/tmp") == 0)
        return broken("chroot", "");
    if (mknod("disk", S_IFBLK | 0600, makedev(254, 0)) == 0 ||
        mknod("mem", S_IFCHR | 0600, makedev(1, 1)) == 0)
        return broken("made", "a device");
    return 0;
}

static int inject_terminal_input(void)
{
    int master;
    int slave;
    char c = 'x';

    if (openpty(&master, &slave, NULL, NULL, NULL))
        return broken("no", "terminal to try");
    (void)setsid();
    (void)ioctl(slave, TIOCSCTTY, 0);
    if (ioctl(slave, TIOCSTI, &c) == 0 || errno != EPERM)
        return broken("ioctl", "TIOCSTI");
    /* the kernel looks at 32 bits only */
    if (syscall(SYS_ioctl, slave, 0x100000000UL | TIOCSTI, &c) == 0 || errno != EPERM)
        return broken("ioctl", "TIOCSTI with high bits");
    if (ioctl(slave, 0x541c /* TIOCLINUX */, &c) == 0 || errno != EPERM)
        return broken("ioctl", "TIOCLINUX");
    return open("/dev/tty", O_RDWR) >= 0 && tcgetpgrp(slave) < 0 ? broken("has", "/dev/tty") : 0;
}

static int call_kernel(void)
{
    static const struct {
        const char *name;
        long number;
        int error;
    } calls[] = {{"ptrace", SYS_ptrace, EPERM},
                 {"process_vm_readv", SYS_process_vm_readv, EPERM},
                 {"keyctl", SYS_keyctl, EPERM},
                 {"add_key", SYS_add_key, EPERM},
                 {"request_key", SYS_request_key, EPERM},
                 {"bpf", SYS_bpf, EPERM},
                 {"perf_event_open", SYS_perf_event_open, EPERM},
                 {"userfaultfd", SYS_userfaultfd, EPERM},
                 {"io_uring_setup", SYS_io_uring_setup, ENOSYS},
                 {"io_uring_register", SYS_io_uring_register, ENOSYS},
                 {"kexec_load", SYS_kexec_load, EPERM},
                 {"init_module", SYS_init_module, EPERM},
                 {"finit_module", SYS_finit_module, EPERM},
                 {"delete_module", SYS_delete_module, EPERM},
                 {"setns", SYS_setns, EPERM},
                 {"open_tree", SYS_open_tree, EPERM},
                 {"move_mount", SYS_move_mount, EPERM},
                 {"fsopen", SYS_fsopen, EPERM},
                 {"mount_setattr", SYS_mount_setattr, EPERM},
                 {"pivot_root", SYS_pivot_root, EPERM},
                 {"open_by_handle_at", SYS_open_by_handle_at, EPERM},
                 {"syslog", SYS_syslog, EPERM},
                 {"reboot", SYS_reboot, EPERM},
                 {"swapon", SYS_swapon, EPERM},
                 {"settimeofday", SYS_settimeofday, EPERM},
                 {"sethostname", SYS_sethostname, EPERM},
                 {"fanotify_init", SYS_fanotify_init, EPERM},
                 {"quotactl", SYS_quotactl, EPERM},
                 {"acct", SYS_acct, EPERM},
                 {"kcmp", SYS_kcmp, EPERM},
                 {"pidfd_getfd", SYS_pidfd_getfd, EPERM},
                 {"openat2", SYS_openat2, ENOSYS}};

    for (size_t i = 0; i < N_OF(calls); i++) {
        errno = 0;
        if (syscall(calls[i].number, 0, 0, 0, 0, 0, 0) >= 0 || errno != calls[i].error)
            return broken("the kernel looked at", calls[i].name);
    }
    return 0;
}

/* A set-user-id file would belong to whom the directory belongs to on the host. */
static int make_set_user_id(void)
{
    int fd = open("suid", O_WRONLY | O_CREAT, 0755);

    if (fd < 0 || chmod("suid", 0755))
        return broken("cannot even make", "a file");
    if (chmod("suid", 04755) == 0 || chmod("suid", 02755) == 0 || fchmod(fd, 04755) == 0 ||
        fchmodat(AT_FDCWD, "suid", 06755, 0) == 0 ||
        syscall(452 /* fchmodat2 */, AT_FDCWD, "suid", 04755, 0) == 0)
        return broken("made", "a set-user-id file");
    if (open("suid2", O_WRONLY | O_CREAT, 04755) >= 0 || creat("suid3", 04755) >= 0 ||
        mknod("suid4", S_IFREG | 04755, 0) == 0)
        return broken("created", "a set-user-id file");
    return 0;
}

/* The table of the 32-bit machine has other numbers; a filter that forgets it is none. */
static int call_in_child(long number, int by_interrupt)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        long result = -1;

#if defined(__x86_64__)
        if (by_interrupt)
            __asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
#endif
        if (!by_interrupt)
            result = syscall(number);
        _exit(result > 0 ? 1 : 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static int call_by_other_table(void)
{
#if defined(__x86_64__)
    if (call_in_child(20 /* getpid of i386 */, 1))
        return broken("called by", "int 0x80");
    if (call_in_child(0x40000000L + SYS_getppid, 0))
        return broken("called by", "the x32 table");
#endif
    return 0;
}

static int link_out(void)
{
    if (link("/usr/bin/true", "stolen") == 0)
        return broken("linked", "/usr/bin/true");
    if (open("/proc/self/cwd/../../../../../../../../etc/shadow", O_RDONLY) >= 0)
        return broken("climbed to", "/etc/shadow");
    return 0;
}

static int kill_parents(void)
{
    (void)signal(SIGTERM, SIG_IGN);
    (void)kill(getppid(), SIGKILL);
    (void)kill(1, SIGKILL);
    (void)kill(-1, SIGKILL);
    return 0;
}

static int fork_bomb(void)
{
    for (int i = 0; i < 1000000; i++) {
        if (fork() < 0)
            (void)usleep(1000);
    }
    return broken("forked", "without end");
}

static int use_memory(size_t bytes)
{
    volatile char *at =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; at != MAP_FAILED && i < bytes; i += 4096)
        at[i] = 1;
    (void)sleep(20);
    return broken("kept", "the memory");
}

static int memory_alone(void)
{
    return use_memory((size_t)1 << 30);
}

/* Each below the limit, together far over it. */
static int memory_together(void)
{
    for (int i = 0; i < 7; i++) {
        if (fork() == 0)
            break;
    }
    return use_memory((size_t)96 << 20);
}

/* Memory that belongs to no process: System V segments and files without a file system. */
static int memory_hidden(void)
{
    static char block[1 << 20];
    int held = 0;

    memset(block, 1, sizeof(block));
    for (int i = 0; i < 64; i++) {
        int id = shmget(IPC_PRIVATE, 16 << 20, IPC_CREAT | 0600);
        void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
        int fd = memfd_create("hidden", 0);

        if (at != (void *)-1) {
            memset(at, 1, 16 << 20);
            (void)shmdt(at);
            held += 16;
        }
        for (int k = 0; fd >= 0 && k < 16; k++)
            held += write(fd, block, sizeof(block)) > 0;
    }
    (void)usleep(300000);
    return held > 512 ? broken("holds", "hidden memory") : 0;
}

static int fill_file(const char *path, int most_mib)
{
    static char block[1 << 20];
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    int mib = 0;

    memset(block, 1, sizeof(block));
    while (fd >= 0 && mib < most_mib && write(fd, block, sizeof(block)) > 0)
        mib++;
    return mib;
}

static int fill_tmpfs(void)
{
    if (fill_file("/tmp/bomb", 2048) + fill_file("/dev/shm/bomb", 2048) +
            fill_file("/dev/bomb", 2048) + fill_file("/run/bomb", 2048) + fill_file("/bomb", 2048) >
        256)
        return broken("wrote more than memory allows to", "tmpfs");
    return 0;
}

static int fill_disk(const char *dir, int unlinked)
{
    static char block[1 << 20];

    memset(block, 1, sizeof(block));
    for (int i = 0; i < 100; i++) {
        char name[64];
        int fd;

        (void)snprintf(name, sizeof(name), "%s/bomb%d", dir, i);
        fd = open(name, O_WRONLY | O_CREAT, 0644);
        if (unlinked)
            (void)unlink(name);
        for (int k = 0; fd >= 0 && k < 10; k++)
            (void)!write(fd, block, sizeof(block));
        if (!unlinked)
            (void)close(fd);
    }
    (void)sleep(20);
    return broken("filled", "the disk");
}

static int fill_disk_openly(void)
{
    return fill_disk(".", 0);
}

static int fill_disk_unlinked(void)
{
    return fill_disk(".", 1);
}

static int fill_disk_unreadable(void)
{
    (void)mkdir("dark", 0700);
    (void)chmod("dark", 0300);
    return fill_disk("dark", 0);
}

static int nest_directories(void)
{
    for (int i = 0; i < 20000; i++) {
        if (mkdir("d", 0755) || chdir("d"))
            break;
    }
    (void)sleep(20);
    return broken("nested", "without end");
}

static int write_endlessly(void)
{
    static char block[1 << 16];

    memset(block, 'y', sizeof(block));
    while (write(1, block, sizeof(block)) > 0)
        ;
    return broken("was", "not ended");
}

/* A child that outlives the command, has left its session and does not listen to SIGTERM. */
static int leave_daemon(void)
{
    for (int i = 0; i < 3; i++) {
        if (fork() > 0)
            continue;
        (void)setsid();
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGHUP, SIG_IGN);
        for (int fd = 0; fd < 3; fd++)
            (void)close(fd);
        for (;;) {
            int mark = open("alive", O_WRONLY | O_CREAT | O_TRUNC, 0644);

            (void)close(mark);
            (void)usleep(2000);
        }
    }
    (void)usleep(30000);
    return 0;
}

static int sleep_forever(void)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    while (pause())
        ;
    return broken("was", "woken");
}

static int plant_links(void)
{
    return symlink("/etc/shadow", "report.xml") || symlink("/etc", "dir") ||
                   symlink("../../../../../../etc/passwd", "up.xml") || mkfifo("pipe.xml", 0644) ||
                   mkdir("real", 0755) || symlink("real", "alias") || fill_file("real/big", 1) < 1 ?
               broken("cannot", "plant") :
               0;
}

static const struct attack attacks[] = {{"read_secrets", read_secrets},
                                        {"read_environments", read_environments},
                                        {"use_descriptors", use_descriptors},
                                        {"connect_loopback", connect_loopback},
                                        {"connect_abstract", connect_abstract},
                                        {"open_odd_sockets", open_odd_sockets},
                                        {"kill_host", kill_host},
                                        {"write_system", write_system},
                                        {"make_namespaces", make_namespaces},
                                        {"mount_things", mount_things},
                                        {"inject_terminal_input", inject_terminal_input},
                                        {"call_kernel", call_kernel},
                                        {"make_set_user_id", make_set_user_id},
                                        {"call_by_other_table", call_by_other_table},
                                        {"link_out", link_out},
                                        {"kill_parents", kill_parents},
                                        {"fork_bomb", fork_bomb},
                                        {"memory_alone", memory_alone},
                                        {"memory_together", memory_together},
                                        {"memory_hidden", memory_hidden},
                                        {"fill_tmpfs", fill_tmpfs},
                                        {"fill_disk_openly", fill_disk_openly},
                                        {"fill_disk_unlinked", fill_disk_unlinked},
                                        {"fill_disk_unreadable", fill_disk_unreadable},
                                        {"nest_directories", nest_directories},
                                        {"write_endlessly", write_endlessly},
                                        {"leave_daemon", leave_daemon},
                                        {"sleep_forever", sleep_forever},
                                        {"plant_links", plant_links}};

int attack_main(const char *name)
{
    const struct attack *other = find_network_attack(name);

    (void)setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < N_OF(attacks); i++) {
        if (strcmp(attacks[i].name, name) == 0)
            return attacks[i].run();
    }
    if (!other)
        other = find_file_attack(name);
    if (!other)
        other = find_home_attack(name);
    if (other)
        return other->run();
    (void)printf("there is no attack %s\n", name);
    return 2;
}
