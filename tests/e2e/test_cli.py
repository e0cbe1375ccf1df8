"""Commands as a user types them: exit codes, standard output and standard error."""
import fcntl
import json
import os
import signal
import sqlite3
import subprocess

import pytest
from conftest import (EDIT, FINISH, ROOT, SAMPLE, VDO, answer, commit_first, git, good_script, plan, refine, wait_for,
                      write_files)


def vdo(*args, **more):
    return subprocess.run([VDO, *args], capture_output=True, text=True, timeout=120, **more)


@pytest.fixture
def repo(tmp_path):
    os.chmod(tmp_path, 0o755)
    path = tmp_path / "repo"
    write_files(path, SAMPLE)
    commit_first(path)
    (path / "README.md").write_text("changed, not committed\n")
    return str(path)


@pytest.fixture
def issue(tmp_path):
    path = tmp_path / "issue.md"
    path.write_text("# Greet politely\n\nPlease add a full stop.\n")
    return str(path)


def test_help_and_version():
    assert vdo("--help").returncode == 0 and "serve" in vdo("--help").stdout
    assert vdo("--version").stdout.startswith("vdo ")
    assert vdo().returncode == 2
    assert vdo("fly").returncode == 2 and "no command 'fly'" in vdo("fly").stderr


@pytest.mark.parametrize("command", ["apply", "config", "deliveries", "demo", "doctor", "jobs", "locate", "model", "outline", "replay", "run", "sandbox", "serve"])
def test_every_command_tells_its_options(command):
    done = vdo(command, "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: vdo " + command)
    assert command in vdo("--help").stdout
    assert vdo(command, "--no-such-option").returncode == 2


def test_two_at_once_on_one_repository_have_a_worktree_each(make_vdo, repo, issue):
    v = make_vdo(start=False)
    assert v.run("run", "-c", v.config, "--repo", repo, "--issue", issue).returncode == 0
    trees = os.path.join(v.dir, "data", "trees")
    [first] = os.listdir(trees)
    with open(os.path.join(trees, first, "lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours = os.path.join(trees, first, "tree", "greet.sh")
        with open(ours, "w") as f:
            f.write("of the other job\n")
        done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--json")
        assert done.returncode == 0, done.stderr
        assert open(ours).read() == "of the other job\n"
    assert len(os.listdir(trees)) == 2
    assert "of the other job" not in git(repo, "show", json.loads(done.stdout)["branch"])


def test_run_makes_a_branch_and_touches_no_file(make_vdo, repo, issue):
    v = make_vdo(start=False)
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == "completed" and result["branch"].startswith("vdo/greet-politely-")
    assert result["base"] == git(repo, "rev-parse", "main").strip()
    assert result["head"] == git(repo, "rev-parse", result["branch"]).strip()
    assert result["commits"] == 1 and [f["path"] for f in result["files"]] == ["greet.sh"]
    assert [s["name"] for s in result["steps"]][0] == "snapshot" and result["usage"]["input_tokens"] > 0
    assert result["cost_usd"] == 0 and any(r["name"] == "check: make check" for r in result["verdict"])
    assert git(repo, "status", "--short").strip() == "M README.md"
    assert git(repo, "branch", "--show-current").strip() == "main"
    assert "dear" in git(repo, "show", result["branch"] + ":greet.sh")


def test_run_for_people_prints_table_and_branch(make_vdo, repo, issue):
    v = make_vdo(start=False)
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue)
    assert done.returncode == 0 and "verdict" in done.stdout and "branch vdo/" in done.stdout


def test_run_fails_with_1_when_nothing_was_changed(make_vdo, repo, issue):
    v = make_vdo(start=False, script=[refine(), plan(), answer("builder", "", FINISH)])
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["status"] == "failed"
    assert "no file was changed" in done.stderr and "vdo/" not in git(repo, "branch")


@pytest.mark.parametrize("text, title", [("#\n\nOnly a body\n", "Only a body"), ("\n\n## Second level\nx\n", "Second level")])
def test_run_takes_the_first_line_that_holds_a_word_for_the_title(make_vdo, repo, issue, text, title):
    v = make_vdo(start=False)
    with open(issue, "w") as f:
        f.write(text)
    assert v.run("run", "-c", v.config, "--repo", repo, "--issue", issue).returncode == 0
    assert json.loads(v.run("jobs", "list", "--json", "-c", v.config).stdout)["jobs"][0]["title"] == title


def test_run_says_that_the_script_is_not_there(make_vdo, repo, issue):
    v = make_vdo(start=False)
    os.remove(v.script)
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue)
    assert done.returncode == 1 and f"providers.script.file: there is no file '{v.script}'" in done.stderr


