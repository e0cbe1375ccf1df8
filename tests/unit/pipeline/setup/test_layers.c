#include "../../../../src/pipeline/setup/layers.h"
#include "../../../../src/pipeline/setup/lock_files.h"
#include "../../../../src/pipeline/setup/tree_list.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "ordinary_user.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];
static char layers_dir[96];
static struct layers layers;

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-layers-XXXXXX");
    (void)snprintf(layers_dir, sizeof(layers_dir), "%s", top);
    if (!mkdtemp(top))
        return -1;
    (void)snprintf(layers_dir, sizeof(layers_dir), "%s/layers", top);
    layers = (struct layers){.top = layers_dir, .max_bytes = 1 << 20};
    return 0;
}

static int remove_top(void **state)
{
    (void)state;
    return fs_remove_tree(top, NULL);
}

static void put(const char *path, const char *text, mode_t mode)
{
    AUTO_FREE char *full = fs_join(top, path);
    AUTO_FREE char *dir = xstrdup(full);

    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_make_dirs(dir, 0755, NULL), 0);
    assert_int_equal(fs_write_atomic(full, text, strlen(text), mode, NULL), 0);
    assert_int_equal(chmod(full, mode), 0);
}

static bool there(const char *path)
{
    AUTO_FREE char *full = fs_join(top, path);

    return fs_exists(full);
}

static struct layer *take(const char *hash)
{
    struct layer *layer = NULL;
    struct err err = {0};

    if (layer_take(&layers, "repo", hash, 2000, NULL, &layer, &err))
        fail_msg("%s", err.text);
    return layer;
}

static int keep(struct layer *layer, const char *path)
{
    AUTO_FREE char *dir = fs_join(top, "work");
    json_auto_t *paths = json_pack("[s]", path);
    struct err err = {0};

    return layer_keep(layer, dir, paths, &err);
}

static void make(const char *hash)
{
    struct layer *layer = take(hash);

    assert_int_equal(layer_state(layer), LAYER_TO_MAKE);
    put("work/node_modules/a/index.js", "1", 0600);
    assert_int_equal(keep(layer, "node_modules"), 0);
    layer_drop(layer);
}

static void layer_keep__moves_what_was_made_and_lets_everybody_read_it(void **state)
{
    struct layer *layer = take("h1");
    AUTO_FREE char *file = NULL;
    struct stat st;

    (void)state;
    assert_int_equal(layer_state(layer), LAYER_TO_MAKE);
    put("work/web/node_modules/a/run.sh", "1", 0700);
    put("work/web/node_modules/a/b", "1", 0400);
    assert_int_equal(keep(layer, "web/node_modules"), 0);
    assert_int_equal(layer_state(layer), LAYER_READY);
    assert_int_equal(layer_count(layer), 1);
    assert_string_equal(layer_path(layer, 0), "web/node_modules");
    assert_false(there("work/web/node_modules"));
    file = fs_join(layer_from(layer, 0), "a/run.sh");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    layer_drop(layer);
    layer = take("h1");
    assert_int_equal(layer_state(layer), LAYER_READY);
    layer_drop(layer);
}

static void layer_keep__refuses_what_is_too_large_and_remembers_it(void **state)
{
    struct layer *layer;

    (void)state;
    layers.max_bytes = 1000;
    layer = take("h1");
    put("work/node_modules/a", "1", 0644);
    assert_int_equal(keep(layer, "node_modules"), VDO_E_REFUSED);
    assert_int_equal(layer_state(layer), LAYER_NOT);
    layer_drop(layer);
    layer = take("h1");
    assert_int_equal(layer_state(layer), LAYER_NOT);
    assert_non_null(strstr(layer_why(layer), "sandbox.layers_mb"));
    assert_false(there("layers/repo/h1.new"));
    layer_drop(layer);
}

static void layer_keep__leaves_nothing_when_there_is_nothing_to_move(void **state)
{
    struct layer *layer = take("h1");

    (void)state;
    put("work/other", "1", 0644);
    assert_int_equal(keep(layer, "node_modules"), VDO_E_IO);
    layer_drop(layer);
    layer = take("h1");
    assert_int_equal(layer_state(layer), LAYER_TO_MAKE);
    layer_drop(layer);
}

static void *take_and_drop(void *arg)
{
    struct layer *layer = take("h1");

    *(enum layer_state *)arg = layer_state(layer);
    layer_drop(layer);
    return NULL;
}

static void layer_take__lets_the_others_wait_for_the_one_that_makes_it(void **state)
{
    enum { OTHERS = 4 };
    struct layer *layer = take("h1");
    struct layer *late = NULL;
    enum layer_state seen[OTHERS];
    pthread_t threads[OTHERS];

    (void)state;
    assert_int_equal(layer_take(&layers, "repo", "h1", 0, NULL, &late, NULL), VDO_E_TEMPORARY);
    for (int i = 0; i < OTHERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, &seen[i]), 0);
    put("work/node_modules/a", "1", 0644);
    assert_int_equal(keep(layer, "node_modules"), 0);
    for (int i = 0; i < OTHERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(seen[i], LAYER_READY);
    }
    layer_drop(layer);
}

static void layer_take__stops_waiting_when_cancelled(void **state)
{
    struct layer *layer = take("h1");
    struct layer *late = NULL;
    atomic_bool cancel = true;

    (void)state;
    assert_int_equal(layer_take(&layers, "repo", "h1", 60000, &cancel, &late, NULL),
                     VDO_E_CANCELLED);
    layer_drop(layer);
}

