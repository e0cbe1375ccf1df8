#include "remote_fetch.h"
#include "remote_push.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_BAD_ORDER = 2, DEFAULT_MS = 600000 };
#define MAX_ORDER (256UL * VDO_KIB)

static int read_order(json_t **out, struct err *err)
{
    AUTO_STRBUF text = {0};
    char chunk[4096];
    ssize_t n;
    int rc;

    strbuf_init(&text, MAX_ORDER);
    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, VDO_E_IO, "read the order: %s", strerrordesc_np(errno));
        (void)strbuf_add(&text, chunk, (size_t)n);
    }
    if (strbuf_overflowed(&text))
        return err_set(err, VDO_E_TOO_LARGE, "the order is over %lu bytes", MAX_ORDER);
    rc = js_parse(text.ptr, text.len, out, err);
    explicit_bzero(text.ptr, text.len);
    explicit_bzero(chunk, sizeof(chunk));
    return rc;
}

static int read_push(const json_t *order, struct push_order *push, struct err *err)
{
    const char *expected = js_str(order, "expected", NULL);
    int rc = parse_oid(js_str(order, "commit", ""), &push->commit, err);

    push->branch = js_str(order, "branch", "");
    push->has_expected = expected != NULL;
    if (!rc && expected)
        rc = parse_oid(expected, &push->expected, err);
    return rc;
}

static int carry_out(const json_t *order, git_repository *repo, struct push_answer *answer,
                     struct err *err)
{
    const char *op = js_str(order, "op", "");
    struct link link = {.url = js_str(order, "url", ""),
                        .username = js_str(order, "username", NULL),
                        .password = js_str(order, "password", ""),
                        .spool_dir = js_str(order, "dir", ""),
                        .deadline_ms =
                            clock_mono_ms(clock_real()) + js_int(order, "timeout_ms", DEFAULT_MS)};
    struct push_order push = {0};
    int rc = remote_url_check(link.url, &link.is_local, err);

    if (rc)
        return rc;
    if (link.is_local)
        return err_set(err, VDO_E_INVALID, "a local repository needs no transfer process");
    if (strcmp(op, "fetch") == 0)
        return remote_fetch(&link, repo, err);
    rc = read_push(order, &push, err);
    if (rc)
        return rc;
    if (strcmp(op, "push") == 0)
        return remote_push(&link, repo, &push, answer, err);
    if (strcmp(op, "look") == 0)
        return remote_look(&link, repo, push.branch, answer, err);
    return err_set(err, VDO_E_INVALID, "unknown transfer '%.20s'", op);
}

static int open_and_carry_out(const json_t *order, struct push_answer *answer, struct err *err)
{
    git_repository *repo = NULL;
    int rc = git_repository_open_bare(&repo, js_str(order, "dir", ""));

    if (rc)
        return fail_git(err, rc, "open mirror %s", js_str(order, "dir", ""));
    rc = carry_out(order, repo, answer, err);
    git_repository_free(repo);
    return rc;
}

static int print_answer(int rc, const struct push_answer *answer, const struct err *err)
{
    char found[GIT_OID_HEX_SIZE] = "";
    AUTO_FREE char *text = NULL;
    json_auto_t *reply = NULL;

    if (answer->has_found)
        oid_to_hex(&answer->found, found);
    reply = json_pack("{s:i, s:o, s:s, s:s}", "code", rc, "text",
                      js_string_lossy(err->text, strlen(err->text)), "outcome",
                      answer->outcome == PUSH_ALREADY_THERE ? "already" : "done", "found", found);
    text = js_dump(reply);
    return puts(text) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int git_transfer_main(void)
{
    struct push_answer answer = {0};
    struct err err = {0};
    json_t *order = NULL;
    int code;
    int rc = read_order(&order, &err);

    if (!rc)
        rc = gitrepo_startup(&err);
    if (!rc)
        rc = http_client_trust(js_str(order, "tls_ca", NULL), &err);
    if (rc) {
        (void)fprintf(stderr, "vdo git-transfer: %s\n", err.text);
        json_decref(order);
        return EXIT_BAD_ORDER;
    }
    http_client_startup();
    rc = open_and_carry_out(order, &answer, &err);
    code = print_answer(rc, &answer, &err);
    json_decref(order);
    http_client_shutdown();
    gitrepo_shutdown();
    return code;
}
