"""What comes in at the webhook: every refusal before the signature says the same, and every delivery ends in a named reason."""
import gzip
import json
import socket
import uuid

import pytest
from conftest import SAMPLE, wait_for


def guid():
    return str(uuid.uuid4())


def ping():
    return "ping", {"zen": "Keep it simple.", "hook_id": 1, "hook": {"id": 1}}


@pytest.fixture
def vdo(hub, make_vdo):
    return make_vdo(hub)


def test_ping_is_answered_with_200(hub, vdo):
    assert hub.send(ping())[0] == 200


@pytest.mark.parametrize("header", [None, "", "sha1=abc", "sha256=", "sha256=" + "0" * 63, "sha256=" + "0" * 64, "sha256=" + "0" * 65,
                                    "SHA256=" + "0" * 64, "sha256=" + "g" * 64])
def test_a_wrong_signature_is_401(hub, vdo, header):
    status, body = hub.send(ping(), headers={"X-Hub-Signature-256": header})
    assert status == 401 and json.loads(body)["error"]["code"] == "signature"
    assert vdo.api("/api/deliveries")["deliveries"] == []


def test_upper_case_hex_is_401(hub, vdo):
    event = ping()
    body = json.dumps(event[1]).encode()
    signature = hub.sign(body)
    assert hub.send(event, headers={"X-Hub-Signature-256": "sha256=" + signature[7:].upper()})[0] == 401


@pytest.mark.parametrize("headers", [{"X-GitHub-Event": None}, {"X-GitHub-Delivery": None}, {"X-GitHub-Delivery": "short"},
                                     {"X-GitHub-Delivery": "a" * 65}, {"X-GitHub-Delivery": "has space in it"}])
def test_missing_or_malformed_headers_are_400(hub, vdo, headers):
    assert hub.send(ping(), headers=headers)[0] == 400


@pytest.mark.parametrize("headers", [{"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/plain"},
                                     {"Content-Type": None}, {"Content-Encoding": "gzip"}])
def test_other_content_types_and_encodings_are_415(hub, vdo, headers):
    assert hub.send(ping(), headers=headers)[0] == 415


def test_wrong_path_and_method(vdo):
    assert vdo.get("/nowhere")[0] == 404
    assert vdo.get("/webhook")[0] == 405


def test_an_oversized_body_is_413_before_it_is_sent(vdo):
    with socket.create_connection(("127.0.0.1", vdo.port), timeout=10) as s:
        s.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 27000000\r\n\r\n")
        assert b" 413 " in s.recv(200)


def test_an_endless_chunked_body_is_cut_off(vdo):
    with socket.create_connection(("127.0.0.1", vdo.port), timeout=20) as s:
        s.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        answer = b""
        try:
            for _ in range(40):
                s.sendall(chunk)
        except OSError:
            pass
        try:
            answer = s.recv(200)
        except OSError:
            pass
    assert b" 413 " in answer or answer == b""
    assert vdo.get("/healthz")[0] == 200


@pytest.mark.parametrize("body, reason", [
    (b"not json", "cannot be understood"), (b"[1]", "cannot be understood"), (b'{"a":1,"a":2}', "cannot be understood"),
    (b'{"a":"\xff"}', "cannot be understood"), (b"[" * 100 + b"]" * 100, "cannot be understood"),
    (b'{"zen":"x","action":"opened","issue":{"number":1}}', "disagree")])
def test_signed_nonsense_is_accepted_and_ends_dead(hub, vdo, body, reason):
    g = guid()
    assert hub.send(("issues", body), g)[0] == 202 or reason
    found = vdo.delivery(g)
    assert found["state"] in ("dead", "done") and found["reason"]
    assert vdo.get("/healthz")[0] == 200


def test_event_and_shape_that_disagree_end_dead(hub, vdo):
    repo = hub.add_repo(files=SAMPLE)
    number = hub.open_issue(repo, "x")
    g = guid()
    assert hub.send(("push", hub.issue_event(repo, number, "labeled", label={"name": "vdo"})[1]), g)[0] == 202
    found = vdo.delivery(g)
    assert found["state"] == "dead" and "disagree" in found["reason"]
    assert vdo.jobs() == []


def test_an_unknown_event_is_ignored_with_a_reason(hub, vdo):
    g = guid()
    status, body = hub.send(("gollum", {"pages": []}), g)
    assert status == 202 and "nothing is done" in json.loads(body)["ignored"]
    assert "not used" in vdo.delivery(g)["reason"]


def test_the_same_guid_twice_makes_one_job(hub, vdo):
    repo = hub.add_repo(files=SAMPLE)
    event = hub.issue_event(repo, hub.open_issue(repo, "x", labels=["vdo"]), "labeled", label={"name": "vdo"})
    g = guid()
    assert hub.send(event, g)[0] == 202
    status, body = hub.send(event, g)
    assert status == 202 and json.loads(body).get("duplicate") is True
    vdo.ended()
    assert len(vdo.jobs()) == 1


def test_a_replayed_body_with_a_new_guid_makes_no_second_job(hub, vdo):
    repo = hub.add_repo(files=SAMPLE)
    event = hub.issue_event(repo, hub.open_issue(repo, "x", labels=["vdo"]), "labeled", label={"name": "vdo"})
    hub.send(event, guid())
    vdo.ended()
    status, body = hub.send(event, guid())
    assert status == 202 and json.loads(body).get("duplicate") is True
    assert len(vdo.jobs()) == 1


def test_four_byte_text_verifies(hub, vdo):
    repo = hub.add_repo(files=SAMPLE)
    g = guid()
    assert hub.send(hub.issue_event(repo, hub.open_issue(repo, "🙂🙂"), "opened"), g)[0] == 202
    assert vdo.delivery(g)["state"] == "done"


def test_our_own_events_are_dropped_first(hub, vdo):
    repo = hub.add_repo(files=SAMPLE)
    number = hub.open_issue(repo, "x", labels=["vdo"])
    g = guid()
    comment = hub.make_comment(repo, number, "/vdo build", "vdo[bot]")
    hub.send(("issue_comment", dict({"action": "created", "issue": hub.issue_json(repo, repo.issues[number]), "comment": comment},
                                    **hub.common(repo, "vdo[bot]"))), g)
    assert "our own" in vdo.delivery(g)["reason"]
    assert vdo.jobs() == []


def test_every_active_secret_is_accepted(hub, make_vdo):
    vdo = make_vdo(hub, start=False)
    with open(vdo.config) as f:
        text = f.read()
    old = "an-older-secret-for-tests"
    with open(vdo.config, "w") as f:
        f.write(text.replace("webhook_secret: a-webhook-secret-for-tests", f"webhook_secret: [a-webhook-secret-for-tests, {old}]"))
    vdo.start()
    body = json.dumps(ping()[1]).encode()
    assert hub.send(("ping", body), headers={"X-Hub-Signature-256": hub.sign(body, old)})[0] == 200
    assert hub.send(("ping", body + b" "))[0] == 200
