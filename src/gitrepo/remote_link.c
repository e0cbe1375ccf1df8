#include "remote_link.h"

#include "smart_http.h"

#include "vdo/base/clock.h"

#include <stdio.h>
#include <string.h>

static bool is_cancelled(const struct link *link)
{
    return link->cancel && atomic_load(link->cancel);
}

static bool is_late(const struct link *link)
{
    return link->deadline_ms > 0 && clock_mono_ms(clock_real()) >= link->deadline_ms;
}

static int watch_transfer(const git_indexer_progress *stats, void *payload)
{
    const struct link *link = payload;

    (void)stats;
    return is_cancelled(link) || is_late(link) ? GIT_EUSER : 0;
}

static int note_rejection(const char *name, const char *status, void *payload)
{
    struct link *link = payload;

    (void)name;
    if (status)
        (void)snprintf(link->rejected, sizeof(link->rejected), "%s",
                       status[0] ? status : "no reason given");
    return 0;
}

void link_set_callbacks(struct link *link, git_remote_callbacks *callbacks)
{
    callbacks->transfer_progress = watch_transfer;
    callbacks->push_update_reference = note_rejection;
    callbacks->payload = link;
    if (!link->is_local)
        callbacks->transport = smart_http_transport;
}

/* No insteadOf: the URL is ours, and libgit2 1.5 leaks memory at each look-up of such a rule. */
static int make_remote(const struct link *link, git_repository *repo, git_remote **out)
{
    git_remote_create_options options;
    int rc = git_remote_create_options_init(&options, GIT_REMOTE_CREATE_OPTIONS_VERSION);

    options.repository = repo;
    options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
    return rc ? rc : git_remote_create_with_opts(out, link->url, &options);
}

int link_connect(struct link *link, git_repository *repo, git_direction direction, git_remote **out,
                 struct err *err)
{
    git_remote_connect_options options;
    git_remote *remote = NULL;
    int rc = make_remote(link, repo, &remote);

    git_error_clear();
    err_clear(&link->failure);
    if (!rc)
        rc = git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
    if (rc)
        return fail_git(err, rc, "remote %s", link->url);
    link_set_callbacks(link, &options.callbacks);
    rc = git_remote_connect_ext(remote, direction, &options);
    if (rc) {
        git_remote_free(remote);
        return link_fail(link, rc, err);
    }
    *out = remote;
    return VDO_OK;
}

int link_fail(struct link *link, int rc, struct err *err)
{
    enum vdo_code code = link->failure.code;

    if (is_cancelled(link))
        code = err_set(err, VDO_E_CANCELLED, "transfer with %s cancelled", link->url);
    else if (is_late(link))
        code = err_set(err, VDO_E_TEMPORARY, "transfer with %s took too long", link->url);
    else if (code)
        (void)err_set(err, code, "%s", link->failure.text);
    else
        return fail_git(err, rc, "repository %s", link->url);
    git_error_clear();
    return code;
}
