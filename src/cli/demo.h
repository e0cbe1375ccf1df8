/*
 * demo: the sample project, its issue and its script. Used inside cli only.
 */
#ifndef VDO_CLI_DEMO_H
#define VDO_CLI_DEMO_H

/* `vdo serve --demo`: run the demonstration job, then keep the status page up over its store. Exit
 * code. */
int demo_serve(void);

#endif
