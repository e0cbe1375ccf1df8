"""A job's record: replayed from the store and from a file, with its first difference named."""
import json
import os
import subprocess

import pytest
from conftest import EDIT, FINISH, SAMPLE, answer, commit_first, git, good_script, plan, refine, write_files
from model import Provider
from test_models import all_roles, with_provider


@pytest.fixture
def repo(tmp_path):
    os.chmod(tmp_path, 0o755)
    path = tmp_path / "repo"
    write_files(path, dict(SAMPLE, **{"notes/key.txt": "ghp_abcdefghijklmnopqrstuvwxyz0123456789\n"}))
    (path / "logo.bin").write_bytes(bytes(range(256)))
    os.chmod(path / "greet.sh", 0o755)
    os.symlink("greet.sh", path / "hello")
    return commit_first(path, "trunk/main")


@pytest.fixture
def issue(tmp_path):
    path = tmp_path / "issue.md"
    path.write_text("# Greet politely\n\nPlease add a full stop.\n")
    return str(path)


def working_script():
    """With commands, a check that fails first, and an answer that has to be mended."""
    return [refine(), answer("planner", "no JSON at all"), plan(),
            answer("builder", "", ("read_file", {"path": "greet.sh"}), ("run", {"command": "sh greet.sh you; date +%N"})),
            answer("builder", "", ("edit_file", {"path": "greet.sh", "search": "Hello, $1", "replace": "Hello, BROKEN $1."})),
            answer("builder", "", FINISH), answer("tester", "", ("finish", {"summary": "Covered."})),
            answer("builder", "", ("edit_file", {"path": "greet.sh", "search": "BROKEN ", "replace": "dear "})),
            answer("builder", "", FINISH),
            answer("reviewer", json.dumps({"verdict": "approve", "findings": []}))]


def run_job(vdo, repo, issue, code=0, base=None):
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", issue, "--json", *(["--base", base] if base else []))
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def replayed(vdo, *args):
    done = vdo.run("replay", "--json", *args)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_job_replays_identically_without_its_script_or_repository(make_vdo, repo, issue):
    vdo = make_vdo(start=False, script=working_script())
    job = run_job(vdo, repo, issue)
    os.remove(vdo.script)
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"], report
    assert report["calls"] == 10 and report["commands"] >= 4 and report["steps"] == 11
    assert report["state"] == "completed" and report["difference"] is None
    branches = git(repo, "branch", "--list", "vdo/*").split()
    assert len(branches) == 1  # the replay left the repository alone
    done = vdo.run("replay", "-c", vdo.config, job["id"])
    assert done.returncode == 0 and done.stdout.startswith("identical: 11 steps, 10 model calls")


@pytest.mark.parametrize("base", ["refs/heads/other", "other", "v1", "HEAD"])
def test_a_job_on_any_base_replays(make_vdo, repo, issue, base):
    git(repo, "branch", "other")
    git(repo, "tag", "v1")
    vdo = make_vdo(start=False, script=good_script())
    job = run_job(vdo, repo, issue, base=base)
    assert job["base_branch"] == base.replace("refs/heads/", "")
    assert replayed(vdo, "-c", vdo.config, job["id"])[1]["identical"]


def test_a_job_that_went_on_without_a_role_replays(make_vdo, repo, issue):
    # no refiner; the planner, asked about a file that is not there, the tester, and the reviewer after a round have no answer
    changes = answer("reviewer", json.dumps({"verdict": "changes", "findings": [
        {"severity": "low", "path": "greet.sh", "line": 2, "text": "Too short.", "quote": "dear"}]}))
    longer = ("edit_file", {"path": "greet.sh", "search": "dear", "replace": "dearest"})
    vdo = make_vdo(start=False, script=[plan(["greet.sh", "nowhere.sh"]), answer("builder", "", EDIT), answer("builder", "", FINISH), changes,
                                        answer("builder", "", longer), answer("builder", "", FINISH)])
    job = run_job(vdo, repo, issue)
    review = [r for r in job["verdict"] if r["name"] == "review"][0]
    assert review["status"] == "unknown" and "no answer for role reviewer" in review["text"]
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"], report


