#include "../run.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"
#include "vdo/markdown/markdown.h"

#include <stdlib.h>
#include <string.h>

/* Who asked is in the job; here is what was asked: the text as of the trigger, without what a
 * reader cannot see. */
static int visible(const char *text, struct strbuf *out, bool *hidden, struct err *err)
{
    int rc = markdown_strip_hidden(text, strlen(text), out, hidden, err);

    return rc ? (err_wrap(err, "the issue's text"), rc) : VDO_OK;
}

static int check_open(struct job_run *run, struct err *err)
{
    struct forge_repo repo = run_repo(run);
    struct forge_issue issue = {0};
    bool open;
    int rc;

    if (run->job->issue == 0)
        return VDO_OK;
    rc = forge_get_issue(run->lease->forge, &repo, run->job->issue, &issue, err);
    if (rc)
        return err_wrap(err, "read issue #%lld", (long long)run->job->issue), rc;
    open = issue.open;
    forge_issue_release(&issue);
    return open ?
               VDO_OK :
               err_set(err, VDO_E_CANCELLED, "issue #%lld is closed", (long long)run->job->issue);
}

static int check_repo(struct job_run *run, struct forge_repo_info *info, struct err *err)
{
    struct forge_repo repo = run_repo(run);
    int rc = forge_get_repo(run->lease->forge, &repo, info, err);

    if (rc)
        return err_wrap(err, "read repository %s", run->job->repo), rc;
    if (info->archived)
        return err_set(err, VDO_E_REFUSED,
                       "repository %s is archived, so nothing can be pushed to it", run->job->repo);
    return VDO_OK;
}

int step_snapshot(struct job_run *run, struct err *err)
{
    const struct job *job = run->job;
    struct forge_repo_info info = {0};
    AUTO_STRBUF text = {0};
    AUTO_STRBUF title = {0};
    AUTO_STRBUF extra = {0};
    char hash[SHA256_HEX_SIZE];
    bool hidden[3] = {false, false, false};
    int rc = check_repo(run, &info, err);

    strbuf_init(&text, 8 * VDO_MIB);
    strbuf_init(&title, 8 * VDO_MIB);
    strbuf_init(&extra, 8 * VDO_MIB);
    if (!rc)
        rc = check_open(run, err);
    if (!rc)
        rc = visible(job->title ? job->title : "", &title, &hidden[0], err);
    if (!rc)
        rc = visible(job->text ? job->text : "", &text, &hidden[1], err);
    if (!rc)
        rc = visible(job->instructions ? job->instructions : "", &extra, &hidden[2], err);
    if (!rc && title.len + text.len + extra.len == 0)
        rc =
            err_set(err, VDO_E_REFUSED, "the issue has no visible text, so there is nothing to do");
    if (!rc) {
        sha256_hex(text.ptr, text.len, hash);
        run->result = json_pack("{s:o, s:o, s:o, s:s, s:b, s:s, s:s}", "title",
                                js_string_lossy(title.ptr, title.len), "text",
                                js_string_lossy(text.ptr, text.len), "instructions",
                                js_string_lossy(extra.ptr, extra.len), "text_sha256", hash,
                                "hidden_removed", hidden[0] || hidden[1] || hidden[2],
                                "default_branch", info.default_branch ? info.default_branch : "",
                                "html_url", info.html_url ? info.html_url : "");
        if (hidden[0] || hidden[1] || hidden[2])
            run_note(run, "text that readers cannot see was left out");
    }
    forge_repo_info_release(&info);
    return rc;
}
