/*
 * smart_http: git's smart HTTP protocol for libgit2, carried by our own HTTP client.
 *
 * libgit2's own carrier follows redirects to another port and gives it the credentials, has no
 * time-outs in 1.5, and says "-1" for a redirect, a 404 and a broken connection alike. Here no
 * redirect is followed, the credentials go to the URL's own host only, because nothing else is ever
 * asked, and each status has its meaning. Source: git's Documentation/gitprotocol-http.
 */
#ifndef VDO_SRC_GITREPO_SMART_HTTP_H
#define VDO_SRC_GITREPO_SMART_HTTP_H

#include "remote_link.h"

/* For git_remote_callbacks.transport; param is the struct link, which outlives the transport. A
 * failure is left in link->failure. */
int smart_http_transport(git_transport **out, git_remote *owner, void *param);

#endif
