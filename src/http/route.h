/*
 * route: which handler a method and a path lead to.
 */
#ifndef VDO_HTTP_ROUTE_H
#define VDO_HTTP_ROUTE_H

#include "target.h"
#include "vdo/http/server.h"

enum { ROUTE_MAX_PARAMS = 8 };

struct route_table; /* patterns taken apart once; routes are borrowed */

struct route_match {
    const struct http_route *route; /* NULL when nothing matched */
    struct pair params[ROUTE_MAX_PARAMS];
    unsigned n_params;
    char allow[64]; /* for 405: the methods that the path has; "" when the path is unknown */
};

/* VDO_E_INVALID names a pattern that is none. */
int route_table_new(const struct http_route *routes, size_t n, struct route_table **out,
                    struct err *err);
void route_table_free(struct route_table *table);
/* HEAD finds the route of GET. Names of params lie in the table, values in the target. */
void route_find(const struct route_table *table, const char *method, const struct target *target,
                struct route_match *out);

#endif