def test_a_job_on_a_project_that_has_changed_since_the_last_one_replays(make_vdo, repo, issue):
    vdo = make_vdo(start=False, script=good_script())
    run_job(vdo, repo, issue)
    with open(os.path.join(repo, "greet.sh"), "a") as f:
        f.write("true\n")
    git(repo, "commit", "-q", "-a", "-m", "Changed between two jobs")
    job = run_job(vdo, repo, issue)
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"], report


def test_a_repository_with_a_submodule_replays(make_vdo, repo, issue):
    git(repo, "update-index", "--add", "--cacheinfo", "160000,0123456789012345678901234567890123456789,sub")
    git(repo, "commit", "-q", "-m", "A submodule")
    script = good_script()
    script.insert(2, answer("builder", "", ("write_file", {"path": "sub/lost.txt", "content": "x"})))
    vdo = make_vdo(start=False, script=script)
    job = run_job(vdo, repo, issue)
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"], report
    assert "160000 commit" in git(repo, "ls-tree", job["branch"])
    assert "sub/lost.txt is protected" in vdo.run("jobs", "-c", vdo.config, "log", job["id"]).stdout


def test_a_job_without_isolation_replays_where_there_is_some(make_vdo, repo, issue):
    vdo = make_vdo(start=False, script=good_script(), extra="sandbox: {driver: none}\n")
    job = run_job(vdo, repo, issue)
    assert job["headline"] == "unverified (no checks)"
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"], report


def test_a_job_without_checks_replays_with_its_linters(make_vdo, repo, issue):
    git(repo, "rm", "-q", "Makefile")
    git(repo, "commit", "-q", "-m", "No checks")
    vdo = make_vdo(start=False, script=good_script())
    job = run_job(vdo, repo, issue)
    assert job["headline"] == "unverified (no checks)"
    assert replayed(vdo, "-c", vdo.config, job["id"])[1]["identical"]


def test_a_record_travels_as_one_file_without_secrets(make_vdo, repo, issue, tmp_path):
    vdo = make_vdo(start=False, script=working_script())
    job = run_job(vdo, repo, issue)
    record = str(tmp_path / "record.json")
    assert vdo.run("replay", "-c", vdo.config, "--export", record, job["id"]).returncode == 0
    text = open(record).read()
    assert "ghp_abc" not in text and os.stat(record).st_mode & 0o777 == 0o600
    subprocess.run(["rm", "-rf", vdo.dir + "/data", repo], check=True)
    code, report = replayed(vdo, "--import", record)
    assert code == 0 and report["identical"], report


def change(record, path, value):
    *way, last = path
    for name in way:
        record = record[name]
    record[last] = value(record[last])


@pytest.mark.parametrize("path, value, what, where", [
    (["calls", 0, "request", "turns", 0, "blocks", 0, "text"], lambda t: t + " And more.", "call 1, refiner in step refine",
     "turns.0.blocks.0.text"),
    (["calls", 4, "request", "turns", 2, "blocks", 0, "text"], lambda t: t.replace("Hello", "Hallo"),
     "call 5, builder in step build", "turns.2.blocks.0.text"),
    (["commands", 0, "line"], lambda t: t + " now", "command 1, in step", "line"),
    (["commands", 0, "output"], lambda t: "another day\n", "call 5, builder in step build", "turns.2.blocks.1.text"),
    (["steps", 4, "output", "summary"], lambda t: "Another plan.", "the outcome of step plan", "summary"),
])
def test_the_first_difference_is_named(make_vdo, repo, issue, tmp_path, path, value, what, where):
    vdo = make_vdo(start=False, script=working_script())
    job = run_job(vdo, repo, issue)
    file = str(tmp_path / "record.json")
    assert vdo.run("replay", "-c", vdo.config, "--export", file, job["id"]).returncode == 0
    record = json.load(open(file))
    change(record, path, value)
    json.dump(record, open(file, "w"))
    code, report = replayed(vdo, "--import", file)
    assert code == 1 and not report["identical"]
    assert report["difference"]["what"].startswith(what), report
    assert report["difference"]["where"] == where
    assert report["difference"]["recorded"] != report["difference"]["now"]


