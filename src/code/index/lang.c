#include "lang.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_EXT = 16 };

static const struct lang_syntax c_like = {{"//", NULL}, "/*", "*/", "\"'", NULL, false};
static const struct lang_syntax js_like = {{"//", NULL}, "/*", "*/", "\"'", "`", false};
static const struct lang_syntax rust_like = {{"//", NULL}, "/*", "*/", NULL, "\"", false};
static const struct lang_syntax php_like = {{"//", "#"}, "/*", "*/", "\"'", NULL, false};
static const struct lang_syntax kotlin_like = {{"//", NULL}, "/*", "*/", "\"'", NULL, true};
static const struct lang_syntax python_like = {{"#", NULL}, NULL, NULL, "\"'", NULL, true};
static const struct lang_syntax hash_like = {{"#", NULL}, NULL, NULL, "\"'", NULL, false};
static const struct lang_syntax elixir_like = {{"#", NULL}, NULL, NULL, "\"'", NULL, true};
static const struct lang_syntax sql_like = {{"--", NULL}, "/*", "*/", "'\"", NULL, false};
static const struct lang_syntax lua_like = {{"--", NULL}, "--[[", "]]", "\"'", NULL, false};
static const struct lang_syntax haskell_like = {{"--", NULL}, "{-", "-}", "\"", NULL, false};
static const struct lang_syntax ml_like = {{NULL, NULL}, "(*", "*)", "\"", NULL, false};
static const struct lang_syntax fsharp_like = {{"//", NULL}, "(*", "*)", "\"", NULL, true};
static const struct lang_syntax pascal_like = {{"//", NULL}, "{", "}", "'", NULL, false};
static const struct lang_syntax lisp_like = {{";", NULL}, "#|", "|#", NULL, "\"", false};
static const struct lang_syntax percent_like = {{"%", NULL}, NULL, NULL, "\"", NULL, false};
static const struct lang_syntax vim_like = {{NULL, NULL}, NULL, NULL, "'", NULL, false};
static const struct lang_syntax basic_like = {{"'", NULL}, NULL, NULL, "\"", NULL, false};
static const struct lang_syntax fortran_like = {{"!", NULL}, NULL, NULL, "\"'", NULL, false};
static const struct lang_syntax markup_like = {{NULL, NULL}, "<!--", "-->", "\"", NULL, false};
static const struct lang_syntax powershell_like = {{"#", NULL}, "<#", "#>", "\"'", NULL, false};
static const struct lang_syntax julia_like = {{"#", NULL}, "#=", "=#", "\"", NULL, true};
static const struct lang_syntax css_like = {{NULL, NULL}, "/*", "*/", "\"'", NULL, false};
static const struct lang_syntax data_like = {{NULL, NULL}, NULL, NULL, "\"", NULL, false};
static const struct lang_syntax none = {{NULL, NULL}, NULL, NULL, NULL, NULL, false};

#define L(id, name, class, ctags, syntax) \
    static const struct lang id = {name, class, ctags, &(syntax)}