def test_run_stops_at_a_limit_with_3(make_vdo, repo, issue):
    v = make_vdo(start=False, extra="limits: {job_turns: 2}\n")
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue)
    assert done.returncode == 3 and "job_turns" in done.stderr


@pytest.mark.parametrize("args", [[], ["--repo", "."], ["--repo", "/nowhere", "--issue", "ISSUE"], ["--repo", ".", "--issue", "/nowhere"],
                                  ["--repo", ".", "--issue", "ISSUE", "more"]])
def test_run_refuses_wrong_usage_with_2(make_vdo, issue, args):
    v = make_vdo(start=False)
    done = v.run("run", "-c", v.config, *[issue if a == "ISSUE" else a for a in args])
    assert done.returncode == 2 and done.stderr.strip()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_run_is_cancelled_by_a_signal_and_leaves_nothing(make_vdo, repo, issue, number):
    v = make_vdo(start=False)
    with open(os.path.join(repo, "tests", "run.sh"), "w") as f:
        f.write("trap '' TERM INT HUP\necho $$ > started\nsleep 600\n")
    git(repo, "commit", "-q", "-am", "A check without end")
    checks = os.path.join(v.dir, "data", "checks")
    process = subprocess.Popen([VDO, "run", "-c", v.config, "--repo", repo, "--issue", issue, "--json"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any("started" in files for _, _, files in os.walk(checks)))
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number, err
    assert json.loads(out)["status"] == "cancelled" and "vdo run: cancelled: " in err
    assert os.listdir(checks) == [] and git(repo, "branch", "--list", "vdo/*") == ""


def test_what_a_killed_run_has_left_is_cancelled_and_removed(make_vdo, repo, issue):
    v = make_vdo(start=False)
    runner = os.path.join(repo, "tests", "run.sh")
    with open(runner) as f:
        good = f.read()
    with open(runner, "w") as f:
        f.write("echo $$ > started\nsleep 600\n")
    git(repo, "commit", "-q", "-am", "A check without end")
    checks = os.path.join(v.dir, "data", "checks")
    process = subprocess.Popen([VDO, "run", "-c", v.config, "--repo", repo, "--issue", issue], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: any("started" in files for _, _, files in os.walk(checks)))
    process.kill()
    process.wait()
    killed = os.listdir(checks)
    with sqlite3.connect(os.path.join(v.dir, "data", "vdo.db")) as db:
        db.execute("UPDATE jobs SET lease_until_ms = 1")  # as a minute later
    done = v.run("jobs", "-c", v.config, "cancel", killed[0])
    assert done.returncode == 0 and done.stdout == f"{killed[0]}: cancelled\n"
    with open(runner, "w") as f:
        f.write(good)
    git(repo, "commit", "-q", "-am", "A check with an end")
    v.write_script(good_script())
    assert v.run("run", "-c", v.config, "--repo", repo, "--issue", issue).returncode == 0
    assert os.listdir(checks) == []


def test_run_ignores_a_signal_that_it_was_started_to_ignore(make_vdo, repo, issue):
    v = make_vdo(start=False)
    process = subprocess.Popen(["nohup", VDO, "run", "-c", v.config, "--repo", repo, "--issue", issue], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(os.path.join(v.dir, "data", "vdo.db")))
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err


def test_run_wants_the_top_of_a_repository(make_vdo, repo, issue, tmp_path):
    v = make_vdo(start=False)
    for directory in (os.path.join(repo, "tests"), v.dir):
        done = v.run("run", "-c", v.config, "--repo", directory, "--issue", issue)
        assert done.returncode == 2 and f"--repo {directory}: not a git repository; give its top directory" in done.stderr
    git(repo, "worktree", "add", "-q", str(tmp_path / "linked"))
    git(tmp_path, "clone", "-q", "--bare", repo, str(tmp_path / "bare.git"))
    for directory in ("linked", "bare.git"):
        v.write_script(good_script())
        done = v.run("run", "-c", v.config, "--repo", str(tmp_path / directory), "--issue", issue)
        assert done.returncode == 0, done.stderr


def test_run_does_not_claim_an_approval_that_nobody_gave(make_vdo, repo, issue):
    os.mkdir(os.path.join(repo, ".github"))
    with open(os.path.join(repo, ".github", "vdo.yml"), "w") as f:
        f.write("approval: {plan: human}\n")
    git(repo, "add", ".github")
    git(repo, "commit", "-q", "-m", "Approval")
    v = make_vdo(start=False)
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--json")
    assert [s["note"] for s in json.loads(done.stdout)["steps"] if s["name"] == "approve"][0].startswith("not asked for: who runs it")


def test_run_on_another_base(make_vdo, repo, issue):
    git(repo, "branch", "stable")
    v = make_vdo(start=False)
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--base", "stable", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["base_branch"] == "stable"
    done = v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--base", "nowhere")
    assert done.returncode == 1 and "no branch, tag or commit 'nowhere'" in done.stderr


def test_jobs_list_show_and_log(make_vdo, repo, issue):
    v = make_vdo(start=False)
    job = json.loads(v.run("run", "-c", v.config, "--repo", repo, "--issue", issue, "--json").stdout)["id"]
    assert job in v.run("jobs", "-c", v.config).stdout
    assert json.loads(v.run("jobs", "-c", v.config, "--json", "list").stdout)["jobs"][0]["id"] == job
    assert "Greet politely" in v.run("jobs", "-c", v.config, "show", job).stdout
    assert "make check: passed" in v.run("jobs", "-c", v.config, "log", job).stdout
    assert v.run("jobs", "-c", v.config, "rate", job, "5").returncode == 0
    assert v.run("jobs", "-c", v.config, "rate", job, "6").returncode == 2
    assert v.run("jobs", "-c", v.config, "show", "nosuchjob").returncode == 1
    assert v.run("jobs", "-c", v.config, "cancel", job).returncode == 3


@pytest.mark.parametrize("text, wanted", [
    ("workers: 4\nwrokers: 3\n", ":2:1: wrokers: "), ("workers: many\n", ":1:10: workers: "), ("workers: 1\nworkers: 2\n", ":2:1: "),
    ("limits: {job_usd: -1}\n", "limits.job_usd"), ("workers: &a 3\n", ":1:"), ("trigger: {permission: owner}\n", "trigger.permission"),
    ("github: {webhook_secret: short}\n", "webhook_secret"),
])
def test_config_check_names_place_and_key(tmp_path, text, wanted):
    path = tmp_path / "vdo.yml"
    path.write_text(text)
    done = vdo("config", "check", str(path))
    assert done.returncode == 2 and wanted in done.stderr, done.stderr
    assert str(path) in done.stderr


def test_config_check_suggests_the_nearest_key(tmp_path):
    path = tmp_path / "vdo.yml"
    path.write_text("wrokers: 3\n")
    assert "nearest known key: workers" in vdo("config", "check", str(path)).stderr


def test_the_example_passes():
    done = vdo("config", "check", os.path.join(ROOT, "config", "vdo.example.yml"))
    assert done.returncode == 0, done.stderr
    assert vdo("config", "check", "/nowhere/vdo.yml").returncode == 2


def test_serve_refuses_to_start_without_a_secret(make_vdo, hub):
    v = make_vdo(hub, start=False)
    with open(v.config) as f:
        text = f.read()
    with open(v.config, "w") as f:
        f.write(text.replace("webhook_secret: a-webhook-secret-for-tests", "webhook_secret: ''"))
    done = v.run("serve", "-c", v.config)
    assert done.returncode == 2 and "webhook_secret" in done.stderr


def test_serve_refuses_an_address_that_others_can_reach(make_vdo, hub):
    v = make_vdo(hub, start=False)
    with open(v.config) as f:
        text = f.read()
    with open(v.config, "w") as f:
        f.write(text.replace(f'listen: "127.0.0.1:{v.port}"', f'listen: "0.0.0.0:{v.port}"'))
    done = v.run("serve", "-c", v.config)
    assert done.returncode == 2 and "allow_public" in done.stderr


def test_doctor_says_one_line_each(make_vdo, hub):
    v = make_vdo(hub, start=False)
    done = v.run("doctor", "-c", v.config)
    for what in ("config", "store", "sandbox", "github", "webhook", "provider"):
        assert what in done.stdout, done.stdout + done.stderr
    assert "a-webhook-secret" not in done.stdout


def test_model_ask_answers_in_the_documented_shape(make_vdo):
    v = make_vdo(start=False, script=[answer("builder", "hello")])
    done = v.run("model", "ask", "-c", v.config, "--role", "builder", "--json", "hi")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    for name in ("text", "tool_calls", "stop", "usage", "cost_usd", "attempts", "provider", "model"):
        assert name in result
    assert result["text"] == "hello"


def test_demo_ends_by_itself_with_a_pull_request(tmp_path):
    os.chmod(tmp_path, 0o755)
    done = vdo("demo", "--keep", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stderr + done.stdout
    for text in ("script", "verified", "verdict", "pull request", "branch vdo/"):
        assert text in done.stdout
    repo = str(tmp_path / "demo" / "project")
    branch = [b.strip(" *") for b in git(repo, "branch").splitlines() if "vdo/" in b][0]
    assert "isspace" in git(repo, "show", branch + ":src/words.c")


def test_doctor_without_github_credentials_examines_the_rest(make_vdo):
    v = make_vdo(start=False)  # its forge is GitHub, as for everybody who only runs `vdo run`
    done = v.run("doctor", "-c", v.config)
    words = [line.split()[:2] for line in done.stdout.splitlines()]
    assert done.returncode == 1 and ["FAIL", "start"] in words
    assert ["note", "forge"] not in words and {"store", "disk", "sandbox", "provider"} <= {what for _, what in words}


def test_doctor_tells_what_the_sandbox_builds_on(make_vdo, hub):
    v = make_vdo(hub=hub, start=False)
    done = v.run("doctor", "-c", v.config, "--json")
    facts = {c["check"]: c for c in json.loads(done.stdout)["checks"]}
    assert {"sandbox", "bubblewrap", "userns", "cgroup", "seccomp", "landlock", "idmap", "attempts", "container"} <= set(facts)
    assert all(c["status"] in ("ok", "note", "FAIL") and c["text"] for c in facts.values())


def test_doctor_fails_when_containers_are_wanted_and_cannot_be_had(make_vdo, hub, tmp_path):
    engine = tmp_path / "podman"
    engine.write_text("#!/bin/sh\necho 'Cannot connect to the daemon'\nexit 1\n")
    engine.chmod(0o755)
    v = make_vdo(hub=hub, start=False, extra=f"sandbox: {{driver: container, image: a/b, engine: {engine}}}\n")
    done = v.run("doctor", "-c", v.config)
    assert done.returncode == 1 and f"{engine} does not answer: Cannot connect to the daemon" in done.stdout
    assert "bubblewrap" not in done.stdout  # it is not asked for
