#include "store_dir.h"

#include "vdo/base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char store_path[128];
char store_url[160];
static char dir[64];

int store_dir_make(void **state)
{
    (void)state;
    (void)strcpy(dir, "/tmp/vdo-store-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(store_path, sizeof(store_path), "%s/vdo.db", dir);
    (void)snprintf(store_url, sizeof(store_url), "sqlite:%s", store_path);
    return 0;
}

int store_dir_remove(void **state)
{
    (void)state;
    return fs_remove_tree(dir, NULL);
}
