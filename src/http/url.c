#include "vdo/base/mem.h"
#include "vdo/http/client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parts {
    char *scheme;
    char *host;
    char *port;
};

static void release_parts(struct parts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_free(parts->port);
}

#define AUTO_PARTS __attribute__((cleanup(release_parts))) struct parts

/* False when the text is no http or https URL. */
static bool parse(const char *url, struct parts *out)
{
    CURLU *handle = curl_url();
    bool ok = handle && url && curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(handle, CURLUPART_SCHEME, &out->scheme, 0) == CURLUE_OK &&
              curl_url_get(handle, CURLUPART_HOST, &out->host, 0) == CURLUE_OK &&
              curl_url_get(handle, CURLUPART_PORT, &out->port, CURLU_DEFAULT_PORT) == CURLUE_OK;

    curl_url_cleanup(handle);
    return ok && (strcmp(out->scheme, "http") == 0 || strcmp(out->scheme, "https") == 0);
}

bool url_same_origin(const char *a, const char *b)
{
    AUTO_PARTS left = {0};
    AUTO_PARTS right = {0};

    return parse(a, &left) && parse(b, &right) && strcmp(left.scheme, right.scheme) == 0 &&
           strcasecmp(left.host, right.host) == 0 && strcmp(left.port, right.port) == 0;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

char *url_encode(const char *text)
{
    static const char HEX[] = "0123456789ABCDEF";
    char *out = xmalloc(3 * strlen(text) + 1);
    char *to = out;

    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (is_unreserved(c)) {
            *to++ = *p;
            continue;
        }
        *to++ = '%';
        *to++ = HEX[c >> 4];
        *to++ = HEX[c & 15];
    }
    *to = '\0';
    return out;
}

static bool is_loopback_v6(const char *host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    size_t len = strlen(host);

    if (len < 2 || len - 2 >= sizeof(text) || host[len - 1] != ']')
        return false;
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    if (inet_pton(AF_INET6, text, &addr) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&addr) || (IN6_IS_ADDR_V4MAPPED(&addr) && addr.s6_addr[12] == 127);
}

bool url_is_loopback(const char *url)
{
    AUTO_PARTS parts = {0};
    struct in_addr addr;

    if (!parse(url, &parts))
        return false;
    if (parts.host[0] == '[')
        return is_loopback_v6(parts.host);
    if (inet_pton(AF_INET, parts.host, &addr) == 1)
        return (ntohl(addr.s_addr) >> 24) == 127;
    return strcasecmp(parts.host, "localhost") == 0;
}

char *url_origin(const char *url)
{
    AUTO_PARTS parts = {0};
    bool usual;

    if (!parse(url, &parts))
        return NULL;
    usual = strcmp(parts.port, strcmp(parts.scheme, "http") == 0 ? "80" : "443") == 0;
    if (usual)
        return xasprintf("%s://%s", parts.scheme, parts.host);
    return xasprintf("%s://%s:%s", parts.scheme, parts.host, parts.port);
}
