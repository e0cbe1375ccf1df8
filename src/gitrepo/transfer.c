#include "transfer.h"

#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define SANITIZED 1
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define SANITIZED 1
#endif
#ifndef SANITIZED
#    define SANITIZED 0
#endif

enum { MAX_ANSWER = 64 << 10, MAX_ENV = 8 };

/* The environment of the child: what a proxy needs, and nothing else of ours. */
struct env {
    char *owned[MAX_ENV];
    const char *list[MAX_ENV + 1];
};

static void env_init(struct env *env)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",
                                        "no_proxy",    "NO_PROXY",    "HTTP_PROXY"};
    size_t n = 0;

    memset(env, 0, sizeof(*env));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = secure_getenv(names[i]);

        if (!value)
            continue;
        env->owned[n] = xasprintf("%s=%s", names[i], value);
        env->list[n] = env->owned[n];
        n++;
    }
}

static void env_release(struct env *env)
{
    for (size_t i = 0; i < MAX_ENV; i++)
        free(env->owned[i]);
}

static void add_oid(json_t *order, const char *key, const git_oid *oid)
{
    char hex[GIT_OID_HEX_SIZE];

    oid_to_hex(oid, hex);
    (void)json_object_set_new(order, key, json_string(hex));
}

/* NULL with err set when it cannot be written. */
static char *write_order(const struct mirror *mirror, const struct git_remote_spec *remote,
                         const char *op, const struct push_order *push, struct err *err)
{
    json_auto_t *order =
        json_pack("{s:s, s:I, s:s, s:s, s:s*, s:s*, s:s*}", "op", op, "timeout_ms",
                  (json_int_t)remote->timeout_ms, "dir", mirror->dir, "url", remote->url, "tls_ca",
                  http_client_trusted(), "username", remote->username, "password",
                  remote->username && remote->password ? secret_reveal(remote->password) : NULL);

    if (!order) {
        (void)err_set(err, VDO_E_INVALID,
                      "the address or the credentials of the repository are not UTF-8");
        return NULL;
    }
    if (push) {
        (void)json_object_set_new(order, "branch", json_string(push->branch));
        add_oid(order, "commit", &push->commit);
        if (push->has_expected)
            add_oid(order, "expected", &push->expected);
    }
    return js_dump(order);
}

static int run_child(const struct git_remote_spec *remote, const char *order, int lock_fd,
                     struct proc_result *result, struct err *err)
{
    const char *const argv[] = {proc_self_exe(), "git-transfer", NULL};
    const struct proc_rlimit limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_AS, 16ULL << 30}};
    struct env env;
    struct proc_spec spec = {.argv = argv,
                             .in = order,
                             .in_len = strlen(order),
                             .pass_fds = &lock_fd,
                             .n_pass_fds = 1,
                             .rlimits = limits,
                             .n_rlimits = SANITIZED ? 1 : 2,
                             .timeout_ms = remote->timeout_ms,
                             .cancel = remote->cancel,
                             .head_max = MAX_ANSWER};
    int rc;

    env_init(&env);
    spec.envp = env.list;
    rc = proc_run(&spec, result, err);
    env_release(&env);
    return rc;
}

static int read_answer(const struct proc_result *result, struct push_answer *answer, bool *was_cut,
                       struct err *err)
{
    json_t *parsed = NULL;
    const char *found;
    int code;

    if (result->exit_code != 0 ||
        js_parse(result->out.head, result->out.head_len, &parsed, NULL) != VDO_OK) {
        *was_cut = true;
        return err_set(err, VDO_E_IO, "git transfer ended with exit code %d: %.200s",
                       result->exit_code, result->err.head);
    }
    code = (int)js_int(parsed, "code", VDO_E_IO);
    found = js_str(parsed, "found", "");
    if (answer) {
        answer->outcome =
            strcmp(js_str(parsed, "outcome", ""), "already") == 0 ? PUSH_ALREADY_THERE : PUSH_DONE;
        answer->has_found = found[0] && parse_oid(found, &answer->found, NULL) == VDO_OK;
    }
    if (code)
        (void)err_set(err, code, "%s", js_str(parsed, "text", "git transfer failed"));
    json_decref(parsed);
    return code;
}

static int judge_child(const struct git_remote_spec *remote, const struct proc_result *result,
                       struct push_answer *answer, bool *was_cut, struct err *err)
{
    *was_cut = result->timed_out || result->cancelled;
    if (result->cancelled)
        return err_set(err, VDO_E_CANCELLED, "transfer with %s cancelled", remote->url);
    if (result->timed_out)
        return err_set(err, VDO_E_TEMPORARY, "transfer with %s was ended after %lld s", remote->url,
                       (long long)(remote->timeout_ms / 1000));
    return read_answer(result, answer, was_cut, err);
}

int transfer_run(const struct mirror *mirror, const struct git_remote_spec *remote, const char *op,
                 const struct push_order *push, int lock_fd, struct push_answer *answer,
                 bool *was_cut, struct err *err)
{
    struct proc_result result;
    bool cut = false;
    char *order = write_order(mirror, remote, op, push, err);
    int rc;

    if (!order)
        return VDO_E_INVALID;
    rc = run_child(remote, order, lock_fd, &result, err);
    explicit_bzero(order, strlen(order));
    free(order);
    if (rc)
        return rc;
    rc = judge_child(remote, &result, answer, &cut, err);
    proc_result_release(&result);
    if (was_cut)
        *was_cut = cut;
    return rc;
}
