#include "check.h"

#include "vdo/base/fs.h"
#include "vdo/base/host_rule.h"
#include "vdo/base/image_name.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST_SECRET = 16, LONGEST_LABEL = 40 };

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool has_blank(const char *text)
{
    for (; *text; text++) {
        if (isspace((unsigned char)*text) || iscntrl((unsigned char)*text))
            return true;
    }
    return false;
}

static bool is_port(const char *text)
{
    size_t len = strspn(text, "0123456789");

    return len > 0 && len <= 5 && text[len] == '\0' && strtol(text, NULL, 10) <= 65535;
}

const char *check_listen(const char *text)
{
    const char *colon = strrchr(text, ':');

    if (strcmp(text, "systemd") == 0 || (begins(text, "unix:") && text[5] != '\0'))
        return NULL;
    if (!colon || colon == text || !is_port(colon + 1) || has_blank(text))
        return "expected HOST:PORT (such as 127.0.0.1:8420), unix:PATH or systemd";
    return NULL;
}

const char *check_url(const char *text)
{
    const char *host = strstr(text, "://");

    if (!(begins(text, "http://") || begins(text, "https://")) || !host[3] || host[3] == '/' ||
        has_blank(text))
        return "expected a URL such as https://host/path";
    if (strpbrk(text, "?#"))
        return "a URL here has no query and no fragment";
    return memchr(host + 3, '@', strcspn(host + 3, "/")) ?
               "a URL here holds no user name or password" :
               NULL;
}

const char *check_path(const char *text)
{
    return text[0] == '/' && text[1] != '\0' && !has_blank(text) && !strpbrk(text, "?#%") ?
               NULL :
               "expected a path such as /webhook";
}

const char *check_store(const char *text)
{
    if ((begins(text, "sqlite:") && text[7] != '\0') || begins(text, "postgresql://") ||
        begins(text, "postgres://"))
        return NULL;
    return "expected sqlite:PATH or postgresql://user@host/database";
}

const char *check_bus(const char *text)
{
    if (strcmp(text, "memory") == 0 || (begins(text, "redis://") && text[8] != '\0'))
        return NULL;
    return "expected memory or redis://HOST:PORT/DB";
}

const char *check_label(const char *text)
{
    if (strlen(text) > LONGEST_LABEL)
        return "a label has at most 40 bytes, so that \":bugfix\" fits behind it";
    for (const char *c = text; *c; c++) {
        if (iscntrl((unsigned char)*c) || *c == ',' || *c == ':')
            return "a label here has no comma, colon or control character";
    }
    return NULL;
}

const char *check_command(const char *text)
{
    size_t len = strlen(text);

    if (len < 2 || len > LONGEST_LABEL || text[0] != '/')
        return "expected a slash and one word, such as /vdo";
    for (size_t i = 1; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return "expected a slash and one word of letters, digits and hyphens, such as /vdo";
    }
    return NULL;
}

const char *check_long_secret(const char *text)
{
    return strlen(text) >= SHORTEST_SECRET ?
               NULL :
               "is too short: at least 16 bytes are needed (openssl rand -hex 32 makes one)";
}

const char *check_pem(const char *text)
{
    if (!strstr(text, "-----BEGIN ") || !strstr(text, "PRIVATE KEY-----"))
        return "is not a private key in PEM form (-----BEGIN RSA PRIVATE KEY-----); a path is "
               "written file:PATH";
    return strchr(text, '\n') ? NULL : "is a PEM text without line breaks";
}

const char *check_certificates(const char *text)
{
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;

    if (begins(text, "-----BEGIN"))
        return "expected the path of a file, without file: in front of it";
    if (fs_read_file(text, VDO_MAX_CA_BYTES, &bytes, &len, NULL))
        return "the file cannot be read";
    return strstr(bytes, "-----BEGIN CERTIFICATE-----") ?
               NULL :
               "the file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)";
}

const char *check_branch(const char *text)
{
    if (text[0] == '-' || text[0] == '/' || strstr(text, "..") || strpbrk(text, "~^:?*[\\") ||
        has_blank(text))
        return "is not the name of a branch";
    return NULL;
}

const char *check_host_rule(const char *text)
{
    struct host_rule rule;

    return host_rule_parse(text, &rule);
}

const char *check_engine(const char *text)
{
    if (strcmp(text, "auto") == 0 || strcmp(text, "podman") == 0 || strcmp(text, "docker") == 0)
        return NULL;
    return text[0] == '/' && !has_blank(text) ?
               NULL :
               "expected auto, podman, docker or the absolute path of one of them";
}

const char *check_image(const char *text)
{
    return image_name_is_valid(text) ? NULL :
                                       "expected the name of an image such as "
                                       "localhost/toolchains:1";
}

const char *check_repo_path(const char *text)
{
    size_t len;

    for (const char *part = text; *part; part += len + (part[len] == '/')) {
        len = strcspn(part, "/");
        if (len == 0 || (len == 2 && memcmp(part, "..", 2) == 0))
            return "expected a path inside the repository, without a leading slash and \"..\"";
    }
    return *text ? NULL : "is empty";
}
