#include "common.h"

#include "vdo/base/limits.h"
#include "vdo/base/strbuf.h"
#include "vdo/cli/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] = "Usage: vdo config check [FILE] | example | docs\n"
                           "  check    read a configuration and name every mistake with its place\n"
                           "  example  print an example that holds every option\n"
                           "  docs     print the table of options as Markdown\n";

static int check(const char *path)
{
    AUTO_STRBUF problems = {0};
    struct config *config = NULL;
    struct err err = {0};
    int rc;

    strbuf_init(&problems, VDO_KIB * 64);
    rc = config_load(path, CONFIG_FOR_CHECK, &config, &problems, &err);
    if (rc) {
        (void)fputs(problems.len ? problems.ptr : err.text, stderr);
        if (!problems.len || problems.ptr[problems.len - 1] != '\n')
            (void)fputc('\n', stderr);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < config->n_warnings; i++)
        (void)fprintf(stderr, "warning: %s\n", config->warnings[i]);
    (void)printf("%s: ok\n", config->path);
    config_free(config);
    return EXIT_DONE;
}

static int print(void (*write)(struct strbuf *out))
{
    AUTO_STRBUF text = {0};

    strbuf_init(&text, VDO_MIB);
    write(&text);
    (void)fputs(text.ptr, stdout);
    return EXIT_DONE;
}

int cli_config(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return (void)fputs(help, stdout), EXIT_DONE;
    if (strcmp(verb, "check") == 0 && argc <= 3)
        return check(argc == 3 ? argv[2] : NULL);
    if (strcmp(verb, "example") == 0 && argc == 2)
        return print(config_write_example);
    if (strcmp(verb, "docs") == 0 && argc == 2)
        return print(config_write_docs);
    (void)fputs(help, stderr);
    return EXIT_USAGE;
}
