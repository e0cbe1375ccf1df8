#include "vdo/code/edit.h"

#include "work.h"

#include "vdo/base/limits.h"
#include "vdo/base/proc.h"
#include "vdo/json/json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { TIMEOUT_MS = 5000, CPU_S = 5, MEMORY_MIB = 1024, NO_CHECK = 77, NO_PROGRAM = 127 };
/* Exit codes of what a signal has ended; php says 255 of an error it has found. */
enum { KILLED = 128, MOST_SIGNALS = 64 };

struct checker {
    const char *name;
    const char *const *ends;  /* of file names, NULL-ended */
    const char *const *argv;  /* reads standard input, runs nothing of it */
    const char *const *retry; /* another reading of the same language, or NULL */
};

/* -I and -S: no site, user or working directory is looked into. */
#define PYTHON_START "python3", "-I", "-S", "-c"
#define PYTHON_PARSE                                                   \
    "import ast, sys, warnings\n"                                      \
    "warnings.simplefilter('ignore')\n"                                \
    "try: ast.parse(sys.stdin.buffer.read())\n"                        \
    "except SyntaxError as e: sys.exit(f'line {e.lineno}: {e.msg}')\n" \
    "except ValueError as e: sys.exit(str(e))\n"                       \
    "except (RecursionError, MemoryError): sys.exit(77)\n"
#define TOML_PARSE                          \
    "import sys\n"                          \
    "try: import tomllib\n"                 \
    "except ImportError: sys.exit(77)\n"    \
    "try: tomllib.load(sys.stdin.buffer)\n" \
    "except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e: sys.exit(str(e))\n"

static const struct checker *checkers(size_t *out_n)
{
    static const char *const PY[] = {".py", ".pyi", NULL};
    static const char *const PY_ARGV[] = {PYTHON_START, PYTHON_PARSE, NULL};
    static const char *const TOML[] = {".toml", NULL};
    static const char *const TOML_ARGV[] = {PYTHON_START, TOML_PARSE, NULL};
    static const char *const JS[] = {".js", ".cjs", NULL};
    static const char *const JS_ARGV[] = {"node", "--check", "-", NULL};
    static const char *const MJS[] = {".mjs", NULL};
    static const char *const MJS_ARGV[] = {"node", "--input-type=module", "--check", "-", NULL};
    static const char *const SH[] = {".sh", ".bash", NULL};
    static const char *const SH_ARGV[] = {"bash", "--norc", "--noprofile", "-n", NULL};
    static const char *const RB[] = {".rb", ".rake", ".gemspec", NULL};
    static const char *const RB_ARGV[] = {"ruby", "--disable=all", "-c", NULL};
    static const char *const PHP[] = {".php", NULL};
    static const char *const PHP_ARGV[] = {"php", "-n", "-l", NULL};
    static const char *const GO[] = {".go", NULL};
    static const char *const GO_ARGV[] = {"gofmt", "-e", NULL};
    static const char *const LUA[] = {".lua", NULL};
    static const char *const LUA_ARGV[] = {"luac", "-p", "-", NULL};
    static const struct checker ALL[] = {
        {"python3", PY, PY_ARGV, NULL},  {"tomllib", TOML, TOML_ARGV, NULL},
        {"node", JS, JS_ARGV, MJS_ARGV}, {"node", MJS, MJS_ARGV, NULL},
        {"bash", SH, SH_ARGV, NULL},     {"ruby", RB, RB_ARGV, NULL},
        {"php", PHP, PHP_ARGV, NULL},    {"gofmt", GO, GO_ARGV, NULL},
        {"luac", LUA, LUA_ARGV, NULL},
    };

    *out_n = sizeof(ALL) / sizeof(ALL[0]);
    return ALL;
}

static bool ends_in(const char *path, const char *end)
{
    size_t len = strlen(path);
    size_t n = strlen(end);

    return len > n && strcmp(path + len - n, end) == 0;
}

static const struct checker *checker_for(const char *path)
{
    size_t n;
    const struct checker *all = checkers(&n);

    for (size_t i = 0; i < n; i++) {
        for (const char *const *end = all[i].ends; *end; end++) {
            if (ends_in(path, *end))
                return &all[i];
        }
    }
    return NULL;
}

/* The first lines of what the parser said, on one line. */
static void take_message(struct edit_syntax *out, const char *text)
{
    size_t n = 0;
    int lines = 0;

    for (; *text && n + 2 < sizeof(out->message) && lines < 5; text++) {
        bool ends = *text == '\n';

        if (ends && n > 0 && out->message[n - 1] == ' ')
            continue;
        lines += ends;
        out->message[n++] = ends || (unsigned char)*text < ' ' ? ' ' : *text;
    }
    while (n > 0 && out->message[n - 1] == ' ')
        n--;
    out->message[n] = '\0';
}

/* The first number behind "line " or a colon: all parsers name the place in one of these ways. */
static int line_in(const char *message)
{
    const char *at = strstr(message, "line ");
    long line = at ? strtol(at + 5, NULL, 10) : 0;

    for (at = message; line <= 0 && (at = strchr(at, ':')); at++)
        line = at[1] >= '0' && at[1] <= '9' ? strtol(at + 1, NULL, 10) : 0;
    return line > 0 && line < INT_MAX ? (int)line : 0;
}

/* Without another way: a child that sees no file of the tree, with limits. Node and Go reserve far
 * more address space than they use, so what is limited is what they write to. */
