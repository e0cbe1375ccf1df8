#include "workspace.h"

#include "setup/layers.h"
#include "tree_slot.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char repo_config_file[] = ".github/vdo.yml";
enum { TRANSFER_TIMEOUT_MS = 10 * 60 * 1000, MOST_NAME = 64 };

char *workspace_key(const struct job *job)
{
    char hex[SHA256_HEX_SIZE];

    if (job->repo_id)
        return xasprintf("%s-%lld", job->forge, (long long)job->repo_id);
    sha256_hex(job->repo, strlen(job->repo), hex);
    return xasprintf("%s-%.16s", job->forge, hex);
}

char *workspace_place_of(const char *repository)
{
    size_t len = strlen(repository);
    AUTO_FREE char *name = NULL;

    while (len && repository[len - 1] == '/')
        len--;
    while (len && (*repository == '.' || memchr(repository, '/', len))) {
        repository++;
        len--;
    }
    name = xmemdup0(repository, len < MOST_NAME ? len : MOST_NAME);
    for (char *c = name; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '_';
    }
    return xasprintf("/workspaces/%s", *name ? name : "repository");
}

const char *workspace_place(struct job_run *run)
{
    if (!run->place)
        run->place = workspace_place_of(run->job->repo);
    return run->place;
}

static char *data_path(struct job_run *run, const char *folder, const char *suffix)
{
    if (!run->key)
        run->key = workspace_key(run->job);
    return xasprintf("%s/%s/%s%s", run->p->o.config->data_dir, folder, run->key, suffix);
}

int workspace_mirror(struct job_run *run, struct err *err)
{
    AUTO_FREE char *dir = NULL;

    if (run->mirror)
        return VDO_OK;
    dir = data_path(run, "mirrors", "");
    return mirror_open(dir, &run->mirror, err);
}

int workspace_remote(struct job_run *run, struct git_remote_spec *spec, char **out_url,
                     struct secret *password, struct err *err)
{
    struct forge_repo repo = run_repo(run);
    int rc = forge_git_access(run->lease->forge, &repo, out_url, &spec->username, password, err);

    if (rc)
        return rc;
    spec->url = *out_url;
    spec->password = password;
    spec->timeout_ms = TRANSFER_TIMEOUT_MS;
    spec->cancel = run->lease->stop;
    return VDO_OK;
}

void workspace_transferred(struct job_run *run, int rc)
{
    struct forge_repo repo = run_repo(run);

    if (rc == VDO_E_TEMPORARY)
        forge_git_refused(run->lease->forge, &repo);
}

int workspace_tree(struct job_run *run, struct err *err)
{
    AUTO_FREE char *stem = NULL;
    AUTO_FREE char *git_dir = NULL;
    AUTO_FREE char *files = NULL;
    int rc;

    if (run->tree)
        return VDO_OK;
    rc = workspace_mirror(run, err);
    if (rc)
        return rc;
    stem = data_path(run, "trees", "");
    if (!run->tree_slot)
        rc = tree_slot_take(stem, run->lease->worker, &run->tree_slot, err);
    if (rc)
        return rc;
    git_dir = fs_join(tree_slot_dir(run->tree_slot), "git");
    files = fs_join(tree_slot_dir(run->tree_slot), "tree");
    return worktree_open(run->mirror, files, git_dir, run_str(run, "checkout.base_sha"),
                         run_tree_oid(run), &run->tree, err);
}

int workspace_index(struct job_run *run, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *db = NULL;
    int rc;

    if (run->index)
        return VDO_OK;
    rc = workspace_mirror(run, err);
    if (rc)
        return rc;
    dir = xasprintf("%s/index", run->p->o.config->data_dir);
    db = data_path(run, "index", ".db");
    rc = fs_make_dirs(dir, 0700, err);
    if (!rc)
        rc = code_index_open(db, &run->index, err);
    if (!rc)
        rc = code_index_commit(run->index, run->mirror, run_str(run, "checkout.base_sha"),
                               run->lease->stop, err);
    return rc;
}

int workspace_repo_config(struct job_run *run, struct strbuf *warnings, struct err *err)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    int rc;

    if (run->repo_config)
        return VDO_OK;
    rc = workspace_mirror(run, err);
    if (rc)
        return rc;
    rc = mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), repo_config_file,
                          VDO_MAX_YAML_BYTES, &text, &len, NULL);
    if (rc && rc != VDO_E_NOT_FOUND)
        return err_set(err, VDO_E_INVALID, "%s: not a file of at most %lu bytes", repo_config_file,
                       VDO_MAX_YAML_BYTES);
    rc = repo_config_parse(text, len, &run->repo_config, warnings, err);
    if (!rc)
        repo_config_clamp(&run->p->o.config->limits, run->repo_config, &run->limits);
    return rc;
}

char *workspace_home_of(const char *dir)
{
    return xasprintf("%s.home", dir);
}

int workspace_fresh_dir(struct job_run *run, const char *name, char **out, struct err *err)
{
    AUTO_FREE char *dir =
        xasprintf("%s/checks/%s/%s", run->p->o.config->data_dir, run->job->id, name);
    AUTO_FREE char *home = workspace_home_of(dir);
    int rc = fs_remove_tree(dir, err);

    if (!rc)
        rc = fs_remove_tree(home, err);
    if (!rc)
        rc = fs_make_dirs(dir, 0700, err);
    if (rc)
        return rc;
    *out = realpath(dir, NULL);
    return *out ? VDO_OK : err_set(err, VDO_E_IO, "find %s", dir);
}

int workspace_copy_tree(struct job_run *run, const char *name, char **out, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = workspace_fresh_dir(run, name, &dir, err);
    if (!rc)
        rc = fs_copy_tree(worktree_dir(run->tree), dir, err);
    if (!rc) {
        *out = dir;
        dir = NULL;
    }
    return rc;
}

void workspace_drop(struct job_run *run)
{
    AUTO_FREE char *dir = xasprintf("%s/checks/%s", run->p->o.config->data_dir, run->job->id);

    (void)fs_remove_tree(dir, NULL);
}

static bool is_over(struct store *store, const char *id)
{
    struct job job = {0};
    int rc = store_job_get(store, id, &job, NULL);
    bool over = rc == VDO_E_NOT_FOUND || (rc == VDO_OK && job_state_is_final(job.state));

    job_release(&job);
    return over;
}

void workspace_tidy(struct store *store, const struct config *config)
{
    AUTO_FREE char *top = fs_join(config->data_dir, "checks");
    DIR *dir = opendir(top);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        AUTO_FREE char *path = fs_join(top, entry->d_name);

        if (entry->d_name[0] != '.' && is_over(store, entry->d_name))
            (void)fs_remove_tree(path, NULL);
    }
    if (dir)
        (void)closedir(dir);
}

void workspace_close(struct job_run *run)
{
    worktree_close(run->tree);
    tree_slot_drop(run->tree_slot);
    code_index_close(run->index);
    json_decref(run->overlaid);
    run->overlaid = NULL;
    mirror_close(run->mirror);
    repo_config_free(run->repo_config);
    json_decref(run->submodules);
    layer_drop(run->layer);
    json_decref(run->set_up);
    free(run->image);
    free(run->key);
    free(run->place);
    run->tree = NULL;
    run->tree_slot = NULL;
    run->index = NULL;
    run->mirror = NULL;
    run->repo_config = NULL;
    run->submodules = NULL;
    run->layer = NULL;
    run->set_up = NULL;
    run->image = NULL;
    run->key = NULL;
    run->place = NULL;
}
