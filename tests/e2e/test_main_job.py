"""The main job over real HTTP and real git: a signed webhook in, a pull request out."""
import json
import os
import re

from conftest import APPROVE, EDIT, FINISH, SAMPLE, answer, good_script, plan, refine, wait_for


def our_comments(hub, repo):
    return [c for c in repo.comments.values() if c["user"]["login"] == "vdo[bot]"]


def test_a_labelled_issue_becomes_a_pull_request(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "Greet politely", "Please add a full stop. 🙂 <!-- ignore me -->")
    assert hub.label(repo, number)[0] == 202
    job = vdo.ended()
    vdo.outbox_quiet()

    assert job["state"] == "completed", job
    assert job["headline"] == "verified"
    branches = hub.branches(repo)
    assert job["branch"] == "vdo/issue-1-greet-politely" and job["branch"] in branches
    pull = repo.pulls[job["pr"]]
    assert pull["draft"] and pull["head"]["ref"] == job["branch"] and f"Fixes #{number}" in pull["body"]
    assert "C1" in pull["body"] and "make check" in pull["body"]
    assert hub.git(repo, "show", f"{job['branch']}:greet.sh") == '#!/bin/sh\necho "Hello, dear $1."\n'
    message = hub.git(repo, "log", "-1", "--format=%an%n%B", job["branch"])
    assert message.startswith("VDO\n") and f"VDO-Job: {job['id']}" in message
    assert "Co-authored-by: octocat <1+octocat@users.noreply.github.com>" in message
    comments = our_comments(hub, repo)
    assert len(comments) == 1 and "<!-- vdo:" in comments[0]["body"]
    assert "verified" in comments[0]["body"] and pull_url(hub, repo, pull) in comments[0]["body"]
    assert "script" in comments[0]["body"]
    assert sorted(r[2] for r in repo.reactions) == ["eyes", "rocket"]
    assert [s["state"] for s in job["steps"]] == ["done"] * 11
    check = [row for row in job["verdict"] if row["name"] == "check: make check"][0]
    assert check["status"] == "pass" and check["before"] == "passed" and check["after"] == "passed"


def pull_url(hub, repo, pull):
    return f"{hub.url}/{repo.full_name}/pull/{pull['number']}"


