#include "spec.h"

#include "mounts.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define LEAST_MEMORY ((int64_t)(16UL * VDO_MIB))

static bool is_below(const char *path, const char *top)
{
    size_t len = strlen(top);

    return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static int check_dir(const char *dir, struct err *err)
{
    static const char *const own[] = {"/tmp",  "/var", "/run",     "/home",
                                      "/root", "/usr", "/var/tmp", "/bin"};
    static const char *const closed[] = {"/proc", "/sys",   "/dev",   "/etc",    "/boot",
                                         "/lib",  "/lib32", "/lib64", "/libx32", "/sbin"};
    bool bad = dir[0] != '/' || dir[strspn(dir, "/")] == '\0' || strstr(dir, "/../") ||
               strlen(dir) >= PATH_MAX;
    size_t len = strlen(dir);

    if (len >= 3 && strcmp(dir + len - 3, "/..") == 0)
        bad = true;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !bad; i++)
        bad = strcmp(dir, own[i]) == 0;
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]) && !bad; i++)
        bad = is_below(dir, closed[i]);
    return bad ? err_set(err, VDO_E_INVALID,
                         "sandbox: %.200s cannot be a work directory: give the absolute path of a "
                         "directory that is not part of the system",
                         dir) :
                 VDO_OK;
}

static int check_home(const struct sandbox_spec *spec, struct err *err)
{
    struct stat st;

    if (!spec->home)
        return spec->home_below ? err_set(err, VDO_E_INVALID,
                                          "sandbox: HOME that begins with something, but none "
                                          "to keep it in") :
                                  VDO_OK;
    if (spec->home[0] != '/' || is_below(spec->home, spec->dir))
        return err_set(err, VDO_E_INVALID,
                       "sandbox: %.200s cannot keep HOME: give an absolute path that is not below "
                       "the work directory",
                       spec->home);
    if (spec->home_below && (spec->home_below[0] != '/' || lstat(spec->home_below, &st) ||
                             !S_ISDIR(st.st_mode) || is_below(spec->home_below, spec->home)))
        return err_set(err, VDO_E_INVALID,
                       "sandbox: HOME cannot begin with %.200s: it is no directory of its own",
                       spec->home_below);
    return VDO_OK;
}

const char *spec_size_text(int64_t bytes, char text[SPEC_SIZE_TEXT])
{
    const int64_t mib = (int64_t)VDO_MIB;

    if (bytes % mib)
        (void)snprintf(text, SPEC_SIZE_TEXT, "%" PRId64 " bytes", bytes);
    else
        (void)snprintf(text, SPEC_SIZE_TEXT, "%" PRId64 " MiB", bytes / mib);
    return text;
}

const char *spec_place(const struct sandbox_spec *spec)
{
    return spec->at ? spec->at : spec->dir;
}

int spec_check(const struct sandbox_spec *spec, struct err *err)
{
    if (!spec->dir || !spec->argv || !spec->argv[0] || !spec->argv[0][0])
        return err_set(err, VDO_E_INVALID, "sandbox: no directory or no command");
    if (spec->timeout_ms <= 0)
        return err_set(err, VDO_E_INVALID, "sandbox: the timeout must be positive");
    if (spec->memory_bytes < 0 || (spec->memory_bytes && spec->memory_bytes < LEAST_MEMORY))
        return err_set(err, VDO_E_INVALID, "sandbox: memory must be %" PRId64 " bytes or more",
                       LEAST_MEMORY);
    if (spec->network && spec->allow_hosts)
        return err_set(err, VDO_E_INVALID,
                       "sandbox: either the whole network or some hosts can be allowed");
    if (spec->disk_bytes < 0 || spec->pids < 0 || spec->cpus < 0)
        return err_set(err, VDO_E_INVALID, "sandbox: a limit is negative");
    if (spec->at && spec->dir[0] != '/')
        return err_set(err, VDO_E_INVALID, "sandbox: %.200s is no absolute path", spec->dir);
    if (check_dir(spec_place(spec), err) || check_home(spec, err))
        return VDO_E_INVALID;
    return mounts_check(spec, err);
}