L(ada, "Ada", LANG_CODE, true, sql_like);
L(assembly, "Asm", LANG_CODE, true, hash_like);
L(awk, "Awk", LANG_CODE, true, hash_like);
L(basic, "Basic", LANG_CODE, false, basic_like);
L(c, "C", LANG_CODE, true, c_like);
L(clojure, "Clojure", LANG_CODE, true, lisp_like);
L(cmake, "CMake", LANG_BUILD, true, hash_like);
L(coffee, "CoffeeScript", LANG_CODE, false, python_like);
L(cplusplus, "C++", LANG_CODE, true, c_like);
L(crystal, "Crystal", LANG_CODE, false, hash_like);
L(csharp, "C#", LANG_CODE, true, c_like);
L(css, "CSS", LANG_CODE, false, css_like);
L(cython, "Cython", LANG_CODE, true, python_like);
L(d, "D", LANG_CODE, true, js_like);
L(dart, "Dart", LANG_CODE, false, kotlin_like);
L(data, "data", LANG_DATA, false, data_like);
L(docker, "Dockerfile", LANG_BUILD, false, hash_like);
L(elixir, "Elixir", LANG_CODE, true, elixir_like);
L(elm, "Elm", LANG_CODE, true, haskell_like);
L(erlang, "Erlang", LANG_CODE, true, percent_like);
L(fortran, "Fortran", LANG_CODE, true, fortran_like);
L(fsharp, "F#", LANG_CODE, false, fsharp_like);
L(go, "Go", LANG_CODE, true, js_like);
L(gradle, "Gradle", LANG_BUILD, false, kotlin_like);
L(graphql, "GraphQL", LANG_CODE, false, hash_like);
L(groovy, "Groovy", LANG_CODE, false, kotlin_like);
L(haskell, "Haskell", LANG_CODE, true, haskell_like);
L(html, "HTML", LANG_CODE, false, markup_like);
L(java, "Java", LANG_CODE, true, kotlin_like);
L(javascript, "JavaScript", LANG_CODE, true, js_like);
L(julia, "Julia", LANG_CODE, true, julia_like);
L(kotlin, "Kotlin", LANG_CODE, false, kotlin_like);
L(lisp, "Lisp", LANG_CODE, true, lisp_like);
L(elisp, "EmacsLisp", LANG_CODE, true, lisp_like);
L(scheme, "Scheme", LANG_CODE, true, lisp_like);
L(lua, "Lua", LANG_CODE, true, lua_like);
L(make, "Make", LANG_BUILD, true, hash_like);
L(meson, "Meson", LANG_BUILD, false, python_like);
L(nim, "Nim", LANG_CODE, false, python_like);
L(nix, "Nix", LANG_CODE, false, hash_like);
L(objc, "ObjectiveC", LANG_CODE, true, c_like);
L(ocaml, "OCaml", LANG_CODE, true, ml_like);
L(pascal, "Pascal", LANG_CODE, true, pascal_like);
L(perl, "Perl", LANG_CODE, true, hash_like);
L(php, "PHP", LANG_CODE, true, php_like);
L(powershell, "PowerShell", LANG_CODE, true, powershell_like);
L(prolog, "Prolog", LANG_CODE, false, percent_like);
L(prose, "text", LANG_TEXT, false, none);
L(proto, "Protobuf", LANG_CODE, true, c_like);
L(python, "Python", LANG_CODE, true, python_like);
L(r_lang, "R", LANG_CODE, true, hash_like);
L(ruby, "Ruby", LANG_CODE, true, hash_like);
L(rust, "Rust", LANG_CODE, true, rust_like);
L(scala, "Scala", LANG_CODE, false, kotlin_like);
L(scss, "SCSS", LANG_CODE, false, c_like);
L(shell, "Sh", LANG_CODE, true, hash_like);
L(sql, "SQL", LANG_CODE, true, sql_like);
L(svelte, "Svelte", LANG_CODE, false, js_like);
L(swift, "Swift", LANG_CODE, false, kotlin_like);
L(systemverilog, "SystemVerilog", LANG_CODE, true, c_like);
L(tcl, "Tcl", LANG_CODE, true, hash_like);
L(template, "template", LANG_CODE, false, markup_like);
L(terraform, "Terraform", LANG_CODE, false, php_like);
L(tex, "Tex", LANG_TEXT, false, none);
L(typescript, "TypeScript", LANG_CODE, true, js_like);
L(vhdl, "VHDL", LANG_CODE, true, sql_like);
L(vim, "Vim", LANG_CODE, true, vim_like);
L(vue, "Vue", LANG_CODE, false, js_like);
L(xml, "XML", LANG_DATA, false, markup_like);
L(yaml, "YAML", LANG_DATA, false, hash_like);
L(zig, "Zig", LANG_CODE, false, c_like);
#undef L

struct name_lang {
    const char *name;
    const struct lang *lang;
};

