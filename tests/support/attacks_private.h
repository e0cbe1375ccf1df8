/* What the files of attacks share. */
#ifndef VDO_TESTS_SUPPORT_ATTACKS_PRIVATE_H
#define VDO_TESTS_SUPPORT_ATTACKS_PRIVATE_H

struct attack {
    const char *name;
    int (*run)(void);
};

/* Say how the attack succeeded. Returns 1. */
int broken(const char *how, const char *what);
/* A variable the test has set, or "". */
const char *need(const char *name);
/* NULL when it is none of theirs. */
const struct attack *find_network_attack(const char *name);
const struct attack *find_file_attack(const char *name);
const struct attack *find_home_attack(const char *name);

#endif
