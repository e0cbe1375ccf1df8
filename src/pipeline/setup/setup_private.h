/* What the files of setup share. */
#ifndef VDO_PIPELINE_SETUP_PRIVATE_H
#define VDO_PIPELINE_SETUP_PRIVATE_H

#include "../run.h"

/* Run all setup commands in dir; as setup_run(). */
int setup_run_commands(struct job_run *run, const char *dir, char **out_why, struct err *err);

/* ---- setup_copy.c: the copies that were set up, run->set_up ----
 *
 *     {dir: {"home": where its HOME is kept, "below": what HOME begins with, or null,
 *            "layer": does it see the directories of run->layer}}
 */

/* From now on commands in dir have a HOME of their own, which is empty but for what is below.
 * below NULL: nothing. 0 or VDO_E_IO. */
int setup_begin(struct job_run *run, const char *dir, const char *below, struct err *err);
/* Commands in dir see the directories of run->layer, too. */
void setup_use_layer(struct job_run *run, const char *dir);
/* Forget what was said of dir. */
void setup_forget(struct job_run *run, const char *dir);

/* ---- setup_home.c ---- */

/*
 * Is there something in a HOME that a check may need, where it cannot be kept? The path of it below
 * HOME, or NULL: there is nothing but caches that programs can do without. Free with free().
 */
char *setup_needs_home(const char *files);
/* Is there anything in it? */
bool setup_fills_home(const char *files);

#endif
