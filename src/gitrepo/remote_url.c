#include "remote_link.h"

#include <ctype.h>
#include <string.h>

static bool has_odd_bytes(const char *url)
{
    for (; *url; url++)
        if (iscntrl((unsigned char)*url) || *url == ' ' || *url == '\\')
            return true;
    return false;
}

static const char *after_scheme(const char *url)
{
    if (strncmp(url, "https://", 8) == 0)
        return url + 8;
    if (strncmp(url, "http://", 7) == 0)
        return url + 7;
    return NULL;
}

int remote_url_check(const char *url, bool *is_local, struct err *err)
{
    const char *authority = url ? after_scheme(url) : NULL;

    if (url && url[0] == '/') {
        *is_local = true;
        return VDO_OK;
    }
    if (!authority)
        return err_set(err, VDO_E_INVALID,
                       "a repository is reached by https://, http:// or an absolute path only");
    if (memchr(authority, '@', strcspn(authority, "/")))
        return err_set(err, VDO_E_INVALID,
                       "the URL of a repository must not hold a user name or password");
    if (strcspn(authority, "/:") == 0 || strpbrk(url, "?#") || has_odd_bytes(url))
        return err_set(err, VDO_E_INVALID, "'%.*s' is not the URL of a repository",
                       (int)strcspn(url, "?#"), url);
    *is_local = false;
    return VDO_OK;
}
