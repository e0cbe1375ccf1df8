#include "pattern.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <assert.h>
#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_PATTERN = 1000,
    MAX_REPEAT = 1000,
    MAX_COST = 4000,
    STAR_COST = 4, /* glibc copies what is starred; stars within stars multiply */
    MAX_NEST = 32,
    /* glibc keeps every state it ever made, so the expression is compiled anew from time to time.
     */
    RENEW_BYTES = 256 * 1024,
};

struct pattern {
    char *text; /* POSIX ERE */
    char *literal;
    int flags;
    regex_t regex;
    size_t seen; /* bytes matched since the regex was compiled */
};

/* One pass over the text, writing ERE. */
struct translator {
    const char *at;
    struct strbuf out;
    struct strbuf run;  /* literal being collected */
    struct strbuf best; /* longest so far */
    int depth;
    bool alternation; /* a "|" outside groups: no literal is certain */
    bool after_atom;
    bool after_quantifier;
    /* What glibc will build, in states: of the atoms before the last one, and of the last one, in
     * each open group. */
    long sum[MAX_NEST + 1];
    long last[MAX_NEST + 1];
    struct err *err;
};

static int refuse(struct translator *t, const char *what)
{
    return err_set(t->err, VDO_E_INVALID, "search pattern: %s", what);
}

static void end_run(struct translator *t)
{
    if (t->run.len > t->best.len) {
        strbuf_clear(&t->best);
        (void)strbuf_add(&t->best, t->run.ptr, t->run.len);
    }
    strbuf_clear(&t->run);
}

static void add_atom(struct translator *t, long cost)
{
    t->sum[t->depth] += t->last[t->depth];
    t->last[t->depth] = cost > 0 ? cost : 1;
}

static void put_literal(struct translator *t, char c)
{
    add_atom(t, 1);
    if (strchr(".[]{}()*+?|^$\\", c))
        (void)strbuf_addc(&t->out, '\\');
    (void)strbuf_addc(&t->out, c);
    if (t->depth == 0)
        (void)strbuf_addc(&t->run, c);
    t->after_atom = true;
}

static void put_class(struct translator *t, const char *text)
{
    add_atom(t, 1);
    (void)strbuf_adds(&t->out, text);
    end_run(t);
    t->after_atom = true;
}

static int escape(struct translator *t)
{
    char c = *t->at++;

    switch (c) {
    case '\0':
        return refuse(t, "it ends in a backslash; write \\\\ for one");
    case 'd':
        put_class(t, "[0-9]");
        return VDO_OK;
    case 'D':
        put_class(t, "[^0-9]");
        return VDO_OK;
    case 'w':
    case 'W':
    case 's':
    case 'S':
    case 'b':
    case 'B':
    case '<':
    case '>':
        add_atom(t, 1);
        end_run(t);
        (void)strbuf_addf(&t->out, "\\%c", c);
        t->after_atom = true;
        return VDO_OK;
    case 't':
        put_literal(t, '\t');
        return VDO_OK;
    case 'n':
    case 'r':
        return refuse(t, "lines are matched one by one, so \\n and \\r never match");
    default:
        if (isdigit((unsigned char)c) || c == 'k')
            return refuse(t, "back-references are not supported");
        if (isalpha((unsigned char)c))
            return refuse(t, "unknown escape; \\d \\w \\s \\b \\t are known");
        put_literal(t, c);
        return VDO_OK;
    }
}

static int class_escape(struct translator *t, bool *dash_last)
{
    char c = *t->at++;

    switch (c) {
    case '\0':
        return refuse(t, "[ without ]");
    case 'd':
        (void)strbuf_adds(&t->out, "0-9");
        break;
    case 'w':
        (void)strbuf_adds(&t->out, "[:alnum:]_");
        break;
    case 's':
        (void)strbuf_adds(&t->out, "[:space:]");
        break;
    case 't':
        (void)strbuf_addc(&t->out, '\t');
        break;
    case '-':
        *dash_last = true;
        break;
    case '[':
    case '\\':
    case '.':
    case '^':
        (void)strbuf_addf(&t->out, "[.%c.]", c);
        break;
    default:
        if (isalnum((unsigned char)c))
            return refuse(t, "unknown escape inside [ ]; \\d \\w \\s \\t are known");
        (void)strbuf_addc(&t->out, c);
    }
    return VDO_OK;
}

