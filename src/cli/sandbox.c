#include "vdo/sandbox/sandbox.h"

#include "vdo/base/clock.h"
#include "vdo/base/host_rule.h"
#include "vdo/base/image_name.h"
#include "vdo/base/proc.h"
#include "vdo/cli/commands.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: vdo sandbox --dir DIR [OPTION]... -- CMD [ARG]...\n"
    "Runs CMD on DIR, which it sees at the same place and may write to; nothing else of the host.\n"
    "\n"
    "  -d, --dir DIR           the work directory; the command starts in it\n"
    "  -n, --network none|allow|full\n"
    "                          none (default), the hosts of --allow, or the host's network\n"
    "  -a, --allow HOST[:PORT] with --network allow: a host that may be reached through a proxy, which\n"
    "                          programs find in HTTPS_PROXY and the like; *.HOST for those below it;\n"
    "                          port 443 unless given; may be repeated\n"
    "  -t, --timeout SECONDS   wall time after which everything is killed (default 300)\n"
    "  -m, --memory BYTES      all processes together, /tmp included (default 2147483648)\n"
    "  -p, --pids N            processes and threads (default 256)\n"
    "  -k, --disk BYTES        how much DIR may grow (default 2147483648)\n"
    "      --driver DRIVER     auto (bubblewrap; default), bubblewrap, container\n"
    "      --image IMAGE       of the container; it must be on the machine\n"
    "      --engine ENGINE     auto (default), podman, docker, or a path\n"
    "\n"
    "What CMD tried to reach is listed at the end on standard error, except with --network full.\n"
    "\n"
    "Exit code: that of CMD; 124 past the timeout, 137 past another limit, which is named on\n"
    "standard error; 125 when the host offers no isolation; 2 for wrong usage; 128 and the number of\n"
    "a signal that ended vdo, 141 when nobody reads the output any more. Standard input is empty.\n";

enum {
    EXIT_TIMEOUT = 124,
    EXIT_NO_ISOLATION = 125,
    DEFAULT_TIMEOUT_S = 300,
    MOST_TIMEOUT_S = 7 * 24 * 3600,
    WRITE_MS = 200,
    OPTION_DRIVER = 1000,
    OPTION_IMAGE,
    OPTION_ENGINE,
    MOST_ALLOWED = HOST_MAX_RULES
};

static atomic_bool cancelled;
static volatile sig_atomic_t caught;

struct options {
    char dir[PATH_MAX];
    const char *network; /* none allow full */
    const char *allow[MOST_ALLOWED + 1];
    size_t n_allow;
    const char *driver;
    struct sandbox_container container;
    int64_t timeout_s;
    int64_t memory_bytes;
    int64_t pids;
    int64_t disk_bytes;
    char *const *command;
};

static int wrong(const char *what, const char *value)
{
    (void)fprintf(stderr, "vdo sandbox: %s%s%s; 'vdo sandbox --help' tells the options\n", what,
                  value ? ": " : "", value ? value : "");
    return EXIT_USAGE;
}

/* A whole number from least to most, or false. */
static bool parse_number(const char *text, int64_t least, int64_t most, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || text[0] == '+' || value < least || value > most)
        return false;
    *out = value;
    return true;
}

static int take_allowed(struct options *o, const char *value)
{
    struct host_rule rule;
    const char *why = host_rule_parse(value, &rule);

    if (o->n_allow == MOST_ALLOWED)
        return wrong("--allow is given more than 64 times", NULL);
    if (why) {
        (void)fprintf(stderr, "vdo sandbox: --allow %s: %s\n", value, why);
        return EXIT_USAGE;
    }
    o->allow[o->n_allow++] = value;
    return 0;
}

static int take_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case 'd':
        if (realpath(value, o->dir))
            return 0;
        (void)fprintf(stderr, "vdo sandbox: --dir '%s': %s\n", value, strerrordesc_np(errno));
        return EXIT_USAGE;
    case 'n':
        o->network = value;
        return strcmp(value, "none") == 0 || strcmp(value, "allow") == 0 ||
                       strcmp(value, "full") == 0 ?
                   0 :
                   wrong("--network is none, allow or full, not", value);
    case 'a':
        return take_allowed(o, value);
    case OPTION_DRIVER:
        o->driver = value;
        return strcmp(value, "none") == 0 ?
                   wrong("--driver is auto, bubblewrap or container", NULL) :
                   0;
    case OPTION_IMAGE:
        o->container.image = value;
        return image_name_is_valid(value) ? 0 :
                                            wrong("--image takes the name of an image, not", value);
    case OPTION_ENGINE:
        o->container.engine = value;
        return 0;
    case 't':
        return parse_number(value, 1, MOST_TIMEOUT_S, &o->timeout_s) ?
                   0 :
                   wrong("--timeout takes seconds, 1 to 604800, not", value);
    case 'm':
        return parse_number(value, 1, INT64_MAX / 2, &o->memory_bytes) ?
                   0 :
                   wrong("--memory takes a number of bytes, not", value);
    case 'p':
        return parse_number(value, 1, 1000000, &o->pids) ?
                   0 :
                   wrong("--pids takes a number from 1 to 1000000, not", value);
    case 'k':
        return parse_number(value, 1, INT64_MAX / 2, &o->disk_bytes) ?
                   0 :
                   wrong("--disk takes a number of bytes, not", value);
    default:
        return wrong("wrong option", NULL);
    }
}

