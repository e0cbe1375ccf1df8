#include "ordinary_user.h"

#include <grp.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDINARY_UID = 64321, CANNOT_BECOME = 111, CANNOT_EXECUTE = 112 };

int run_as_ordinary_user(void)
{
    int status;
    pid_t pid;

    if (geteuid() != 0)
        return 0;
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) || setgid(ORDINARY_UID) || setuid(ORDINARY_UID))
            _exit(CANNOT_BECOME);
        (void)execl("/proc/self/exe", "test", (char *)NULL);
        _exit(CANNOT_EXECUTE);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 1;
    if (WEXITSTATUS(status) == CANNOT_BECOME || WEXITSTATUS(status) == CANNOT_EXECUTE) {
        (void)printf("# skipped as an ordinary user: cannot %s as uid %d here\n",
                     WEXITSTATUS(status) == CANNOT_BECOME ? "go on" : "execute the test",
                     ORDINARY_UID);
        return 0;
    }
    return WEXITSTATUS(status);
}
