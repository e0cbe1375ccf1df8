/* replay_diff: the first place where two JSON values differ. Used inside pipeline only. */
#ifndef VDO_PIPELINE_REPLAY_DIFF_H
#define VDO_PIPELINE_REPLAY_DIFF_H

#include <jansson.h>

/* {"where": "turns.2.blocks.0.text", "recorded", "now"}: both as text, from shortly before the
 * first byte that differs; NULL when the values are equal. New reference. */
json_t *replay_diff(const json_t *recorded, const json_t *now);

#endif
