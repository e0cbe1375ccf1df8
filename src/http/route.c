#include "route.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct compiled {
    const struct http_route *route;
    char *text; /* the pattern with NULs for slashes; owned */
    const char *segments[TARGET_MAX_SEGMENTS];
    bool is_param[TARGET_MAX_SEGMENTS];
    unsigned n_segments;
};

struct route_table {
    struct compiled *routes;
    size_t n;
};

static int bad_pattern(const struct http_route *route, struct err *err)
{
    return err_set(err, VDO_E_INVALID,
                   "route pattern \"%s\" is none: it begins with a slash and "
                   "has at most %d segments and %d {names}",
                   route->pattern, TARGET_MAX_SEGMENTS, ROUTE_MAX_PARAMS);
}

static bool add_segment(struct compiled *to, char *segment, unsigned *n_params)
{
    size_t len = strlen(segment);

    if (to->n_segments == TARGET_MAX_SEGMENTS)
        return false;
    if (len > 2 && segment[0] == '{' && segment[len - 1] == '}') {
        segment[len - 1] = '\0';
        segment++;
        to->is_param[to->n_segments] = true;
        if (++*n_params > ROUTE_MAX_PARAMS)
            return false;
    } else if (strpbrk(segment, "{}")) {
        return false;
    }
    to->segments[to->n_segments++] = segment;
    return true;
}

static int compile(const struct http_route *route, struct compiled *to, struct err *err)
{
    unsigned n_params = 0;
    char *at;

    to->route = route;
    to->text = xstrdup(route->pattern);
    if (to->text[0] != '/' || !route->method || !route->handler)
        return bad_pattern(route, err);
    for (at = to->text + 1; at;) {
        char *slash = strchr(at, '/');

        if (slash)
            *slash++ = '\0';
        if (!add_segment(to, at, &n_params))
            return bad_pattern(route, err);
        at = slash;
    }
    return VDO_OK;
}

int route_table_new(const struct http_route *routes, size_t n, struct route_table **out,
                    struct err *err)
{
    struct route_table *table = xcalloc(1, sizeof(*table));

    table->routes = xcalloc(n ? n : 1, sizeof(*table->routes));
    table->n = n;
    for (size_t i = 0; i < n; i++) {
        int rc = compile(&routes[i], &table->routes[i], err);

        if (rc) {
            route_table_free(table);
            return rc;
        }
    }
    *out = table;
    return VDO_OK;
}

void route_table_free(struct route_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n; i++)
        free(table->routes[i].text);
    free(table->routes);
    free(table);
}

static bool matches(const struct compiled *route, const struct target *target)
{
    if (route->n_segments != target->n_segments)
        return false;
    for (unsigned i = 0; i < route->n_segments; i++) {
        const char *segment = target->segments[i];

        if (route->is_param[i] ? (!*segment || strchr(segment, '/')) :
                                 strcmp(segment, route->segments[i]) != 0)
            return false;
    }
    return true;
}

static void take_params(const struct compiled *route, const struct target *target,
                        struct route_match *out)
{
    out->n_params = 0;
    for (unsigned i = 0; i < route->n_segments; i++) {
        if (!route->is_param[i])
            continue;
        out->params[out->n_params].name = route->segments[i];
        out->params[out->n_params].value = target->segments[i];
        out->n_params++;
    }
}

static void add_allowed(char *allow, size_t size, const char *method)
{
    size_t len = strlen(allow);

    if (len + strlen(method) + 3 <= size)
        snprintf(allow + len, size - len, "%s%s", len > 0 ? ", " : "", method);
}

void route_find(const struct route_table *table, const char *method, const struct target *target,
                struct route_match *out)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    out->route = NULL;
    out->n_params = 0;
    out->allow[0] = '\0';
    for (size_t i = 0; i < table->n; i++) {
        const struct compiled *route = &table->routes[i];

        if (!matches(route, target))
            continue;
        if (strcmp(route->route->method, wanted) == 0) {
            out->route = route->route;
            take_params(route, target, out);
            return;
        }
        add_allowed(out->allow, sizeof(out->allow), route->route->method);
        if (strcmp(route->route->method, "GET") == 0)
            add_allowed(out->allow, sizeof(out->allow), "HEAD");
    }
}
