#include "code_base.h"
#include "common.h"

#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BUDGET = 4000, MOST_BUDGET = 200000, MOST_FOCUS = 1000 };

static const char help[] =
    "Usage: vdo outline --repo DIR [OPTION]...\n"
    "Prints the map of a code base that goes into prompts: languages, how it is built and tested,\n"
    "directories, important files and their most used symbols. Same input, same text.\n"
    "\n"
    "  -r, --repo DIR      the code base: a git repository (its HEAD is read) or a plain directory\n"
    "  -b, --budget N      at most N tokens of three bytes, 1 to 200000 (4000)\n"
    "  -f, --focus PATH    a file to show first and in more detail; may be repeated\n"
    "  -c, --cache DIR     keep the index there, so that the next run reads only what is new\n"
    "\n"
    "Exit code: 0 done; 1 the code base could not be read; 2 wrong usage.\n";

struct options {
    const char *repo;
    const char *cache;
    const char *focus[MOST_FOCUS];
    size_t n_focus;
    size_t budget;
    bool helped;
};

static int wrong(const char *what, const char *value)
{
    return common_fail("outline", EXIT_USAGE, "%s%s%s; 'vdo outline --help' tells the options",
                       what, value ? ": " : "", value ? value : "");
}

static int take_option(struct options *o, int option, char *value)
{
    char *end = NULL;
    long n;

    switch (option) {
    case 'r':
        o->repo = value;
        return 0;
    case 'c':
        o->cache = value;
        return 0;
    case 'f':
        if (o->n_focus == MOST_FOCUS)
            return wrong("too many --focus", NULL);
        o->focus[o->n_focus++] = value;
        return 0;
    case 'b':
        n = strtol(value, &end, 10);
        if (end == value || *end || n < 1 || n > MOST_BUDGET)
            return wrong("--budget takes a number from 1 to 200000, not", value);
        o->budget = (size_t)n;
        return 0;
    default:
        return wrong("wrong option", NULL);
    }
}

static int parse_options(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {
        {"repo", required_argument, NULL, 'r'},  {"budget", required_argument, NULL, 'b'},
        {"focus", required_argument, NULL, 'f'}, {"cache", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    int option;

    optind = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the main thread only
    while ((option = getopt_long(argc, argv, "r:b:f:c:h", longs, NULL)) != -1) {
        int rc;

        if (option == 'h') {
            out->helped = true;
            (void)fputs(help, stdout);
            return 0;
        }
        rc = take_option(out, option, optarg);
        if (rc)
            return rc;
    }
    if (!out->repo)
        return wrong("--repo is missing", NULL);
    return argc > optind ? wrong("unexpected argument", argv[optind]) : 0;
}

static int outline(const struct options *o, struct err *err)
{
    struct code_base base = {0};
    AUTO_STRBUF text = {0};
    int rc = code_base_open(&base, o->repo, o->cache, err);

    for (size_t i = 0; i < o->n_focus && !rc; i++) {
        if (!code_index_has_file(base.index, o->focus[i]))
            rc = err_set(err, VDO_E_INVALID, "--focus %s: no such file in the code base",
                         o->focus[i]);
    }
    strbuf_init(&text, o->budget * 4);
    if (!rc)
        rc = code_index_outline(base.index, o->budget, o->focus, o->n_focus, &text, err);
    if (!rc)
        (void)fwrite(text.ptr, 1, text.len, stdout);
    code_base_close(&base);
    return rc;
}

int cli_outline(int argc, char **argv)
{
    struct options *options = xcalloc(1, sizeof(*options));
    struct err err = {0};
    bool helped;
    int rc;

    options->budget = DEFAULT_BUDGET;
    rc = parse_options(argc, argv, options);
    helped = options->helped;
    if (!rc && !helped) {
        rc = outline(options, &err);
        if (rc)
            rc = common_fail("outline", rc == VDO_E_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s",
                             err.text);
    }
    free(options);
    return rc;
}
