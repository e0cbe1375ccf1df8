"""Checks that attack the machine, its limits and the verdict: the job comes to its end, and the check after them runs."""
import json
import os

import pytest
from test_verdict import end, edit, make_repo, refine, run  # noqa: F401
from conftest import APPROVE, plan

CONFIG = """checks:
  - {name: evil, run: "sh evil.sh", timeout_s: %d}
  - {name: good, run: "echo 'ok 1 - good'; echo 1..1"}
"""
ENTITIES = """cat > junit.xml <<'X'
<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">
<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite><testcase name="x&c;"><failure>&e;</failure></testcase></testsuite>
X
exit 1
"""
# name, script, what the row says, headline
ATTACKS = [
    ("fork bomb", "bomb() { bomb | bomb & }; bomb; sleep 5; exit 1", "failed (", "failing"),
    ("sleeps forever", "sleep 100000", "failed (time: ", "failing"),
    ("endless output", "yes 'not ok 1 - on and on'", "failed (time: ", "failing"),
    ("binary output", "head -c 3000000 /dev/urandom; exit 1", "failed (exit 1)", "failing"),
    ("daemon", "setsid sh -c 'while :; do sleep 1; done' >/dev/null 2>&1 &\necho 'ok 1 - x'", "1 passed", "verified"),
    ("deletes the tree", "rm -rf ./* ./.[a-z]* \"$PWD\"; cd ..; rm -rf *; exit 1", "failed (exit 1)", "failing"),
    ("takes the modes away", "mkdir -p d/e; touch d/e/f; chmod 0 d/e d .", "passed", "verified"),
    ("kills everybody", "kill -9 $PPID; kill -9 -1; sleep 1", "", None),
    ("entities", ENTITIES, "failed (exit 1)", "failing"),
    ("links and pipes", "ln -s /etc/passwd junit.xml; ln -s / junit; mkfifo TEST-a.xml; ln -s /proc/self/environ TEST-b.xml", "passed", "verified"),
    ("20,000 files", "mkdir m && cd m && seq 20000 | xargs touch", "passed", "verified"),
    ("deep directories", "i=0; while [ $i -lt 300 ]; do mkdir d && cd d || exit 1; i=$((i + 1)); done", "", None),
    ("a line of 20 MB", "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo 'ok 1 - end'", "1 passed", "verified"),
    ("escapes", "printf '\\033]0;x\\007\\033[2J\\033[31mnot ok 1 - \\033[0mred\\n'; exit 1", "0 passed, 1 failed (red)", "failing"),
]


@pytest.mark.parametrize("script, says, headline", [a[1:] for a in ATTACKS], ids=[a[0] for a in ATTACKS])
def test_an_attack_ends_its_own_check_alone(run, make_repo, script, says, headline):  # noqa: F811
    slow = "time: " in says
    repo = make_repo({"a.txt": "one\n", "evil.sh": script + "\n", ".github/vdo.yml": CONFIG % (2 if slow else 60)})
    job = run(repo, [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"), end("builder"), APPROVE],
              extra="sandbox: {disk_mb: 400}\n")
    assert job.job["status"] == "completed", job.job["reason"]
    assert job.row("check: evil")["after"].startswith(says), job.row("check: evil")
    assert headline is None or job.headline == headline
    assert job.row("check: good")["status"] == "pass"
    text = json.dumps(job.record())
    assert "root:x:0:0" not in text and "\x1b" not in text
    assert os.listdir(os.path.join(job.vdo.dir, "data", "checks")) == []


def test_names_of_tests_cannot_leave_the_table(run, make_repo):  # noqa: F811
    evil = "i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo \"not ok $i - |<b>\\`@all *x_ [a](http://x) $(printf 'n%.0s' $(seq 200))$i\"; done; exit 1"
    repo = make_repo({"a.txt": "one\n", "evil.sh": evil + "\n", ".github/vdo.yml": CONFIG % 60})
    job = run(repo, [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"), end("builder"), APPROVE])
    assert job.job["status"] == "completed"
    assert len(job.row("check: evil")["text"]) < 10000
    assert len(job.step("verify")["checks"][0]["old"]) == 200
