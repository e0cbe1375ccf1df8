#include "vdo/code/edit.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: vdo apply --dir DIR [OPTION]... [FILE]\n"
    "Applies a model's answer (FILE, or standard input) to the source tree at DIR: all of it, or\n"
    "nothing when any part is not certain.\n"
    "\n"
    "  -d, --dir DIR        the tree\n"
    "  -f, --format NAME    auto (default), whole, search_replace, udiff or apply_patch\n"
    "  -n, --dry-run        say what would be done and change nothing\n"
    "  -p, --protect GLOB   never write files that match; may be repeated\n"
    "  -s, --check-syntax   say whether changed files still parse, where this machine can tell\n"
    "  -j, --json           print one JSON document\n"
    "\n"
    "Exit code: 0 applied; 3 refused, with the reason and nothing changed; 1 input or output\n"
    "failed; 2 wrong usage.\n";

struct options {
    struct edit_options edit;
    enum edit_format format;
    const char **protect; /* NULL-ended */
    size_t n_protect;
    const char *file;
    bool json;
    bool helped;
};

static int wrong(const char *what, const char *value)
{
    (void)fprintf(stderr, "vdo apply: %s%s%s; 'vdo apply --help' tells the options\n", what,
                  value ? ": " : "", value ? value : "");
    return EXIT_USAGE;
}

static int take_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case 'd':
        o->edit.dir = value;
        return 0;
    case 'f':
        return edit_format_parse(value, &o->format) ?
                   0 :
                   wrong("--format is auto, whole, search_replace, udiff or apply_patch, not",
                         value);
    case 'n':
        o->edit.dry_run = true;
        return 0;
    case 'p':
        o->protect = xreallocarray(o->protect, o->n_protect + 2, sizeof(const char *));
        o->protect[o->n_protect++] = value;
        o->protect[o->n_protect] = NULL;
        o->edit.protect = o->protect;
        return 0;
    case 's':
        o->edit.check_syntax = true;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    default:
        return wrong("wrong option", NULL);
    }
}

static int parse_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {
        {"dir", required_argument, NULL, 'd'},    {"format", required_argument, NULL, 'f'},
        {"dry-run", no_argument, NULL, 'n'},      {"protect", required_argument, NULL, 'p'},
        {"check-syntax", no_argument, NULL, 's'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int option;

    optind = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): commands start in the main thread
    while ((option = getopt_long(argc, argv, "d:f:np:sjh", longs, NULL)) != -1) {
        int rc;

        if (option == 'h') {
            out->helped = true;
            (void)fputs(help, stdout);
            return EXIT_DONE;
        }
        rc = take_option(out, option, optarg);
        if (rc)
            return rc;
    }
    if (!out->edit.dir)
        return wrong("--dir is missing", NULL);
    if (argc - optind > 1)
        return wrong("more than one FILE", argv[optind + 1]);
    out->file = argc > optind ? argv[optind] : "-";
    return 0;
}

/* All of FILE, or of standard input; one byte past the limit tells that it is too large. */
static int read_answer(const char *file, char **out, size_t *out_len, struct err *err)
{
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    size_t cap = 64 * VDO_KIB;
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return err_set(err, VDO_E_INVALID, "open %.300s: %s", file, strerrordesc_np(errno));
    *out = xmalloc(cap);
    while (len <= VDO_MAX_ANSWER) {
        if (len == cap) {
            cap *= 2;
            *out = xrealloc(*out, cap);
        }
        n = read(fd, *out + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (n < 0)
        (void)err_set(err, errno == EISDIR ? VDO_E_INVALID : VDO_E_IO, "read %.300s: %s", file,
                      strerrordesc_np(errno));
    if (fd != STDIN_FILENO)
        (void)close(fd);
    *out_len = len;
    return n < 0 ? err->code : VDO_OK;
}

/* Text of an answer or a file may hold what a terminal takes for an order. */
static void print_harmless(const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        (void)fputc((c < ' ' && c != '\n' && c != '\t') || c == 0x7F ? '?' : c, stderr);
    }
}

static void print_candidate(const json_t *report)
{
    const char *path = js_str(report, "candidate.path", NULL);

    if (path)
        (void)fprintf(stderr, "nearest text, %s line %lld ('-' answer, '+' file):\n", path,
                      (long long)js_int(report, "candidate.line", 0));
    print_harmless(js_str(report, "candidate.text", ""));
}

static void print_files(const json_t *report)
{
    const json_t *file;
    size_t i;

    json_array_foreach (json_object_get(report, "files"), i, file) {
        const char *from = js_str(file, "from", NULL);
        const char *syntax = js_str(file, "syntax", NULL);

        (void)printf("%-6s %s%s%s%s%s\n", js_str(file, "action", ""), from ? from : "",
                     from ? " -> " : "", js_str(file, "path", ""), syntax ? "  syntax: " : "",
                     syntax ? syntax : "");
        if (js_str(file, "syntax_message", NULL)) {
            (void)fprintf(stderr, "%s: ", js_str(file, "path", ""));
            print_harmless(js_str(file, "syntax_message", ""));
            (void)fputc('\n', stderr);
        }
    }
}

static void print_json(const json_t *report)
{
    char *text = js_dump_pretty(report);

    (void)puts(text);
    free(text);
}

static int exit_code(int rc)
{
    switch (rc) {
    case VDO_OK:
        return EXIT_DONE;
    case VDO_E_REFUSED:
        return EXIT_REFUSED;
    case VDO_E_INVALID:
        return EXIT_USAGE;
    default:
        return EXIT_FAILED;
    }
}

static int apply(const struct options *o)
{
    json_auto_t *report = NULL;
    AUTO_FREE char *answer = NULL;
    struct err err = {0};
    size_t len = 0;
    int rc = read_answer(o->file, &answer, &len, &err);

    if (rc == VDO_OK && o->edit.check_syntax)
        rc = proc_start_supervisor(&err);
    if (rc == VDO_OK)
        rc = edit_apply_answer(&o->edit, o->format, answer, len, &report, &err);
    if (o->json && report)
        print_json(report);
    else if (rc == VDO_OK)
        print_files(report);
    if (rc) {
        const char *text = rc == VDO_E_REFUSED ? js_str(report, "message", err.text) : err.text;

        (void)fprintf(stderr, "vdo apply: %s%s",
                      rc == VDO_E_REFUSED ? js_str(report, "reason", "refused") : "",
                      rc == VDO_E_REFUSED ? ": " : "");
        print_harmless(text);
        (void)fputc('\n', stderr);
        if (!o->json)
            print_candidate(report);
    }
    return exit_code(rc);
}

int cli_apply(int argc, char **argv)
{
    struct options options = {.format = EDIT_AUTO};
    int rc = parse_options(argc, argv, &options);

    if (rc == EXIT_DONE && !options.helped)
        rc = apply(&options);
    free(options.protect);
    return rc;
}
