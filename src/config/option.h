/*
 * option: the engine behind vdo.yml and .github/vdo.yml. A table of options says what may stand in
 * a file; the engine finds what may not, converts what may, and collects errors with their place.
 */
#ifndef VDO_CONFIG_OPTION_H
#define VDO_CONFIG_OPTION_H

#include "vdo/config/config.h"
#include "vdo/config/yaml.h"

enum option_kind {
    OPTION_TEXT,     /* char * */
    OPTION_CHOICE,   /* char *, one of the words of range */
    OPTION_API,      /* enum provider_api, one of the words of range, in the order of the enum */
    OPTION_INTEGER,  /* int64_t, within range, times scale */
    OPTION_BOOL,     /* bool */
    OPTION_TRISTATE, /* int: 1, 0, or -1 when not given */
    OPTION_USD,      /* int64_t micro-dollars; -1 when not given and without a default */
    OPTION_SECRET,   /* struct secret */
    OPTION_SECRETS,  /* struct secret[CONFIG_MAX_SECRETS]; a text or a list. Count at offset_n */
    OPTION_TEXTS,    /* char **, owned. Count at offset_n */
    OPTION_ROLE,     /* struct config_role: a list of provider names */
    OPTION_CHOICES,  /* a mapping of any key to one of the words of range; read by its owner */
};

/* NULL when the text is fine, else what is wrong with it. */
typedef const char *(*option_check_fn)(const char *text);

struct option {
    struct config_option shown;
    enum option_kind kind;
    size_t offset; /* in the struct of its group: what stands before the last "*." of the key */
    size_t offset_n;
    int64_t scale; /* 0 means 1 */
    option_check_fn check;
    bool required;     /* in each member of its group */
    bool may_be_unset; /* an unset ${NAME} is no error but noted in option_reader.unset */
    /* What the example shows when it is not the default; with "#" in front it is commented out. */
    const char *example;
};

/* One file being read. */
struct option_reader {
    const char *name; /* of the file, for errors */
    const char *dir;  /* file:PATH is relative to it */
    const struct yaml_doc *doc;
    const struct option *table;
    size_t n_table;
    const char *list;      /* the one section that is a list of mappings, or NULL */
    bool substitute;       /* ${NAME} and file:PATH are replaced; never in a repository's file */
    struct strbuf *errors; /* initialised, or NULL */
    struct err *err;
    int n_errors;
    char *unset;    /* "${NAME}" of the last option with may_be_unset that got no value; owned */
    char *left_out; /* "NAME (VARIABLE is not set), ..." of providers without their key; or NULL */
};

enum { OPTION_MAX_ERRORS = 20, OPTION_MAX_TEXTS = 64 };

/* Note an error at the value (or key) of path. A path that does not exist takes its nearest parent.
 * Always returns VDO_E_INVALID. */
int option_fail(struct option_reader *r, const char *path, bool at_key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "FILE:LINE:COL: path: ..." for a warning; free with free(). */
char *option_place_text(const struct option_reader *r, const char *path, const char *text);

/* Note every key of the document that no option knows and every section that is no mapping. */
void option_check_keys(struct option_reader *r);

/*
 * Read the options whose keys begin with the prefix ("", "providers.*.", "checks.*.") and go on
 * without a further "*" into the struct at base. object is where they stand in the document (NULL:
 * nowhere, so that all get their defaults), place its path with a dot at its end, or "".
 */
void option_read_group(struct option_reader *r, const char *prefix, const json_t *object,
                       const char *place, void *base);
/* Free what option_read_group() put there. */
void option_free_group(const struct option *table, size_t n, const char *prefix, void *base);

/* The value at "a.b" below an object or NULL. Borrowed. */
const json_t *option_find(const json_t *object, const char *path);

/* The key of the table that is nearest to path; free with free(). */
char *option_nearest(const struct option_reader *r, const char *path);
/* Changes (insert, delete, replace, swap neighbours) that make b of a. */
size_t edit_distance(const char *a, const char *b);

/* Is word one of the blank-separated words? Gives its index through out (may be NULL). */
bool option_word(const char *words, const char *word, int *out_index);

/*
 * The text with ${NAME}, ${NAME:-default} and file:PATH replaced; free *out with free().
 * Returns 0; VDO_E_NOT_FOUND with *out_unset (free with free()) when a variable is not set;
 * VDO_E_INVALID and others with err.
 */
int option_substitute(const char *dir, const char *text, char **out, char **out_unset,
                      struct err *err);

/* "0.1" -> 100000. At most six decimals and a million dollars. Returns NULL or what is wrong. */
const char *option_parse_usd(const char *text, int64_t *out);

/* Convert one value; value NULL: the default. Errors are noted. */
void option_convert(struct option_reader *r, const struct option *option, const char *path,
                    const json_t *value, void *base);

#endif