/* Sorted by name, lower case. */
static const struct name_lang extensions[] = {
    {"adb", &ada},
    {"adoc", &prose},
    {"ads", &ada},
    {"asm", &assembly},
    {"astro", &svelte},
    {"awk", &awk},
    {"bas", &basic},
    {"bash", &shell},
    {"bat", &shell},
    {"bzl", &python},
    {"c", &c},
    {"c++", &cplusplus},
    {"cc", &cplusplus},
    {"cfg", &data},
    {"cjs", &javascript},
    {"cl", &c},
    {"clj", &clojure},
    {"cljc", &clojure},
    {"cljs", &clojure},
    {"cmake", &cmake},
    {"coffee", &coffee},
    {"conf", &data},
    {"cpp", &cplusplus},
    {"cr", &crystal},
    {"cs", &csharp},
    {"css", &css},
    {"csv", &data},
    {"cts", &typescript},
    {"cu", &cplusplus},
    {"cuh", &cplusplus},
    {"cxx", &cplusplus},
    {"d", &d},
    {"dart", &dart},
    {"el", &elisp},
    {"elm", &elm},
    {"erb", &template},
    {"erl", &erlang},
    {"ex", &elixir},
    {"exs", &elixir},
    {"f", &fortran},
    {"f90", &fortran},
    {"f95", &fortran},
    {"frag", &c},
    {"fs", &fsharp},
    {"fsx", &fsharp},
    {"glsl", &c},
    {"go", &go},
    {"gradle", &gradle},
    {"graphql", &graphql},
    {"groovy", &groovy},
    {"h", &c},
    {"haml", &template},
    {"hbs", &template},
    {"hh", &cplusplus},
    {"hpp", &cplusplus},
    {"hrl", &erlang},
    {"hs", &haskell},
    {"htm", &html},
    {"html", &html},
    {"hxx", &cplusplus},
    {"ini", &data},
    {"inl", &cplusplus},
    {"ipp", &cplusplus},
    {"ipynb", &data},
    {"java", &java},
    {"jl", &julia},
    {"js", &javascript},
    {"json", &data},
    {"json5", &data},
    {"jsonc", &data},
    {"jsonl", &data},
    {"jsx", &javascript},
    {"kt", &kotlin},
    {"kts", &kotlin},
    {"less", &scss},
    {"lhs", &haskell},
    {"lisp", &lisp},
    {"lua", &lua},
    {"m", &objc},
    {"m4", &make},
    {"markdown", &prose},
    {"md", &prose},
    {"mdx", &prose},
    {"metal", &cplusplus},
    {"mjs", &javascript},
    {"mk", &make},
    {"ml", &ocaml},
    {"mli", &ocaml},
    {"mm", &objc},
    {"mts", &typescript},
    {"nim", &nim},
    {"nix", &nix},
    {"pas", &pascal},
    {"php", &php},
    {"pl", &perl},
    {"plist", &xml},
    {"pm", &perl},
    {"po", &data},
    {"pro", &prolog},
    {"properties", &data},
    {"proto", &proto},
    {"ps1", &powershell},
    {"psm1", &powershell},
    {"pug", &template},
    {"pxd", &cython},
    {"py", &python},
    {"pyi", &python},
    {"pyx", &cython},
    {"r", &r_lang},
    {"rake", &ruby},
    {"rb", &ruby},
    {"rkt", &scheme},
    {"rs", &rust},
    {"rst", &prose},
    {"s", &assembly},
    {"sass", &scss},
    {"sbt", &scala},
    {"scala", &scala},
    {"scm", &scheme},
    {"scss", &scss},
    {"sh", &shell},
    {"sol", &javascript},
    {"sql", &sql},
    {"sv", &systemverilog},
    {"svelte", &svelte},
    {"svg", &xml},
    {"swift", &swift},
    {"t", &perl},
    {"tcl", &tcl},
    {"tex", &tex},
    {"tf", &terraform},
    {"thrift", &proto},
    {"toml", &yaml},
    {"ts", &typescript},
    {"tsv", &data},
    {"tsx", &typescript},
    {"txt", &prose},
    {"v", &systemverilog},
    {"vb", &basic},
    {"vert", &c},
    {"vhd", &vhdl},
    {"vhdl", &vhdl},
    {"vim", &vim},
    {"vue", &vue},
    {"wgsl", &c},
    {"xml", &xml},
    {"xsd", &xml},
    {"xsl", &xml},
    {"yaml", &yaml},
    {"yml", &yaml},
    {"zig", &zig},
    {"zsh", &shell},
};

