/*
 * ordinary_user: run a test program a second time as somebody who is not root.
 */
#ifndef VDO_TESTS_SUPPORT_ORDINARY_USER_H
#define VDO_TESTS_SUPPORT_ORDINARY_USER_H

/* When root: this program again, without arguments, as an unused user id; its exit code. A user who
 * is not root, or cannot become another one, gets 0 and a line that says so. */
int run_as_ordinary_user(void);

#endif
