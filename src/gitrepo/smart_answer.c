#include "smart_answer.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_unnamed(const char *dir)
{
    AUTO_FREE char *path = NULL;
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    path = xasprintf("%s/vdo-answer-XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

int smart_answer_init(struct smart_answer *answer, const char *dir, const char *service, bool is_ls,
                      struct err *err)
{
    answer->fd = open_unnamed(dir);
    (void)snprintf(answer->type, sizeof(answer->type), "application/x-%s-%s", service,
                   is_ls ? "advertisement" : "result");
    if (answer->fd < 0)
        return err_set(err, VDO_E_IO, "make a file in %s: %s", dir, strerrordesc_np(errno));
    return VDO_OK;
}

void smart_answer_release(struct smart_answer *answer)
{
    if (answer->fd >= 0)
        (void)close(answer->fd);
    answer->fd = -1;
}

const char *smart_answer_type(const struct smart_answer *answer)
{
    return answer->type;
}

int smart_answer_take(void *arg, int status, const char *bytes, size_t len)
{
    struct smart_answer *answer = arg;

    if (status != 200)
        return VDO_OK;
    while (len > 0) {
        ssize_t n = write(answer->fd, bytes, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return VDO_E_IO;
        bytes += n;
        len -= (size_t)n;
    }
    return VDO_OK;
}

static int say_redirect(const struct link *link, const struct http_result *result, struct err *err)
{
    char location[1024] = "";
    AUTO_FREE char *origin = NULL;

    if (http_result_header(result, "Location", location, sizeof(location)))
        origin = url_origin(location);
    return err_set(err, VDO_E_REFUSED,
                   "%s redirects to %s; redirects are not followed, so give the address that the "
                   "repository has moved to",
                   link->url, origin ? origin : "another path");
}

/* GitHub's secondary limits come as 403; its documentation names this header for them. */
static bool asks_to_wait(const struct http_result *result)
{
    char after[64];

    return result->status == 429 ||
           (result->status == 403 &&
            http_result_header(result, "Retry-After", after, sizeof(after)));
}

static int say_status(const struct link *link, const struct http_result *result, struct err *err)
{
    int status = result->status;

    if (status == 401 && !link->username)
        return err_set(err, VDO_E_REFUSED, "%s asks for credentials and none are configured",
                       link->url);
    /* Tokens that run out are followed by new ones. */
    if (status == 401)
        return err_set(err, VDO_E_TEMPORARY, "%s does not accept the credentials (HTTP 401)",
                       link->url);
    if (asks_to_wait(result))
        return err_set(err, VDO_E_TEMPORARY, "%s asks to wait (HTTP %d)", link->url, status);
    if (status == 403)
        return err_set(err, VDO_E_REFUSED, "%s refuses access (HTTP 403)", link->url);
    if (status == 404 || status == 410)
        return err_set(err, VDO_E_NOT_FOUND,
                       "no repository %s, or the credentials do not show it (HTTP %d)", link->url,
                       status);
    if (status == 408 || status >= 500)
        return err_set(err, VDO_E_TEMPORARY, "%s: HTTP %d", link->url, status);
    return err_set(err, VDO_E_REFUSED, "%s: HTTP %d", link->url, status);
}

int smart_answer_judge(struct smart_answer *answer, const struct link *link,
                       const struct http_result *result, struct err *err)
{
    char type[128] = "";

    if (result->status >= 300 && result->status < 400)
        return say_redirect(link, result, err);
    if (result->status != 200)
        return say_status(link, result, err);
    if (!http_result_header(result, "Content-Type", type, sizeof(type)) ||
        strcmp(type, answer->type) != 0)
        return err_set(err, VDO_E_REFUSED,
                       "%s does not speak git's smart HTTP protocol: it sends "
                       "'%.80s'",
                       link->url, type);
    if (lseek(answer->fd, 0, SEEK_SET) < 0)
        return err_set(err, VDO_E_IO, "rewind: %s", strerrordesc_np(errno));
    return VDO_OK;
}
