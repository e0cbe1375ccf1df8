#include "listen.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, SYSTEMD_FIRST_FD = 3, UNIX_MODE = 0660 };

static int invalid(const char *address, struct err *err)
{
    return err_set(err, VDO_E_INVALID,
                   "listen address \"%s\": use HOST:PORT, [IPV6]:PORT, unix:/PATH or systemd",
                   address);
}

static int bind_failed(const char *address, int error, struct err *err)
{
    enum vdo_code code = error == EADDRINUSE ? VDO_E_CONFLICT : VDO_E_IO;

    return err_set(err, code, "listen on %s: %s%s", address, strerrordesc_np(error),
                   error == EADDRINUSE ? "; another program listens there" : "");
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= 5 && !text[digits] && strtol(text, NULL, 10) <= 65535;
}

/* "host:port" or "[v6]:port" into its two parts; false when it is neither. */
static bool split_host(const char *address, char **host, char **port)
{
    const char *colon = strrchr(address, ':');
    const char *begin = address;
    const char *end = colon;

    if (!colon || colon == address || !is_port(colon + 1))
        return false;
    if (address[0] == '[') {
        if (colon[-1] != ']')
            return false;
        begin++;
        end--;
    } else if (memchr(address, ':', (size_t)(colon - address))) {
        return false;
    }
    if (begin == end)
        return false;
    *host = xstrndup(begin, (size_t)(end - begin));
    *port = xstrdup(colon + 1);
    return true;
}

static int open_one(const struct addrinfo *info)
{
    int on = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static char *url_of(int fd)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof(addr);
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (getsockname(fd, (struct sockaddr *)&addr, &len))
        return NULL;
    if (addr.ss_family == AF_UNIX)
        return xasprintf("unix:%s", ((struct sockaddr_un *)&addr)->sun_path);
    if (getnameinfo((struct sockaddr *)&addr, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return NULL;
    return xasprintf(addr.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
}

static int open_tcp(const char *address, struct listener *out, struct err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    AUTO_FREE char *host = NULL;
    AUTO_FREE char *port = NULL;
    int fd = -1;
    int error = 0;
    int rc;

    if (!split_host(address, &host, &port))
        return invalid(address, err);
    rc = getaddrinfo(host, port, &hints, &list);
    if (rc)
        return err_set(err, VDO_E_INVALID, "listen address \"%s\": %s", address, gai_strerror(rc));
    for (struct addrinfo *info = list; info && fd < 0; info = info->ai_next) {
        fd = open_one(info);
        error = errno;
    }
    freeaddrinfo(list);
    if (fd < 0)
        return bind_failed(address, error, err);
    out->fd = fd;
    return VDO_OK;
}

/* A socket file that nobody listens on is left over from a run that was killed. */
static int remove_stale(const char *address, const struct sockaddr_un *addr, struct err *err)
{
    struct stat st;
    int fd;
    int rc;

    if (lstat(addr->sun_path, &st))
        return VDO_OK;
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, VDO_E_INVALID, "listen on %s: there is a file that is no socket",
                       address);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return bind_failed(address, errno, err);
    rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
    if (rc && errno == ECONNREFUSED)
        rc = unlink(addr->sun_path) ? errno : 0;
    else
        rc = EADDRINUSE;
    close(fd);
    return rc ? bind_failed(address, rc, err) : VDO_OK;
}

static int open_unix(const char *address, struct listener *out, struct err *err)
{
    const char *path = address + strlen("unix:");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int error;
    int fd;
    int rc;

    if (path[0] != '/' || strlen(path) >= sizeof(addr.sun_path))
        return err_set(
            err, VDO_E_INVALID,
            "listen address \"%s\": the path must be absolute and shorter than %zu bytes", address,
            sizeof(addr.sun_path));
    memcpy(addr.sun_path, path, strlen(path));
    rc = remove_stale(address, &addr, err);
    if (rc)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* fchmod() before bind() gives the file its mode from its first moment on; chmod() adds what
     * the umask took away. */
    if (fd >= 0 && fchmod(fd, UNIX_MODE) == 0 &&
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && chmod(path, UNIX_MODE) == 0 &&
        listen(fd, BACKLOG) == 0) {
        out->fd = fd;
        out->remove_path = xstrdup(path);
        return VDO_OK;
    }
    error = errno;
    if (fd >= 0)
        close(fd);
    return bind_failed(address, error, err);
}

/* Source: sd_listen_fds(3). */
static int open_systemd(struct listener *out, struct err *err)
{
    const char *pid = secure_getenv("LISTEN_PID");
    const char *fds = secure_getenv("LISTEN_FDS");
    int fd = SYSTEMD_FIRST_FD;
    int listening = 0;
    socklen_t len = sizeof(listening);

    if (!pid || !fds || strtol(pid, NULL, 10) != (long)getpid() || strcmp(fds, "1") != 0)
        return err_set(err, VDO_E_INVALID,
                       "listen address \"systemd\": systemd passed no socket, or not exactly one; "
                       "start the service through its .socket unit");
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening)
        return err_set(err, VDO_E_INVALID,
                       "listen address \"systemd\": the passed file is no listening socket");
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK | fcntl(fd, F_GETFL));
    out->fd = fd;
    return VDO_OK;
}

int listener_open(const char *address, struct listener *out, struct err *err)
{
    struct listener listener = {.fd = -1};
    int rc;

    if (strcmp(address, "systemd") == 0)
        rc = open_systemd(&listener, err);
    else if (strncmp(address, "unix:", 5) == 0)
        rc = open_unix(address, &listener, err);
    else
        rc = open_tcp(address, &listener, err);
    if (rc)
        return rc;
    listener.url = url_of(listener.fd);
    if (!listener.url) {
        listener_release(&listener);
        return err_set(err, VDO_E_IO, "listen on %s: the socket has no address", address);
    }
    *out = listener;
    return VDO_OK;
}

void listener_close(struct listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    if (listener->remove_path)
        unlink(listener->remove_path);
    free(listener->remove_path);
    listener->remove_path = NULL;
}

void listener_release(struct listener *listener)
{
    listener_close(listener);
    free(listener->url);
    listener->url = NULL;
}
