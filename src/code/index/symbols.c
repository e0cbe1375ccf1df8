#include "index_struct.h"

#include "classify.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_FOUND = 1000 };

/* How well a symbol answers: the lower the better. */
enum rank { EXACT_SCOPED, EXACT, FOLDED, PREFIX, RANKS };

struct found {
    struct code_symbol *list;
    size_t n;
};

struct lookup {
    char *name;
    char *scope; /* what stood before the last "." or "::", or NULL */
    size_t max;
    struct found found[2 * RANKS]; /* tests behind the rest */
};

static void split_name(struct lookup *l, const char *name)
{
    const char *last = name;

    for (const char *p = name; *p; p++) {
        if ((*p == '.' || *p == '#' || *p == ':') && p[1] && p > name)
            last = p + 1;
    }
    if (last > name) {
        l->scope = xmemdup0(name, (size_t)(last - name - 1));
        while (*l->scope && l->scope[strlen(l->scope) - 1] == ':')
            l->scope[strlen(l->scope) - 1] = '\0';
    }
    l->name = xstrdup(last);
    if (strlen(l->name) > 2 && strcmp(l->name + strlen(l->name) - 2, "()") == 0)
        l->name[strlen(l->name) - 2] = '\0';
}

static bool scope_fits(const struct lookup *l, const char *scope)
{
    const char *want = l->scope;
    size_t a = want ? strlen(want) : 0;
    size_t b = strlen(scope);

    return want && b >= a && strcmp(scope + b - a, want) == 0;
}

static enum rank rank_of(const struct lookup *l, const struct facts_symbol *s)
{
    if (strcmp(s->name, l->name) == 0)
        return scope_fits(l, s->scope) ? EXACT_SCOPED : EXACT;
    if (strcasecmp(s->name, l->name) == 0)
        return FOLDED;
    return strncasecmp(s->name, l->name, strlen(l->name)) == 0 ? PREFIX : RANKS;
}

static void keep(struct lookup *l, const struct snap_file *file, const struct facts_symbol *s)
{
    enum rank rank = rank_of(l, s);
    struct found *f;

    if (rank == RANKS)
        return;
    f = &l->found[file->flags & FILE_TEST ? rank + RANKS : rank];
    if (f->n >= l->max)
        return;
    f->list = xreallocarray(f->list, f->n + 1, sizeof(*f->list));
    f->list[f->n++] =
        (struct code_symbol){.name = xstrdup(s->name),
                             .kind = xstrdup(s->kind),
                             .path = xstrdup(file->path),
                             .line = (int)s->line,
                             .signature = *s->signature ? xstrdup(s->signature) : NULL};
}

static int look_up(struct code_index *index, struct lookup *l, struct err *err)
{
    for (size_t i = 0; i < index->snapshot.n; i++) {
        const struct snap_file *file = &index->snapshot.files[i];
        struct facts_symbol symbol;
        struct facts facts;
        size_t at = 0;
        int rc = file->symbols ? index_facts(index, file, &facts, err) : VDO_E_NOT_FOUND;

        if (rc == VDO_E_NOT_FOUND)
            continue;
        if (rc)
            return rc;
        while (facts_next_symbol(&facts, &at, &symbol))
            keep(l, file, &symbol);
    }
    return VDO_OK;
}

int code_index_symbols(struct code_index *index, const char *name, size_t max,
                       struct code_symbol **out, size_t *out_n, struct err *err)
{
    struct lookup l = {.max = max < MAX_FOUND ? max : MAX_FOUND};
    struct code_symbol *all;
    size_t n = 0;
    int rc;

    if (!*name)
        return err_set(err, VDO_E_INVALID, "symbols: the name is empty");
    split_name(&l, name);
    rc = index_db_begin_read(index->db, err);
    if (!rc)
        rc = look_up(index, &l, err);
    index_db_end_read(index->db);
    all = xcalloc(l.max + 1, sizeof(*all));
    for (size_t i = 0; i < sizeof(l.found) / sizeof(l.found[0]); i++) {
        for (size_t k = 0; k < l.found[i].n; k++) {
            if (!rc && n < l.max) {
                all[n++] = l.found[i].list[k];
                l.found[i].list[k] = (struct code_symbol){0};
            }
        }
        code_symbols_free(l.found[i].list, l.found[i].n);
    }
    free(l.name);
    free(l.scope);
    if (rc) {
        code_symbols_free(all, n);
        return rc;
    }
    *out = all;
    *out_n = n;
    return VDO_OK;
}

void code_symbols_free(struct code_symbol *symbols, size_t n)
{
    for (size_t i = 0; symbols && i < n; i++) {
        free(symbols[i].name);
        free(symbols[i].kind);
        free(symbols[i].path);
        free(symbols[i].signature);
    }
    free(symbols);
}
