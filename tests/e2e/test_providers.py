"""One job over four protocols with failures on the way, and every way in which a provider can be wrong."""
import json
import os
import socket
import subprocess

import pytest
from conftest import APPROVE, EDIT, FINISH, SAMPLE, answer, free_port, good_script, plan, refine
from model import Provider
from test_models import all_roles
from wires import WIRES, Gemini, wire_named

APIS = [w.api for w in WIRES]
MODEL = {"anthropic": "claude-opus-5-5", "openai-responses": "gpt-6.1-sol", "openai-chat": "gpt-4.1", "gemini": "gemini-4-argon"}
# List prices in micro-dollars per token: input, cache read, cache write, output.
PRICE = {"claude-opus-5-5": (4, 0.2, 5, 20), "gpt-6.1-sol": (2, 0.1, 2.5, 10), "gpt-4.1": (2, 0.5, 2, 8),
         "gemini-4-argon": (2, 0.1, 2, 10)}


@pytest.fixture
def provider():
    stand_in = Provider(good_script())
    yield stand_in
    stand_in.close()
    assert stand_in.violations == []


def write_config(vdo, providers, roles, extra=""):
    with open(vdo.config) as f:
        text = f.read()
    with open(vdo.config, "w") as f:
        f.write(text.replace("providers:\n", "providers:\n" + providers) + roles + extra)
    return vdo


def real(provider, name, api, more=""):
    """A provider at its list price."""
    return provider.yaml(name, more, api, MODEL[api], price="")


