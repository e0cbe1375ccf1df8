#include "vdo/base/resident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGES = 8 };

/* A file of PAGES pages, each full of one letter, mapped as asked. */
static char *map_file(int prot, size_t *out_len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char name[] = "/tmp/vdo-resident-XXXXXX";
    int fd = mkstemp(name);
    char *bytes = malloc(page);
    char *at;

    assert_true(fd >= 0);
    assert_non_null(bytes);
    for (int i = 0; i < PAGES; i++) {
        memset(bytes, 'a' + i, page);
        assert_int_equal(write(fd, bytes, page), page);
    }
    *out_len = page * PAGES;
    at = mmap(NULL, *out_len, prot, MAP_PRIVATE, fd, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    (void)close(fd);
    (void)unlink(name);
    free(bytes);
    return at;
}

static int count_resident(char *at, size_t len)
{
    /* Pages of this process, not of the page cache: mincore(2) would tell the latter. */
    FILE *pagemap = fopen("/proc/self/pagemap", "re");
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int n = 0;

    assert_non_null(pagemap);
    for (size_t i = 0; i < len / page; i++) {
        uint64_t entry = 0;

        assert_int_equal(
            fseek(pagemap, (long)(((uintptr_t)at / page + i) * sizeof(entry)), SEEK_SET), 0);
        assert_int_equal(fread(&entry, sizeof(entry), 1, pagemap), 1);
        n += (entry >> 63) == 1;
    }
    (void)fclose(pagemap);
    return n;
}

static void resident_give_back__drops_pages_that_their_file_has_and_they_come_back(void **state)
{
    size_t len;
    char *at = map_file(PROT_READ, &len);
    volatile char sum = 0;

    (void)state;
    for (size_t i = 0; i < len; i += 512)
        sum = (char)(sum + at[i]);
    assert_true(count_resident(at, len) == PAGES);
    resident_give_back();
    assert_true(count_resident(at, len) == 0);
    for (int i = 0; i < PAGES; i++)
        assert_int_equal(at[(size_t)i * (len / PAGES) + 7], 'a' + i);
    assert_int_equal(munmap(at, len), 0);
}

static void resident_give_back__keeps_what_was_written(void **state)
{
    size_t len;
    char *written = map_file(PROT_READ | PROT_WRITE, &len);
    char *heap = malloc(100000);

    (void)state;
    assert_non_null(heap);
    memset(heap, 7, 100000);
    written[10] = 'W';
    resident_give_back();
    assert_int_equal(written[10], 'W');
    /* As a relocated table is: written first, read-only then. */
    assert_int_equal(mprotect(written, len, PROT_READ), 0);
    resident_give_back();
    assert_int_equal(written[10], 'W');
    assert_int_equal(written[11], 'a');
    assert_int_equal(heap[99999], 7);
    assert_int_equal(munmap(written, len), 0);
    free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resident_give_back__drops_pages_that_their_file_has_and_they_come_back),
        cmocka_unit_test(resident_give_back__keeps_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
