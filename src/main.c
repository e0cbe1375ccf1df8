#include "vdo/cli/commands.h"
#include "vdo/gitrepo/gitrepo.h"
#include "vdo/sandbox/inlet.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"apply", cli_apply, "apply a model's textual answer to a tree, all or nothing"},
    {"config", cli_config, "check a configuration file; print an example or the documentation"},
    {"deliveries", cli_deliveries, "webhook deliveries: list, show, redo"},
    {"demo", cli_demo, "the main job from issue to pull request, offline"},
    {"doctor", cli_doctor, "check everything VDO needs, one line each with the remedy"},
    {"jobs", cli_jobs, "jobs: list, show, log, cancel, retry, rate"},
    {"locate", cli_locate, "rank the files that an issue text is about"},
    {"model", cli_model, "ask a model, or see whether it can be reached"},
    {"outline", cli_outline, "the map of a code base that goes into prompts"},
    {"replay", cli_replay, "run a recorded job again, without model and network, and compare"},
    {"run", cli_run, "one job on a local git repository"},
    {"sandbox", cli_sandbox, "run a command in the sandbox"},
    {"serve", cli_serve, "receive webhooks, run jobs, show the status page"},
};

static int compare_name(const void *key, const void *item)
{
    const struct command *command = item;

    return strcmp(key, command->name);
}

static void print_help(FILE *out)
{
    (void)fputs(
        "Usage: vdo COMMAND [OPTION]...\n"
        "Turns issues into pull requests: plans, builds, tests in a sandbox, reviews, proposes.\n\n",
        out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        (void)fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    (void)fputs(
        "\n'vdo COMMAND --help' tells the options; 'vdo --version' the version.\n"
        "Exit codes: 0 done, 1 tried and failed, 2 wrong usage or configuration, 3 refused.\n",
        out);
}

/* Started with a standard stream closed, the next file opened would get its number, and what is
 * printed would be written into that file. */
static void fill_streams(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    if (fd > STDERR_FILENO)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    const struct command *command;

    fill_streams();
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("vdo %s\n", VDO_VERSION);
        return EXIT_DONE;
    }
    /* Not for people: network transfers of git run in a process of their own, and so does the first
     * program of a sandbox that may reach some hosts. */
    if (strcmp(argv[1], "git-transfer") == 0)
        return git_transfer_main();
    if (strcmp(argv[1], SANDBOX_INLET) == 0)
        return sandbox_inlet_main(argc - 1, argv + 1);
    command = bsearch(argv[1], commands, sizeof(commands) / sizeof(commands[0]),
                      sizeof(commands[0]), compare_name);
    if (!command) {
        (void)fprintf(stderr, "vdo: there is no command '%s'; 'vdo --help' lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}
