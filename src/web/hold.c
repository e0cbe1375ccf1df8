#include "web_internal.h"

#include <stdlib.h>

struct web *web_hold(struct web *web)
{
    (void)atomic_fetch_add(&web->holders, 1);
    return web;
}

void web_release(struct web *web)
{
    if (atomic_fetch_sub(&web->holders, 1) > 1)
        return;
    metrics_free(web->metrics);
    free(web); /* which web_start() made, with the web first in it */
}
