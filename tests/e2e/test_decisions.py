"""What the bot decides: permissions, labels, commands, states of the issue and the repository."""
import uuid

import pytest
from conftest import EDIT, FINISH, SAMPLE, answer, good_script, plan, refine, wait_for


@pytest.fixture
def repo(hub):
    return hub.add_repo(files=SAMPLE)


def deliver(hub, vdo, event):
    guid = str(uuid.uuid4())
    assert hub.send(event, guid)[0] in (200, 202)
    return vdo.delivery(guid)


def replies(repo):
    return [c["body"] for c in repo.comments.values() if c["user"]["login"] == "vdo[bot]"]


def test_a_reader_may_not_start_a_job_by_label(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    for _ in range(2):
        event = hub.issue_event(repo, number, "labeled", "reader", label={"name": "vdo"}, nonce=str(uuid.uuid4()))
        assert "refused" in deliver(hub, vdo, event)["reason"]
    vdo.outbox_quiet()
    assert vdo.jobs() == [] and len(replies(repo)) == 1


def test_a_reader_who_comments_gets_no_answer(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x")
    hub.comment(repo, number, "/vdo build", "reader")
    wait_for(lambda: any("refused" in (d["reason"] or "") for d in vdo.api("/api/deliveries")["deliveries"]))
    vdo.outbox_quiet()
    assert vdo.jobs() == [] and replies(repo) == [] and repo.reactions == []


def test_a_bot_is_not_listened_to_whatever_its_name(hub, make_vdo, repo):
    hub.permissions["evil[bot]"] = "admin"
    vdo = make_vdo(hub)
    event = hub.issue_event(repo, hub.open_issue(repo, "x", labels=["vdo"]), "labeled", "evil[bot]", label={"name": "vdo"})
    assert "is a bot" in deliver(hub, vdo, event)["reason"]


def test_the_present_labels_decide_not_the_event(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    event = hub.issue_event(repo, hub.open_issue(repo, "x"), "labeled", label={"name": "vdo"})
    assert "does not carry" in deliver(hub, vdo, event)["reason"]


def test_another_label_is_ignored(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    event = hub.issue_event(repo, hub.open_issue(repo, "x", labels=["bug"]), "labeled", label={"name": "bug"})
    assert "not ours" in deliver(hub, vdo, event)["reason"]


def test_a_closed_issue_starts_nothing(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    repo.issues[number]["state"] = "closed"
    event = hub.issue_event(repo, number, "labeled", label={"name": "vdo"})
    assert "closed" in deliver(hub, vdo, event)["reason"]


def test_a_deleted_issue_and_a_deleted_repository_end_in_a_reason(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    event = hub.issue_event(repo, number, "labeled", label={"name": "vdo"})
    repo.issues[number]["deleted"] = True
    assert deliver(hub, vdo, event)["state"] == "done"
    repo.deleted = True
    event = hub.issue_event(repo, number, "labeled", label={"name": "vdo"}, nonce=1)
    assert deliver(hub, vdo, event)["state"] == "done"
    assert vdo.jobs() == []


def test_labels_set_type_and_priority(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo:bugfix", "vdo:high"])
    hub.label(repo, number)
    job = vdo.ended()
    assert job["type"] == "bugfix" and job["priority"] == "high"


def test_removing_the_label_cancels(hub, make_vdo, repo):
    vdo = make_vdo(hub, script=[refine(criteria=[], questions=["What?"])])
    number = hub.open_issue(repo, "x")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
    repo.issues[number]["labels"].remove("vdo")
    hub.send(hub.issue_event(repo, number, "unlabeled", label={"name": "vdo"}))
    job = vdo.ended()
    assert job["state"] == "cancelled" and "label was removed" in job["reason"]


def test_closing_the_issue_cancels(hub, make_vdo, repo):
    vdo = make_vdo(hub, script=[refine(criteria=[], questions=["What?"])])
    number = hub.open_issue(repo, "x")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
    repo.issues[number]["state"] = "closed"
    hub.send(hub.issue_event(repo, number, "closed"))
    assert vdo.ended()["state"] == "cancelled"


def test_cancel_retry_status_and_help(hub, make_vdo, repo):
    vdo = make_vdo(hub, script=[refine(criteria=[], questions=["What?"])] + good_script())
    number = hub.open_issue(repo, "x")
    hub.comment(repo, number, "/vdo help")
    hub.comment(repo, number, "/vdo status")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
    hub.comment(repo, number, "/vdo cancel")
    assert "cancelled by octocat" in vdo.ended()["reason"]
    hub.comment(repo, number, "/vdo retry")
    wait_for(lambda: vdo.jobs()[0]["state"] == "completed")
    vdo.outbox_quiet()
    said = "\n".join(replies(repo))
    assert "/vdo build" in said and "no job here" in said


def test_an_unknown_verb_gets_one_reply(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x")
    hub.comment(repo, number, "/vdo dance @everybody")
    wait_for(lambda: replies(repo))
    vdo.outbox_quiet()
    assert len(replies(repo)) == 1 and "@everybody" not in replies(repo)[0]


@pytest.mark.parametrize("body", ["> /vdo build", "```\n/vdo build\n```", "`/vdo build`", "<!-- /vdo build -->", "please /vdo build", "\\/vdo build",
                                  "    /vdo build"])
def test_quoted_and_coded_commands_are_no_commands(hub, make_vdo, repo, body):
    vdo = make_vdo(hub)
    hub.comment(repo, hub.open_issue(repo, "x"), body)
    found = wait_for(lambda: vdo.api("/api/deliveries?state=done")["deliveries"])
    assert "no command" in found[0]["reason"] and vdo.jobs() == []


def test_a_second_label_attaches_to_the_job_under_way(hub, make_vdo, repo):
    vdo = make_vdo(hub, script=[refine(criteria=[], questions=["What?"])])
    number = hub.open_issue(repo, "x")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
    found = deliver(hub, vdo, hub.issue_event(repo, number, "labeled", label={"name": "vdo"}, nonce=2))
    assert "under way" in found["reason"] and found["job_id"] == vdo.jobs()[0]["id"]


def test_opened_with_the_label_and_labeled_make_one_job(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    hub.send(hub.issue_event(repo, number, "opened"))
    hub.send(hub.issue_event(repo, number, "labeled", label={"name": "vdo"}))
    vdo.ended()
    assert len(vdo.jobs()) == 1


def test_null_members_are_tolerated(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    event = hub.issue_event(repo, number, "labeled", label=None)
    event[1]["issue"]["user"] = None
    event[1]["issue"]["body"] = None
    event[1]["issue"]["labels"] = None
    assert deliver(hub, vdo, event)["reason"] == "job started"


@pytest.mark.parametrize("script, reason", [
    ([refine(), plan(tasks=[], summary="Nothing to do.")], "plan is empty"),
    ([refine(), plan(tasks=[], questions=["Which?"]), plan(tasks=[], questions=["Which?"])], None),
    ([refine(), plan(), answer("builder", "", FINISH)], "no file was changed"),
    ([refine(), plan(), answer("builder", ""), answer("builder", ""), answer("builder", "")], "no usable answer"),
    ([refine(), plan(), answer("builder", "", ("fly", {})), answer("builder", "", ("fly", {})), answer("builder", "", ("fly", {}))],
     "failed three times"),
    ([refine(), plan(), answer("builder", "", ("write_file", {"path": "../x", "content": ""})), answer("builder", "", FINISH)], "no file was changed"),
    ([refine(), answer("planner", "no json"), answer("planner", "still none")], "planner"),
    ([refine(), plan()], "script"),
])
def test_answers_that_come_to_nothing_end_in_a_named_reason(hub, make_vdo, repo, script, reason):
    vdo = make_vdo(hub, script=script)
    hub.label(repo, hub.open_issue(repo, "x"))
    if reason is None:
        wait_for(lambda: vdo.jobs() and vdo.jobs()[0]["state"] == "awaiting_answer")
        return
    job = vdo.ended()
    vdo.outbox_quiet()
    assert job["state"] == "failed" and reason in job["reason"], job["reason"]
    assert list(hub.branches(repo)) == ["main"] and repo.pulls == {}
    assert "/vdo retry" in replies(repo)[0]
    assert ("issue", 1, "confused") in repo.reactions
    assert vdo.get("/healthz")[0] == 200


def test_a_role_that_helps_may_fail_and_it_is_said(hub, make_vdo, repo):
    vdo = make_vdo(hub, script=[plan(), answer("builder", "", EDIT), answer("builder", "", FINISH)])
    hub.label(repo, hub.open_issue(repo, "x"))
    job = vdo.ended()
    assert job["state"] == "completed"
    rows = {r["name"]: r for r in job["verdict"]}
    assert rows["review"]["status"] == "unknown" and "not done" in rows["review"]["text"]


def test_an_empty_repository_is_refused_with_the_reason(hub, make_vdo):
    empty = hub.add_repo("empty")
    vdo = make_vdo(hub)
    hub.label(empty, hub.open_issue(empty, "x"))
    job = vdo.ended()
    assert job["state"] == "failed" and "no commits" in job["reason"]
