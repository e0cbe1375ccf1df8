#include "outline_facts.h"

#include "classify.h"
#include "index_struct.h"
#include "lang.h"
#include "links.h"
#include "words.h"

#include "vdo/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Names are counted modulo this; a few meet by accident, which an outline bears. */
enum { NAME_SLOTS = 1 << 20, MAX_LANGUAGES = 100 };

struct file_facts {
    uint32_t file; /* of the snapshot */
    uint32_t lines;
    uint32_t imported;
    bool entry;
    double importance;
};

struct outline_facts {
    struct file_facts *files; /* source files in path order */
    size_t n;
    struct strbuf imports;
    struct link_file *links; /* of the same files */
    uint32_t *order;
    uint16_t *files_with; /* by term, modulo NAME_SLOTS */
    struct outline_language languages[MAX_LANGUAGES];
    size_t n_languages;
};

void outline_facts_free(struct outline_facts *facts)
{
    if (!facts)
        return;
    strbuf_release(&facts->imports);
    free(facts->files);
    free(facts->links);
    free(facts->order);
    free(facts->files_with);
    free(facts);
}

static void count_language(struct outline_facts *o, const char *name, uint32_t lines)
{
    size_t i = 0;

    while (i < o->n_languages && strcmp(o->languages[i].name, name) != 0)
        i++;
    if (i == MAX_LANGUAGES)
        return;
    if (i == o->n_languages)
        o->languages[o->n_languages++] = (struct outline_language){.name = name};
    o->languages[i].lines += lines;
}

static bool has_main(const struct facts *facts)
{
    struct facts_symbol symbol;
    size_t at = 0;

    while (facts_next_symbol(facts, &at, &symbol)) {
        if (strcmp(symbol.name, "main") == 0 && (*symbol.kind == 'f' || *symbol.kind == 'm'))
            return true;
    }
    return false;
}

/* Where programs start: a function main, or a name that stands for it. */
static bool is_entry(const char *path, const struct lang *lang, const struct facts *facts)
{
    static const char *const names[] = {
        "__main__.py", "main.py", "manage.py", "cli.py", "main.rs",    "main.ts", "main.js",
        "server.js",   "cli.js",  "cli.ts",    "app.py", "Program.cs", "main.go", "main.c"};
    const char *slash = strrchr(path, '/');

    if (lang->class != LANG_CODE)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(slash ? slash + 1 : path, names[i]) == 0)
            return true;
    }
    return strncmp(path, "bin/", 4) == 0 || has_main(facts);
}

static void read_file_facts(struct outline_facts *o, const struct snap_file *f, uint32_t number,
                            const struct facts *facts)
{
    const struct lang *lang = lang_of(f->path, NULL, 0);
    struct file_facts *to = &o->files[o->n];

    for (size_t i = 0; i < facts->head->n_terms; i++) {
        uint16_t *slot = &o->files_with[facts->term[i] % NAME_SLOTS];

        *slot = (uint16_t)(*slot + (*slot < UINT16_MAX));
    }
    if (lang->class != LANG_CODE && lang->class != LANG_BUILD)
        return;
    count_language(o, lang->name, facts->head->lines);
    *to = (struct file_facts){.file = number, .lines = facts->head->lines};
    to->entry = !(f->flags & FILE_EXAMPLE) && is_entry(f->path, lang, facts);
    /* The offset for now: the buffer may move while it grows. */
    o->links[o->n] = (struct link_file){
        .path = f->path, .imports_len = facts->head->imports_len, .flags = f->flags};
    (void)strbuf_add(&o->imports, facts->imports, facts->head->imports_len);
    o->n++;
}

static int read_all(struct code_index *index, struct outline_facts *o, struct err *err)
{
    size_t offset = 0;

    for (size_t i = 0; i < index->snapshot.n; i++) {
        const struct snap_file *f = &index->snapshot.files[i];
        struct facts facts;
        int rc;

        if (f->flags & (FILE_TEST | FILE_DOC | FILE_LOCALE))
            continue;
        rc = index_facts(index, f, &facts, err);
        if (rc == VDO_OK)
            read_file_facts(o, f, (uint32_t)i, &facts);
        else if (rc != VDO_E_NOT_FOUND)
            return rc;
    }
    for (size_t i = 0; i < o->n; i++) {
        o->links[i].imports = o->imports.ptr + offset;
        offset += o->links[i].imports_len;
    }
    return VDO_OK;
}

