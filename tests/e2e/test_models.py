"""Providers as a user meets them: pinned, limited, asked to wait, watched."""
import json
import urllib.request

import pytest
from conftest import EDIT, FINISH, SAMPLE, answer, good_script, wait_for
from model import Provider


@pytest.fixture
def repo(hub):
    return hub.add_repo(files=SAMPLE)


@pytest.fixture
def provider():
    stand_in = Provider(good_script())
    yield stand_in
    stand_in.close()
    assert stand_in.violations == []


def with_provider(make_vdo, hub, provider, roles="script", extra="", token=False, more=""):
    """One instance with the providers `script` and `far`; every role uses the one named."""
    vdo = make_vdo(hub, start=False)
    with open(vdo.config) as f:
        text = f.read()
    if token:
        text = text.replace("server: {", "server: {api_token: open-sesame-and-shut-again, ")
    text = text.replace("providers:\n", "providers:\n" + provider.yaml("far", more)) + all_roles(roles) + extra
    with open(vdo.config, "w") as f:
        f.write(text)
    return vdo.start()


def all_roles(name):
    return "roles: {" + ", ".join(f"{r}: [{name}]" for r in ("refiner", "planner", "builder", "tester", "reviewer")) + "}\n"


def replies(repo):
    return [c["body"] for c in repo.comments.values() if c["user"]["login"] == "vdo[bot]"]


def test_build_with_a_provider_uses_no_other(hub, make_vdo, repo, provider):
    vdo = with_provider(make_vdo, hub, provider)
    number = hub.open_issue(repo, "Greet politely")
    hub.comment(repo, number, "/vdo build --with far Mind the full stop.")
    job = vdo.ended()
    assert job["state"] == "completed", job
    assert {u["provider"] for u in job["usage"]} == {"far"}
    assert abs(job["cost_usd"] - 6 * 1000 * 1e-6 - 6 * 50 * 10e-6) < 1e-9
    asked = json.dumps(provider.requests)
    assert "Mind the full stop." in asked and "--with" not in asked


def test_an_unknown_provider_is_answered_with_those_there_are(hub, make_vdo, repo, provider):
    vdo = with_provider(make_vdo, hub, provider)
    number = hub.open_issue(repo, "Greet politely")
    for comment in ("/vdo build --with nobody", "/vdo build --with"):
        hub.comment(repo, number, comment)
    wait_for(lambda: sum("one of: far, script" in r for r in replies(repo)) == 2)
    assert vdo.jobs() == [] and provider.requests == []


