/*
 * image_name: names of container images, which may come from a repository. Threads: pure functions.
 */
#ifndef VDO_BASE_IMAGE_NAME_H
#define VDO_BASE_IMAGE_NAME_H

#include <stdbool.h>

/*
 * Letters, digits and ". _ / : @ -", beginning with a letter or digit, at most 255 bytes: no more
 * than a reference has (docker/distribution, reference grammar), and nothing that could be an
 * option.
 */
bool image_name_is_valid(const char *name);

#endif
