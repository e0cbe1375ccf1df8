#include "rank.h"

const double rank_weights[SIG_COUNT] = {
    [SIG_BM25_TITLE] = 0.18, [SIG_BM25_ALL] = 1.22,   [SIG_CODE_TITLE] = 0.13,
    [SIG_CODE_ALL] = 1.29,   [SIG_TEXT_TITLE] = 0.67, [SIG_TEXT_ALL] = 0.89,
    [SIG_DEF_ALL] = 0.52,    [SIG_PATH_TITLE] = 0.74, [SIG_PATH_ALL] = 0.41,
    [SIG_IDENT] = 1.24,      [SIG_WINDOW_ALL] = 0.78, [SIG_COVER_TITLE] = 0.44,
    [SIG_COVER_ALL] = 0.68,  [SIG_STEM_TITLE] = 0.16, [SIG_STEM_ALL] = 0.67,
    [SIG_DIR_TITLE] = 0.73,  [SIG_SCOPE] = 1.17,      [SIG_PAIR] = 0.11,
    [SIG_DIR_BEST] = 0.50,   [SIG_LINKED] = 0.67,     [SIG_IMPORTED] = 0.34,
    [SIG_SIZE] = 0.78,       [SIG_CHURN] = 0.80,      [SIG_MAIN_LANG] = 1.77,
    [SIG_TEST] = -3.00,      [SIG_DOC] = -1.29,       [SIG_EXAMPLE] = -0.51,
    [SIG_DATA] = -1.06,      [SIG_BUILD] = -0.65,     [SIG_MENTION] = 3.00,
};
