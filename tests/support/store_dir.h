/* store_dir: a directory for the one store file of a test, of which there is one at a time. */
#ifndef VDO_TESTS_STORE_DIR_H
#define VDO_TESTS_STORE_DIR_H

extern char store_path[128]; /* of the file, which is not made */
extern char store_url[160];  /* as store_open() takes it */

/* Setup and teardown of a test. */
int store_dir_make(void **state);
int store_dir_remove(void **state);

#endif
