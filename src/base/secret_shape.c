/*
 * Forms of tokens, from their vendors' published formats. One list for hiding (any that could be
 * one) and for finding (those that are hardly ever anything else).
 */
#include "vdo/base/secret.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

enum alphabet {
    WORD,      /* letters, digits, "_", "-", "." */
    BASE64URL, /* letters, digits, "_", "-" */
    BASE64,    /* letters, digits, "+", "/", "=" */
    ALNUM,
    UPPER, /* capitals and digits */
    HEX,
};

/* Sorted by prefix; where one begins another, the longer stands first. */
static const struct shape {
    const char *prefix;
    const char *kind;
    bool anywhere;     /* told inside of words too; others only where a word begins */
    size_t least;      /* characters of a token behind the prefix: hidden from so many */
    enum alphabet set; /* for finding: so many characters of this set, and no other token's */
    size_t sure;
    size_t most;      /* 0: no limit */
    const char *must; /* stands somewhere in what follows the prefix; NULL */
} shapes[] = {
    {"AGE-SECRET-KEY-1", "age key", true, 40, UPPER, 58, 58, NULL},
    {"AIza", "Google API key", true, 30, BASE64URL, 35, 35, NULL},
    {"AKIA", "AWS access key", false, 16, UPPER, 16, 16, NULL},
    {"ASIA", "AWS access key", false, 16, UPPER, 16, 16, NULL},
    {"ATATT3", "Atlassian token", true, 60, BASE64, 80, 0, NULL},
    {"AccountKey=", "Azure storage key", true, 40, BASE64, 86, 90, NULL},
    {"GOCSPX-", "Google OAuth secret", true, 20, BASE64URL, 28, 28, NULL},
    {"NRAK-", "New Relic key", false, 20, UPPER, 27, 27, NULL},
    {"PMAK-", "Postman key", false, 40, BASE64URL, 59, 59, NULL},
    {"SG.", "SendGrid key", false, 60, WORD, 66, 66, "."},
    {"SharedAccessKey=", "Azure shared key", true, 40, BASE64, 43, 44, NULL},
    {"atlasv1.", "Terraform token", false, 50, WORD, 60, 0, NULL},
    {"dapi", "Databricks token", false, 32, HEX, 32, 32, NULL},
    {"dckr_pat_", "Docker token", true, 20, BASE64URL, 27, 36, NULL},
    {"dop_v1_", "DigitalOcean token", true, 40, HEX, 64, 64, NULL},
    {"dp.pt.", "Doppler token", false, 40, ALNUM, 43, 43, NULL},
    {"eyJ", "JSON web token", false, 40, WORD, 40, 0, ".eyJ"},
    {"gho_", "GitHub token", true, 20, ALNUM, 36, 0, NULL},
    {"ghp_", "GitHub token", true, 20, ALNUM, 36, 0, NULL},
    {"ghr_", "GitHub token", true, 20, ALNUM, 36, 0, NULL},
    /* Long ones hold a JWT: letters, digits, dots and dashes. */
    {"ghs_", "GitHub token", true, 20, WORD, 36, 0, NULL},
    {"ghu_", "GitHub token", true, 20, ALNUM, 36, 0, NULL},
    {"github_pat_", "GitHub token", true, 20, BASE64URL, 82, 0, NULL},
    {"glcbt-", "GitLab token", true, 16, WORD, 20, 0, NULL},
    {"gldt-", "GitLab token", true, 16, WORD, 20, 0, NULL},
    {"glft-", "GitLab token", true, 16, WORD, 20, 0, NULL},
    {"glpat-", "GitLab token", true, 16, WORD, 20, 0, NULL},
    {"glptt-", "GitLab token", true, 16, WORD, 40, 0, NULL},
    {"glrt-", "GitLab token", true, 16, WORD, 20, 0, NULL},
    {"glsa_", "Grafana token", true, 30, BASE64URL, 41, 41, NULL},
    {"gsk_", "Groq key", false, 40, ALNUM, 52, 52, NULL},
    {"hf_", "Hugging Face token", false, 30, ALNUM, 34, 40, NULL},
    {"hvs.", "Vault token", false, 60, BASE64URL, 90, 0, NULL},
    {"lin_api_", "Linear key", true, 30, ALNUM, 40, 40, NULL},
    {"npm_", "npm token", false, 30, ALNUM, 36, 36, NULL},
    {"pypi-AgE", "PyPI token", true, 40, BASE64URL, 85, 0, NULL},
    {"r8_", "Replicate token", false, 37, ALNUM, 37, 37, NULL},
    {"rk_live_", "Stripe key", true, 20, ALNUM, 24, 0, NULL},
    {"sbp_", "Supabase token", false, 40, HEX, 40, 40, NULL},
    {"shpat_", "Shopify token", true, 32, HEX, 32, 32, NULL},
    {"sk-ant-", "Anthropic key", true, 16, BASE64URL, 80, 0, NULL},
    {"sk-or-", "OpenRouter key", false, 16, BASE64URL, 64, 0, NULL},
    {"sk-proj-", "OpenAI key", true, 16, BASE64URL, 40, 0, NULL},
    {"sk-svcacct-", "OpenAI key", true, 16, BASE64URL, 40, 0, NULL},
    {"sk-", "OpenAI key", false, 20, BASE64URL, 40, 0, "T3BlbkFJ"},
    {"sk_live_", "Stripe key", true, 20, ALNUM, 24, 0, NULL},
    {"sk_test_", "Stripe key", true, 20, ALNUM, 24, 0, NULL},
    {"sntrys_", "Sentry token", true, 40, BASE64, 60, 0, NULL},
    {"sq0atp-", "Square token", true, 20, BASE64URL, 22, 22, NULL},
    {"whsec_", "Stripe webhook secret", false, 24, BASE64, 32, 0, NULL},
    {"xai-", "xAI key", false, 60, ALNUM, 80, 80, NULL},
    {"xapp-", "Slack token", true, 20, BASE64URL, 40, 0, NULL},
    {"xoxa-", "Slack token", true, 10, BASE64URL, 20, 0, NULL},
    {"xoxb-", "Slack token", true, 10, BASE64URL, 40, 0, NULL},
    {"xoxe-", "Slack token", true, 10, BASE64URL, 40, 0, NULL},
    {"xoxp-", "Slack token", true, 10, BASE64URL, 40, 0, NULL},
    {"xoxr-", "Slack token", true, 10, BASE64URL, 40, 0, NULL},
    {"xoxs-", "Slack token", true, 10, BASE64URL, 40, 0, NULL},
    {"ya29.", "Google OAuth token", false, 40, BASE64URL, 60, 0, NULL},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* Where those begin that start in a character, and whether one of them is told anywhere. */
static struct {
    pthread_once_t once;
    unsigned char from[256];
    unsigned char count[256];
    bool anywhere[256];
} by_first = {.once = PTHREAD_ONCE_INIT};

static void sort_out(void)
{
    for (unsigned i = SHAPES; i-- > 0;) {
        unsigned char c = (unsigned char)shapes[i].prefix[0];

        by_first.from[c] = (unsigned char)i;
        by_first.count[c]++;
        by_first.anywhere[c] |= shapes[i].anywhere;
    }
}

const char *secret_shape_prefix(size_t i)
{
    return i < SHAPES ? shapes[i].prefix : NULL;
}

static bool is_of(enum alphabet set, char c)
{
    unsigned char u = (unsigned char)c;

    switch (set) {
    case HEX:
        return isxdigit(u);
    case UPPER:
        return isupper(u) || isdigit(u);
    case ALNUM:
        return isalnum(u);
    case BASE64:
        return isalnum(u) || c == '+' || c == '/' || c == '=';
    case BASE64URL:
        return isalnum(u) || c == '_' || c == '-';
    case WORD:
        return isalnum(u) || c == '_' || c == '-' || c == '.';
    }
    return false;
}

static size_t run_of(enum alphabet set, const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && is_of(set, text[n]))
        n++;
    return n;
}

