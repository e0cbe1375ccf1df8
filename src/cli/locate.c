#include "code_base.h"
#include "common.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_HITS = 10, MOST_HITS = 1000 };

static const char help[] =
    "Usage: vdo locate --repo DIR [OPTION]... [FILE]\n"
    "Ranks the files that an issue text (FILE, or standard input) is about, best first: one path\n"
    "per line. No model is asked.\n"
    "\n"
    "  -r, --repo DIR    the code base: a git repository (its HEAD is read) or a plain directory\n"
    "  -n, --number N    at most N files, 1 to 1000 (10)\n"
    "  -c, --cache DIR   keep the index there, so that the next run reads only what is new\n"
    "  -j, --json        print one JSON document with scores, reasons and regions\n"
    "\n"
    "Exit code: 0 done; 1 the code base could not be read; 2 wrong usage.\n";

struct options {
    const char *repo;
    const char *cache;
    const char *file;
    size_t n;
    bool json;
    bool helped;
};

static int wrong(const char *what, const char *value)
{
    return common_fail("locate", EXIT_USAGE, "%s%s%s; 'vdo locate --help' tells the options", what,
                       value ? ": " : "", value ? value : "");
}

static bool parse_number(const char *text, size_t *out)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 1 || n > MOST_HITS)
        return false;
    *out = (size_t)n;
    return true;
}

static int parse_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {
        {"repo", required_argument, NULL, 'r'},  {"number", required_argument, NULL, 'n'},
        {"cache", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    int option;

    optind = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread only
    while ((option = getopt_long(argc, argv, "r:n:c:jh", longs, NULL)) != -1) {
        if (option == 'h') {
            out->helped = true;
            (void)fputs(help, stdout);
            return EXIT_DONE;
        }
        if (option == 'r')
            out->repo = optarg;
        else if (option == 'c')
            out->cache = optarg;
        else if (option == 'j')
            out->json = true;
        else if (option != 'n')
            return wrong("wrong option", NULL);
        else if (!parse_number(optarg, &out->n))
            return wrong("-n takes a number from 1 to 1000, not", optarg);
    }
    if (!out->repo)
        return wrong("--repo is missing", NULL);
    if (argc - optind > 1)
        return wrong("more than one FILE", argv[optind + 1]);
    if (argc > optind)
        out->file = argv[optind];
    return EXIT_DONE;
}

/* The text; what is past VDO_MAX_ISSUE_TEXT tells nothing that the first part does not. */
static int read_text(const char *file, char **out, struct err *err)
{
    int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return err_set(err, VDO_E_INVALID, "open %.300s: %s", file, strerrordesc_np(errno));
    text = xmalloc(VDO_MAX_ISSUE_TEXT + 1);
    while (len < VDO_MAX_ISSUE_TEXT && n != 0) {
        n = read(fd, text + len, VDO_MAX_ISSUE_TEXT - len);
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    if (n < 0)
        (void)err_set(err, errno == EISDIR ? VDO_E_INVALID : VDO_E_IO, "read %.300s: %s", file,
                      strerrordesc_np(errno));
    if (fd != STDIN_FILENO)
        (void)close(fd);
    if (n < 0) {
        free(text);
        return err->code;
    }
    *out = text;
    return VDO_OK;
}

static void print_json(const struct code_hit *hits, size_t n, const struct code_index *index)
{
    json_auto_t *files = json_array();
    json_auto_t *answer = NULL;
    struct code_index_stats stats;

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            files,
            json_pack("{s:o, s:f, s:o, s:i, s:i}", "path",
                      js_string_lossy(hits[i].path, strlen(hits[i].path)), "score", hits[i].score,
                      "reason", js_string_lossy(hits[i].reason, strlen(hits[i].reason)), "line",
                      hits[i].line, "line_end", hits[i].line_end));
    code_index_stats(index, &stats);
    answer = json_pack("{s:O, s:{s:I, s:I, s:I, s:I, s:I, s:b}}", "files", files, "index", "files",
                       (json_int_t)stats.files, "indexed", (json_int_t)stats.indexed, "new",
                       (json_int_t)stats.new_blobs, "symbols", (json_int_t)stats.symbols,
                       "skipped_paths", (json_int_t)stats.skipped, "ctags", stats.has_ctags);
    common_print_json(answer);
}

static int locate(const struct options *o, struct err *err)
{
    struct code_base base = {0};
    struct code_hit *hits = NULL;
    AUTO_FREE char *text = NULL;
    size_t n = 0;
    int rc = read_text(o->file, &text, err);

    if (!rc)
        rc = code_base_open(&base, o->repo, o->cache, err);
    if (!rc)
        rc = code_index_locate(base.index, text, o->n, &hits, &n, err);
    if (!rc && o->json)
        print_json(hits, n, base.index);
    for (size_t i = 0; i < n && !o->json; i++)
        (void)printf("%s\n", hits[i].path);
    code_hits_free(hits, n);
    code_base_close(&base);
    return rc;
}

int cli_locate(int argc, char **argv)
{
    struct options options = {.n = DEFAULT_HITS, .file = "-"};
    struct err err = {0};
    int rc = parse_options(argc, argv, &options);

    if (rc || options.helped)
        return rc;
    rc = locate(&options, &err);
    if (!rc)
        return EXIT_DONE;
    return common_fail("locate", rc == VDO_E_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", err.text);
}