static int run_child(void *arg, const char *name, const char *path, const char *const *argv,
                     const char *bytes, size_t len, struct edit_parse *out)
{
    static const char *const ENV[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    static const struct proc_rlimit LIMITS[] = {{RLIMIT_CPU, CPU_S},
                                                {RLIMIT_CORE, 0},
                                                {RLIMIT_FSIZE, 0},
                                                {RLIMIT_NOFILE, 64},
                                                {RLIMIT_DATA, MEMORY_MIB * VDO_MIB}};
    struct proc_spec spec = {.argv = argv,
                             .envp = ENV,
                             .cwd = "/",
                             .in = bytes,
                             .in_len = len,
                             .rlimits = LIMITS,
                             .n_rlimits = sizeof(LIMITS) / sizeof(LIMITS[0]),
                             .timeout_ms = TIMEOUT_MS,
                             .head_max = sizeof(out->said) - 1};
    struct proc_result result;
    struct err err = {0};
    int rc = proc_run(&spec, &result, &err);

    (void)arg;
    (void)name;
    (void)path;
    if (rc)
        return rc;
    out->exit_code = result.timed_out || result.signal ? -1 : result.exit_code;
    (void)snprintf(out->said, sizeof(out->said), "%s",
                   result.err.head[0] ? result.err.head : result.out.head);
    proc_result_release(&result);
    return VDO_OK;
}

struct checked {
    const struct edit_parser *parser;
    const char *name;
    const char *path;
    const char *bytes;
    size_t len;
};

static enum edit_syntax_state run(const struct checked *c, const char *const *argv,
                                  struct edit_syntax *out)
{
    struct edit_parse parse = {.exit_code = -1};
    edit_parse_fn way = c->parser ? c->parser->run : run_child;

    if (way(c->parser ? c->parser->arg : NULL, c->name, c->path, argv, c->bytes, c->len, &parse))
        return EDIT_SYNTAX_NONE;
    if (parse.exit_code == 0)
        return EDIT_SYNTAX_OK;
    if (parse.exit_code < 0 || parse.exit_code == NO_CHECK || parse.exit_code == NO_PROGRAM ||
        (parse.exit_code > KILLED && parse.exit_code <= KILLED + MOST_SIGNALS))
        return EDIT_SYNTAX_NONE;
    take_message(out, parse.said);
    out->line = line_in(out->message);
    return EDIT_SYNTAX_BROKEN;
}

/* JSX and Flow are other languages in files of the same name. */
static bool is_plain_script(const char *bytes, size_t len)
{
    return !memmem(bytes, len, "</", 2) && !memmem(bytes, len, "/>", 2) &&
           !memmem(bytes, len, "@flow", 5);
}

/* Files named .json that their readers take with comments. */
static bool is_strict_json(const char *path)
{
    const char *base = strrchr(path, '/');

    base = base ? base + 1 : path;
    return strncmp(base, "tsconfig", 8) != 0 && strncmp(base, "jsconfig", 8) != 0 &&
           base[0] != '.' && strncmp(path, ".vscode/", 8) != 0 &&
           strncmp(base, "devcontainer", 12) != 0;
}

static void check_json(const char *bytes, size_t len, struct edit_syntax *out)
{
    struct err err = {0};
    json_t *value = NULL;
    int rc = js_parse(bytes, len, &value, &err);

    out->checker = "json";
    out->state = rc == VDO_OK          ? EDIT_SYNTAX_OK :
                 rc == VDO_E_TOO_LARGE ? EDIT_SYNTAX_NONE :
                                         EDIT_SYNTAX_BROKEN;
    if (out->state == EDIT_SYNTAX_BROKEN)
        take_message(out, err.text);
    out->line = line_in(out->message);
    json_decref(value);
}

void edit_syntax_bytes(const struct edit_parser *parser, const char *path, const char *bytes,
                       size_t len, struct edit_syntax *out)
{
    const struct checker *checker = checker_for(path);
    struct checked c = {.parser = parser, .path = path, .bytes = bytes, .len = len};

    *out = (struct edit_syntax){.state = EDIT_SYNTAX_NONE};
    if (ends_in(path, ".json") && is_strict_json(path)) {
        check_json(bytes, len, out);
        return;
    }
    if (!checker || (strcmp(checker->name, "node") == 0 && !is_plain_script(bytes, len)))
        return;
    c.name = checker->name;
    out->state = run(&c, checker->argv, out);
    if (out->state == EDIT_SYNTAX_BROKEN && checker->retry &&
        run(&c, checker->retry, out) == EDIT_SYNTAX_OK)
        out->state = EDIT_SYNTAX_OK;
    if (out->state != EDIT_SYNTAX_NONE)
        out->checker = checker->name;
    if (out->state != EDIT_SYNTAX_BROKEN) {
        out->message[0] = '\0';
        out->line = 0;
    }
}

int edit_check_syntax(const char *dir, const char *path, struct edit_syntax *out, struct err *err)
{
    struct edit_options options = {.dir = dir};
    struct work_file *file;
    struct refusal why = {0};
    struct work work;
    int rc;

    work_init(&work, &options);
    rc = work_open(&work, path, &file, &why, err);
    if (rc == VDO_E_REFUSED)
        (void)err_set(err, VDO_E_REFUSED, "%s", why.message);
    if (rc == VDO_OK && !file->exists)
        rc = err_set(err, VDO_E_NOT_FOUND, "%.300s does not exist", path);
    if (rc == VDO_OK)
        edit_syntax_bytes(NULL, path, file->bytes, file->len, out);
    refusal_release(&why);
    work_release(&work);
    return rc;
}