/* How much of what follows the prefix belongs to the token; 0: it is none. */
static size_t body_len(const struct shape *shape, const char *text, size_t len, bool certain)
{
    /* Hiding takes what hangs on a token as well, but no long name in code for a short prefix. */
    enum alphabet set = certain || !shape->anywhere || shape->set == BASE64 ? shape->set : WORD;
    size_t n = run_of(set, text, len);

    if (n < (certain ? shape->sure : shape->least))
        return 0;
    if (!certain)
        return n;
    if ((shape->most && n > shape->most) || (n < len && is_of(BASE64URL, text[n])))
        return 0;
    return shape->must && !memmem(text, n, shape->must, strlen(shape->must)) ? 0 : n;
}

const char *secret_shape(const char *text, size_t len, bool word_start, bool certain,
                         size_t *out_len)
{
    unsigned char c;

    (void)pthread_once(&by_first.once, sort_out);
    if (len == 0)
        return NULL;
    c = (unsigned char)text[0];
    if (!word_start && !by_first.anywhere[c])
        return NULL;
    for (unsigned i = by_first.from[c]; i < by_first.from[c] + (unsigned)by_first.count[c]; i++) {
        size_t prefix = strlen(shapes[i].prefix);
        size_t body;

        if ((!word_start && !shapes[i].anywhere) || len < prefix ||
            memcmp(text, shapes[i].prefix, prefix) != 0)
            continue;
        body = body_len(&shapes[i], text + prefix, len - prefix, certain);
        if (body == 0)
            continue;
        *out_len = prefix + body;
        return shapes[i].kind;
    }
    return NULL;
}
