#include "../../../src/sandbox/cgroup.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char hybrid[] =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 30 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "34 30 0:30 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "35 30 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void expect_dir(const char *is, const char *should)
{
    if (should)
        assert_string_equal(is ? is : "(none)", should);
    else
        assert_null(is);
}

static void cgroup_locate__finds_our_group_in_each_hierarchy(void **state)
{
    static const struct {
        const char *mountinfo;
        const char *self;
        const char *memory;
        const char *cpu;
        const char *v2;
    } rows[] = {
        {hybrid, "9:memory:/a/b\n8:pids:/\n7:cpu,cpuacct:/x\n0::/u\n", "/sys/fs/cgroup/memory/a/b",
         "/sys/fs/cgroup/cpu,cpuacct/x", "/sys/fs/cgroup/unified/u"},
        {hybrid, "9:memory:/\n0::/\n", "/sys/fs/cgroup/memory", NULL, "/sys/fs/cgroup/unified"},
        {"35 30 0:31 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
         "0::/system.slice/vdo.service\n", NULL, NULL, "/sys/fs/cgroup/system.slice/vdo.service"},
        /* a container sees its own part only */
        {"35 30 0:31 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/docker/abc/x\n",
         NULL, NULL, "/sys/fs/cgroup/x"},
        {"35 30 0:31 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/docker/abcdef\n",
         NULL, NULL, NULL},
        {"35 30 0:31 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/elsewhere\n", NULL,
         NULL, NULL},
        /* "memory" is not "memoryx", and a v1 line is not v2 */
        {"33 30 0:29 / /m rw - cgroup cgroup rw,memoryx\n", "9:memory:/a\n", NULL, NULL, NULL},
        {"", "", NULL, NULL, NULL},
        {"garbage\n33 30\n - \n1 2 3 4 5 6 - cgroup2\n", "9\n::\n0::\n", NULL, NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cgroup_host v1;
        struct cgroup_host v2;

        cgroup_locate(rows[i].mountinfo, rows[i].self, &v1, &v2);
        expect_dir(v1.dir[CGROUP_MEMORY], rows[i].memory);
        expect_dir(v1.dir[CGROUP_CPU], rows[i].cpu);
        expect_dir(v1.dir[CGROUP_CPUACCT], rows[i].cpu);
        expect_dir(v2.dir[CGROUP_MEMORY], rows[i].v2);
        cgroup_host_release(&v1);
        cgroup_host_release(&v2);
    }
}

/* ---- a directory that plays the part of a group ---- */

static char top[] = "/tmp/vdo-cgroup-XXXXXX";

static int make_top(void **state)
{
    (void)state;
    (void)strcpy(top, "/tmp/vdo-cgroup-XXXXXX"); // NOLINT(clang-analyzer-security*)
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    return fs_remove_tree(top, NULL);
}

static void put(const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(top, name);

    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static void expect_file(const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(top, name);
    char *is = NULL;

    assert_int_equal(fs_read_file(path, 1000, &is, NULL, NULL), 0);
    assert_string_equal(is, text);
    free(is);
}

static void cgroup_set_limits__writes_version_2_files(void **state)
{
    struct cgroup group = {.level = CGROUP_V2, .dir = {top}};
    struct cgroup_limits limits = {.memory_bytes = 1 << 28, .pids = 66, .cpus = 2};

    (void)state;
    put("memory.max", "");
    put("pids.max", "");
    put("memory.swap.max", "");
    put("memory.oom.group", "");
    put("cpu.max", "");
    assert_int_equal(cgroup_set_limits(&group, &limits), 0);
    expect_file("memory.max", "268435456");
    expect_file("pids.max", "66");
    expect_file("memory.swap.max", "0");
    expect_file("memory.oom.group", "1");
    expect_file("cpu.max", "200000 100000");
}

static void cgroup_set_limits__writes_version_1_files(void **state)
{
    struct cgroup group = {.level = CGROUP_V1, .dir = {top, top, top, top}};
    struct cgroup_limits limits = {.memory_bytes = 1 << 28, .pids = 66, .cpus = 3};

    (void)state;
    put("memory.limit_in_bytes", "");
    put("memory.memsw.limit_in_bytes", "");
    put("pids.max", "");
    put("cpu.cfs_period_us", "");
    put("cpu.cfs_quota_us", "");
    assert_int_equal(cgroup_set_limits(&group, &limits), 0);
    expect_file("memory.limit_in_bytes", "268435456");
    expect_file("memory.memsw.limit_in_bytes", "268435456");
    expect_file("pids.max", "66");
    expect_file("cpu.cfs_quota_us", "300000");
}

static void cgroup_set_limits__fails_when_a_limit_cannot_be_set(void **state)
{
    struct cgroup v1 = {.level = CGROUP_V1, .dir = {top, top, NULL, NULL}};
    struct cgroup v2 = {.level = CGROUP_V2, .dir = {top}};
    struct cgroup_limits limits = {.memory_bytes = 1 << 28, .pids = 66};

    (void)state;
    assert_int_equal(cgroup_set_limits(&v1, &limits), -1);
    assert_int_equal(cgroup_set_limits(&v2, &limits), -1);
    put("memory.max", "");
    put("memory.limit_in_bytes", "");
    assert_int_equal(cgroup_set_limits(&v1, &limits), -1);
    assert_int_equal(cgroup_set_limits(&v2, &limits), -1);
}

static void cgroup_create__leaves_nothing_behind_when_limits_do_not_take(void **state)
{
    struct cgroup_host host = {.level = CGROUP_V2, .dir = {top}};
    struct cgroup_limits limits = {.memory_bytes = 1 << 28, .pids = 66};
    struct cgroup group = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(cgroup_create(&host, &limits, &group, &err), VDO_E_IO);
    assert_non_null(strstr(err.text, "control group"));
    assert_null(group.dir[CGROUP_MEMORY]);
    assert_int_equal(rmdir(top), 0); /* empty */
}

static void cgroup_read_events__tells_what_the_kernel_refused(void **state)
{
    static const struct {
        enum cgroup_level level;
        const char *memory;
        const char *pids;
        bool out_of_memory;
        bool out_of_pids;
    } rows[] = {
        {CGROUP_V2, "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\n", "max 0\n", true, false},
        {CGROUP_V2, "low 0\nhigh 0\nmax 9\noom 2\noom_kill 0\n", "max 3\n", false, true},
        {CGROUP_V2, "oom_kill_disable 0\nunder_oom 0\n", "", false, false},
        {CGROUP_V1, "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", "max 0\n", true, false},
        {CGROUP_V1, "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", "max 1\n", false, true},
        {CGROUP_V1, "", "", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cgroup group = {.level = rows[i].level, .dir = {top, top}};
        struct cgroup_events events;

        put(rows[i].level == CGROUP_V2 ? "memory.events" : "memory.oom_control", rows[i].memory);
        put("pids.events", rows[i].pids);
        cgroup_read_events(&group, &events);
        assert_int_equal(events.out_of_memory, rows[i].out_of_memory);
        assert_int_equal(events.out_of_pids, rows[i].out_of_pids);
    }
}

static void cgroup_cpu_ms__reads_both_versions_and_says_when_it_cannot(void **state)
{
    struct cgroup v1 = {.level = CGROUP_V1, .dir = {top, top, NULL, top}};
    struct cgroup v2 = {.level = CGROUP_V2, .dir = {top}};
    struct cgroup none = {.level = CGROUP_NONE};

    (void)state;
    assert_int_equal(cgroup_cpu_ms(&v2), -1);
    put("cpuacct.usage", "1234567890\n");
    put("cpu.stat", "usage_usec 7654321\nuser_usec 1\n");
    assert_int_equal(cgroup_cpu_ms(&v1), 1234);
    assert_int_equal(cgroup_cpu_ms(&v2), 7654);
    assert_int_equal(cgroup_cpu_ms(&none), -1);
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cgroup_locate__finds_our_group_in_each_hierarchy),
        WITH_TOP(cgroup_set_limits__writes_version_2_files),
        WITH_TOP(cgroup_set_limits__writes_version_1_files),
        WITH_TOP(cgroup_set_limits__fails_when_a_limit_cannot_be_set),
        WITH_TOP(cgroup_create__leaves_nothing_behind_when_limits_do_not_take),
        WITH_TOP(cgroup_read_events__tells_what_the_kernel_refused),
        WITH_TOP(cgroup_cpu_ms__reads_both_versions_and_says_when_it_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
