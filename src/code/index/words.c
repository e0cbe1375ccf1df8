#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FNV_START 2166136261U
#define FNV_PRIME 16777619U

enum { LEAST_STEM = 3 };

bool word_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

static uint32_t fnv(uint32_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * FNV_PRIME;
    return hash;
}

static bool ends(const char *w, size_t len, const char *suffix)
{
    size_t n = strlen(suffix);

    return len >= n + LEAST_STEM && memcmp(w + len - n, suffix, n) == 0;
}

static bool has_vowel(const char *w, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("aeiouy", w[i]))
            return true;
    }
    return false;
}

/* "stopp" -> "stop", but "pass", "fill" and "buzz" keep both letters. */
static size_t undouble(const char *w, size_t len)
{
    return len > LEAST_STEM && w[len - 1] == w[len - 2] && !strchr("lszaeiou", w[len - 1]) ?
               len - 1 :
               len;
}

static size_t drop_plural(const char *w, size_t len, char *add)
{
    if (ends(w, len, "ies")) {
        *add = 'y';
        return len - 3;
    }
    if (ends(w, len, "sses") || ends(w, len, "xes") || ends(w, len, "ches") || ends(w, len, "shes"))
        return len - 2;
    if (ends(w, len, "s") && !strchr("sui", w[len - 2]))
        return len - 1;
    return len;
}

static size_t drop_ending(const char *w, size_t len)
{
    if (ends(w, len, "ization") || ends(w, len, "isation"))
        return len - 5;
    if (ends(w, len, "ation") || ends(w, len, "ator"))
        return len - (w[len - 1] == 'n' ? 3 : 2);
    if (ends(w, len, "ction") || ends(w, len, "ssion") || ends(w, len, "rtion"))
        return len - 3;
    if (ends(w, len, "ing") && has_vowel(w, len - 3))
        return undouble(w, len - 3);
    if (ends(w, len, "ed") && has_vowel(w, len - 2))
        return undouble(w, len - 2);
    return len;
}

size_t word_stem(const char *lower, size_t len, char *add)
{
    *add = 0;
    if (len <= LEAST_STEM)
        return len;
    len = drop_plural(lower, len, add);
    if (*add)
        return len;
    len = drop_ending(lower, len);
    if (len > LEAST_STEM && lower[len - 1] == 'e')
        len--;
    if (len > LEAST_STEM && lower[len - 1] == 'y' && !strchr("aeiou", lower[len - 2])) {
        len--; /* "retry", "retries" and "retried" meet in "retri" */
        *add = 'i';
    }
    return len;
}

/* lower: already in lower case */
static uint32_t stem_term(const char *lower, size_t len)
{
    char add;
    size_t stem = word_stem(lower, len, &add);
    uint32_t hash = fnv(FNV_START, lower, stem);

    if (add == 'y')
        add = 'i';
    return add ? fnv(hash, &add, 1) : hash;
}

static size_t to_lower(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    return len;
}

uint32_t word_term(const char *text, size_t len)
{
    char lower[WORD_MAX];

    if (len > WORD_MAX)
        len = WORD_MAX;
    return stem_term(lower, to_lower(lower, text, len));
}

uint32_t word_join(const char *a, size_t a_len, const char *b, size_t b_len)
{
    char lower[2 * WORD_MAX];
    size_t len;

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return 0;
    len = to_lower(lower, a, a_len);
    len += to_lower(lower + len, b, b_len);
    return stem_term(lower, len < WORD_MAX ? len : WORD_MAX);
}

/* Does a new part begin at text[i]? "fooBar", "HTTPServer" (before "Server"). */
static bool is_border(const char *text, size_t len, size_t i)
{
    unsigned char before = (unsigned char)text[i - 1];
    unsigned char here = (unsigned char)text[i];

    if (!isupper(here))
        return false;
    return islower(before) || isdigit(before) ||
           (isupper(before) && i + 1 < len && islower((unsigned char)text[i + 1]));
}

static void add_part(struct word_parts *out, const char *lower, size_t len)
{
    size_t digits = strspn(lower, "0123456789");

    if (len < 2 || (digits >= len && len < 3) || out->n == WORD_MAX_PARTS)
        return;
    out->part[out->n++] = stem_term(lower, len);
}

