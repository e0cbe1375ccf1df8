#include "guess.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SHORTEST_VALUE = 16, LONGEST_VALUE = 300, LONGEST_LINE = 4000, SEQUENCE = 8 };

double guess_entropy(const char *value, size_t len)
{
    size_t counts[256] = {0};
    double bits = 0;

    for (size_t i = 0; i < len; i++)
        counts[(unsigned char)value[i]]++;
    for (int c = 0; c < 256; c++) {
        double p = len ? (double)counts[c] / (double)len : 0;

        bits -= p > 0 ? p * log2(p) : 0;
    }
    return bits;
}

/* Is word in text, whatever the case? */
static bool has_word(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++) {
        if (strncasecmp(text + i, word, n) == 0)
            return true;
    }
    return false;
}

/* "01234567", "abcdefgh", "aaaaaaaa": characters that follow one another, or one many times. */
static bool has_sequence(const char *value, size_t len)
{
    size_t up = 1;
    size_t same = 1;

    for (size_t i = 1; i < len; i++) {
        up = value[i] == value[i - 1] + 1 ? up + 1 : 1;
        same = value[i] == value[i - 1] ? same + 1 : 1;
        if (up >= SEQUENCE || same >= SEQUENCE - 2)
            return true;
    }
    return false;
}

bool guess_placeholder(const char *value, size_t len)
{
    static const char *const words[] = {
        "xxxx",     "example", "sample",   "changeme",  "change_me", "change-me", "placeholder",
        "your_",    "your-",   "yourt",    "yourk",     "yours",     "dummy",     "fake",
        "redacted", "insert",  "replace",  "not-a-",    "not_a_",    "notreal",   "test-",
        "test_",    "testing", "secret-",  "secret_",   "my-",       "my_",       "***",
        "...",      "todo",    "password", "undefined", "null",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_word(value, len, words[i]))
            return true;
    }
    if (has_sequence(value, len) || memchr(value, '<', len) || memchr(value, '{', len))
        return true;
    return len && (*value == '$' || *value == '%' || *value == '@');
}

/* The names that give a value away, in what stands before "=" or ":". */
static bool is_telling_name(const char *name, size_t len)
{
    static const char *const telling[] = {
        "secret",         "token",       "passwd",     "password",   "passphrase", "api_key",
        "apikey",         "api-key",     "access_key", "access-key", "accesskey",  "private_key",
        "private-key",    "privatekey",  "auth_key",   "authkey",    "credential", "client_secret",
        "encryption_key", "signing_key", "pwd",
    };
    /* At the end of a name: what is said about a secret. */
    static const char *const about[] = {
        "name",     "path", "file",  "url",    "uri",    "hash",    "digest", "type",
        "field",    "id",   "label", "header", "kind",   "regex",   "limit",  "param",
        "endpoint", "arn",  "ref",   "format", "length", "pattern",
    };
    /* Anywhere in it: no secrets. */
    static const char *const open[] = {"public", "next_token", "nexttoken", "pagetoken", "csrf"};
    bool is = false;

    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]) && !is; i++)
        is = has_word(name, len, telling[i]);
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]) && is; i++)
        is = !has_word(name, len, open[i]);
    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]) && is; i++) {
        size_t n = strlen(about[i]);

        is = len < n || strncasecmp(name + len - n, about[i], n) != 0;
    }
    return is;
}

static bool is_value_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("+/=_-.~!#%^&*", c));
}

/* Random rather than made of words: digits and letters mixed, no name of something in code. */
static bool looks_random(const char *value, size_t len)
{
    size_t digits = 0;
    size_t upper = 0;
    size_t lower = 0;
    size_t hex = 0;
    size_t changes = 0;
    double bits;

    if (len < SHORTEST_VALUE || len > LONGEST_VALUE)
        return false;
    for (size_t i = 0; i < len; i++) {
        digits += isdigit((unsigned char)value[i]) != 0;
        upper += isupper((unsigned char)value[i]) != 0;
        lower += islower((unsigned char)value[i]) != 0;
        hex += isxdigit((unsigned char)value[i]) != 0;
        changes += i && (isdigit((unsigned char)value[i]) != 0) !=
                            (isdigit((unsigned char)value[i - 1]) != 0);
    }
    bits = guess_entropy(value, len);
    if (hex == len)
        return len >= 24 && digits >= 4 && digits < len && bits > 3.0;
    return digits >= 2 && upper + lower >= 6 && changes >= 3 && (upper >= 2 || digits >= 4) &&
           bits > 3.6;
}

