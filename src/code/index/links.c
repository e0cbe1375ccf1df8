#include "links.h"

#include "classify.h"
#include "lang.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAME = 512, MAX_ENDS = 4, MAX_CANDIDATES = 64 };

#define NONE UINT32_MAX

/* Ends of paths, chained by hash. */
struct end {
    uint64_t hash;
    uint32_t file;
    uint32_t next; /* NONE: last */
};

struct table {
    uint32_t *heads; /* a power of two */
    size_t mask;
    struct end *ends;
    size_t n;
    size_t cap;
};

static uint64_t hash_name(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037ULL;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211ULL;
    return hash ^ hash >> 29;
}

static void table_init(struct table *t, size_t n)
{
    size_t slots = 64;

    while (slots < 2 * n)
        slots *= 2;
    t->mask = slots - 1;
    t->heads = xmalloc(slots * sizeof(*t->heads));
    memset(t->heads, 0xff, slots * sizeof(*t->heads));
    t->cap = 1024;
    t->ends = xcalloc(t->cap, sizeof(*t->ends));
    t->n = 0;
}

static void table_release(struct table *t)
{
    free(t->heads);
    free(t->ends);
}

static void table_add(struct table *t, const char *text, size_t len, uint32_t file)
{
    uint64_t hash = hash_name(text, len);

    if (t->n == t->cap) {
        t->cap *= 2;
        t->ends = xreallocarray(t->ends, t->cap, sizeof(*t->ends));
    }
    t->ends[t->n] = (struct end){hash, file, t->heads[hash & t->mask]};
    t->heads[hash & t->mask] = (uint32_t)t->n++;
}

/* Directories that two paths have in common. */
static unsigned shared_dirs(const char *a, const char *b)
{
    unsigned n = 0;

    for (; *a && *a == *b; a++, b++)
        n += *a == '/';
    return n;
}

/* The file with that end that is closest to `from`; NONE when there is none. */
static uint32_t table_find(const struct table *t, const struct link_file *files, const char *text,
                           size_t len, uint32_t from)
{
    uint64_t hash = hash_name(text, len);
    uint32_t best = NONE;
    unsigned best_shared = 0;
    unsigned seen = 0;

    for (uint32_t i = t->heads[hash & t->mask]; i != NONE && seen < MAX_CANDIDATES;
         i = t->ends[i].next) {
        unsigned shared;

        if (t->ends[i].hash != hash)
            continue;
        seen++;
        shared = shared_dirs(files[t->ends[i].file].path, files[from].path);
        if (best == NONE || shared > best_shared ||
            (shared == best_shared && t->ends[i].file < best)) {
            best = t->ends[i].file;
            best_shared = shared;
        }
    }
    return best;
}

static size_t without_ending(const char *path, size_t len)
{
    size_t i = len;

    while (i && path[i - 1] != '/' && path[i - 1] != '.')
        i--;
    return i > 1 && path[i - 1] == '.' && path[i - 2] != '/' ? i - 1 : len;
}

/* Files that stand for their directory. */
static bool stands_for_dir(const char *name, size_t len, const char *dir, size_t dir_len)
{
    static const char *const names[] = {"index", "__init__", "mod", "lib", "init", "main"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return true;
    }
    return dir_len == len && memcmp(dir, name, len) == 0;
}

static void add_ends(struct table *t, const char *path, size_t len, uint32_t file)
{
    unsigned ends = 0;

    for (size_t i = len; i > 0 && ends < MAX_ENDS; i--) {
        if (path[i - 1] == '/') {
            table_add(t, path + i, len - i, file);
            ends++;
        }
    }
    table_add(t, path, len, file); /* twice for short paths: harmless */
}

