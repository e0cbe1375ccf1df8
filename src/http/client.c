#include "vdo/http/client.h"

#include "transfer.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_CONNECT_MS = 10000, DEFAULT_TIMEOUT_MS = 30000, KEEPALIVE_S = 30 };

struct http_client {
    CURL *easy; /* keeps its connections between calls */
};

/* Written before threads, read by all. */
static char *trusted_file;

int http_client_trust(const char *ca_file, struct err *err)
{
    char *path = ca_file ? realpath(ca_file, NULL) : NULL;

    if (ca_file && !path)
        return err_set(err, VDO_E_NOT_FOUND, "%s: %s", ca_file, strerrordesc_np(errno));
    free(trusted_file);
    trusted_file = path;
    return VDO_OK;
}

const char *http_client_trusted(void)
{
    return trusted_file;
}

void http_client_startup(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void http_client_shutdown(void)
{
    curl_global_cleanup();
}

struct http_client *http_client_new(void)
{
    struct http_client *client = xcalloc(1, sizeof(*client));

    client->easy = curl_easy_init();
    if (!client->easy)
        abort(); /* out of memory, as in base/mem */
    return client;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->easy);
    free(client);
}

static bool is_token(const char *text)
{
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~";

    return text && *text && text[strspn(text, ALLOWED)] == '\0';
}

static bool is_header_value(const char *text)
{
    return text && !text[strcspn(text, "\r\n")];
}

/* The list is freed with free_headers(), which wipes it: a value may be a secret. */
static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *at = list; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(list);
}

static void push_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        abort(); /* out of memory, as in base/mem */
    *list = longer;
}

static void push_header(struct curl_slist **list, const struct http_header *header)
{
    /* "Name;" is how libcurl is told to send an empty value. */
    char *line = header->value[0] ? xasprintf("%s: %s", header->name, header->value) :
                                    xasprintf("%s;", header->name);

    push_line(list, line);
    explicit_bzero(line, strlen(line));
    free(line);
}

static int make_headers(const struct http_call *call, struct curl_slist **out, struct err *err)
{
    bool has_type = false;

    for (size_t i = 0; i < call->n_headers; i++) {
        const struct http_header *header = &call->headers[i];

        if (!is_token(header->name) || !is_header_value(header->value)) {
            free_headers(*out);
            *out = NULL;
            return err_set(err, VDO_E_INVALID,
                           "request header %zu has a name or a value that "
                           "may not be sent (line breaks, unusual characters)",
                           i + 1);
        }
        has_type = has_type || strcasecmp(header->name, "Content-Type") == 0;
        push_header(out, header);
    }
    push_line(out, "Expect:");
    if (!has_type)
        push_line(out, "Content-Type:"); /* libcurl would claim a form */
    return VDO_OK;
}

static void set_options(CURL *easy, const struct http_call *call, struct curl_slist *headers)
{
    int64_t connect_ms = call->connect_timeout_ms ? call->connect_timeout_ms : DEFAULT_CONNECT_MS;
    int64_t timeout_ms = call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS;

    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "vdo/" VDO_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* The system's own stay trusted: libcurl finds them in their directory as well. */
    if (trusted_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, trusted_file);
    /* A proxy of the environment is for the outside; "" switches it off. */
    if (url_is_loopback(call->url))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

/* Bytes of the request that left, of any attempt. Without them the server saw nothing. */
static bool was_sent(CURL *easy)
{
    long bytes = 0;

    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

static int code_of(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
        return VDO_E_INVALID;
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY: /* so libcurl names a header line past its own 100 KB */
        return VDO_E_TOO_LARGE;
    default:
        return VDO_E_TEMPORARY;
    }
}

/* The origin only: a path or a query may carry what should not be in a log. */
static int report(const struct transfer *transfer, CURLcode code, const char *text, struct err *err)
{
    AUTO_FREE char *origin = url_origin(transfer->call->url);
    int rc = transfer->stop ? transfer->stop : code_of(code);

    if (transfer->stop)
        text = transfer->why;
    else if (!text[0])
        text = curl_easy_strerror(code);
    return err_set(err, (enum vdo_code)rc, "%s %s: %s%s", transfer->call->method, origin, text,
                   code == CURLE_PEER_FAILED_VERIFICATION ?
                       " (tls_ca names the certificate of an authority of your own)" :
                       "");
}

static int64_t info_ms(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;

    curl_easy_getinfo(easy, info, &us);
    return (int64_t)us / 1000;
}

static void fill_result(struct transfer *transfer, struct http_result *result)
{
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    memset(result, 0, sizeof(*result));
    result->status = (int)status;
    result->body = strbuf_take(&transfer->body, &result->body_len);
    result->headers = strbuf_take(&transfer->headers, NULL);
    result->latency_ms = info_ms(transfer->easy, CURLINFO_TOTAL_TIME_T);
    result->first_byte_ms = info_ms(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T);
    result->sent = true;
}

static int perform(struct transfer *transfer, struct http_result *result, struct err *err)
{
    char text[CURL_ERROR_SIZE] = "";
    CURLcode code;

    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, text);
    code = curl_easy_perform(transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK) {
        fill_result(transfer, result);
        return VDO_OK;
    }
    result->sent = was_sent(transfer->easy);
    return report(transfer, code, text, err);
}

static int check_call(const struct http_call *call, struct err *err)
{
    AUTO_FREE char *origin = url_origin(call->url);

    if (!is_token(call->method))
        return err_set(err, VDO_E_INVALID, "the request method is not a word");
    if (!origin)
        return err_set(err, VDO_E_INVALID, "%s: the URL is not one of http or https", call->method);
    if (call->cancel && atomic_load(call->cancel))
        return err_set(err, VDO_E_CANCELLED, "%s %s: cancelled", call->method, origin);
    return VDO_OK;
}

int http_call(struct http_client *client, const struct http_call *call, struct http_result *result,
              struct err *err)
{
    struct curl_slist *headers = NULL;
    struct transfer transfer;
    int rc;

    memset(result, 0, sizeof(*result));
    rc = check_call(call, err);
    if (!rc)
        rc = make_headers(call, &headers, err);
    if (rc)
        return rc;
    curl_easy_reset(client->easy);
    set_options(client->easy, call, headers);
    transfer_init(&transfer, client->easy, call);
    transfer_attach(&transfer);
    rc = perform(&transfer, result, err);
    transfer_release(&transfer);
    curl_easy_reset(client->easy); /* forget pointers into this frame and the headers */
    free_headers(headers);
    return rc;
}

void http_result_release(struct http_result *result)
{
    if (!result)
        return;
    free(result->body);
    free(result->headers);
    memset(result, 0, sizeof(*result));
}

const char *http_result_header(const struct http_result *result, const char *name, char *buf,
                               size_t size)
{
    size_t name_len = strlen(name);
    const char *line = result->headers;

    while (line && *line) {
        const char *end = strchrnul(line, '\n');

        if ((size_t)(end - line) > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            size_t len;

            value += strspn(value, " \t");
            len = value < end ? (size_t)(end - value) : 0;
            while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
                len--;
            if (len >= size)
                return NULL; /* a cut value would be a wrong one */
            memcpy(buf, value, len);
            buf[len] = '\0';
            return buf;
        }
        line = *end ? end + 1 : end;
    }
    return NULL;
}
