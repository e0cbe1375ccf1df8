"""Faults before and after the effect, and a process that is killed anywhere: one comment, one branch, one pull request."""
import pytest
from conftest import SAMPLE, wait_for


@pytest.fixture
def repo(hub):
    return hub.add_repo(files=SAMPLE)


def check_single(hub, repo, vdo, job):
    vdo.outbox_quiet()
    ours = [c for c in repo.comments.values() if c["user"]["login"] == "vdo[bot]"]
    branches = [b for b in hub.branches(repo) if b.startswith("vdo/")]
    assert job["state"] == "completed", job["reason"]
    assert len(ours) == 1 and len(branches) == 1 and len(repo.pulls) == 1, (ours, branches, repo.pulls)


@pytest.mark.parametrize("method, path, how", [
    ("POST", r"/comments$", {"drop": True, "after": True}),
    ("POST", r"/comments$", {"status": 502, "after": True}),
    ("POST", r"/comments$", {"status": 502}),
    ("POST", r"/pulls$", {"drop": True, "after": True}),
    ("POST", r"/pulls$", {"status": 502, "after": True}),
    ("POST", r"/pulls$", {"status": 500}),
    ("POST", r"git-receive-pack$", {"drop": True, "after": True}),
    ("POST", r"git-receive-pack$", {"status": 503}),
    ("POST", r"git-receive-pack$", {"status": 401, "body": {"message": "Bad credentials"}}),
    ("POST", r"git-receive-pack$", {"status": 403, "headers": {"retry-after": "1"}, "body": {"message": "You have exceeded a secondary rate limit"}}),
    ("GET", r"info/refs$", {"status": 401, "body": {"message": "Bad credentials"}}),
    ("POST", r"git-upload-pack$", {"status": 503}),
    ("GET", r"/issues/1$", {"status": 502, "times": 2}),
    ("POST", r"/reactions$", {"status": 500}),
    ("PATCH", r"/issues/comments/", {"drop": True, "after": True}),
    ("POST", r"/access_tokens$", {"status": 500}),
    ("GET", r"/permission$", {"drop": True}),
    ("POST", r"/comments$", {"status": 403, "headers": {"retry-after": "1"}, "body": {"message": "You have exceeded a secondary rate limit"}}),
])
def test_a_fault_leaves_one_of_each(hub, make_vdo, repo, method, path, how):
    times = how.get("times", 1)
    hub.fault(method, path, times, **{k: v for k, v in how.items() if k != "times"})
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    check_single(hub, repo, vdo, vdo.ended(seconds=60))


def test_expired_tokens_are_minted_again(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    vdo.ended()
    hub.expire_tokens()
    hub.label(repo, hub.open_issue(repo, "Greet again"))
    assert vdo.ended(2)["state"] == "completed"
    assert hub.bad_tokens >= 1


def test_a_locked_issue_gets_its_pull_request_all_the_same(hub, make_vdo, repo):
    number = hub.open_issue(repo, "Greet politely")
    repo.issues[number]["locked"] = True
    vdo = make_vdo(hub)
    hub.label(repo, number)
    job = vdo.ended()
    assert job["state"] == "completed" and len(repo.pulls) == 1


def test_a_foreign_branch_of_our_name_is_left_alone(hub, make_vdo, repo):
    hub.git(repo, "branch", "vdo/issue-1-greet-politely", "main")
    before = hub.branches(repo)["vdo/issue-1-greet-politely"]
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed" and job["branch"] == "vdo/issue-1-greet-politely-2"
    assert hub.branches(repo)["vdo/issue-1-greet-politely"] == before


def test_a_deleted_comment_is_made_anew_once(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    wait_for(lambda: repo.comments)
    repo.comments.clear()
    job = vdo.ended()
    vdo.outbox_quiet()
    assert job["state"] == "completed" and len(repo.comments) == 1


def test_a_revoked_permission_stops_before_the_push(hub, make_vdo, repo):
    hub.fault("GET", r"/permission$", 0)
    vdo = make_vdo(hub)
    number = hub.open_issue(repo, "Greet politely")
    hub.label(repo, number)
    wait_for(lambda: vdo.jobs())
    hub.permissions["octocat"] = "read"
    job = vdo.ended()
    if job["state"] == "failed":
        assert "permission" in job["reason"] and list(hub.branches(repo)) == ["main"]


@pytest.mark.parametrize("moment", range(12))
def test_killed_anywhere_the_job_finishes_with_one_of_each(hub, make_vdo, repo, moment):
    """The moment is a count of requests that GitHub has seen, so that every write is hit before and after."""
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    wait_for(lambda: len(hub.log) >= 3 + moment * 2 or job_is_final(vdo), seconds=30)
    vdo.kill()
    vdo.start()
    check_single(hub, repo, vdo, vdo.ended(seconds=60))


def job_is_final(vdo):
    jobs = vdo.jobs()
    return jobs and jobs[0]["state"] in ("completed", "failed")


def test_accepted_deliveries_survive_a_kill(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    guids = []
    for i in range(20):
        guid = f"00000000-0000-4000-8000-{i:012d}"
        assert hub.send(hub.issue_event(repo, hub.open_issue(repo, f"x{i}"), "opened"), guid)[0] == 202
        guids.append(guid)
    vdo.kill()
    vdo.start()
    for guid in guids:
        assert vdo.delivery(guid)["state"] == "done"


def test_sigterm_ends_the_process_with_status_0(hub, make_vdo, repo):
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    wait_for(lambda: vdo.jobs())
    assert vdo.stop() == 0
    vdo.start()
    check_single(hub, repo, vdo, vdo.ended(seconds=60))
