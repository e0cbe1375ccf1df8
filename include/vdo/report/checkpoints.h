/*
 * checkpoints: the JSON that each step leaves behind, as pipeline writes it and report, web and cli
 * read it.
 *
 * Adding members is free. All texts are UTF-8; money is micro-dollars; times are milliseconds.
 *
 * every     of a step whose commands tried to reach something: "network": [{"host","port" (0: a
 *           name that was looked up),"allowed","why","count","command","on":
 *           "setup|base|change|both"}]; and of one whose commands were not seen: "network_unseen":
 *           true
 *
 * snapshot  {"title", "text" (hidden text stripped), "text_sha256", "hidden_removed": bool,
 *            "instructions", "default_branch", "html_url"}
 *
 * checkout  {"base": branch, "base_sha", "warnings": [text], "protect": [glob]}
 *
 * survey    {"files": [{"path","score","reason","line","line_end"}], "outline": text,
 *            "checks": [{"name","run","timeout_ms","source"}], "lint": [the same],
 *            "setup": [text], "instructions": [{"path","text"}], "submodules": [path],
 *            "n_files": n}
 *
 * refine    {"title", "criteria": [{"id","text"}], "questions": [text], "skipped": reason or null}
 *
 * plan      {"summary", "tasks": [{"id","title","files":[path],"acceptance":[text]}], "risk",
 *            "questions": [text]}
 *
 * approve   {"mode": "auto|person", "by": login or "", "reason": text}
 *
 * build     {"tree": oid, "turns": n, "summary": text,
 *            "end": "finish|turns|tokens|time|repeated", "tasks_touched": [id]}
 *
 * test      {"tree": oid, "turns": n, "summary": text, "added": [path],
 *            "skipped": reason or null}
 *
 * verify    {"tree": oid, "isolation": text, "skipped": reason or null,
 *            "summary": of the builder's last round, "rounds": n, "rounds_used_up": bool,
 *            "checks": [check], "proof": proof or null, "facts": facts,
 *            "reach": what setup may reach, "none|allow|full"}
 *
 * review    {"tree": oid, "verdict": "approve|changes|none", "summary": as in verify, "rounds": n,
 *            "rounds_used_up": bool,
 *            "skipped": reason or null, "findings": [{"severity","path","line","quote","text",
 *            "state": "open|fixed|dropped", "why": of a dropped one}],
 *            "by": {"provider","model","built": it built the change too} or null,
 *            "checks", "proof", "facts": as in verify, as of this tree}
 *
 * deliver   {"branch","commit","pr": n or null, "pr_url",
 *            "files": [{"path","old_path","action","added","removed","planned":bool,
 *            "by_tester":bool}], "added", "removed", "criteria": [criterion], "verdict": [row],
 *            "diff": text, "diff_truncated": bool}
 *
 * failed    of the step that failed, where it came to a verdict: "files", "added", "removed",
 *            "criteria", "verdict" as in deliver, "checks", "headline"
 *
 * check     {"name","run","before": result,"after": result,"output": tail text,
 *            "blame": "none" it passes, "new" the change's, "old" it failed before in the same way,
 *            "flaky", "flaky": [test], "old": [test that fails at base too],
 *            "gone": [test that ran at base and, in a check that passes, not after the change],
 *            "gone_failing": one of them failed at base, "fewer": tests fewer than at base,
 *            "failures": [{"name","file","line","message","detail","kind":"new|old|flaky"}],
 *            "problems": [{"file","line","message"}] of compilers, new ones}
 *
 * result    {"ran":bool,"ok":bool,"exit":n,"ms":n,"why":text, and when it ran "tests": counts and
 *            names of failing tests (vdo/checks/results.h), "agree": do they fit the exit code,
 *            "unread": [report file that was not read, and why]}
 *
 * proof     what the new tests say at base and after the change: pipeline/proof.h
 *
 * facts     secrets, licences, sensitive paths, syntax, lint: pipeline/facts.h
 *
 * criterion {"id","text","covered":bool,"why","files":[{"path","lines"}],
 *            "tests":[{"name","path","line","base","head","proves":bool}]}
 *
 * row       {"name", "status": "pass|fail|warn|info|unknown", "text", "command": text or null,
 *            "before": text or null, "after": text or null}
 */
#ifndef VDO_REPORT_CHECKPOINTS_H
#define VDO_REPORT_CHECKPOINTS_H

#include "vdo/base/err.h"
#include "vdo/store/store.h"

#include <jansson.h>

/* {step name: checkpoint} of the finished steps of a job, and "failed"; new reference. */
int checkpoints_load(struct store *store, const char *job_id, json_t **out, struct err *err);

#endif