static void add_file(struct table *t, const struct link_file *f, uint32_t file)
{
    size_t len = without_ending(f->path, strlen(f->path));
    size_t name = len;
    size_t dir;

    while (name && f->path[name - 1] != '/')
        name--;
    add_ends(t, f->path, len, file);
    if (!name)
        return;
    dir = name - 1;
    while (dir && f->path[dir - 1] != '/')
        dir--;
    if (stands_for_dir(f->path + name, len - name, f->path + dir, name - 1 - dir))
        add_ends(t, f->path, name - 1, file);
}

/* "./x", "../y/z": against the directory of `from`, as a whole path. Returns its length or 0. */
static size_t resolve_relative(const char *from, const char *name, char *out)
{
    const char *slash = strrchr(from, '/');
    size_t len = slash ? (size_t)(slash - from) : 0;

    if (len >= MAX_NAME)
        return 0;
    memcpy(out, from, len);
    while (*name) {
        size_t part = strcspn(name, "/");

        if (part == 2 && name[0] == '.' && name[1] == '.') {
            while (len && out[len - 1] != '/')
                len--;
            len -= len > 0;
        } else if (part && !(part == 1 && name[0] == '.')) {
            if (len + part + 1 >= MAX_NAME)
                return 0;
            if (len)
                out[len++] = '/';
            memcpy(out + len, name, part);
            len += part;
        }
        name += part + (name[part] == '/');
    }
    return len;
}

/* "a.b.c", "a::b::c", "A\\B\\C" -> with slashes; a name that has slashes keeps its dots. */
static size_t with_slashes(const char *name, char *out)
{
    bool path = strchr(name, '/') != NULL;
    size_t len = 0;

    for (; *name && len + 1 < MAX_NAME; name++) {
        if (*name == ':' && name[1] == ':')
            name++;
        out[len++] = *name == ':' || *name == '\\' || (*name == '.' && !path) ? '/' : *name;
    }
    return len;
}

static size_t count_parts(const char *text, size_t len)
{
    size_t n = 1;

    for (size_t i = 0; i < len; i++)
        n += text[i] == '/';
    return n;
}

/* The longest end of the name that is the end of a path; one part of several is no proof. */
static uint32_t find_end(const struct table *t, const struct link_file *files, const char *text,
                         size_t len, uint32_t from)
{
    size_t parts = count_parts(text, len);
    size_t at = 0;

    while (at < len && parts > 0) {
        size_t have = count_parts(text + at, len - at);
        uint32_t found = NONE;

        if (have == 1 && parts > 1)
            return NONE;
        if (have <= MAX_ENDS)
            found = table_find(t, files, text + at, len - at, from);
        if (found != NONE && found != from)
            return found;
        while (at < len && text[at] != '/')
            at++;
        at++;
    }
    return NONE;
}

/* "socket.h", "x/y.js", but not "os.path". */
static bool has_known_ending(const char *name)
{
    return strchr(name, '.') && lang_of(name, NULL, 0)->class == LANG_CODE;
}

static uint32_t resolve(const struct table *t, const struct link_file *files, const char *name,
                        uint32_t from)
{
    char text[MAX_NAME] = {0};
    size_t len;
    uint32_t found;

    if (strlen(name) >= MAX_NAME)
        return NONE;
    if (name[0] == '.' && (name[1] == '/' || name[1] == '.')) {
        len = strchr(name, '/') ? resolve_relative(files[from].path, name, text) : 0;
        found = len ? table_find(t, files, text, len, from) : NONE;
        if (found == NONE && len)
            found = table_find(t, files, text, without_ending(text, len), from);
        if (found != NONE || len)
            return found;
        name += strspn(name, "."); /* Python: "..pkg.mod" */
    }
    if (has_known_ending(name)) {
        found = find_end(t, files, name, without_ending(name, strlen(name)), from);
        if (found != NONE)
            return found;
    }
    len = with_slashes(name, text);
    while (len && text[len - 1] == '/')
        len--;
    found = find_end(t, files, text, len, from);
    if (found == NONE && memchr(text, '.', len))
        found = find_end(t, files, text, without_ending(text, len), from);
    if (found == NONE) { /* the last part may be a thing within the file */
        while (len && text[len - 1] != '/')
            len--;
        if (len > 1 && count_parts(text, len - 1) > 1)
            found = find_end(t, files, text, len - 1, from);
    }
    return found;
}