void word_split(const char *text, size_t len, struct word_parts *out)
{
    char lower[WORD_MAX + 1];
    size_t start = 0;
    size_t n = 0;
    unsigned pieces = 0;

    out->n = 0;
    out->compound = false;
    if (len < 2 || len > WORD_MAX)
        return;
    lower[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool letter = isalnum(c) || c >= 0x80;

        if (n > start && (!letter || is_border(text, len, i))) {
            lower[n] = '\0';
            add_part(out, lower + start, n - start);
            start = n;
            pieces++;
        }
        if (letter)
            lower[n++] = (char)tolower(c);
    }
    if (n > start) {
        lower[n] = '\0';
        add_part(out, lower + start, n - start);
        pieces++;
    }
    if (pieces > 1 && n > 2) {
        out->compound = true;
        out->whole = stem_term(lower, n);
    } else if (out->n) {
        out->whole = out->part[0];
    }
}

/* Sorted. */
static const char *const noise[] = {
    "a",           "able",      "about",      "above",       "actual",    "actually",  "add",
    "added",       "adding",    "adds",       "after",       "again",     "all",       "allow",
    "allowed",     "allows",    "already",    "also",        "although",  "always",    "am",
    "an",          "and",       "another",    "any",         "anything",  "apply",     "are",
    "around",      "as",        "at",         "author",      "authored",  "avoid",     "back",
    "be",          "because",   "been",       "before",      "behavior",  "behaviour", "being",
    "below",       "better",    "between",    "both",        "bug",       "but",       "by",
    "can",         "cannot",    "case",       "cases",       "cause",     "caused",    "causes",
    "change",      "changed",   "changes",    "chore",       "clean",     "close",     "closes",
    "co",          "com",       "come",       "correct",     "correctly", "could",     "current",
    "currently",   "describe",  "described",  "description", "did",       "different", "do",
    "does",        "doesn",     "doing",      "don",         "done",      "due",       "during",
    "each",        "easy",      "either",     "else",        "enough",    "ensure",    "etc",
    "even",        "ever",      "every",      "example",     "expected",  "fact",      "feat",
    "feature",     "few",       "first",      "fix",         "fixed",     "fixes",     "fixing",
    "follow",      "following", "for",        "found",       "from",      "get",       "gets",
    "getting",     "github",    "give",       "given",       "go",        "good",      "got",
    "had",         "handle",    "happen",     "happens",     "has",       "have",      "having",
    "he",          "help",      "her",        "here",        "his",       "how",       "however",
    "i",           "if",        "implement",  "implemented", "improve",   "in",        "instead",
    "into",        "introduce", "introduced", "is",          "isn",       "issue",     "issues",
    "it",          "its",       "itself",     "just",        "keep",      "know",      "last",
    "least",       "less",      "let",        "like",        "ll",        "look",      "looks",
    "made",        "make",      "makes",      "making",      "many",      "may",       "maybe",
    "me",          "mean",      "means",      "might",       "minor",     "more",      "most",
    "much",        "must",      "my",         "need",        "needed",    "needs",     "never",
    "new",         "no",        "non",        "not",         "nothing",   "now",       "of",
    "off",         "ok",        "old",        "on",          "once",      "one",       "only",
    "or",          "org",       "other",      "others",      "otherwise", "our",       "out",
    "over",        "own",       "please",     "possible",    "pr",        "previous",  "previously",
    "problem",     "properly",  "provide",    "pull",        "put",       "rather",    "re",
    "really",      "ref",       "refs",       "related",     "remove",    "removed",   "removes",
    "reproduce",   "resolve",   "resolves",   "review",      "run",       "same",      "screenshot",
    "screenshots", "see",       "seem",       "seems",       "seen",      "set",       "she",
    "should",      "show",      "shows",      "side",        "signed",    "similar",   "simple",
    "simply",      "since",     "so",         "some",        "something", "steps",     "still",
    "such",        "sure",      "take",       "than",        "thank",     "thanks",    "that",
    "the",         "their",     "them",       "then",        "there",     "therefore", "these",
    "they",        "thing",     "things",     "think",       "this",      "those",     "though",
    "through",     "thus",      "to",         "too",         "try",       "trying",    "two",
    "under",       "up",        "update",     "updated",     "updates",   "us",        "use",
    "used",        "useful",    "uses",       "using",       "ve",        "very",      "via",
    "want",        "wants",     "was",        "way",         "we",        "well",      "were",
    "what",        "when",      "where",      "whether",     "which",     "while",     "who",
    "why",         "will",      "with",       "within",      "without",   "won",       "work",
    "working",     "works",     "would",      "wrong",       "www",       "yes",       "yet",
    "you",         "your",
};

static int compare_noise(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

bool word_is_noise(const char *lower, size_t len)
{
    char text[WORD_MAX + 1];

    if (len > WORD_MAX)
        return false;
    memcpy(text, lower, len);
    text[len] = '\0';
    return bsearch(text, noise, sizeof(noise) / sizeof(noise[0]), sizeof(noise[0]),
                   compare_noise) != NULL;
}
