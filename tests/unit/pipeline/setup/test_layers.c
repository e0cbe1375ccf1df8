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
#include <sys/xattr.h>
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

static mode_t mode_of(const char *path)
{
    AUTO_FREE char *full = fs_join(top, path);
    struct stat st;

    assert_int_equal(lstat(full, &st), 0);
    return st.st_mode & 07777;
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

    return layer_keep(layer, &(struct layer_parts){.dir = dir, .paths = paths}, &err);
}

/* With what lies in top/home, upon another layer's HOME; why: nothing else of it. */
static int keep_home(struct layer *layer, const char *below, const char *why)
{
    AUTO_FREE char *dir = fs_join(top, "work");
    AUTO_FREE char *home = fs_join(top, "home");
    json_auto_t *paths = why ? json_array() : json_pack("[s]", "node_modules");
    struct err err = {0};

    return layer_keep(
        layer,
        &(struct layer_parts){
            .dir = dir, .paths = paths, .home = home, .home_below = below, .why = why},
        &err);
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

static void make_with_home(const char *hash, const char *file, const char *below)
{
    struct layer *layer = take(hash);

    put("work/node_modules/a/index.js", "1", 0600);
    put(file, "x", 0600);
    assert_int_equal(keep_home(layer, below, NULL), 0);
    assert_int_equal(layer_state(layer), LAYER_READY);
    layer_drop(layer);
}

static void layer_keep__keeps_what_was_left_in_home(void **state)
{
    AUTO_FREE char *home = xasprintf("%s/repo/h1/home", layers_dir);
    struct layer *layer;

    (void)state;
    put("home/closed/tool", "x", 0700);
    AUTO_FREE char *closed = fs_join(top, "home/closed");
    assert_int_equal(chmod(closed, 0500), 0);
    make_with_home("h1", "home/.cache/x", NULL);
    layer = take("h1");
    assert_string_equal(layer_home(layer), home);
    assert_true(there("layers/repo/h1/home/.cache/x") && there("layers/repo/h1/home/closed/tool"));
    assert_int_equal(mode_of("layers/repo/h1/home"), 0755);
    assert_int_equal(mode_of("layers/repo/h1/home/closed"), 0755);
    assert_int_equal(mode_of("layers/repo/h1/home/closed/tool"), 0755);
    assert_int_equal(mode_of("layers/repo/h1/home/.cache/x"), 0644);
    layer_drop(layer);
}

static void layer_keep__has_no_home_when_nothing_was_left_in_it(void **state)
{
    AUTO_FREE char *home = fs_join(top, "home");
    struct layer *layer = take("h1");

    (void)state;
    put("work/node_modules/a/index.js", "1", 0600);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(keep_home(layer, NULL, NULL), 0);
    assert_null(layer_home(layer));
    assert_false(there("layers/repo/h1/home"));
    layer_drop(layer);
}

static void layer_keep__can_keep_home_alone_and_says_why(void **state)
{
    struct layer *layer = take("h1");

    (void)state;
    put("work/x", "1", 0600);
    put("home/.pkg/x", "1", 0600);
    assert_int_equal(keep_home(layer, NULL, "setup makes x"), 0);
    assert_int_equal(layer_state(layer), LAYER_HOME);
    layer_drop(layer);
    layer = take("h1");
    assert_int_equal(layer_state(layer), LAYER_HOME);
    assert_string_equal(layer_why(layer), "setup makes x");
    assert_int_equal(layer_count(layer), 0);
    assert_non_null(layer_home(layer));
    layer_drop(layer);
}

static void layer_keep__counts_home_and_refuses_what_is_no_file_in_it(void **state)
{
    AUTO_FREE char *pipe = fs_join(top, "home/.pkg/pipe");
    struct layer *layer;

    (void)state;
    layers.max_bytes = 40000;
    layer = take("h1");
    for (int i = 0; i < 10; i++) {
        AUTO_FREE char *name = xasprintf("home/.pkg/%d", i);

        put(name, "1", 0600);
    }
    put("work/node_modules/a/index.js", "1", 0600);
    assert_int_equal(keep_home(layer, NULL, NULL), VDO_E_REFUSED);
    assert_non_null(strstr(layer_why(layer), "sandbox.layers_mb"));
    layer_drop(layer);
    layers.max_bytes = 1 << 20;
    layer = take("h2");
    put("home/.pkg/x", "1", 0600);
    put("work/node_modules/a/index.js", "1", 0600);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(keep_home(layer, NULL, NULL), VDO_E_REFUSED);
    assert_non_null(strstr(layer_why(layer), ".pkg/pipe is no file, directory or link"));
    assert_false(there("layers/repo/h2.new"));
    layer_drop(layer);
}

/* The marks would speak of what lies below the next HOME. */
static void layer_keep__takes_the_marks_of_an_overlay_from_home(void **state)
{
    AUTO_FREE char *before = fs_join(top, "home/.pkg");
    AUTO_FREE char *after = fs_join(layers_dir, "repo/h1/home/.pkg");
    char value[8];

    (void)state;
    put("home/.pkg/x", "x", 0600);
    if (setxattr(before, "user.overlay.opaque", "y", 1, 0) ||
        setxattr(before, "user.other", "y", 1, 0)) {
        (void)printf("# skipped: /tmp has no extended attributes of users\n");
        skip();
    }
    make_with_home("h1", "home/.pkg/y", NULL);
    assert_int_equal(getxattr(after, "user.overlay.opaque", value, sizeof(value)), -1);
    assert_int_equal(getxattr(after, "user.other", value, sizeof(value)), 1);
}

static void layers_last__is_the_one_with_a_home_that_was_used_last(void **state)
{
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    AUTO_FREE char *lock = fs_join(layers_dir, "repo/h2.lock");
    struct layer *making;
    struct layer *last;

    (void)state;
    assert_null(layers_last(&layers, "repo"));
    make_with_home("h1", "home/.pkg/1", NULL);
    make_with_home("h2", "home/.pkg/2", NULL);
    make("h3"); /* without a HOME */
    assert_int_equal(utimensat(AT_FDCWD, lock, old, 0), 0);
    making = take("h4");
    last = layers_last(&layers, "repo");
    assert_non_null(last);
    assert_non_null(strstr(layer_home(last), "/h1/home"));
    assert_int_equal(layers_prune(&(struct layers){.top = layers_dir}), 2); /* h2, h3 */
    assert_true(there("layers/repo/h1/home/.pkg/1"));
    layer_drop(last);
    layer_drop(making);
    assert_null(layers_last(&layers, "other"));
}

static void layers_last__leaves_a_home_behind_that_has_grown_large(void **state)
{
    (void)state;
    make_with_home("h1", "home/.pkg/1", NULL);
    layers.max_bytes = 4 * 8192 - 1; /* HOME takes two entries at least */
    assert_null(layers_last(&layers, "repo"));
}

static void layer_keep__makes_home_of_the_last_one_and_what_was_changed(void **state)
{
    AUTO_FREE char *old = fs_join(layers_dir, "repo/h1/home/.pkg/1");
    AUTO_FREE char *same = fs_join(layers_dir, "repo/h2/home/.pkg/1");
    struct layer *last;
    struct stat a;
    struct stat b;

    (void)state;
    make_with_home("h1", "home/.pkg/1", NULL);
    last = layers_last(&layers, "repo");
    make_with_home("h2", "home/.pkg/2", layer_home(last));
    layer_drop(last);
    assert_true(there("layers/repo/h2/home/.pkg/2") && !there("layers/repo/h1/home/.pkg/2"));
    assert_int_equal(stat(old, &a) || stat(same, &b), 0);
    assert_int_equal(a.st_ino, b.st_ino);
    layers.max_bytes = 0;
    assert_int_equal(layers_prune(&layers), 2);
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
        WITH_TOP(layer_keep__keeps_what_was_left_in_home),
        WITH_TOP(layer_keep__has_no_home_when_nothing_was_left_in_it),
        WITH_TOP(layer_keep__can_keep_home_alone_and_says_why),
        WITH_TOP(layer_keep__counts_home_and_refuses_what_is_no_file_in_it),
        WITH_TOP(layer_keep__takes_the_marks_of_an_overlay_from_home),
        WITH_TOP(layers_last__is_the_one_with_a_home_that_was_used_last),
        WITH_TOP(layers_last__leaves_a_home_behind_that_has_grown_large),
        WITH_TOP(layer_keep__makes_home_of_the_last_one_and_what_was_changed),
        WITH_TOP(layers_prune__removes_what_was_not_used_for_the_longest_time),
        WITH_TOP(layers_prune__removes_what_a_killed_vdo_left_half_made),
        WITH_TOP(tree_list_compare__tells_what_a_command_has_done),
        cmocka_unit_test(lock_files_is_filled__knows_directories_of_dependencies_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) + run_as_ordinary_user();
}
