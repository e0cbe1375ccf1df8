/*
 * forge_fake_private: the rows of the in-memory forge, shared by its two files. Functions are
 * called with the lock held unless they take or give it.
 */
#ifndef VDO_TESTS_SUPPORT_FORGE_FAKE_PRIVATE_H
#define VDO_TESTS_SUPPORT_FORGE_FAKE_PRIVATE_H

#include "forge_fake.h"

#include "vdo/forge/ops.h"

#include <pthread.h>

enum { MAX_ROWS = 4096, MAX_LABELS = 32, MAX_FAULTS = 64, OUR_ID = 4242 };

struct fake_repo {
    char *name;
    int64_t id;
    char *default_branch;
    char *git_url;
    bool archived;
};

struct fake_issue {
    char *repo;
    int64_t number;
    char *author;
    char *title;
    char *body;
    bool closed;
    bool locked;
    bool is_pull;
    char *labels[MAX_LABELS];
    size_t n_labels;
    char *reactions;
};

struct fake_comment {
    char *repo;
    int64_t issue;
    int64_t id;
    char *author;
    char *body;
    char *reactions;
    int64_t made_ms;
    int edits;
    bool deleted;
};

struct fake_pull {
    char *repo;
    int64_t number;
    char *title;
    char *body;
    char *head;
    char *base;
    bool closed;
    bool merged;
};

struct fake_person {
    char *login;
    enum forge_permission permission;
};

struct fault {
    enum fake_call call;
    int from; /* counted in calls of that kind since the start */
    int to;
    enum fake_when when;
    enum vdo_code code;
    int64_t retry_after_ms;
};

struct forge_fake {
    struct forge forge;
    const struct clock *clock;
    pthread_mutex_t lock; /* guards everything below */
    struct fake_repo repos[MAX_ROWS];
    size_t n_repos;
    struct fake_issue issues[MAX_ROWS];
    size_t n_issues;
    struct fake_comment comments[MAX_ROWS];
    size_t n_comments;
    struct fake_pull pulls[MAX_ROWS];
    size_t n_pulls;
    struct fake_person people[MAX_ROWS];
    size_t n_people;
    struct fault faults[MAX_FAULTS];
    size_t n_faults;
    int calls[FAKE_CALLS];
    int64_t last_id;
};

extern const char fake_login[];
extern const struct forge_ops fake_forge_ops;

void *fake_lock(struct forge_fake *fake);
void fake_unlock(struct forge_fake *fake);
void fake_check_room(size_t n, size_t max);
void fake_replace(char **at, const char *text);
struct fake_repo *fake_find_repo(struct forge_fake *f, const char *name);
struct fake_issue *fake_find_issue(struct forge_fake *f, const char *repo, int64_t number);
struct fake_comment *fake_find_comment(struct forge_fake *f, int64_t id);
struct fake_pull *fake_find_pull(struct forge_fake *f, const char *repo, const char *head);
void fake_drop_label(struct fake_issue *issue, const char *label);
int64_t fake_add_comment(struct forge_fake *f, const char *repo, int64_t issue, const char *author,
                         const char *body);
bool fake_is_wanted(const struct fake_comment *c, const char *repo, int64_t issue, int64_t since,
                    const char *contains);

#endif