static int by_lines(const void *a, const void *b)
{
    const struct outline_language *x = a;
    const struct outline_language *y = b;

    if (x->lines != y->lines)
        return x->lines < y->lines ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void sort_languages(struct outline_facts *o)
{
    uint64_t total = 0;

    qsort(o->languages, o->n_languages, sizeof(o->languages[0]), by_lines);
    for (size_t i = 0; i < o->n_languages; i++)
        total += o->languages[i].lines;
    for (size_t i = 0; i < o->n_languages && total; i++)
        o->languages[i].percent = (unsigned)(o->languages[i].lines * 100 / total);
}

struct placed {
    double importance;
    uint32_t file;
};

static int by_importance(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;

    if (x->importance < y->importance || x->importance > y->importance)
        return x->importance < y->importance ? 1 : -1;
    return (x->file > y->file) - (x->file < y->file);
}

static void weigh_files(struct outline_facts *o, const struct snapshot *s)
{
    AUTO_FREE struct placed *placed = xcalloc(o->n + 1, sizeof(*placed));
    struct link *links = NULL;
    size_t n = 0;

    links_find(o->links, o->n, &links, &n);
    for (size_t i = 0; i < n; i++)
        o->files[links[i].to].imported++;
    free(links);
    for (size_t i = 0; i < o->n; i++) {
        const struct file_facts *f = &o->files[i];
        unsigned flags = s->files[f->file].flags;

        placed[i].file = f->file;
        placed[i].importance = 2.0 * log(1.0 + f->imported) + 0.7 * log(1.0 + f->lines) +
                               (f->entry ? 1.5 : 0.0) - (flags & FILE_EXAMPLE ? 4.0 : 0.0) +
                               log(1.0 + (double)s->files[f->file].churn);
    }
    qsort(placed, o->n, sizeof(*placed), by_importance);
    for (size_t i = 0; i < o->n; i++)
        o->order[i] = placed[i].file;
}

int outline_facts_read(struct code_index *index, struct outline_facts **out, struct err *err)
{
    struct outline_facts *o = xcalloc(1, sizeof(*o));
    size_t n = index->snapshot.n + 1;
    int rc;

    strbuf_init(&o->imports, SIZE_MAX / 2);
    o->files = xcalloc(n, sizeof(*o->files));
    o->links = xcalloc(n, sizeof(*o->links));
    o->order = xcalloc(n, sizeof(*o->order));
    o->files_with = xcalloc(NAME_SLOTS, sizeof(*o->files_with));
    rc = read_all(index, o, err);
    if (rc) {
        outline_facts_free(o);
        return rc;
    }
    sort_languages(o);
    weigh_files(o, &index->snapshot);
    *out = o;
    return VDO_OK;
}

size_t outline_languages(const struct outline_facts *facts, const struct outline_language **out)
{
    *out = facts->languages;
    return facts->n_languages;
}

size_t outline_by_importance(const struct outline_facts *facts, const uint32_t **out)
{
    *out = facts->order;
    return facts->n;
}

bool outline_is_entry(const struct outline_facts *facts, size_t file)
{
    size_t low = 0;
    size_t high = facts->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (facts->files[middle].file < file)
            low = middle + 1;
        else
            high = middle;
    }
    return low < facts->n && facts->files[low].file == file && facts->files[low].entry;
}

/* Types before functions before data; members and parameters are left to who reads the file. */
static double kind_weight(const char *kind)
{
    static const struct {
        const char *kind;
        double weight;
    } kinds[] = {
        {"class", 1.6},
        {"interface", 1.6},
        {"struct", 1.4},
        {"trait", 1.5},
        {"enum", 1.0},
        {"function", 1.3},
        {"func", 1.3},
        {"method", 1.1},
        {"module", 1.0},
        {"type", 1.1},
        {"typedef", 1.0},
        {"object", 1.2},
        {"implementation", 0.8},
        {"macro", 0.4},
        {"prototype", 1.3},
        {"union", 1.0},
        {"subroutine", 1.2},
        {"procedure", 1.2},
        {"generator", 1.2},
        {"singletonMethod", 1.1},
        {"namespace", 0.3},
        {"constant", 0.5},
        {"const", 0.5},
        {"target", 0.8},
        {"script", 0.8},
        {"table", 1.0},
        {"message", 1.0},
        {"service", 1.2},
        {"rpc", 1.0},
        {"package", 0.0},
        {"variable", 0.2},
        {"var", 0.2},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].weight;
    }
    return 0;
}

/* The macro that keeps a header from being read twice. */
static bool is_guard(const struct facts_symbol *symbol)
{
    size_t len = strlen(symbol->name);

    while (len && symbol->name[len - 1] == '_')
        len--;
    return strcmp(symbol->kind, "macro") == 0 &&
           ((len > 2 && memcmp(symbol->name + len - 2, "_H", 2) == 0) ||
            (len > 4 && memcmp(symbol->name + len - 4, "_HPP", 4) == 0));
}

double outline_symbol_weight(const struct outline_facts *facts, const struct facts_symbol *symbol)
{
    double weight = kind_weight(symbol->kind);
    struct word_parts parts;
    unsigned files;

    if (weight <= 0 || strncmp(symbol->name, "__anon", 6) == 0 ||
        strncmp(symbol->name, "AnonymousFunction", 17) == 0 || is_guard(symbol))
        return 0;
    word_split(symbol->name, strlen(symbol->name), &parts);
    if (!parts.n)
        return 0;
    files = facts->files_with[parts.whole % NAME_SLOTS];
    /* "init" or "String" is in many files for other reasons than this symbol. */
    return weight * (1.0 + log(1.0 + (parts.compound || files < 4 ? files : 3)));
}
