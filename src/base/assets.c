#include "vdo/base/assets.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Made by the build from the files below templates/, config/ and the migrations; sorted by name. */
struct embedded_asset {
    const char *name;
    const char *begin;
    const char *end;
};
extern const struct embedded_asset embedded_assets[];
extern const size_t embedded_asset_count;

static char *override_dir;

void assets_override(const char *dir)
{
    free(override_dir);
    override_dir = xstrdup_or_null(dir);
}

static int compare_name(const void *key, const void *item)
{
    const struct embedded_asset *asset = item;

    return strcmp(key, asset->name);
}

static int load_replacement(const char *name, char **out_bytes, size_t *out_len, struct err *err)
{
    AUTO_FREE char *path = fs_join(override_dir, name);

    return fs_read_file(path, VDO_MAX_JSON_BYTES, out_bytes, out_len, err);
}

int assets_load(const char *name, char **out_bytes, size_t *out_len, struct err *err)
{
    const struct embedded_asset *asset;

    if (override_dir) {
        struct err why = {0};
        int rc = load_replacement(name, out_bytes, out_len, &why);

        if (rc != VDO_E_NOT_FOUND)
            return rc ? err_set(err, why.code, "%s", why.text) : VDO_OK;
    }
    asset = bsearch(name, embedded_assets, embedded_asset_count, sizeof(*asset), compare_name);
    if (!asset)
        return err_set(err, VDO_E_NOT_FOUND, "%s is not part of this program", name);
    *out_bytes = xmemdup0(asset->begin, (size_t)(asset->end - asset->begin));
    if (out_len)
        *out_len = (size_t)(asset->end - asset->begin);
    return VDO_OK;
}

const char *assets_name(size_t i)
{
    return i < embedded_asset_count ? embedded_assets[i].name : NULL;
}