/* Whole names, lower case, for files without a telling extension. */
static const struct name_lang names[] = {
    {"build", &python},
    {"build.bazel", &python},
    {"cmakelists.txt", &cmake},
    {"containerfile", &docker},
    {"dockerfile", &docker},
    {"gemfile", &ruby},
    {"gnumakefile", &make},
    {"go.mod", &data},
    {"jenkinsfile", &groovy},
    {"justfile", &make},
    {"kbuild", &make},
    {"kconfig", &data},
    {"makefile", &make},
    {"makefile.am", &make},
    {"makefile.in", &make},
    {"meson.build", &meson},
    {"meson_options.txt", &meson},
    {"rakefile", &ruby},
    {"vagrantfile", &ruby},
    {"workspace", &python},
};

static const struct name_lang interpreters[] = {
    {"awk", &awk},        {"bash", &shell},      {"dash", &shell},      {"ksh", &shell},
    {"lua", &lua},        {"node", &javascript}, {"perl", &perl},       {"php", &php},
    {"python", &python},  {"ruby", &ruby},       {"sh", &shell},        {"tclsh", &tcl},
    {"wish", &tcl},       {"zsh", &shell},       {"deno", &typescript}, {"escript", &erlang},
    {"rscript", &r_lang},
};

static int compare_name(const void *key, const void *row)
{
    return strcmp(key, ((const struct name_lang *)row)->name);
}

static const struct lang *by_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    const struct name_lang *found;
    char ext[MAX_EXT];
    size_t len = dot ? strlen(dot + 1) : 0;

    if (!len || len >= sizeof(ext))
        return NULL;
    for (size_t i = 0; i <= len; i++)
        ext[i] = (char)tolower((unsigned char)dot[1 + i]);
    found = bsearch(ext, extensions, sizeof(extensions) / sizeof(extensions[0]),
                    sizeof(extensions[0]), compare_name);
    return found ? found->lang : NULL;
}

static const struct lang *by_name(const char *name)
{
    char first = (char)tolower((unsigned char)*name);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].name[0] == first && strcasecmp(name, names[i].name) == 0)
            return names[i].lang;
    }
    return first == 'd' && strncasecmp(name, "dockerfile.", 11) == 0 ? &docker : NULL;
}

/* "#!/usr/bin/env -S python3 -u": the first word that names an interpreter. */
static const struct lang *by_first_line(const char *head, size_t len)
{
    const char *eol = memchr(head, '\n', len);
    const char *end = eol ? eol : head + len;
    const char *at = head + 2;

    if (len < 3 || head[0] != '#' || head[1] != '!')
        return len > 5 && memcmp(head, "<?xml", 5) == 0 ? &xml : NULL;
    while (at < end) {
        const char *word;
        size_t n = 0;

        while (at < end && !isalpha((unsigned char)*at))
            at++;
        word = at;
        while (at < end && isalpha((unsigned char)*at))
            at++;
        n = (size_t)(at - word);
        for (size_t i = 0; n && i < sizeof(interpreters) / sizeof(interpreters[0]); i++) {
            if (strlen(interpreters[i].name) == n &&
                strncasecmp(word, interpreters[i].name, n) == 0)
                return interpreters[i].lang;
        }
    }
    return NULL;
}

const struct lang *lang_of(const char *path, const char *head, size_t len)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const struct lang *lang = by_name(name);

    if (!lang)
        lang = by_extension(name);
    if (!lang && head)
        lang = by_first_line(head, len);
    return lang ? lang : &prose;
}