/* Killed while it moves files: half a layer, and a lock nobody holds. */
static void layer_take__makes_it_anew_after_a_kill(void **state)
{
    struct layer *layer;
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0) {
        layer = take("h1");
        put("layers/repo/h1.new/files/0/half", "x", 0644);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(there("layers/repo/h1.new/files/0/half"));
    make("h1");
    layer = take("h1");
    assert_int_equal(layer_state(layer), LAYER_READY);
    assert_false(there("layers/repo/h1/files/0/half"));
    layer_drop(layer);
}

/* What a layer takes is the file system's word. */
static int64_t bytes_of(const char *hash)
{
    AUTO_FREE char *path = xasprintf("%s/repo/%s/layer.json", layers_dir, hash);
    AUTO_FREE char *text = NULL;
    json_auto_t *record = NULL;
    size_t len = 0;

    assert_int_equal(fs_read_file(path, 10000, &text, &len, NULL), 0);
    assert_int_equal(js_parse(text, len, &record, NULL), 0);
    return js_int(record, "bytes", 0);
}

static void layers_prune__removes_what_was_not_used_for_the_longest_time(void **state)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    AUTO_FREE char *lock = fs_join(layers_dir, "repo/h1.lock");
    struct layer *used;

    (void)state;
    make("h1");
    make("h2");
    make("h3");
    used = take("h3");
    assert_int_equal(utimensat(AT_FDCWD, lock, old, 0), 0);
    assert_true(bytes_of("h1") > 0);
    layers.max_bytes = bytes_of("h2") + bytes_of("h3");
    assert_int_equal(layers_prune(&layers), 1);
    assert_false(there("layers/repo/h1") || there("layers/repo/h1.lock"));
    assert_true(there("layers/repo/h2") && there("layers/repo/h3"));
    layers.max_bytes = 0;
    assert_int_equal(layers_prune(&layers), 1);
    assert_true(there("layers/repo/h3/layer.json")); /* in use */
    layer_drop(used);
    assert_int_equal(layers_prune(&layers), 1);
    assert_false(there("layers/repo/h3"));
}

static void layers_prune__removes_what_a_killed_vdo_left_half_made(void **state)
{
    (void)state;
    make("h1");
    put("layers/repo/h1.new/files/0/half", "x", 0644);
    assert_int_equal(layers_prune(&layers), 0);
    assert_false(there("layers/repo/h1.new"));
    assert_true(there("layers/repo/h1/layer.json"));
    layers.top = "/nonexistent";
    assert_int_equal(layers_prune(&layers), 0);
}

static struct tree_list *listed(void)
{
    AUTO_FREE char *dir = fs_join(top, "work");
    struct tree_list *list = NULL;

    assert_int_equal(tree_list_read(dir, &list, NULL), 0);
    return list;
}

static void tree_list_compare__tells_what_a_command_has_done(void **state)
{
    static const struct {
        const char *command;
        const char *made;
        bool changed;
    } rows[] = {
        {"true", "[]", false},
        {"mkdir -p n/a/b; echo > n/a/b/c", "[\"n\"]", false},
        {"mkdir dir/n; echo > dir/n/x", "[\"dir/n\"]", false},
        {"echo x > file; touch -d @1000 file", "[]", true},
        {"chmod +x file", "[]", true},
        {"chmod g+w file", "[]", false},
        {"rm file", "[]", true},
        {"rm -r dir", "[]", true},
        {"ln -sfn other link", "[]", true},
        {"rm link; mkdir link", "[]", true},
        {"rm file; ln -s dir/file file", "[]", true},
        {"rm file; mkfifo file", "[]", true},
        {"mkfifo fifo", "[\"fifo\"]", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *dir = fs_join(top, "work");
        AUTO_FREE char *link = fs_join(top, "work/link");
        AUTO_FREE char *command = xasprintf("cd %s && %s", dir, rows[i].command);
        AUTO_FREE char *changed = NULL;
        AUTO_FREE char *text = NULL;
        json_auto_t *made = NULL;
        struct tree_list *list;

        put("work/file", "1", 0644);
        put("work/dir/file", "2", 0644);
        assert_int_equal(symlink("file", link), 0);
        list = listed();
        assert_int_equal(system(command), 0); // NOLINT(cert-env33-c)
        assert_int_equal(tree_list_compare(list, dir, &made, &changed, NULL), 0);
        text = json_dumps(made, JSON_COMPACT);
        if (!rows[i].changed)
            assert_string_equal(text, rows[i].made);
        if ((changed != NULL) != rows[i].changed)
            fail_msg("%s: %s", rows[i].command, changed ? changed : "unchanged");
        tree_list_free(list);
        assert_int_equal(fs_remove_tree(dir, NULL), 0);
    }
}

static void lock_files_is_filled__knows_directories_of_dependencies_only(void **state)
{
    (void)state;
    assert_true(lock_files_is_filled("node_modules"));
    assert_true(lock_files_is_filled(".venv"));
    assert_false(lock_files_is_filled("build"));
    assert_false(lock_files_is_filled("src"));
    assert_false(lock_files_is_filled(""));
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(layer_keep__moves_what_was_made_and_lets_everybody_read_it),
        WITH_TOP(layer_keep__refuses_what_is_too_large_and_remembers_it),
        WITH_TOP(layer_keep__leaves_nothing_when_there_is_nothing_to_move),
        WITH_TOP(layer_take__lets_the_others_wait_for_the_one_that_makes_it),
        WITH_TOP(layer_take__stops_waiting_when_cancelled),
        WITH_TOP(layer_take__makes_it_anew_after_a_kill),
        WITH_TOP(layers_prune__removes_what_was_not_used_for_the_longest_time),
        WITH_TOP(layers_prune__removes_what_a_killed_vdo_left_half_made),
        WITH_TOP(tree_list_compare__tells_what_a_command_has_done),
        cmocka_unit_test(lock_files_is_filled__knows_directories_of_dependencies_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_as_ordinary_user();
}
