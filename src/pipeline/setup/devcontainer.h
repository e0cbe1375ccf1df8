/*
 * devcontainer: the image that a repository says its development happens in. Used inside pipeline
 * only.
 *
 * Read from .devcontainer/devcontainer.json, else .devcontainer.json, of the base commit; only its
 * "image" counts. Source: the Development Container Specification, "devcontainer.json" (JSON with
 * comments).
 */
#ifndef VDO_PIPELINE_DEVCONTAINER_H
#define VDO_PIPELINE_DEVCONTAINER_H

#include "../run.h"

/* The image a text names, or NULL: it names none, or is no such file. Free with free(). Pure. */
char *devcontainer_image(const char *text, size_t len);

/* The image for commands of this job, or NULL for the configured one: only where the operator has
 * set sandbox.devcontainer. Borrowed from the run. */
const char *devcontainer_of(struct job_run *run);

#endif
