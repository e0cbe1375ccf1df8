/* model_cmd: what the verbs of `vdo model` share. */
#ifndef VDO_CLI_MODEL_CMD_H
#define VDO_CLI_MODEL_CMD_H

#include "vdo/model/model.h"

struct model_cmd {
    struct config *config;
    struct store *store; /* NULL: there is none yet */
    struct model *model;
    struct model_session *session;
    const char *provider;
    enum role role;
    const char *schema_file;
    bool tools;
    bool json;
};

/* One question; the exit code. words: the text, or "-" for standard input. */
int model_ask(struct model_cmd *cmd, const char *words);

#endif
