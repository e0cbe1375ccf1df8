#include "compact.h"

#include "../changes.h"
#include "../workspace.h"
#include "single.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { LAST_TURNS = 6, MAX_SHOWN = 1200, MAX_DIFF = 24 * 1024, MAX_TEXT = 64 * 1024 };

static void add_clipped(struct strbuf *out, const char *text)
{
    size_t len = strlen(text);

    (void)strbuf_add(out, text, len < MAX_SHOWN ? len : MAX_SHOWN);
    (void)strbuf_adds(out, len < MAX_SHOWN ? "\n" : " ...\n");
}

/* As the record has them, whatever blanks the provider wrote. */
static void add_args(struct strbuf *out, const struct block *call)
{
    AUTO_FREE char *args = call->args     ? json_dumps(call->args, JSON_COMPACT) :
                           call->args_raw ? xstrdup(call->args_raw) :
                                            NULL;

    add_clipped(out, args ? args : "{}");
}

static void add_block(struct strbuf *out, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_TEXT:
        if (*block->text)
            add_clipped(out, block->text);
        break;
    case BLOCK_TOOL_CALL:
        (void)strbuf_addf(out, "You called %s: ", block->tool);
        add_args(out, block);
        break;
    case BLOCK_TOOL_RESULT:
        (void)strbuf_addf(out, "%s answered%s: ", block->tool, block->is_error ? " (error)" : "");
        add_clipped(out, block->text);
        break;
    case BLOCK_REASONING:
    case BLOCK_REFUSAL:
        break;
    }
}

static void add_last_turns(struct strbuf *out, const struct chat *chat)
{
    size_t from = chat->n_turns > LAST_TURNS ? chat->n_turns - LAST_TURNS : 1;

    for (size_t i = from; i < chat->n_turns; i++) {
        for (size_t k = 0; k < chat->turns[i].n_blocks; k++)
            add_block(out, &chat->turns[i].blocks[k]);
    }
}

static int add_changes(struct agent *agent, struct strbuf *out, struct err *err)
{
    char tree[GIT_OID_HEX_SIZE];
    struct diff diff = {0};
    int rc = workspace_tree(agent->run, err);

    if (!rc)
        rc = worktree_write_tree(agent->run->tree, tree, err);
    if (!rc)
        rc = changes_diff(agent->run, tree, MAX_DIFF, &diff, err);
    if (rc)
        return rc;
    (void)strbuf_adds(out, diff.n_files ? diff.text : "(nothing yet)\n");
    diff_release(&diff);
    return VDO_OK;
}

int compact_chat(struct agent *agent, struct err *err)
{
    struct chat *old = &agent->chat;
    bool has_task = old->n_turns > 0 && old->turns[0].n_blocks > 0;
    /* The first block only: behind it may stand what an earlier beginning anew has said. */
    AUTO_FREE char *task = xstrdup(has_task ? old->turns[0].blocks[0].text : "");
    AUTO_FREE char *files = NULL;
    AUTO_STRBUF text = {0};
    struct chat fresh;
    int rc;

    strbuf_init(&text, MAX_TEXT);
    (void)strbuf_adds(&text,
                      "This conversation became too long and is begun anew. The files are as "
                      "you left them. This has been changed so far:\n");
    rc = add_changes(agent, &text, err);
    if (!rc && agent->single)
        rc = single_prompt(agent, &files, err);
    if (rc)
        return rc;
    (void)strbuf_adds(&text, "\nWhat happened last, in short:\n");
    add_last_turns(&text, old);
    (void)strbuf_adds(&text, "\nGo on from here; read again what you need.");
    chat_init(&fresh, old->system);
    chat_add_user(&fresh, task);
    chat_add_user(&fresh, text.ptr);
    if (files)
        chat_add_user(&fresh, files);
    fresh.tools = old->tools;
    fresh.n_tools = old->n_tools;
    run_log(agent->run, "info", "the conversation of %zu turns was too long and is begun anew",
            old->n_turns);
    chat_release(old);
    *old = fresh;
    return VDO_OK;
}
