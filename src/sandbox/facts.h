/*
 * facts: what of this host the sandbox can build on, each with what to do where it is missing.
 *
 * Found once by looking and trying, not by versions: a kernel may have what its configuration
 * forbids. Threads: read-only afterwards.
 */
#ifndef VDO_SANDBOX_FACTS_H
#define VDO_SANDBOX_FACTS_H

#include <stdbool.h>

enum { FACTS_ENGINES = 2 };

struct facts {
    bool user_namespaces; /* one could be made by the one who runs VDO */
    bool seccomp;
    int landlock_abi; /* 0: none */
    bool id_mapped;   /* tried on /tmp; as an ordinary user it is not needed */
    const char *engines[FACTS_ENGINES + 1]; /* absolute paths of container engines, NULL-ended */
};

void facts_find(struct facts *facts);
/* The path of podman or docker, or NULL. Static. */
const char *facts_engine(const char *name);

#endif
