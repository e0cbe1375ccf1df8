#include "common.h"

#include "vdo/app/app.h"
#include "vdo/cli/commands.h"

#include "demo.h"
#include "until_signal.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: vdo serve [-c FILE] [--demo]\n"
    "Receives webhooks, runs jobs and shows the status page until SIGTERM or SIGINT.\n\n"
    "  -c, --config FILE  configuration (default ./vdo.yml, then /etc/vdo/vdo.yml)\n"
    "      --demo         the page over a finished demonstration job, without a forge\n";

int cli_serve(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"demo", no_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    struct config *config;
    int code;
    int c;

    optind = 1;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (c == 'c')
            path = optarg;
        else if (c == 'd')
            return demo_serve();
        else if (c == 'h')
            return (void)fputs(help, stdout), EXIT_DONE;
        else
            return (void)fputs(help, stderr), EXIT_USAGE;
    }
    if (optind < argc)
        return common_fail("serve", EXIT_USAGE, "unexpected argument '%s'", argv[optind]);
    config = common_config(path, CONFIG_FOR_SERVE);
    if (!config)
        return EXIT_USAGE;
    code = serve_until_signal(config, APP_STORE | APP_FORGE | APP_WORK | APP_BOT | APP_WEB);
    config_free(config);
    return code;
}
