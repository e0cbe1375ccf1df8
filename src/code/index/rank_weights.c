#include "rank.h"

/*
 * Fitted, not chosen: listwise logistic regression (the score of the files that a commit changed
 * against all others, L2 penalty 0.001) over commits and issues of 16 projects in 13 languages,
 * with the sign of each weight held. docs/code-index.md says how good the ranking is and how it was
 * measured on projects left out of the fit.
 *
 * Two are set by hand, as such cases were left out of the fit or too few: SIG_MENTION, because a
 * path in the text is the strongest hint there is, and SIG_PAIR.
 */
const double rank_weights[SIG_COUNT] = {
    [SIG_BM25_ALL] = 1.39,   [SIG_CODE_TITLE] = 0.06,  [SIG_CODE_ALL] = 1.40,
    [SIG_TEXT_TITLE] = 0.72, [SIG_TEXT_ALL] = 0.85,    [SIG_DEF_ALL] = 0.45,
    [SIG_PATH_TITLE] = 0.92, [SIG_PATH_ALL] = 0.25,    [SIG_IDENT] = 1.06,
    [SIG_WINDOW_ALL] = 0.93, [SIG_COVER_TITLE] = 0.48, [SIG_COVER_ALL] = 0.52,
    [SIG_STEM_ALL] = 0.77,   [SIG_DIR_TITLE] = 0.71,   [SIG_SCOPE] = 1.35,
    [SIG_MENTION] = 3.00,    [SIG_PAIR] = 0.10,        [SIG_DIR_BEST] = 0.43,
    [SIG_LINKED] = 0.69,     [SIG_IMPORTED] = 0.35,    [SIG_SIZE] = 0.74,
    [SIG_CHURN] = 0.78,      [SIG_MAIN_LANG] = 1.81,   [SIG_TEST] = -3.64,
    [SIG_DOC] = -1.67,       [SIG_EXAMPLE] = -0.73,    [SIG_DATA] = -1.45,
    [SIG_BUILD] = -0.96,
};