def test_a_record_that_ends_early_is_a_difference(make_vdo, repo, issue, tmp_path):
    vdo = make_vdo(start=False, script=working_script())
    job = run_job(vdo, repo, issue)
    file = str(tmp_path / "record.json")
    vdo.run("replay", "-c", vdo.config, "--export", file, job["id"])
    record = json.load(open(file))
    del record["calls"][5:]
    json.dump(record, open(file, "w"))
    code, report = replayed(vdo, "--import", file)
    assert code == 1 and report["difference"]["recorded"] == "(nothing further)", report


def test_a_failed_job_replays_up_to_its_end(make_vdo, repo, issue):
    vdo = make_vdo(start=False, script=[refine(), plan(), answer("builder", "", FINISH)])
    job = run_job(vdo, repo, issue, 1)
    code, report = replayed(vdo, "-c", vdo.config, job["id"])
    assert code == 0 and report["identical"] and report["state"] == "failed", report


def test_a_job_with_retries_and_a_pinned_provider_replays(hub, make_vdo):
    provider = Provider(good_script())
    provider.before = [(500, {}, {"error": {"message": "sorry"}}), (429, {"Retry-After": "1"}, {"error": {"message": "slow"}})]
    try:
        repo = hub.add_repo(files=SAMPLE)
        vdo = with_provider(make_vdo, hub, provider, "far")
        number = hub.open_issue(repo, "Greet politely", body="With a full stop.")
        hub.label(repo, number)
        job = vdo.ended()
        assert job["state"] == "completed"
        vdo.stop()
        asked = len(provider.requests)
        code, report = replayed(vdo, "-c", vdo.config, job["id"])
        assert code == 0 and report["identical"], report
        assert report["calls"] == 6 and len(provider.requests) == asked == 8
    finally:
        provider.close()


@pytest.mark.parametrize("text, says", [
    ("{}", "vdo_record: expected 1"),
    ("[]", "vdo_record: expected 1"),
    ("{", "line 1"),
    ('{"vdo_record": 1}', "steps: expected an array"),
    ('{"vdo_record": 1, "steps": [], "calls": [], "commands": []}', "job: expected an object"),
    ('{"vdo_record": 1, "steps": [], "calls": [], "commands": [], "job": {}, "files": [{"path": "../x", "text": ""}]}', "files.0"),
    ('{"vdo_record": 1, "steps": [], "calls": [], "commands": [], "job": {}, "files": [{"path": ".git/config", "text": ""}]}', "files.0"),
    ('{"vdo_record": 1, "steps": [], "calls": [], "commands": [], "job": {}, "files": [{"path": "x", "hex": "zz"}]}', "hexadecimal"),
])
def test_what_is_no_record_is_refused_with_the_place(make_vdo, tmp_path, text, says):
    vdo = make_vdo(start=False)
    file = tmp_path / "record.json"
    file.write_text(text)
    done = vdo.run("replay", "--import", str(file))
    assert done.returncode in (2, 3) and says in done.stderr, done.stderr


def test_usage_and_unknown_jobs(make_vdo):
    vdo = make_vdo(start=False)
    assert vdo.run("replay", "--help").stdout.startswith("Usage: vdo replay")
    assert vdo.run("replay").returncode == 2
    assert vdo.run("replay", "--import", "x", "id").returncode == 2
    assert vdo.run("replay", "--import", "x", "--export", "y").returncode == 2
    missing = vdo.run("replay", "-c", vdo.config, "nosuchjob123")
    assert missing.returncode == 1 and "nosuchjob123" in missing.stderr
