/*
 * listen: the listening socket that an address of http_server_options names.
 */
#ifndef VDO_HTTP_LISTEN_H
#define VDO_HTTP_LISTEN_H

#include "vdo/base/err.h"

#include <stdbool.h>

struct listener {
    int fd;
    char *url;         /* as http_server_url() tells it; owned */
    char *remove_path; /* the socket file to remove at the end, or NULL; owned */
};

/*
 * Open it, non-blocking and closed on exec.
 *
 * Returns 0 (release with listener_release()); VDO_E_INVALID for an address that is none;
 * VDO_E_CONFLICT when somebody else listens there; VDO_E_IO otherwise.
 */
int listener_open(const char *address, struct listener *out, struct err *err);
/* Close the socket, so that no connection comes any more, and remove its file. */
void listener_close(struct listener *listener);
void listener_release(struct listener *listener);

#endif
