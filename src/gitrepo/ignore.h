/*
 * ignore: the .gitignore files of a tree that a sandboxed process may have written.
 *
 * Source: gitignore(5). libgit2's own reading of these files follows symbolic links and waits at a
 * planted pipe, so it is not used here. Only the .gitignore files of the tree count; nothing of the
 * user's or the machine's. Threads: any; a struct belongs to one.
 */
#ifndef VDO_SRC_GITREPO_IGNORE_H
#define VDO_SRC_GITREPO_IGNORE_H

#include "vdo/base/err.h"

#include <stdbool.h>

struct ignore_rules;

/*
 * Read dir_fd's .gitignore. dir is that directory's path from the root ("" for the root); outer are
 * the rules of the directories above, borrowed, or NULL. A file that is not regular counts as none.
 * out is set; free with ignore_rules_free(). VDO_E_TOO_LARGE; VDO_E_IO.
 */
int ignore_rules_load(int dir_fd, const char *dir, const struct ignore_rules *outer,
                      struct ignore_rules **out, struct err *err);
void ignore_rules_free(struct ignore_rules *rules);

/* Is path (from the root, and below the directory of these rules) ignored? NULL rules ignore
 * nothing. Directories above are not looked at: the caller does not go into ignored ones. */
bool ignore_rules_match(const struct ignore_rules *rules, const char *path, bool is_dir);

#endif
