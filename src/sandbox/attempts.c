#include "attempts.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct attempt *a, const char *host, uint16_t port, bool allowed,
                    const char *why)
{
    return a->port == port && a->allowed == allowed && strcmp(a->host, host) == 0 &&
           strncmp(a->why, why, sizeof(a->why) - 1) == 0;
}

static void add_times(struct attempts *attempts, const char *host, uint16_t port, bool allowed,
                      const char *why, int64_t count)
{
    struct attempt *a;

    for (size_t i = 0; i < attempts->n; i++) {
        if (is_same(&attempts->list[i], host, port, allowed, why)) {
            attempts->list[i].count += count;
            return;
        }
    }
    if (attempts->n == ATTEMPTS_MOST) {
        attempts->more += count;
        return;
    }
    if (!attempts->list)
        attempts->list = xcalloc(ATTEMPTS_MOST, sizeof(*attempts->list));
    a = &attempts->list[attempts->n++];
    *a = (struct attempt){.port = port, .allowed = allowed, .count = count};
    (void)snprintf(a->host, sizeof(a->host), "%s", host);
    (void)snprintf(a->why, sizeof(a->why), "%s", why);
}

void attempts_add(struct attempts *attempts, const char *host, uint16_t port, bool allowed,
                  const char *why)
{
    add_times(attempts, host, port, allowed, why, 1);
}

void attempts_add_all(struct attempts *attempts, const struct attempts *others)
{
    for (size_t i = 0; i < others->n; i++) {
        const struct attempt *a = &others->list[i];

        add_times(attempts, a->host, a->port, a->allowed, a->why, a->count);
    }
    attempts->more += others->more;
}

static void add_json(json_t *list, const char *host, int port, bool allowed, const char *why,
                     int64_t count)
{
    (void)json_array_append_new(list, json_pack("{s:s, s:i, s:b, s:s, s:I}", "host", host, "port",
                                                port, "allowed", allowed, "why", why, "count",
                                                (json_int_t)count));
}

json_t *attempts_json(const struct attempts *attempts)
{
    json_t *list = json_array();

    for (int allowed = 0; allowed <= 1; allowed++) {
        for (size_t i = 0; i < attempts->n; i++) {
            const struct attempt *a = &attempts->list[i];

            if (a->allowed == (allowed == 1))
                add_json(list, a->host, a->port, a->allowed, a->why, a->count);
        }
    }
    if (attempts->more)
        add_json(list, "", 0, false, "more attempts than are listed", attempts->more);
    return list;
}

void attempts_release(struct attempts *attempts)
{
    free(attempts->list);
    *attempts = (struct attempts){0};
}
