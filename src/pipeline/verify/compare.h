/*
 * compare: the runs of one check before and after the change, joined: what is new, what was there,
 * what is flaky. Pure functions over JSON. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_COMPARE_H
#define VDO_PIPELINE_COMPARE_H

#include <stdbool.h>

#include <jansson.h>

/* The runs of one check, as checks_run() gives them; NULL or JSON's null: there was
 * no such run. */
struct check_runs {
    const json_t *before;
    const json_t *before_again; /* made when the first failed */
    const json_t *after;
    const json_t *after_again; /* made when the first failed newly */
};

/*
 * Join them to what the verify checkpoint holds of a check:
 *
 *     {"name","run","before","after","output","blame","flaky","old","gone","gone_failing",
 *      "fewer","failures","problems"}
 *
 * before and after are results; blame, flaky ... as in vdo/report/checkpoints.h. `after` is that
 * of the second run where that one passed. New reference.
 *
 * A failing check is blamed on the change unless its failing tests failed at base too, or are
 * flaky: ended differently on two runs of the same files. Where tests are not named, the exit codes
 * are compared. A check that could be run before and no longer can is blamed on it too. At most 200
 * names are listed of a kind.
 */
json_t *compare_runs(const struct check_runs *runs);

/* Is a second run of the base, or of the change, needed to join these? */
bool compare_wants_before_again(const struct check_runs *runs);
bool compare_wants_after_again(const struct check_runs *runs);

#endif