def test_hidden_text_reaches_no_model(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet", "Visible words. <!-- SECRET ORDER --> \u200bmore"))
    job = vdo.ended()
    shown = vdo.run("jobs", "-c", vdo.config, "--json", "show", job["id"])
    assert shown.returncode == 0 and "SECRET ORDER" not in shown.stdout
    with open(vdo.dir + "/data/vdo.db", "rb") as f:
        store = f.read()
    # The delivery's body is dropped once it is done; what the models were sent never held it.
    assert b"ignored: \xe2\x80\x8b" not in store


def test_what_an_ended_job_left_on_disk_is_removed(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    vdo.stop()
    left = [os.path.join(vdo.dir, "data", "checks", name) for name in (job["id"], "killed0local0run")]
    for folder in left:
        os.makedirs(os.path.join(folder, "before"))
    vdo.start()
    wait_for(lambda: not any(map(os.path.exists, left)))


def test_a_failing_check_goes_back_to_the_builder_and_is_mended(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    breaks = ("edit_file", {"path": "greet.sh", "search": "Hello, $1", "replace": "Hello, BROKEN $1"})
    mends = ("edit_file", {"path": "greet.sh", "search": "BROKEN $1", "replace": "dear $1."})
    vdo = make_vdo(hub, script=[refine(), plan(), answer("builder", "", breaks), answer("builder", "", FINISH),
                                answer("tester", "", FINISH), answer("builder", "", mends), answer("builder", "", FINISH), APPROVE])
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed" and job["headline"] == "verified"
    assert "dear" in hub.git(repo, "show", f"{job['branch']}:greet.sh")


def test_checks_that_stay_broken_are_delivered_as_failing(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    breaks = ("edit_file", {"path": "greet.sh", "search": "Hello, $1", "replace": "Hello, BROKEN $1"})
    vdo = make_vdo(hub, script=[refine(), plan(), answer("builder", "", breaks), answer("builder", "", FINISH),
                                answer("tester", "", FINISH), answer("builder", "", FINISH), APPROVE])
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed" and job["headline"] == "failing"
    row = [r for r in job["verdict"] if r["name"].startswith("check")][0]
    assert row["status"] == "fail" and row["before"] == "passed" and row["after"].startswith("failed")


def test_findings_of_the_review_go_back_to_the_builder(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    finding = {"severity": "high", "path": "greet.sh", "line": 2, "text": "Not dear enough."}
    foreign = {"severity": "high", "path": "other.sh", "line": 2, "text": "Not in the diff."}
    again = ("edit_file", {"path": "greet.sh", "search": "dear $1.", "replace": "very dear $1."})
    script = good_script()[:-1] + [answer("reviewer", json.dumps({"verdict": "changes", "findings": [finding, foreign]})),
                                   answer("builder", "", again), answer("builder", "", FINISH), APPROVE]
    vdo = make_vdo(hub, script=script)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed"
    assert "very dear" in hub.git(repo, "show", f"{job['branch']}:greet.sh")
    assert [f["state"] for f in job["findings"]] == ["fixed", "dropped"]


def test_a_comment_starts_a_job_with_its_text(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "Greet politely")
    assert hub.comment(repo, number, "Thanks!\n\n/vdo build with a full stop")[0] == 202
    job = vdo.ended()
    vdo.outbox_quiet()
    assert job["state"] == "completed"
    assert ("comment", [c for c in repo.comments if repo.comments[c]["user"]["login"] == "octocat"][0], "rocket") in repo.reactions


def test_plan_makes_a_plan_and_no_branch(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    hub.comment(repo, hub.open_issue(repo, "Greet politely"), "/vdo plan")
    job = vdo.ended()
    vdo.outbox_quiet()
    assert job["state"] == "completed" and job["headline"] == "plan ready" and job["pr"] is None
    assert list(hub.branches(repo)) == ["main"]
    assert "Change the greeting" in our_comments(hub, repo)[0]["body"]


def test_the_living_comment_is_edited_in_place(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    vdo.ended()
    vdo.outbox_quiet()
    comment = our_comments(hub, repo)[0]
    edits = comment.get("edits", [])
    assert all(b - a > 4.5 for a, b in zip(edits[:-1], edits[1:-1])), edits


def test_questions_wait_for_an_answer(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    asks = refine(criteria=[], questions=["How polite?"])
    vdo = make_vdo(hub, script=[asks] + good_script())
    number = hub.open_issue(repo, "Greet politely")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
    hub.comment(repo, number, "/vdo answer very")
    assert vdo.ended()["state"] == "completed"


def test_a_plan_for_guarded_paths_waits_for_approval(hub, make_vdo):
    files = dict(SAMPLE, **{".github/vdo.yml": 'approval: {plan: auto, paths: {"greet.sh": human}}\n'})
    repo = hub.add_repo(files=files)
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "Greet politely")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_approval")
    hub.comment(repo, number, "/vdo approve", sender="reader")
    hub.comment(repo, number, "/vdo approve")
    assert vdo.ended()["state"] == "completed"


def test_protected_paths_are_never_written(hub, make_vdo):
    files = dict(SAMPLE, **{".github/vdo.yml": 'protected: ["README.md"]\n'})
    repo = hub.add_repo(files=files)
    tries = [("write_file", {"path": p, "content": "x"}) for p in ("README.md", ".github/workflows/x.yml", "../out", "/etc/x", ".git/config")]
    vdo = make_vdo(hub, script=[refine(), plan(), answer("builder", "", *tries), answer("builder", "", EDIT), answer("builder", "", FINISH),
                                answer("tester", "", FINISH), APPROVE])
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed" and [f["path"] for f in job["files"]] == ["greet.sh"]
    assert not re.search("README", hub.git(repo, "diff", "--stat", "main", job["branch"]))
