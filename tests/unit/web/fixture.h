/*
 * fixture: a web server on a free port, over a real store in a directory of its own. No thread but
 * the server's and the store's runs.
 */
#ifndef VDO_TESTS_UNIT_WEB_FIXTURE_H
#define VDO_TESTS_UNIT_WEB_FIXTURE_H

#include "forge_fake.h"
#include "http_stub.h"
#include "must.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/bus/bus.h"
#include "vdo/config/config.h"
#include "vdo/crypto/crypto.h"
#include "vdo/http/client.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"
#include "vdo/store/store.h"
#include "vdo/web/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANYWHERE   __attribute__((unused))
#define SECRET     "current secret of this test"
#define OLD_SECRET "the secret that was before it"

static char dir[64];
static struct config *config;
static struct store *store;
static struct bus *bus;
static struct forge_fake *fake;
static struct jobs *jobs;
static struct report report;
static struct web *web;

static int fail_setup(const struct err *err)
{
    (void)fprintf(stderr, "%s\n", err->text);
    return -1;
}

static int setup(void **state)
{
    static const char yaml[] =
        "server: {listen: \"127.0.0.1:0\", webhook_path: /webhook, api_token: token of this test}\n"
        "forge: github\ngithub: {token: ghp_for_a_test_only, webhook_secret: [" SECRET
        ", " OLD_SECRET "]}\n"
        "providers:\n  script: {api: script, file: config/demo/script.json}\n"
        "roles: {builder: [script]}\n";
    AUTO_FREE char *url = NULL;
    struct jobs_options job_options = {0};
    struct web_options options = {0};
    struct err err = {0};

    (void)state;
    (void)strcpy(dir, "/tmp/vdo-web-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    url = xasprintf("sqlite:%s/vdo.db", dir);
    if (store_open(url, clock_real(), &store, &err) || bus_open("memory", &bus, &err) ||
        config_parse("vdo.yml", yaml, strlen(yaml), CONFIG_FOR_RUN, &config, NULL, &err))
        return fail_setup(&err);
    fake = forge_fake_new(clock_real());
    job_options = (struct jobs_options){.store = store,
                                        .bus = bus,
                                        .forge = forge_fake_forge(fake),
                                        .clock = clock_real(),
                                        .data_dir = dir};
    if (jobs_new(&job_options, &jobs, &err))
        return fail_setup(&err);
    report = (struct report){.store = store, .config = config};
    options = (struct web_options){.config = config,
                                   .clock = clock_real(),
                                   .store = store,
                                   .bus = bus,
                                   .jobs = jobs,
                                   .forge = forge_fake_forge(fake),
                                   .report = &report};
    return web_start(&options, &web, &err) ? fail_setup(&err) : 0;
}

static int teardown(void **state)
{
    (void)state;
    web_stop(web, 1000);
    jobs_free(jobs);
    store_close(store);
    forge_fake_free(fake);
    bus_close(bus);
    config_free(config);
    return fs_remove_tree(dir, NULL);
}

#define ON_WEB(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- requests ---- */

/* Send a whole request and return the whole answer, to free. */
static char *ask(const char *method, const char *target, const char *headers, const char *body)
{
    AUTO_FREE char *request = xasprintf(
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", method,
        target, strlen(body), headers, body);

    return raw_exchange(web_url(web), request);
}

ANYWHERE static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : -1;
}

ANYWHERE static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end ? end + 4 : "";
}

/* "X-Hub-Signature-256: sha256=...\r\n" of a body, to free. */
ANYWHERE static char *sign(const char *secret, const char *body)
{
    unsigned char mac[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];

    hmac_sha256(secret, strlen(secret), body, strlen(body), mac);
    hex_encode(mac, sizeof(mac), hex);
    return xasprintf("X-Hub-Signature-256: sha256=%s\r\n", hex);
}

ANYWHERE static size_t count_deliveries(void)
{
    struct delivery *list = NULL;
    size_t n = 0;

    MUST(store_delivery_list(store, NULL, -1, 0, 200, &list, &n, &err));
    for (size_t i = 0; i < n; i++)
        delivery_release(&list[i]);
    free(list);
    return n;
}

#endif
