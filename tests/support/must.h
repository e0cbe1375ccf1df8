/* must: calls that have to end as a test wants it; otherwise it fails with the error's text. A call
 * is written with `&err` as its last argument. */
#ifndef VDO_TESTS_MUST_H
#define VDO_TESTS_MUST_H

#include "vdo/base/err.h"

#define MUST(call)                                                                      \
    do {                                                                                \
        struct err err = {0};                                                           \
        int rc_ = (call);                                                               \
        if (rc_)                                                                        \
            fail_msg("%s: %s: %s", #call, vdo_code_name((enum vdo_code)rc_), err.text); \
    } while (0)
/* With a code. */
#define FAILS(wanted, call)                                                                \
    do {                                                                                   \
        struct err err = {0};                                                              \
        int rc_ = (call);                                                                  \
        if (rc_ != (wanted))                                                               \
            fail_msg("%s: %s instead of %s: %s", #call, vdo_code_name((enum vdo_code)rc_), \
                     vdo_code_name(wanted), err.text);                                     \
    } while (0)

#endif
