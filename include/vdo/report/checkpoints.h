/*
 * checkpoints: the JSON that each step leaves behind, as pipeline writes it and report, web and cli
 * read it.
 *
 * Adding members is free. All texts are UTF-8; money is micro-dollars; times are milliseconds.
 *
 * snapshot {"title", "text" (hidden text stripped), "text_sha256", "hidden_removed": bool,
 * "instructions", "default_branch", "html_url"} checkout {"base": branch, "base_sha",
 * "warnings": [text], "protect": [glob]} survey   {"files":
 * [{"path","score","reason","line","line_end"}], "outline": text, "checks":
 * [{"name","run","timeout_ms","source"}], "setup": [text], "instructions": [{"path","text"}],
 * "n_files": n} refine   {"title", "criteria": [{"id","text"}], "questions": [text], "skipped":
 * reason or null} plan     {"summary", "tasks":
 * [{"id","title","files":[path],"acceptance":[text]}], "risk", "questions": [text]} approve
 * {"mode": "auto|person", "by": login or "", "reason": text} build    {"tree": oid, "turns": n,
 * "summary": text, "end": "finish|turns|tokens|time|repeated", "tasks_touched": [id]} test {"tree":
 * oid, "turns": n, "summary": text, "added": [path], "skipped": reason or null} verify   {"tree":
 * oid, "isolation": text, "skipped": reason or null, "rounds": n, "checks":
 * [{"name","run","before":{"ran":bool,"ok":bool,"exit":n,"ms":n,"why":text},"after":{...},"output":
 * tail text}]} review   {"tree": oid, "verdict": "approve|changes|none", "rounds": n, "skipped":
 * reason or null, "findings": [{"severity","path","line","text","state":"open|fixed|dropped"}],
 *           "checks": as in verify, as of this tree (they run again after each round that changed
 * something)} deliver
 * {"branch","commit","pr": n or null, "pr_url", "files":
 * [{"path","old_path","action","added","removed","planned":bool,"by_tester":bool}], "added",
 * "removed", "verdict": [row], "diff": text, "diff_truncated": bool}
 *
 * A verdict row is {"name", "status": "pass|fail|warn|info|unknown", "text", "command": text or
 * null, "before": text or null, "after": text or null}.
 */
#ifndef VDO_REPORT_CHECKPOINTS_H
#define VDO_REPORT_CHECKPOINTS_H

#include "vdo/base/err.h"
#include "vdo/store/store.h"

#include <jansson.h>

/* {step name: checkpoint} of the finished steps of a job; new reference. */
int checkpoints_load(struct store *store, const char *job_id, json_t **out, struct err *err);

#endif