/* Is an escaped "]" inside this class? POSIX wants it first. */
static bool has_escaped_bracket(const char *at)
{
    if (*at == ']')
        at++;
    for (; *at && *at != ']'; at++) {
        if (*at == '\\' && at[1] == ']')
            return true;
        if (*at == '\\' && at[1])
            at++;
    }
    return false;
}

/* "[:alpha:]" inside a class passes as it is. Returns its length or 0. */
static size_t named_class(const char *at)
{
    const char *end = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;

    return end ? (size_t)(end + 2 - at) : 0;
}

static int bracket(struct translator *t)
{
    bool dash_last = false;
    bool first = true;
    int rc = VDO_OK;

    add_atom(t, 1);
    end_run(t);
    (void)strbuf_addc(&t->out, '[');
    if (*t->at == '^')
        (void)strbuf_addc(&t->out, *t->at++);
    if (has_escaped_bracket(t->at) && *t->at != ']')
        (void)strbuf_addc(&t->out, ']');
    for (; *t->at && (*t->at != ']' || first); first = false) {
        size_t named = named_class(t->at);

        if (named) {
            (void)strbuf_add(&t->out, t->at, named);
            t->at += named;
        } else if (*t->at == '\\' && t->at[1] == ']') {
            t->at += 2;
        } else if (*t->at == '\\') {
            t->at++;
            rc = class_escape(t, &dash_last);
            if (rc)
                return rc;
        } else {
            (void)strbuf_addc(&t->out, *t->at++);
        }
    }
    if (!*t->at)
        return refuse(t, "[ without ]; write \\[ for a bracket");
    t->at++;
    (void)strbuf_adds(&t->out, dash_last ? "-]" : "]");
    t->after_atom = true;
    return VDO_OK;
}

static int open_group(struct translator *t)
{
    if (t->at[0] == '?') {
        if (t->at[1] != ':')
            return refuse(t, "look-around and named groups are not supported; (?: ) and a leading "
                             "(?i) are");
        t->at += 2;
    }
    if (++t->depth > MAX_NEST)
        return refuse(t, "groups are nested too deeply");
    t->sum[t->depth] = 0;
    t->last[t->depth] = 0;
    end_run(t);
    (void)strbuf_addc(&t->out, '(');
    t->after_atom = false;
    return VDO_OK;
}

static int close_group(struct translator *t)
{
    if (t->depth == 0)
        return refuse(t, ") without (; write \\) for a parenthesis");
    t->depth--;
    add_atom(t, t->sum[t->depth + 1] + t->last[t->depth + 1]);
    (void)strbuf_addc(&t->out, ')');
    t->after_atom = true;
    return VDO_OK;
}

/* The last collected byte may be absent from a match. */
static void drop_last_literal(struct translator *t)
{
    if (t->run.len)
        strbuf_truncate(&t->run, t->run.len - 1);
    end_run(t);
}

/* "*?" and "*+" find the same lines as "*". More than that repeats a repetition, which glibc pays
 * for many times over. */
static int end_quantifier(struct translator *t)
{
    if (*t->at == '?' || *t->at == '+')
        t->at++;
    if (*t->at && strchr("*+?", *t->at))
        return refuse(t, "two repetitions in a row");
    t->after_quantifier = true;
    return t->last[t->depth] > MAX_COST ? refuse(t, "repetition counts are too large") : VDO_OK;
}

/* "{2,5}"; a brace that is no count is a literal, as code is full of them. */
static int brace(struct translator *t)
{
    char *end = NULL;
    long low = isdigit((unsigned char)*t->at) ? strtol(t->at, &end, 10) : -1;
    long high = low;

    if (low >= 0 && *end == ',') {
        end++;
        high = isdigit((unsigned char)*end) ? strtol(end, &end, 10) :
               low < MAX_REPEAT             ? low + 1 :
                                              low;
    }
    if (low < 0 || *end != '}' || !t->after_atom) {
        put_literal(t, '{');
        return VDO_OK;
    }
    if (t->after_quantifier)
        return refuse(t, "two repetitions in a row");
    if (high > MAX_REPEAT || low > MAX_REPEAT)
        return refuse(t, "repetition counts are too large");
    t->last[t->depth] *= high + 1;
    drop_last_literal(t);
    (void)strbuf_add(&t->out, t->at - 1, (size_t)(end + 1 - (t->at - 1)));
    t->at = end + 1;
    return end_quantifier(t);
}