/* What stands before the sign, back to where the name begins. */
static size_t name_before(const char *line, size_t at, size_t *out_from)
{
    size_t end = at;
    size_t from;

    while (end && strchr(" \t\"'`]:", line[end - 1]))
        end--;
    from = end;
    while (from && (isalnum((unsigned char)line[from - 1]) || strchr("_-.", line[from - 1])))
        from--;
    *out_from = from;
    return end - from;
}

/* The value behind the sign: in quotes, or up to the next blank where it is the rest of the line.
 */
static size_t value_behind(const char *line, size_t len, size_t at, size_t *out_from)
{
    char quote;
    size_t from;

    while (at < len && strchr(" \t=>:", line[at]))
        at++;
    quote = at < len && strchr("\"'`", line[at]) ? line[at] : '\0';
    from = at + (quote != '\0');
    *out_from = from;
    for (at = from; at < len && is_value_char(line[at]); at++)
        ;
    if (quote)
        return at < len && line[at] == quote ? at - from : 0;
    /* Without quotes only as in .env and YAML files: "name.call" of code is no value. */
    if (at < len && line[at] != ' ' && line[at] != '\r')
        return 0;
    return memchr(line + from, '.', at - from) ? 0 : at - from;
}

bool guess_assignment(const char *line, size_t len)
{
    if (len > LONGEST_LINE)
        return false;
    for (size_t i = 1; i < len; i++) {
        size_t name;
        size_t name_len;
        size_t value;
        size_t value_len;

        if (line[i] != '=' && line[i] != ':')
            continue;
        name_len = name_before(line, i, &name);
        if (name_len == 0 || !is_telling_name(line + name, name_len))
            continue;
        value_len = value_behind(line, len, i, &value);
        if (looks_random(line + value, value_len) && !guess_placeholder(line + value, value_len))
            return true;
    }
    return false;
}

/* Hosts and users of which everybody knows the password. */
static bool is_harmless_url(const char *user, size_t user_len, const char *password,
                            size_t password_len, const char *host, size_t host_len)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "0.0.0.0",  "[::1]", "example",
                                        ".local",    ".test",     "host",     "db",    "postgres",
                                        "redis",     "mysql",     "rabbitmq", "mongo"};

    if (password_len < 4 || (user_len == password_len && memcmp(user, password, user_len) == 0))
        return true;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t n = strlen(hosts[i]);
        bool inner = strchr(".e[", hosts[i][0]) != NULL;

        if (inner ? has_word(host, host_len, hosts[i]) :
                    host_len == n && strncasecmp(host, hosts[i], n) == 0)
            return true;
    }
    return !memchr(host, '.', host_len) || has_word(password, password_len, "pass") ||
           has_word(password, password_len, "secret") ||
           has_word(password, password_len, "token") || has_word(password, password_len, "pwd") ||
           guess_placeholder(password, password_len);
}

static bool is_user_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_-.~%+!", c));
}

bool guess_url_password(const char *line, size_t len)
{
    const char *end = line + len;
    const char *at = line;

    while ((at = memmem(at, (size_t)(end - at), "://", 3))) {
        const char *user = at += 3;
        const char *password;
        const char *host;

        while (at < end && is_user_char(*at))
            at++;
        if (at >= end || *at != ':')
            continue;
        password = ++at;
        while (at < end && (is_user_char(*at) || strchr("$&*=#^", *at)))
            at++;
        if (at >= end || *at != '@')
            continue;
        host = ++at;
        while (at < end && (isalnum((unsigned char)*at) || strchr(".-[", *at)))
            at++;
        if (!is_harmless_url(user, (size_t)(password - 1 - user), password,
                             (size_t)(host - 1 - password), host, (size_t)(at - host)))
            return true;
    }
    return false;
}
