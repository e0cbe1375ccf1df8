/*
 * pipeline: the way of a job: a workflow's steps, each a checkpoint.
 *
 * pipeline_run() is the job_run_fn of the worker pool: it reads the workflow of the job
 * (config/workflows/<name>.yml), skips the steps that are finished in the store, runs the others in
 * order, and leaves the job completed, failed, cancelled or waiting. Killed anywhere, it goes on at
 * the first unfinished step. Steps know roles, never providers. Threads: a struct pipeline is
 * shared by the workers.
 */
#ifndef VDO_PIPELINE_PIPELINE_H
#define VDO_PIPELINE_PIPELINE_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/config/config.h"
#include "vdo/jobs/jobs.h"
#include "vdo/model/model.h"
#include "vdo/report/report.h"
#include "vdo/sandbox/sandbox.h"
#include "vdo/store/store.h"

struct pipeline;

struct pipeline_options { /* all borrowed for the pipeline's life */
    const struct config *config;
    const struct clock *clock;
    struct store *store;
    struct forge *forge;
    struct model *model;
    struct sandbox *sandbox;
    const struct report *report;
};

int pipeline_new(const struct pipeline_options *options, struct pipeline **out, struct err *err);
/* Logs and wake-ups go through jobs; set before the first run. */
void pipeline_set_jobs(struct pipeline *pipeline, struct jobs *jobs);
void pipeline_free(struct pipeline *pipeline);
int pipeline_run(void *pipeline, struct job_lease *lease, struct err *err);
/* For jobs_options.tidy: removes what is kept on disk for later jobs and has grown too large. */
void pipeline_tidy(void *pipeline);

/* Does a workflow of that name exist? For the commands that start one. */
bool pipeline_has_workflow(const char *name);

#endif
