"""The status page and the API: shapes, escaping, headers, live events, health and metrics."""
import json
import socket
import urllib.request

import pytest
from conftest import SAMPLE, wait_for

NASTY = '<script>alert(1)</script> "quoted" & <img src=x onerror=alert(2)>'


@pytest.fixture
def finished(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub, extra="")
    hub.label(repo, hub.open_issue(repo, NASTY, "Body " + NASTY))
    return vdo, vdo.ended()


def test_the_list_and_the_job_page_escape_everything(finished):
    vdo, job = finished
    for path in ("/", "/jobs/" + job["id"]):
        status, page = vdo.get(path)
        assert status == 200 and "<script>alert" not in page and "<img" not in page, path
        assert "&lt;script&gt;" in page
    page = vdo.get("/jobs/" + job["id"])[1]
    for text in ("Verdict", "check: make check", "Steps", "deliver", "Log", "Diff", job["branch"]):
        assert text in page


def test_pages_have_a_strict_policy(finished):
    vdo, _ = finished
    with urllib.request.urlopen(vdo.url + "/") as reply:
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("style.css", "live.js"):
        assert vdo.get("/assets/" + name)[0] == 200
    assert vdo.get("/assets/../vdo.yml")[0] in (400, 404)
    assert vdo.get("/assets/other.js")[0] == 404


def test_the_api_has_the_documented_shape(finished):
    vdo, job = finished
    listed = vdo.jobs()[0]
    for name in ("id", "state", "headline", "repo", "issue", "pr", "title", "type", "priority", "branch", "url", "created_at", "started_at",
                 "finished_at", "cost_usd"):
        assert name in listed, name
    for name in ("steps", "criteria", "tasks", "files", "verdict", "usage", "reason"):
        assert name in job, name
    assert listed["created_at"].endswith("Z") and isinstance(listed["issue"], int)
    assert vdo.api(f"/api/jobs/{job['id']}/tasks")["tasks"][0]["id"] == "T1"
    logs = vdo.api(f"/api/jobs/{job['id']}/logs")["logs"]
    assert logs and vdo.api(f"/api/jobs/{job['id']}/logs?after={logs[-1]['id']}")["logs"] == []
    assert vdo.api("/api/stats")["jobs"]["completed"] == 1
    assert vdo.api("/api/providers")["providers"][0]["name"] == "script"
    found = vdo.api("/api/deliveries")["deliveries"][0]
    for name in ("guid", "event", "action", "repo", "issue", "state", "reason", "job_id", "received_at", "attempts"):
        assert name in found, name


@pytest.mark.parametrize("path, status", [
    ("/api/jobs/nosuchjob", 404), ("/jobs/nosuchjob", 404), ("/api/jobs?state=flying", 400), ("/api/jobs?limit=0", 400),
    ("/api/jobs?limit=many", 400), ("/api/jobs?after=x", 400), ("/api/deliveries?state=x", 400), ("/api/nothing", 404)])
def test_errors_have_one_shape(hub, make_vdo, path, status):
    vdo = make_vdo(hub)
    got, text = vdo.get(path)
    assert got == status
    if path.startswith("/api"):
        assert set(json.loads(text)["error"]) == {"code", "message"}


def test_pages_go_on_through_the_cursor(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub, script=[])
    for i in range(5):
        hub.comment(repo, hub.open_issue(repo, f"x{i}"), "/vdo build")
    vdo.ended(5)
    seen, cursor = [], ""
    while cursor is not None:
        page = vdo.api("/api/jobs?limit=2" + (f"&after={cursor}" if cursor else ""))
        seen += [j["id"] for j in page["jobs"]]
        cursor = page["next"]
    assert len(seen) == 5 and len(set(seen)) == 5
    assert len(vdo.api("/api/jobs?repo=acme/app")["jobs"]) == 5 and vdo.api("/api/jobs?repo=acme/other")["jobs"] == []


def test_live_events_carry_ids(hub, make_vdo):
    repo = hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    with socket.create_connection(("127.0.0.1", vdo.port), timeout=20) as s:
        s.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        hub.label(repo, hub.open_issue(repo, "Greet politely"))
        data = b""
        while b"event: job_update" not in data or b"event: log" not in data:
            piece = s.recv(65536)
            assert piece
            data += piece
    assert b"text/event-stream" in data and b"id: " in data
    vdo.ended()


def test_health_readiness_metrics_about(finished):
    vdo, _ = finished
    assert json.loads(vdo.get("/healthz")[1]) == {"status": "ok"}
    ready = json.loads(vdo.get("/readyz")[1])
    assert ready["status"] == "ready" and ready["parts"]["store"] == "ok"
    assert {"driver", "cgroup", "seccomp", "user_namespaces", "landlock_abi", "id_mapped_mounts", "engines"} <= set(ready["parts"]["sandbox"])
    assert json.loads(vdo.get("/about")[1])["version"]
    metrics = vdo.get("/metrics")[1]
    assert 'vdo_jobs{state="completed"} 1' in metrics and "vdo_webhook_deliveries_total" in metrics
    for line in metrics.splitlines():
        assert line.startswith("#") or line.rsplit(" ", 1)[1]


def test_jobs_by_the_api_need_a_token(hub, make_vdo):
    hub.add_repo(files=SAMPLE)
    vdo = make_vdo(hub)
    request = urllib.request.Request(vdo.url + "/api/jobs", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403


def test_events_of_a_stopping_server_end(hub, make_vdo):
    vdo = make_vdo(hub)
    with socket.create_connection(("127.0.0.1", vdo.port), timeout=20) as s:
        s.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_for(lambda: b"200" in s.recv(4096))
        assert vdo.stop() == 0