static int quantifier(struct translator *t, char c)
{
    if (!t->after_atom) {
        put_literal(t, c);
        return VDO_OK;
    }
    if (c == '+')
        end_run(t);
    else
        drop_last_literal(t);
    t->last[t->depth] *= STAR_COST;
    (void)strbuf_addc(&t->out, c);
    return end_quantifier(t);
}

static int step(struct translator *t)
{
    char c = *t->at++;

    if (c != '{')
        t->after_quantifier = false;

    switch (c) {
    case '\\':
        return escape(t);
    case '[':
        return bracket(t);
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '{':
        return brace(t);
    case '*':
    case '+':
    case '?':
        return quantifier(t, c);
    case '|':
        t->alternation = t->alternation || t->depth == 0;
        end_run(t);
        (void)strbuf_addc(&t->out, c);
        t->after_atom = false;
        return VDO_OK;
    case '^':
    case '$':
        end_run(t);
        (void)strbuf_addc(&t->out, c);
        t->after_atom = false;
        return VDO_OK;
    case '.':
        put_class(t, ".");
        return VDO_OK;
    default:
        put_literal(t, c);
        return VDO_OK;
    }
}

static int translate(struct translator *t)
{
    int rc = VDO_OK;

    while (!rc && *t->at)
        rc = step(t);
    if (!rc && t->sum[0] + t->last[0] > MAX_COST)
        rc = refuse(t, "repetition counts are too large");
    if (!rc && t->depth)
        rc = refuse(t, "( without ); write \\( for a parenthesis");
    end_run(t);
    return rc;
}

static int compile(struct pattern *p, struct err *err)
{
    char text[200];
    int rc = regcomp(&p->regex, p->text, p->flags);

    p->seen = 0;
    if (!rc)
        return VDO_OK;
    (void)regerror(rc, &p->regex, text, sizeof(text));
    return err_set(err, VDO_E_INVALID, "search pattern: %s", text);
}

int pattern_new(const char *text, struct pattern **out, struct err *err)
{
    struct translator t = {.at = text, .err = err};
    struct pattern *p;
    bool fold = strncmp(text, "(?i)", 4) == 0;
    int rc;

    if (!*text)
        return err_set(err, VDO_E_INVALID, "search pattern: it is empty");
    if (strlen(text) > MAX_PATTERN)
        return err_set(err, VDO_E_TOO_LARGE, "search pattern: over %d bytes", MAX_PATTERN);
    t.at += fold ? 4 : 0;
    strbuf_init(&t.out, 20UL * MAX_PATTERN);
    strbuf_init(&t.run, MAX_PATTERN);
    strbuf_init(&t.best, MAX_PATTERN);
    rc = translate(&t);
    p = xcalloc(1, sizeof(*p));
    if (!rc) {
        p->flags = REG_EXTENDED | (fold ? REG_ICASE : 0);
        p->text = xstrdup(t.out.ptr);
        p->literal = t.best.len && !t.alternation && !fold ? xstrdup(t.best.ptr) : NULL;
        rc = compile(p, err);
    }
    strbuf_release(&t.out);
    strbuf_release(&t.run);
    strbuf_release(&t.best);
    if (rc) {
        free(p->text);
        free(p->literal);
        free(p);
        return rc;
    }
    *out = p;
    return VDO_OK;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    regfree(&pattern->regex);
    free(pattern->text);
    free(pattern->literal);
    free(pattern);
}

const char *pattern_literal(const struct pattern *pattern)
{
    return pattern->literal;
}

bool pattern_match(struct pattern *pattern, char *line, size_t len, size_t *out_start,
                   size_t *out_end)
{
    regmatch_t match = {0};
    char kept;
    int rc;

    if (len > PATTERN_MAX_LINE)
        len = PATTERN_MAX_LINE;
    pattern->seen += len + 1;
    if (pattern->seen > RENEW_BYTES) {
        regfree(&pattern->regex);
        rc = compile(pattern, NULL);
        assert(!rc); /* it compiled before */
    }
    kept = line[len];
    line[len] = '\0';
    rc = regexec(&pattern->regex, line, 1, &match, 0);
    line[len] = kept;
    if (rc)
        return false;
    *out_start = (size_t)match.rm_so;
    *out_end = (size_t)match.rm_eo;
    return true;
}
