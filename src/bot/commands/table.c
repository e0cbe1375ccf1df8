#include "../call.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by verb. */
static const struct entry {
    const char *verb;
    bot_fn run;
} table[] = {
    {"answer", command_answer}, {"approve", command_approve}, {"budget", command_budget},
    {"build", command_build},   {"cancel", command_cancel},   {"help", command_help},
    {"plan", command_plan},     {"rate", command_rate},       {"retry", command_retry},
    {"status", command_status},
};

static int compare_verb(const void *key, const void *item)
{
    const struct entry *entry = item;

    return strcmp(key, entry->verb);
}

bot_fn command_find(const char *verb)
{
    const struct entry *hit =
        bsearch(verb, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), compare_verb);

    return hit ? hit->run : NULL;
}
