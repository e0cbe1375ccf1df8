/* table: all options of vdo.yml and of .github/vdo.yml, in the order of the example. */
#ifndef VDO_CONFIG_TABLE_H
#define VDO_CONFIG_TABLE_H

#include "option.h"

const struct option *config_table(size_t *out_n);
const struct option *repo_table(size_t *out_n);

/* Copy rows behind the first n of table and fill in the names of their types. Returns the new n. */
size_t option_add_rows(struct option *table, size_t n, const struct option *rows, size_t n_rows);

#endif
