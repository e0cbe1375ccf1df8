"""What commands without a network try to reach: in the verdict with the command, in the log, in the record, and from `vdo sandbox`."""
import json
import os
import subprocess

import pytest
from conftest import APPROVE, FINISH, SAMPLE, VDO, answer, commit_first, plan, refine, write_files

NAME = "getent hosts registry.example"
DIAL = "bash -c 'exec 3<>/dev/tcp/192.0.2.1/443'"


@pytest.fixture(autouse=True)
def tap(make_vdo, hub):
    """Where attempts cannot be seen `vdo doctor` says so; then there is nothing to see here."""
    vdo = make_vdo(hub=hub, start=False)
    done = vdo.run("doctor", "-c", vdo.config, "--json")
    [fact] = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "attempts"]
    if fact["status"] != "ok":
        pytest.skip(fact["text"])


@pytest.fixture
def make_repo(tmp_path):
    os.chmod(tmp_path, 0o755)

    def make(**config):
        write_files(tmp_path / "repo", dict(SAMPLE, **{".github/vdo.yml": json.dumps(config)}))
        return commit_first(tmp_path / "repo")
    return make


@pytest.fixture
def job(make_vdo, tmp_path):
    """Runs a job whose builder makes these calls first; it must replay identically."""
    issue = tmp_path / "issue.md"
    issue.write_text("# Greet politely\n\nPlease add a full stop.\n")

    def run(repo, *calls, end="Hello, dear $1."):
        edit = ("edit_file", {"path": "greet.sh", "search": "Hello, $1", "replace": end})
        script = [refine(), plan(), *(answer("builder", "", c) for c in (*calls, edit, FINISH)),
                  answer("tester", "", ("finish", {"summary": "Covered."})), APPROVE]
        vdo = make_vdo(start=False, script=script)
        done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", str(issue), "--json")
        assert done.stdout, done.stderr
        result = json.loads(done.stdout)
        assert result["status"] == "completed", result
        again = json.loads(vdo.run("replay", "-c", vdo.config, "--json", result["id"]).stdout)
        assert again["identical"], again
        result["vdo"] = vdo
        return result
    return run


def row(result):
    [found] = [r for r in result["verdict"] if r["name"] == "network attempts"]
    return found["status"], found["text"]


def log_of(result):
    return result["vdo"].run("jobs", "-c", result["vdo"].config, "log", result["id"]).stdout


def test_checks_that_try_nothing_are_said_to_try_nothing(make_repo, job):
    result = job(make_repo(checks=[{"name": "tests", "run": "sh tests/run.sh"}]))
    assert row(result) == ("pass", "none")
    assert "network:" not in log_of(result)


def test_what_a_check_tries_on_the_base_too_is_no_fault_of_the_change(make_repo, job):
    check = f"{NAME}; {DIAL}; sh tests/run.sh"
    result = job(make_repo(checks=[{"name": "tests", "run": check}]))
    assert row(result) == ("info", f"registry.example blocked, on the base too ({check}), 192.0.2.1:443 blocked, on the base too ({check})")
    log = log_of(result)
    assert log.count(f"network: registry.example no network; name looked up, asked for by: {check}") == 1
    assert log.count(f"network: 192.0.2.1:443 no network, asked for by: {check}") == 1


def test_what_only_the_change_tries_is_a_warning_with_the_command(make_repo, job):
    check = f"{NAME}; sh greet.sh you >/dev/null; sh tests/run.sh"
    result = job(make_repo(checks=[{"name": "tests", "run": check}]), end='Hello, dear $1."; (' + DIAL + ') 2>/dev/null; : "')
    assert row(result) == ("warn", f"192.0.2.1:443 blocked ({check}), registry.example blocked, on the base too ({check})")


def test_what_a_model_runs_is_told_with_its_command(make_repo, job):
    result = job(make_repo(checks=[{"name": "tests", "run": "sh tests/run.sh"}]), ("run", {"command": NAME}))
    assert row(result) == ("warn", f"registry.example blocked ({NAME})")


def test_setup_is_warned_of_and_checks_are_seen_beside_it(make_repo, job):
    repo = make_repo(setup=[f"{NAME}; true"], checks=[{"name": "tests", "run": f"{DIAL}; sh tests/run.sh"}])
    status, text = row(job(repo))
    assert status == "warn"
    assert text.startswith(f"registry.example blocked ({NAME}; true), 192.0.2.1:443 blocked, on the base too (")


def test_the_pull_request_names_what_a_check_tried_and_the_command(make_vdo, hub):
    repo = hub.add_repo(files=dict(SAMPLE, **{"tests/run.sh": f"{NAME}\n" + SAMPLE["tests/run.sh"].replace("set -e\n", "")}))
    vdo = make_vdo(hub)
    hub.label(repo, hub.open_issue(repo, "Greet politely", "Please add a full stop."))
    job = vdo.ended()
    vdo.outbox_quiet()
    assert row(job) == ("info", "registry.example blocked, on the base too (make check)")
    assert "registry.example blocked, on the base too (make check)" in repo.pulls[job["pr"]]["body"]


def test_the_shell_lists_attempts_at_the_end(tmp_path):
    done = subprocess.run([VDO, "sandbox", "--dir", str(tmp_path), "--", "sh", "-c", f"{NAME}; {DIAL} 2>/dev/null; echo done"],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n"
    listed = done.stderr.splitlines()
    assert len(listed) == 2
    assert listed[0].startswith("vdo sandbox: network: refused registry.example no network; name looked up, times: ")
    assert listed[1] == "vdo sandbox: network: refused 192.0.2.1:443 no network, times: 1"