def priced(entry):
    usage, (i, read, write, out) = entry["usage"], PRICE[entry["model"]]
    cost = (usage["input"] * i + usage.get("cache_read", 0) * read + usage.get("cache_write", 0) * write + usage["output"] * out)
    return -int(-cost // 1)  # a call is rounded up


def used(step, **usage):
    return {"role": step["role"], "answer": dict(step["answer"], usage=usage)}


def run_locally(vdo, extra=()):
    repo = os.path.join(vdo.dir, "repo")
    for path, text in SAMPLE.items():
        os.makedirs(os.path.dirname(os.path.join(repo, path)), exist_ok=True)
        with open(os.path.join(repo, path), "w") as f:
            f.write(text)
    for path, data in extra:
        with open(os.path.join(repo, path), "wb") as f:
            f.write(data)
    git = ["git", "-C", repo, "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "begin"]):
        subprocess.run(git + args, check=True, capture_output=True)
    with open(os.path.join(vdo.dir, "issue.md"), "w") as f:
        f.write("# Greet politely\n\nWith a full stop.\n")
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", os.path.join(vdo.dir, "issue.md"), "--json")
    return done, json.loads(done.stdout or "null")


def test_one_job_runs_through_four_providers_with_failures_on_the_way(hub, make_vdo, provider):
    provider.split = 5
    provider.steps = [
        used(refine(), input=1000, output=70), used(plan(), input=300, cache_read=2048, cache_write=900, output=88),
        used(answer("builder", "", ("read_file", {"path": "greet.sh"}), ("list_files", {})), input=3001, output=31),
        used(answer("builder", "", EDIT), input=441, cache_read=2560, output=32),
        used(answer("builder", "", FINISH), input=100, cache_read=2560, cache_write=341, output=33),
        used(answer("tester", "", ("read_file", {"path": "tests/run.sh"})), input=4001, output=41),
        used(answer("tester", "", ("finish", {"summary": "The tests cover it."})), input=2, cache_read=4000, output=42),
        used(APPROVE, input=900, cache_read=4096, output=151, reasoning=100)]
    provider.faults = [
        {"path": "/responses", "reply": (429, {"Retry-After": "1"}, {"error": {
            "message": "slow down", "type": "rate_limit_exceeded", "code": "rate_limit_exceeded", "param": None}})},
        {"path": "/messages", "contains": "VDO role: planner", "reply": (529, {}, {
            "type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})},
        {"path": "/chat/completions", "cut": 300}]
    dead = f'  dead: {{api: anthropic, base_url: "http://127.0.0.1:{free_port()}", key: test-key-abcdef, model: claude-opus-5-5}}\n'
    vdo = write_config(make_vdo(hub, start=False), dead + "".join(real(provider, api, api) for api in APIS),
                       "roles: {refiner: [dead, anthropic], planner: [anthropic], builder: [openai-responses], "
                       "tester: [openai-chat], reviewer: [gemini]}\n").start()
    repo = hub.add_repo(files=SAMPLE)
    hub.label(repo, hub.open_issue(repo, "Greet politely", body="With a full stop."))
    job = vdo.ended()
    assert job["state"] == "completed", job
    assert {u["provider"] for u in job["usage"] if u["output_tokens"]} == set(APIS)
    calls = vdo.api(f"/api/jobs/{job['id']}/calls")["calls"]
    billed = [c for c in calls if not c["estimated"]]
    assert round(sum(c["cost_usd"] for c in billed) * 1e6) == sum(priced(e) for e in provider.journal)
    assert [c["ok"] for c in billed] == [False] * 3 + [True, False, True, False] + [True] * 6  # dead, 529, 429
    # What the cut stream did cost nobody knows: every byte a token and the whole cap, at the list price.
    cut, = [c for c in calls if c["estimated"]]
    assert cut["provider"] == "openai-chat" and not cut["ok"]
    assert round(cut["cost_usd"] * 1e6) == cut["input_tokens"] * 2 + 1000 * 8
    assert abs(job["cost_usd"] - sum(c["cost_usd"] for c in calls)) < 1e-9
    reviewer = calls[-1]
    assert (reviewer["role"], reviewer["provider"], reviewer["attempt"]) == ("reviewer", "gemini", 1)
    assert abs(reviewer["cache_hit_share"] - 4096 / 4996) < 1e-6
    assert vdo.get("/api/jobs/nosuchjob123/calls")[0] == 404
    vdo.stop()
    rows = vdo.run("jobs", "-c", vdo.config, "calls", job["id"]).stdout.splitlines()
    assert len(rows) == len(calls) and sum("(estimated)" in r for r in rows) == 1 and "82 % cached" in rows[-1]
    assert vdo.run("jobs", "-c", vdo.config, "calls", "nosuchjob123").returncode == 1
    done = vdo.run("replay", "-c", vdo.config, job["id"])
    assert done.returncode == 0 and done.stdout.startswith("identical"), done.stdout


@pytest.mark.parametrize("first, second", [(a, b) for a in APIS for b in APIS if a != b])
def test_a_task_goes_on_at_another_provider_in_its_middle(make_vdo, provider, first, second):
    """The first gives one turn with two calls and then breaks down for good."""
    provider.steps = [refine(), plan(), answer("builder", "I look.", ("read_file", {"path": "greet.sh"}), ("list_files", {})),
                      answer("builder", "", EDIT), answer("builder", "", FINISH),
                      answer("tester", "", ("finish", {"summary": "Covered."})), APPROVE]
    gone = {"path": wire_named(first).path.pattern.split("(")[0], "contains": "call_builder_", "times": 99,
            "reply": (400, {}, {"error": {"message": "no more today", "type": "invalid_request_error"}})}
    provider.faults = [gone]
    vdo = write_config(make_vdo(start=False), real(provider, "first", first) + real(provider, "second", second),
                       all_roles("first, second"))
    done, job = run_locally(vdo)
    assert done.returncode == 0 and job["status"] == "completed", done.stderr
    said = [e["model"] for e in provider.journal if e["role"] == "builder"]
    assert said == [MODEL[first], MODEL[second], MODEL[second]]


def ask(vdo, *args):
    done = vdo.run("model", "ask", "-c", vdo.config, "--json", *args)
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


@pytest.fixture(params=APIS)
def api(request):
    return request.param


@pytest.fixture
def asking(make_vdo, provider, api):
    """An instance whose every role asks the stand-in by one protocol."""
    provider.steps = [answer("builder", "Grüße, 你好!")]
    return write_config(make_vdo(start=False), real(provider, "far", api), all_roles("far"))


@pytest.mark.parametrize("split", [1, 2, 3, 7, 64, None])
def test_an_answer_is_read_in_every_split(asking, provider, split):
    provider.split = split
    provider.steps = [answer("builder", "Grüße, 你好!", ("read_file", {"path": "ä.c"}))]
    code, said, _ = ask(asking, "--tools", "Hello")
    assert code == 0 and said["text"] == "Grüße, 你好!" and said["stop"] == "tool", said
    assert [(c["name"], c["arguments"]) for c in said["tool_calls"]] == [("read_file", {"path": "ä.c"})]
    assert said["usage"]["input"] == 1000 and said["usage"]["output"] == 50 and said["attempts"] == 1
    assert said["cost_usd"] == priced({"model": said["model"], "usage": {"input": 1000, "output": 50}}) / 1e6


def test_a_structured_answer_is_asked_for_by_schema(asking, provider):
    provider.steps = [answer("builder", '{"ok": true, "why": null}')]
    schema = os.path.join(asking.dir, "schema.json")
    with open(schema, "w") as f:
        json.dump({"type": "object", "properties": {"ok": {"type": "boolean"}, "why": {"type": "string", "maxLength": 9}},
                   "required": ["ok"]}, f)
    code, said, _ = ask(asking, "--schema", schema, "Is it?")
    assert code == 0 and said["structured"] == {"ok": True}


def test_ping_tells_what_is_there(asking, provider, api):
    done = asking.run("model", "ping", "-c", asking.config, "--json", "far")
    said, = json.loads(done.stdout)["providers"]
    assert done.returncode == 0 and said["latency_ms"] >= 0 and said["detail"] == "ready"
    assert said["name"] == "far" and said["reachable"] and said["key_accepted"] and said["model_known"]
    assert provider.requests == []
    with open(asking.config) as f:
        text = f.read()
    with open(asking.config, "w") as f:
        f.write(text.replace(f"model: {MODEL[api]}", "model: test-model"))
    done = asking.run("model", "ping", "-c", asking.config, "far")
    assert done.returncode == 0 and "context is not known: set providers.far.context_tokens" in done.stdout
    unknown = asking.run("model", "ping", "-c", asking.config, "nobody")
    assert unknown.returncode == 2 and "no provider nobody" in unknown.stderr


# ---- bad input: each with a reason that its reader can act on ----

def refused(asking, *words, code=None, args=("Hello",)):
    got, said, err = ask(asking, *args)
    assert got in ((code,) if code else (1, 3)), (got, said)
    for word in words:
        assert word in said["error"]["message"] and word in err, (word, err)
    return said["error"]


def test_a_missing_key_leaves_the_provider_out_and_a_role_needs_one(make_vdo, provider, api):
    vdo = write_config(make_vdo(start=False), provider.yaml("far", api=api, model=MODEL[api], key="${VDO_TEST_NO_SUCH_KEY}"),
                       all_roles("far"))
    done = vdo.run("model", "ask", "-c", vdo.config, "Hello")
    assert done.returncode == 2 and "far" in done.stderr and "VDO_TEST_NO_SUCH_KEY" in done.stderr, done.stderr
    assert provider.requests == []


@pytest.mark.parametrize("key", ["wrong-key-123456", ""])
def test_a_wrong_key_is_told_in_every_provider_s_form(make_vdo, provider, api, key):
    vdo = write_config(make_vdo(start=False), provider.yaml("far", api=api, model=MODEL[api], key=key), all_roles("far"))
    said = refused(vdo, "far: HTTP 4", "the key is not accepted: check providers.far.key")
    assert len(provider.requests) == 1 and "wrong-key-123456" not in said["message"]


def test_an_unknown_model_is_told_with_where_to_look(make_vdo, provider, api):
    vdo = write_config(make_vdo(start=False), provider.yaml("far", api=api, model="nothing"), all_roles("far"))
    refused(vdo, "HTTP 404", "model nothing is not known at", "providers.far.model", "vdo model ping far")
    assert len(provider.requests) == 1
    ping = vdo.run("model", "ping", "-c", vdo.config, "far")
    assert ping.returncode == 1 and "nothing is not in the provider's list" in ping.stdout


def test_a_refused_parameter_is_dropped_once_and_remembered(make_vdo, provider, api):
    name, body = wire_named(api).fail["parameter"]
    provider.faults = [{"contains": f'"{name}"', "times": 99, "reply": (400, {}, body)}]
    vdo = write_config(make_vdo(start=False), real(provider, "far", api), all_roles("far"))
    done, job = run_locally(vdo)
    assert done.returncode == 0 and job["status"] == "completed", done.stderr
    assert sum(f'"{name}"' in json.dumps(r) for r in provider.requests) == 1
    assert len(provider.requests) == 7


def test_a_spend_limit_of_the_provider_is_not_tried_again(asking, provider, api):
    status, body = wire_named(api).fail["spend"]
    provider.before = [(status, {"Retry-After": "1"}, body)] * 3
    refused(asking, "the provider's own spend limit or credit is used up")
    assert len(provider.requests) == 1


def test_a_prompt_that_is_too_long_is_told_apart(asking, provider, api):
    status, body = wire_named(api).fail["long"]
    provider.before = [(status, {}, body)] * 3
    error = refused(asking, "the prompt does not fit this model")
    assert error["code"] == "too_large" and len(provider.requests) == 1


def test_a_refusal_is_no_answer_and_not_asked_again(asking, provider, api):
    wire = wire_named(api)
    provider.faults = [{"events": wire.refusal({"model": MODEL[api]}, {}), "times": 9}]
    refused(asking, "the model refused to answer", "SAFETY" if api == "gemini" else "not this", code=3)
    assert len(provider.requests) == 1


def test_a_blocked_prompt_without_candidates_is_a_refusal(make_vdo, provider):
    provider.faults = [{"events": Gemini().blocked()}]
    vdo = write_config(make_vdo(start=False), real(provider, "far", "gemini"), all_roles("far"))
    refused(vdo, "the prompt was blocked: PROHIBITED_CONTENT", code=3)


def test_an_error_inside_a_stream_is_tried_again_once(asking, provider, api):
    broken = wire_named(api).fail["stream"]
    provider.faults = [{"events": [("error", broken)]}]
    code, said, _ = ask(asking, "Hello")
    assert code == 0 and said["attempts"] == 2 and said["text"] == "Grüße, 你好!"
    provider.faults = [{"events": [("error", broken)], "times": 9}]
    provider.requests.clear()
    message = broken.get("error", broken)["message"]
    refused(asking, message, code=1)
    assert 2 <= len(provider.requests) <= 3


def test_a_cut_stream_is_thrown_away_and_counted_as_estimated(asking, provider):
    provider.faults = [{"cut": 200}]
    code, said, _ = ask(asking, "Hello")
    assert code == 0 and said["text"] == "Grüße, 你好!" and said["attempts"] == 2
    assert said["usage"]["estimated"] and said["usage"]["output"] == 50 + 1000


def test_an_endless_stream_ends_at_its_cap(asking, provider, api):
    delta = {"anthropic": {"type": "ping"}, "openai-responses": {"type": "response.output_text.delta", "delta": "x" * 60000},
             "openai-chat": {"choices": [{"index": 0, "delta": {"content": "x" * 60000}, "finish_reason": None}]},
             "gemini": {"candidates": [{"content": {"role": "model", "parts": [{"text": "x" * 60000}]}}]}}[api]
    piece = b"".join(b"data: %s\n\n" % json.dumps(delta).encode() for _ in range(500 if api == "anthropic" else 4))
    provider.faults = [{"endless": piece, "times": 9}]
    refused(asking, "more than an answer may have", "larger than 33554432 bytes", code=1)
    assert provider.hung_up.wait(10) and len(provider.requests) == 1


def test_a_line_of_more_than_32_mb_is_refused(asking, provider):
    provider.faults = [{"endless": b"data: " + b"x" * (1 << 20), "times": 9}]
    refused(asking, "33554432 bytes", code=1)
    assert provider.hung_up.wait(10) and len(provider.requests) == 1


def test_a_redirect_is_not_followed_and_the_key_not_sent(asking, provider):
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    other.settimeout(0.5)
    where = f"http://127.0.0.1:{other.getsockname()[1]}"
    provider.before = [(307, {"Location": where + "/v1/messages"}, {})]
    refused(asking, f"redirected to {where}", "redirects are not followed", "providers.far.base_url", code=3)
    with pytest.raises(TimeoutError):
        other.accept()
    other.close()


def test_a_page_instead_of_an_answer_is_named(asking, provider):
    provider.before = [(200, {}, b"<html><title>Log in</title></html>")]
    refused(asking, "neither an event stream nor JSON", code=1)


@pytest.mark.parametrize("api", ["anthropic", "openai-responses", "openai-chat"])
def test_arguments_that_are_no_json_go_back_to_the_model(make_vdo, provider, api):
    provider.steps = [refine(), plan(), answer("builder", "", ("edit_file", '{"path": "greet.sh", "search": ')),
                      answer("builder", "", EDIT), answer("builder", "", FINISH),
                      answer("tester", "", ("finish", {"summary": "Covered."})), APPROVE]
    vdo = write_config(make_vdo(start=False), real(provider, "far", api), all_roles("far"))
    done, job = run_locally(vdo)
    assert done.returncode == 0 and job["status"] == "completed", done.stderr
    assert "JSON" in json.dumps(provider.requests[3])


def test_tool_output_that_is_not_utf8_reaches_the_model_with_the_damage_marked(make_vdo, provider, api):
    provider.steps = [refine(), plan(), answer("builder", "", ("read_file", {"path": "latin.txt"}), ("search", {"pattern": "caf"})),
                      answer("builder", "", EDIT), answer("builder", "", FINISH),
                      answer("tester", "", ("finish", {"summary": "Covered."})), APPROVE]
    vdo = write_config(make_vdo(start=False), real(provider, "far", api), all_roles("far"))
    done, job = run_locally(vdo, [("latin.txt", b"a caf\xe9 with tables\n")])
    assert done.returncode == 0 and job["status"] == "completed", done.stderr
    assert "caf\ufffd" in json.dumps(provider.requests[3], ensure_ascii=False)


def test_a_dead_endpoint_is_named_with_its_address(make_vdo, api):
    where = f"http://127.0.0.1:{free_port()}"
    vdo = write_config(make_vdo(start=False), f'  far: {{api: {api}, base_url: "{where}", key: k-123456, model: {MODEL[api]}}}\n',
                       all_roles("far"))
    error = refused(vdo, "far: ", where, "connect", code=1)
    assert error["code"] == "temporary"


def test_a_provider_s_own_time_out_ends_a_call_that_hangs(asking, provider):
    with open(asking.config) as f:
        text = f.read()
    with open(asking.config, "w") as f:
        f.write(text.replace("max_output_tokens: 1000", "max_output_tokens: 1000, timeout_s: 1"))
    provider.faults = [{"hang": True, "times": 9}]
    error = refused(asking, "far: ", "timed out", code=1)
    assert error["code"] == "temporary" and 1 <= len(provider.requests) <= 3
    provider.release.set()


def test_an_answer_that_falls_silent_is_asked_for_again(asking, provider):
    with open(asking.config) as f:
        text = f.read()
    with open(asking.config, "w") as f:
        f.write(text.replace("max_output_tokens: 1000", "max_output_tokens: 1000, idle_timeout_s: 1"))
    provider.faults = [{"stall": 150}]
    code, said, _ = ask(asking, "Hello")
    provider.release.set()
    assert code == 0 and said["text"] == "Grüße, 你好!" and said["attempts"] == 2


def test_a_model_without_a_price_is_refused_while_there_are_limits(make_vdo):
    vdo = write_config(make_vdo(start=False), '  far: {api: openai-chat, base_url: "https://llm.example/v1", key: k-12345678, model: own}\n',
                       all_roles("far"))
    refused(vdo, "no price is known for model own", "set providers.far.price in vdo.yml", code=3)


def test_the_cost_that_a_provider_names_goes_before_the_list(make_vdo, provider):
    provider.steps = [used(answer("builder", "Hi"), input=100, output=10, cost=0.0123)]
    vdo = write_config(make_vdo(start=False), real(provider, "far", "openai-chat"), all_roles("far"))
    code, said, _ = ask(vdo, "Hello")
    assert code == 0 and said["cost_usd"] == 0.0123
