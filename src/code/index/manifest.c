#include "manifest.h"

#include "vdo/json/json.h"

#include <string.h>

enum { MAX_SCRIPTS = 100 };

/* The line on which a script is written; scripts have no line in the parsed value. */
static uint32_t line_of(const char *bytes, size_t len, const char *name)
{
    const char *at = memmem(bytes, len, name, strlen(name));
    uint32_t line = 1;

    for (const char *p = bytes; at && p < at; p++)
        line += *p == '\n';
    return line;
}

void manifest_symbols(const char *name, const char *bytes, size_t len, manifest_fn fn, void *arg)
{
    json_auto_t *manifest = NULL;
    const char *script;
    json_t *command;
    unsigned n = 0;

    if ((strcmp(name, "package.json") != 0 && strcmp(name, "composer.json") != 0) ||
        js_parse(bytes, len, &manifest, NULL))
        return;
    json_object_foreach (json_object_get(manifest, "scripts"), script, command) {
        struct facts_symbol symbol = {.name = script,
                                      .kind = "script",
                                      .scope = "",
                                      .signature = "",
                                      .line = line_of(bytes, len, script)};

        if (n++ == MAX_SCRIPTS)
            return;
        if (json_is_string(command))
            symbol.signature = json_string_value(command);
        fn(arg, &symbol);
    }
}
