/*
 * git_fixture: repositories for tests, made by the git program with nothing of the machine's
 * configuration and with fixed names and times.
 */
#ifndef VDO_TESTS_GIT_FIXTURE_H
#define VDO_TESTS_GIT_FIXTURE_H

/* Run a shell script in dir; fails the test when it fails. Returns its standard output without the
 * last newline; free with free(). */
char *git_fixture_sh(const char *dir, const char *script);

/* The same, for the effect only. */
void git_fixture_run(const char *dir, const char *script);

/* A new directory below /tmp; free with free() after removing it with fs_remove_tree(). */
char *git_fixture_dir(void);

/* Setup and teardown of a group of tests that use gitrepo/. */
int git_fixture_start(void **state);
int git_fixture_stop(void **state);

#endif
