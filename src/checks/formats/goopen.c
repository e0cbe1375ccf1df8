#include "goopen.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

static void release(struct go_open *open, size_t i)
{
    free(open->test[i].name);
    free(open->test[i].place);
    free(open->test[i].message);
    clip_release(&open->test[i].output);
    open->test[i].name = open->test[i].place = open->test[i].message = NULL;
}

static size_t find(const struct go_open *open, const char *name)
{
    size_t i = 0;

    while (i < GO_OPEN && (!open->test[i].name || strcmp(open->test[i].name, name) != 0))
        i++;
    return i;
}

static size_t find_or_open(struct go_open *open, const char *name)
{
    size_t i = find(open, name);

    if (i < GO_OPEN)
        return i;
    for (i = 0; i < GO_OPEN && open->test[i].name; i++)
        ;
    if (i == GO_OPEN) {
        i = open->next++ % GO_OPEN;
        release(open, i);
    }
    open->test[i].name = xstrdup(name);
    return i;
}

void go_open_print(struct go_open *open, const char *name, const char *line)
{
    const char *text = line + text_indent(line);
    size_t len = text_len(text, strcspn(text, "\n"));
    struct place place;

    if (len == 0 || text_after(text, "=== ") || text_after(text, "--- "))
        return;
    AUTO_FREE char *copy = xmemdup0(text, len);
    size_t i = find_or_open(open, name);

    clip_add(&open->test[i].output, copy, len);
    if (!open->test[i].message && text_after(copy, "panic: "))
        open->test[i].message = xstrdup(copy);
    if (text_place(copy, &place) && (place.file == copy || !open->test[i].place)) {
        free(open->test[i].place);
        open->test[i].place = xstrdup(copy);
    }
}

void go_open_end(struct go_open *open, const char *name, struct failure *failure)
{
    size_t i = find(open, name);
    const char *place;
    const char *message;

    if (i == GO_OPEN)
        return;
    place = open->test[i].place;
    message = place ? strstr(place, ": ") : NULL;
    if (failure && open->test[i].message)
        failure_message(failure, open->test[i].message, strlen(open->test[i].message));
    if (failure && message)
        failure_message(failure, message + 2, strlen(message + 2));
    if (failure && place)
        failure_place_in(failure, place);
    if (failure && failure->detail.head_len == 0) {
        clip_release(&failure->detail);
        failure->detail = open->test[i].output;
        open->test[i].output = (struct clip){0};
    }
    release(open, i);
}

void go_open_clear(struct go_open *open)
{
    for (size_t i = 0; i < GO_OPEN; i++)
        release(open, i);
}