struct list {
    struct link *links;
    size_t n;
    size_t cap;
};

static void add_link(struct list *l, uint32_t from, uint32_t to)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 1024;
        l->links = xreallocarray(l->links, l->cap, sizeof(*l->links));
    }
    l->links[l->n++] = (struct link){from, to};
}

static int compare_links(const void *a, const void *b)
{
    const struct link *x = a;
    const struct link *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

static void drop_doubles(struct list *l)
{
    size_t n = 0;

    if (l->n)
        qsort(l->links, l->n, sizeof(*l->links), compare_links);
    for (size_t i = 0; i < l->n; i++) {
        if (n == 0 || compare_links(&l->links[n - 1], &l->links[i]) != 0)
            l->links[n++] = l->links[i];
    }
    l->n = n;
}

void links_find(const struct link_file *files, size_t n, struct link **out, size_t *out_n)
{
    struct list list = {0};
    struct table table;

    table_init(&table, n * (MAX_ENDS + 1));
    for (size_t i = 0; i < n; i++)
        add_file(&table, &files[i], (uint32_t)i);
    for (size_t i = 0; i < n; i++) {
        const char *end = files[i].imports + files[i].imports_len;

        for (const char *name = files[i].imports; name < end; name += strlen(name) + 1) {
            uint32_t to = resolve(&table, files, name, (uint32_t)i);

            if (to != NONE && to != i)
                add_link(&list, (uint32_t)i, to);
        }
    }
    table_release(&table);
    drop_doubles(&list);
    *out = list.links;
    *out_n = list.n;
}

/* The name of a file in lower case letters and digits, without its ending and without the words
 * that mark a test. Returns its length. */
static size_t bare_name(const char *path, bool test, char *out)
{
    static const char *const marks[] = {"tests", "test", "specs", "spec", "testcase", "it"};
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strcspn(name + (*name == '.'), ".") + (*name == '.');
    size_t n = 0;
    bool at_border = true;

    for (size_t i = 0; i < len && n + 1 < MAX_NAME; i++) {
        unsigned char c = (unsigned char)name[i];

        if (test && (at_border || isupper(c))) {
            size_t skip = 0;

            for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]) && !skip; k++) {
                size_t m = strlen(marks[k]);

                /* name[len] is there: a dot or the NUL */
                if (i + m <= len && strncasecmp(name + i, marks[k], m) == 0 &&
                    !islower((unsigned char)name[i + m]))
                    skip = m;
            }
            if (skip) {
                i += skip - 1;
                at_border = true;
                continue;
            }
        }
        at_border = !isalnum(c);
        if (isalnum(c) || c >= 0x80)
            out[n++] = (char)tolower(c);
    }
    out[n] = '\0';
    return n;
}

void links_pair_tests(const struct link_file *files, size_t n, struct link **out, size_t *out_n)
{
    struct list list = {0};
    struct table table;
    char name[MAX_NAME];

    table_init(&table, n);
    for (size_t i = 0; i < n; i++) {
        size_t len =
            files[i].flags & (FILE_TEST | FILE_DOC) ? 0 : bare_name(files[i].path, false, name);
        if (len)
            table_add(&table, name, len, (uint32_t)i);
    }
    for (size_t i = 0; i < n; i++) {
        size_t len = files[i].flags & FILE_TEST ? bare_name(files[i].path, true, name) : 0;
        uint32_t to = len ? table_find(&table, files, name, len, (uint32_t)i) : NONE;

        if (to != NONE)
            add_link(&list, (uint32_t)i, to);
    }
    table_release(&table);
    *out = list.links;
    *out_n = list.n;
}
