/*
 * host: what sandbox_probe() found. Read-only afterwards.
 */
#ifndef VDO_SANDBOX_HOST_H
#define VDO_SANDBOX_HOST_H

#include "bwrap.h"
#include "cgroup.h"
#include "facts.h"

#include "vdo/sandbox/sandbox.h"

struct sandbox_driver;

struct sandbox {
    const struct sandbox_driver *driver; /* NULL: none */
    struct sandbox_container container;  /* borrowed texts */
    bool available;
    bool tapped;        /* what runs without a network try to reach is seen */
    char untapped[200]; /* why it is not; "" when tapped */
    char version[32];   /* of bubblewrap, or of the container engine */
    char engine[256];   /* driver_container: its path */
    char describe[480];
    char why[400]; /* "" when available */
    char *filter;  /* the system call filter */
    size_t filter_len;
    bool needs_bwrap; /* the driver asked for is bubblewrap */
    struct facts facts;
    struct cgroup_host cgroups;
    struct bwrap_view view;
    int64_t proxy_head_ms; /* tests: instead of PROXY_HEAD_MS; 0: that */
    int64_t tap_packets;   /* tests: instead of TAP_PACKETS; 0: that */
    bool no_idmap;         /* tests: as on a file system without id-mapped mounts */
    bool homes;            /* sandbox_has_homes() */
    char homes_why[400];
    struct homes_beside *homes_beside; /* sandbox_try_homes_beside(); NULL: no thread */
};

/* sandbox_run() for a host that is not known to be available yet. */
int host_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
             struct sandbox_result *result, struct err *err);

/* Wait for sandbox_try_homes_beside(). Threads: any. */
void homes_wait(const struct sandbox *sandbox);
void homes_release(struct sandbox *sandbox);

/* Why bwrap did not start, and what to do about it: text is what it said. */
void host_diagnose(const char *text, char *why, size_t size);

#endif