def post(vdo, value):
    request = urllib.request.Request(vdo.url + "/api/jobs", json.dumps(value).encode(),
                                     {"Content-Type": "application/json", "Authorization": "Bearer open-sesame-and-shut-again"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as e:
        return e.code, json.loads(e.read())


def test_ai_provider_of_the_api_pins_too(hub, make_vdo, repo, provider):
    vdo = with_provider(make_vdo, hub, provider, token=True, extra="forge: local\n")
    job = {"repo": repo.path, "title": "Greet", "description": "politely"}
    status, answer = post(vdo, dict(job, ai_provider="nobody"))
    assert status == 400 and "nobody" in answer["error"]["message"]
    status, _ = post(vdo, dict(job, ai_provider="far"))
    assert status == 201
    ended = vdo.ended()
    assert ended["state"] == "completed" and {u["provider"] for u in ended["usage"]} == {"far"}, ended


def test_a_long_retry_after_parks_the_job_and_frees_the_worker(hub, make_vdo, repo, provider):
    provider.before = [(429, {"Retry-After": "3600"}, {"error": {"message": "come back later"}})]
    vdo = with_provider(make_vdo, hub, provider)
    first = hub.open_issue(repo, "Greet politely")
    hub.comment(repo, first, "/vdo build --with far")
    parked = wait_for(lambda: [j for j in vdo.jobs() if "trying again in 3600 s" in (vdo.api("/api/jobs/" + j["id"])["reason"] or "")])[0]
    assert len(provider.requests) == 1
    second = hub.open_issue(repo, "Another")
    hub.comment(repo, second, "/vdo build")
    wait_for(lambda: any(j["state"] == "completed" for j in vdo.jobs()), 40)
    assert vdo.api("/api/jobs/" + parked["id"])["state"] not in ("completed", "failed")
    assert len(provider.requests) == 1
    shown = vdo.api("/api/providers")["providers"]
    far = [p for p in shown if p["name"] == "far"][0]
    assert far["breaker"] == "open" and "come back later" in far["last_error"]


def test_a_money_limit_says_what_was_spent_and_the_budget_goes_on(hub, make_vdo, repo, provider):
    vdo = with_provider(make_vdo, hub, provider, "far", "limits: {job_usd: 0.02}\n")
    number = hub.open_issue(repo, "Greet politely")
    hub.label(repo, number)
    job = vdo.ended()
    assert job["state"] == "failed" and job["headline"] == "stopped at a limit"
    vdo.outbox_quiet()
    comment = wait_for(lambda: [r for r in replies(repo) if "stopped at a limit" in r])[0].replace("\\", "")
    assert "the job's limit of $0.02 would be passed" in comment
    assert "are spent or reserved and the next call to far may cost up to $" in comment
    assert "/vdo budget" in comment
    assert job["cost_usd"] <= 0.02
    hub.comment(repo, number, "/vdo budget 5")
    wait_for(lambda: vdo.jobs()[0]["state"] == "completed", 40)


def test_health_is_in_the_api_the_metrics_and_doctor(hub, make_vdo, repo, provider):
    vdo = with_provider(make_vdo, hub, provider, "far")
    number = hub.open_issue(repo, "Greet politely")
    hub.label(repo, number)
    assert vdo.ended()["state"] == "completed"
    far = [p for p in vdo.api("/api/providers")["providers"] if p["name"] == "far"][0]
    assert far["calls"] == 6 and far["failures"] == 0 and far["latency_ms"]["p99"] >= far["latency_ms"]["p50"]
    metrics = vdo.get("/metrics")[1]
    assert 'vdo_model_calls_total{provider="far"} 6' in metrics
    assert 'vdo_model_breaker{provider="far",state="closed"} 1' in metrics
    assert 'vdo_model_latency_seconds{provider="far",quantile="0.95"}' in metrics
    vdo.stop()
    listed = json.loads(vdo.run("model", "list", "-c", vdo.config, "--json").stdout)["providers"]
    one = [p for p in listed if p["name"] == "far"][0]
    assert one["calls"] == 6 and one["last_ok_ms"] > 0 and one["breaker"] == "closed"
    assert one["usd_per_mtok"] == {"input": 1, "output": 10, "cache_read": 1, "cache_write": 1}
    assert one["roles"] == ["refiner", "planner", "builder", "tester", "reviewer"] and one["model"] == "test-model"
    text = vdo.run("model", "list", "-c", vdo.config).stdout
    assert "far" in text and "$1 in, $10 out per million" in text
    said = vdo.run("doctor", "-c", vdo.config).stdout
    assert "far: answered last" in said and "breaker closed" in said


@pytest.mark.parametrize("most, peak", [(1, 1), (2, 2)])
def test_no_more_calls_are_under_way_than_the_provider_may_have(hub, make_vdo, repo, provider, most, peak):
    provider.meet = 2
    vdo = with_provider(make_vdo, hub, provider, "far", more=f", max_concurrent: {most}")
    for title in ("Greet politely", "Greet shortly"):
        hub.label(repo, hub.open_issue(repo, title))
    assert vdo.ended(2)["state"] == "completed" and provider.peak == peak


def test_a_conversation_that_is_too_long_is_begun_anew(hub, make_vdo, provider):
    lines = "".join(f"line {i} of a long file\n" for i in range(600))
    repo = hub.add_repo(files=dict(SAMPLE, **{"long.txt": lines}))
    read = answer("builder", "", ("read_file", {"path": "long.txt"}))
    others = [s for s in good_script() if s["role"] != "builder"]
    provider.steps = others + [answer("builder", "", EDIT)] + [read] * 20
    provider.anew = [answer("builder", "", FINISH)]
    vdo = with_provider(make_vdo, hub, provider, "far", more=", context_tokens: 12000")
    number = hub.open_issue(repo, "Greet politely", body="With a full stop.")
    hub.label(repo, number)
    job = vdo.ended()
    assert job["state"] == "completed", job
    builder = [r for r in provider.requests if r["messages"][0]["content"].startswith("VDO role: builder")]
    assert max(len(json.dumps(r)) for r in builder) < 12000 * 3 + 2000
    last = builder[-1]["messages"]
    assert [m["role"] for m in last[:2]] == ["system", "user"] and not any(m["role"] == "assistant" for m in last)
    said = json.dumps(last)
    assert "With a full stop." in said  # the task
    assert "Hello, dear $1." in said  # what was changed
    assert "You called read_file" in said and "Go on from here" in said
    vdo.stop()
    done = vdo.run("replay", "-c", vdo.config, job["id"])
    assert done.returncode == 0 and done.stdout.startswith("identical"), done.stdout
