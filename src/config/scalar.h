/*
 * scalar: what a plain YAML scalar means. Source: YAML 1.2.2, section 10.3.2, narrowed as
 * config/yaml.h says.
 */
#ifndef VDO_CONFIG_SCALAR_H
#define VDO_CONFIG_SCALAR_H

#include <jansson.h>

/* New reference; a string when the text is nothing else. */
json_t *scalar_to_json(const char *text);

/* Keys and values get into messages; control characters in them become "?" so that a message stays
 * one line and does nothing to a terminal. */
void scalar_make_printable(char *text);

#endif