/* 0, or the exit code; help was printed when it is EXIT_DONE and out->command is NULL. */
static int parse_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {{"dir", required_argument, NULL, 'd'},
                                          {"network", required_argument, NULL, 'n'},
                                          {"timeout", required_argument, NULL, 't'},
                                          {"memory", required_argument, NULL, 'm'},
                                          {"allow", required_argument, NULL, 'a'},
                                          {"pids", required_argument, NULL, 'p'},
                                          {"disk", required_argument, NULL, 'k'},
                                          {"driver", required_argument, NULL, OPTION_DRIVER},
                                          {"image", required_argument, NULL, OPTION_IMAGE},
                                          {"engine", required_argument, NULL, OPTION_ENGINE},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int option;

    optind = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((option = getopt_long(argc, argv, "+d:n:a:t:m:p:k:h", longs, NULL)) != -1) {
        int rc;

        if (option == 'h') {
            (void)fputs(help, stdout);
            return EXIT_DONE;
        }
        rc = take_option(out, option, optarg);
        if (rc)
            return rc;
    }
    if (!out->dir[0])
        return wrong("--dir is missing", NULL);
    if (optind >= argc)
        return wrong("there is no command to run", NULL);
    if ((out->n_allow > 0) != (strcmp(out->network, "allow") == 0))
        return wrong("--network allow and --allow need each other", NULL);
    if ((strcmp(out->driver, "container") == 0) != (out->container.image != NULL))
        return wrong("--driver container and --image need each other", NULL);
    out->command = argv + optind;
    return 0;
}

static void on_signal(int number)
{
    caught = number;
    atomic_store(&cancelled, true);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/*
 * Pass on what the command writes. A reader that takes nothing must not hold up the deadline, so
 * each piece is small enough for a pipe that has room, and is given up after a while. A reader that
 * is gone ends the command, as it would without a sandbox.
 */
static void pass_on(void *arg, int stream, const char *bytes, size_t len)
{
    struct pollfd out = {.fd = stream == 1 ? STDOUT_FILENO : STDERR_FILENO, .events = POLLOUT};
    int64_t deadline = clock_mono_ms(clock_real()) + WRITE_MS;
    bool *broken = arg;

    while (len > 0 && !broken[stream]) {
        size_t piece = len < PIPE_BUF ? len : PIPE_BUF;
        ssize_t n = -1;

        if (poll(&out, 1, WRITE_MS) > 0)
            n = write(out.fd, bytes, piece);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
            deadline = clock_mono_ms(clock_real()) + WRITE_MS;
        } else if (n < 0 && errno == EPIPE) {
            broken[stream] = true;
            on_signal(SIGPIPE);
        } else if (clock_mono_ms(clock_real()) >= deadline) {
            return;
        }
    }
}

static void list_attempts(const json_t *attempts)
{
    size_t i;
    json_t *item;

    json_array_foreach (attempts, i, item) {
        const char *host = json_string_value(json_object_get(item, "host"));
        const char *why = json_string_value(json_object_get(item, "why"));
        long long port = json_integer_value(json_object_get(item, "port"));

        (void)fprintf(stderr, "vdo sandbox: network: %s %s",
                      json_is_true(json_object_get(item, "allowed")) ? "allowed" : "refused",
                      *host ? host : "(no host)");
        if (port > 0)
            (void)fprintf(stderr, ":%lld", port);
        (void)fprintf(stderr, "%s%s, times: %lld\n", *why ? " " : "", why,
                      (long long)json_integer_value(json_object_get(item, "count")));
    }
}

static int exit_code_of(const struct sandbox_result *result)
{
    if (result->end != SANDBOX_EXITED && result->end != SANDBOX_CANCELLED)
        (void)fprintf(stderr, "vdo sandbox: ended: %s\n", result->limit);
    if (result->end == SANDBOX_TIMEOUT)
        return EXIT_TIMEOUT;
    return result->end == SANDBOX_CANCELLED ? 128 + (int)caught : result->exit_code;
}

static int run(const struct options *o, const struct sandbox *sandbox)
{
    bool broken[3] = {false};
    struct sandbox_spec spec = {.dir = o->dir,
                                .argv = (const char *const *)o->command,
                                .network = strcmp(o->network, "full") == 0,
                                .allow_hosts = o->n_allow ? o->allow : NULL,
                                .timeout_ms = o->timeout_s * 1000,
                                .memory_bytes = o->memory_bytes,
                                .disk_bytes = o->disk_bytes,
                                .pids = o->pids,
                                .cancel = &cancelled,
                                .on_output = pass_on,
                                .on_output_arg = broken};
    struct sandbox_result result;
    struct err err = {0};
    int rc = sandbox_run(sandbox, &spec, &result, &err);
    int code;

    if (rc) {
        (void)fprintf(stderr, "vdo sandbox: %s\n", err.text);
        if (rc == VDO_E_REFUSED)
            return EXIT_NO_ISOLATION;
        return rc == VDO_E_INVALID ? EXIT_USAGE : EXIT_FAILED;
    }
    list_attempts(result.network);
    code = exit_code_of(&result);
    sandbox_result_release(&result);
    return code;
}

int cli_sandbox(int argc, char **argv)
{
    struct options options = {.network = "none", .driver = "auto", .timeout_s = DEFAULT_TIMEOUT_S};
    struct sandbox *sandbox = NULL;
    struct err err = {0};
    int code = parse_options(argc, argv, &options);

    if (code || !options.command)
        return code;
    catch_signals();
    if (proc_start_supervisor(&err) ||
        sandbox_probe(options.driver, &options.container, &sandbox, &err)) {
        (void)fprintf(stderr, "vdo sandbox: %s\n", err.text);
        proc_stop_supervisor();
        return EXIT_NO_ISOLATION;
    }
    code = run(&options, sandbox);
    sandbox_free(sandbox);
    proc_stop_supervisor();
    return code;
}
