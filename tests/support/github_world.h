/*
 * github_world: a GitHub forge that talks to a github_stub, for the integration tests of
 * forge/github.
 */
#ifndef VDO_TESTS_SUPPORT_GITHUB_WORLD_H
#define VDO_TESTS_SUPPORT_GITHUB_WORLD_H

#include "github_stub.h"

#include "vdo/forge/forge.h"

struct github_world {
    struct github_stub *stub;
    struct forge *forge;
    struct forge_session *session;
    atomic_bool cancel;
    struct forge_repo repo; /* acme/app, id 5, of STUB_INSTALLATION */
    struct err err;
};

/* As an App, or with the personal token "ghp_personal_token" when as_app is false. */
struct github_world *github_world_new(bool as_app);
void github_world_free(struct github_world *w);
/* cmocka fixtures: an App's world in *state. */
int github_world_setup(void **state);
int github_world_teardown(void **state);
/* One rule: the first `times` requests (0: all) get this status and body. */
void github_world_say(struct github_world *w, const char *method, const char *path, int times,
                      int status, const char *body);
/* Read issue 7 and throw it away; the code. w->err is cleared before. */
int github_world_read_issue(struct github_world *w);
/* Write a comment below issue 7; the code. */
int github_world_comment(struct github_world *w, bool *maybe_done);

#define WORLD_ISSUE      "/repos/acme/app/issues/7"
#define WORLD_COMMENTS   "/repos/acme/app/issues/7/comments"
#define WORLD_MINT       "/app/installations/777/access_tokens"
#define WORLD_ISSUE_JSON "{\"number\":7,\"id\":70,\"state\":\"open\",\"title\":\"T\"}"

#endif
