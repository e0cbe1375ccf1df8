/*
 * commands: one subcommand of `vdo` per function, one file each in src/cli/.
 *
 * argc and argv begin at the command's own name; options are GNU style. Results go to standard
 * output, human text to standard error; --json makes standard output one JSON document. Return the
 * exit code: 0 done, 1 tried and failed, 2 wrong usage or configuration, 3 refused, nothing
 * changed. Threads: the main thread only.
 */
#ifndef VDO_CLI_COMMANDS_H
#define VDO_CLI_COMMANDS_H

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

int cli_apply(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_deliveries(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_jobs(int argc, char **argv);
int cli_locate(int argc, char **argv);
int cli_model(int argc, char **argv);
int cli_outline(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_sandbox(int argc, char **argv);
int cli_serve(int argc, char **argv);

#endif
