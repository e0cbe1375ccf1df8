/* Attacks on the work directory, and on whoever believes what is printed or found in it. */
#include "attacks_private.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 100000, PER_DIRECTORY = 1000, REPORT_MIB = 100 };

static int make_files(void)
{
    char name[64];

    for (int i = 0; i < FILES; i++) {
        int fd;

        (void)snprintf(name, sizeof(name), "d%d", i / PER_DIRECTORY);
        if (i % PER_DIRECTORY == 0 && mkdir(name, 0755))
            return broken("cannot make", name);
        (void)snprintf(name, sizeof(name), "d%d/f%d", i / PER_DIRECTORY, i);
        fd = open(name, O_WRONLY | O_CREAT, 0644);
        if (fd < 0)
            return broken("cannot make", name);
        (void)close(fd);
    }
    return 0;
}

/* Entities that would grow without end for who expands them, and a hundred megabytes behind. */
static int plant_report(void)
{
    static char block[1 << 20];
    static const char head[] = "<?xml version=\"1.0\"?><!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\">"
                               "<!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM "
                               "\"file:///etc/passwd\">]><testsuite name=\"&b;&c;\">";
    int fd = open("report.xml", O_WRONLY | O_CREAT | O_TRUNC, 0644);

    memset(block, ' ', sizeof(block));
    if (fd < 0 || write(fd, head, sizeof(head) - 1) < 0)
        return broken("cannot write", "the report");
    for (int i = 0; i < REPORT_MIB; i++) {
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            return broken("cannot write", "the report");
    }
    return 0;
}

static int change_modes(void)
{
    return mkdir("locked", 0755) || mkdir("locked/inner", 0755) ||
                   open("locked/inner/file", O_WRONLY | O_CREAT, 0644) < 0 ||
                   chmod("locked/inner/file", 0) || chmod("locked/inner", 0) ||
                   chmod("locked", 0) || chmod("attacker", 0) || chmod(".", 0) ?
               broken("cannot", "change modes") :
               0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    (void)remove(path);
    return 0;
}

static int delete_tree(void)
{
    char cwd[4096];
    char moved[4200];

    if (!getcwd(cwd, sizeof(cwd)))
        return broken("does not know", "where it is");
    (void)snprintf(moved, sizeof(moved), "%s-moved", cwd);
    if (rename(cwd, moved) == 0)
        return broken("moved", cwd);
    (void)nftw(cwd, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw("/usr", remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return access("attacker", F_OK) == 0 ? broken("could not even delete", "its own file") : 0;
}

/* What test runners and bwrap itself say of success, and then failure. */
static int forge_results(void)
{
    static const char text[] = "1..2\nok 1 - first\nok 2 - second\n"
                               "===== 12 passed in 0.10s =====\n"
                               "PASS\nok  \texample.org/x\t0.01s\n"
                               "{ \"child-pid\": 1 }\n{ \"exit-code\": 0 }\n"
                               "exit code 0\n[  PASSED  ] 99 test(s).\n";

    for (int fd = 1; fd < 64; fd++)
        (void)!write(fd, text, sizeof(text) - 1);
    return 7;
}

/* "deps" is a directory of the host that may be read, with a file "kept" in it. */
static int write_layer(void)
{
    static const char *const paths[] = {"deps/kept", "deps/new", "/proc/self/cwd/deps/kept"};
    struct stat st;

    if (stat("deps/kept", &st))
        return broken("cannot even see", "deps/kept");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (open(paths[i], O_WRONLY | O_CREAT | O_TRUNC, 0644) >= 0)
            return broken("opened for writing", paths[i]);
    }
    if (chmod("deps/kept", 0777) == 0 || chmod("deps", 0777) == 0 || unlink("deps/kept") == 0 ||
        rename("deps/kept", "deps/moved") == 0 || rename("deps", "moved") == 0 ||
        mkdir("deps/dir", 0755) == 0 || symlink("x", "deps/link") == 0 || rmdir("deps") == 0 ||
        link("deps/kept", "kept") == 0 || truncate("deps/kept", 0) == 0 ||
        utimensat(AT_FDCWD, "deps/kept", NULL, 0) == 0)
        return broken("changed", "a directory that may only be read");
    return 0;
}

const struct attack *find_file_attack(const char *name)
{
    static const struct attack list[] = {
        {"make_files", make_files},       {"plant_report", plant_report},
        {"change_modes", change_modes},   {"delete_tree", delete_tree},
        {"forge_results", forge_results}, {"write_layer", write_layer}};

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}
