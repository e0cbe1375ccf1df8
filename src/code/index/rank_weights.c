#include "rank.h"

const double rank_weights[SIG_COUNT] = {
    [SIG_BM25_ALL] = 1.0,   [SIG_BM25_TITLE] = 1.0, [SIG_PATH_TITLE] = 0.4, [SIG_DEF_ALL] = 0.2,
    [SIG_WINDOW_ALL] = 0.3, [SIG_STEM_TITLE] = 0.3, [SIG_MENTION] = 1.5,    [SIG_TEST] = -0.7,
    [SIG_DOC] = -0.7,       [SIG_EXAMPLE] = -0.3,   [SIG_DATA] = -0.3,      [SIG_BUILD] = -0.2,
};
