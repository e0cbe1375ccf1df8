#include "remote_link.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/http/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ASKED = 2, PROBE_MS = 15000 };

static int give_credentials(git_credential **out, const char *url, const char *username,
                            unsigned allowed, void *payload)
{
    struct link *link = payload;

    (void)username;
    if (!url_same_origin(url, link->url)) {
        link->foreign = true;
        return GIT_EUSER;
    }
    if (++link->times_asked > MOST_ASKED || !link->username ||
        !(allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT))
        return GIT_EUSER;
    return git_credential_userpass_plaintext_new(out, link->username, link->password);
}

static bool is_over(const struct link *link)
{
    return (link->cancel && atomic_load(link->cancel)) ||
           (link->deadline_ms > 0 && clock_mono_ms(clock_real()) >= link->deadline_ms);
}

static int watch_transfer(const git_indexer_progress *stats, void *payload)
{
    (void)stats;
    return is_over(payload) ? GIT_EUSER : 0;
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
    callbacks->credentials = give_credentials;
    callbacks->transfer_progress = watch_transfer;
    callbacks->push_update_reference = note_rejection;
    callbacks->payload = link;
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
    if (!rc)
        rc = git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
    if (rc)
        return fail_git(err, rc, "remote %s", link->url);
    link_set_callbacks(link, &options.callbacks);
    options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
    options.proxy_opts.type = GIT_PROXY_AUTO;
    rc = git_remote_connect_ext(remote, direction, &options);
    if (rc) {
        git_remote_free(remote);
        return link_fail(link, direction, rc, err);
    }
    *out = remote;
    return VDO_OK;
}

static char *basic_credentials(const struct link *link)
{
    AUTO_FREE char *plain = xasprintf("%s:%s", link->username, link->password);
    AUTO_FREE char *coded = base64_encode(plain, strlen(plain));

    return xasprintf("Basic %s", coded);
}

static int drop_body(void *arg, int status, const char *bytes, size_t len)
{
    (void)bytes;
    (void)len;
    *(int *)arg = status;
    return status >= 300 && status < 400 ? VDO_OK : VDO_E_CANCELLED; /* its headers are wanted */
}

static int say_redirect(const struct link *link, const struct http_result *result, struct err *err)
{
    char location[512] = "";
    AUTO_FREE char *origin = NULL;

    if (http_result_header(result, "Location", location, sizeof(location)))
        origin = url_origin(location);
    return err_set(err, VDO_E_REFUSED,
                   "%s redirects to %s; redirects are not followed: configure the address it has "
                   "moved to",
                   link->url, origin ? origin : "another path");
}

static int say_status(const struct link *link, int status, struct err *err)
{
    if (status == 401)
        return err_set(err, VDO_E_REFUSED, "%s does not accept the credentials (HTTP 401)",
                       link->url);
    if (status == 403)
        return err_set(err, VDO_E_REFUSED, "%s refuses access (HTTP 403)", link->url);
    if (status == 404 || status == 410)
        return err_set(err, VDO_E_NOT_FOUND,
                       "no repository %s, or the credentials do not show it (HTTP %d)", link->url,
                       status);
    if (status == 429 || status >= 500)
        return err_set(err, VDO_E_TEMPORARY, "%s: HTTP %d", link->url, status);
    if (status >= 400)
        return err_set(err, VDO_E_REFUSED, "%s: HTTP %d", link->url, status);
    return err_set(err, VDO_E_TEMPORARY, "%s: the transfer broke off", link->url);
}

/* Ask again what libgit2 asked first, for the status. */
static int probe(const struct link *link, git_direction direction, struct err *err)
{
    const char *service = direction == GIT_DIRECTION_PUSH ? "git-receive-pack" : "git-upload-pack";
    AUTO_FREE char *url = xasprintf("%s/info/refs?service=%s", link->url, service);
    AUTO_FREE char *credentials = link->username ? basic_credentials(link) : NULL;
    const struct http_header header = {"Authorization", credentials};
    struct http_client *client = http_client_new();
    struct http_result result = {0};
    struct err why = {0};
    int status = 0;
    struct http_call call = {.method = "GET",
                             .url = url,
                             .headers = &header,
                             .n_headers = credentials ? 1 : 0,
                             .timeout_ms = PROBE_MS,
                             .on_body = drop_body,
                             .on_body_arg = &status,
                             .cancel = link->cancel};
    int rc = http_call(client, &call, &result, &why);

    if (!rc)
        status = result.status;
    if (!rc && status >= 300 && status < 400)
        rc = say_redirect(link, &result, err);
    else if (status)
        rc = say_status(link, status, err);
    else
        rc = err_set(err, VDO_E_TEMPORARY, "%s: %s", link->url, why.text);
    http_result_release(&result);
    http_client_free(client);
    return rc;
}

/* What the callbacks know already; 0 when nothing. */
static int known_reason(const struct link *link, int rc, struct err *err)
{
    if (link->cancel && atomic_load(link->cancel))
        return err_set(err, VDO_E_CANCELLED, "transfer with %s cancelled", link->url);
    if (link->deadline_ms > 0 && clock_mono_ms(clock_real()) >= link->deadline_ms)
        return err_set(err, VDO_E_TEMPORARY, "transfer with %s took too long", link->url);
    if (link->foreign)
        return err_set(err, VDO_E_REFUSED, "%s redirects to another host", link->url);
    if (link->times_asked > 0 && !link->username)
        return err_set(err, VDO_E_REFUSED, "%s asks for credentials and none are configured",
                       link->url);
    if (link->times_asked > 1 || rc == GIT_EAUTH)
        return err_set(err, VDO_E_REFUSED, "%s does not accept the credentials", link->url);
    if (rc == GIT_ECERTIFICATE)
        return err_set(err, VDO_E_REFUSED, "%s: its TLS certificate is not valid", link->url);
    return VDO_OK;
}

int link_fail(struct link *link, git_direction direction, int rc, struct err *err)
{
    int code = known_reason(link, rc, err);

    if (code) {
        git_error_clear();
        return code;
    }
    if (link->is_local)
        return fail_git(err, rc, "repository %s", link->url);
    if (rc == GIT_ENONFASTFORWARD || rc == GIT_ELOCKED)
        return fail_git(err, rc, "%s", link->url);
    git_error_clear();
    return probe(link, direction, err);
}
