"""Setup commands: what they may reach, what of theirs is kept for later jobs, and when it is not."""
import json
import os

import pytest
from conftest import APPROVE, EDIT, FINISH, SAMPLE, answer, commit_first, good_script, plan, refine, write_files

INSTALL = "mkdir -p node_modules/dep && echo 1 > node_modules/dep/index.js && date +%s%N > node_modules/dep/made"
FILES = dict(SAMPLE, **{"package.json": '{"name": "greet"}\n', "package-lock.json": '{"lockfileVersion": 3}\n'})


@pytest.fixture
def make_repo(tmp_path):
    os.chmod(tmp_path, 0o755)

    def make(**config):
        write_files(tmp_path / "repo", dict(FILES, **{".github/vdo.yml": json.dumps(config)}))
        return commit_first(tmp_path / "repo")
    return make


@pytest.fixture
def issue(tmp_path):
    path = tmp_path / "issue.md"
    path.write_text("# Greet politely\n\nPlease add a full stop.\n")
    return str(path)


def job(vdo, repo, issue):
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", issue, "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def commands(vdo, id):
    record = os.path.join(vdo.dir, id + ".json")
    done = vdo.run("replay", "-c", vdo.config, "--export", record, id)
    assert done.returncode == 0, done.stderr
    return json.load(open(record))["commands"]


def lines(vdo, id):
    return [c["line"] for c in commands(vdo, id)]


def log_of(vdo, id):
    return vdo.run("jobs", "-c", vdo.config, "log", id).stdout


def kept(vdo):
    top = os.path.join(vdo.dir, "data", "layers")
    return sorted(os.path.join(d, n) for d, names, _ in os.walk(top) for n in names if len(n) == 64)


def replays(vdo, id):
    done = vdo.run("replay", "-c", vdo.config, "--json", id)
    assert json.loads(done.stdout)["identical"], done.stdout


CHECK = {"name": "tests", "run": "cat node_modules/dep/made && sh tests/run.sh"}


def test_setup_runs_once_for_all_copies_and_later_jobs(make_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    vdo = make_vdo(start=False)
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    assert first["status"] == second["status"] == "completed"
    assert lines(vdo, first["id"]).count(INSTALL) == 1
    assert INSTALL not in lines(vdo, second["id"])
    assert len(kept(vdo)) == 1
    outputs = {c["output"].split("\n")[0] for i in (first, second) for c in commands(vdo, i["id"]) if c["line"] == CHECK["run"]}
    assert len(outputs) == 1  # all of them saw what was made once
    replays(vdo, first["id"])
    replays(vdo, second["id"])


def test_a_check_cannot_write_to_what_is_kept(make_vdo, make_repo, issue):
    write = "for f in index.js new; do echo evil > node_modules/dep/$f && exit 1; done; rm -rf node_modules/dep; mv node_modules n; true"
    repo = make_repo(setup=[INSTALL], checks=[{"name": "attack", "run": write}, CHECK])
    vdo = make_vdo(start=False)
    assert job(vdo, repo, issue)["status"] == "completed"
    [layer] = kept(vdo)
    assert open(os.path.join(layer, "files/0/dep/index.js")).read() == "1\n"
    assert sorted(os.listdir(os.path.join(layer, "files/0/dep"))) == ["index.js", "made"]


@pytest.mark.parametrize("more, why", [
    ("echo >> greet.sh", "changes files of the repository: greet.sh"),
    ("rm README.md", "changes files of the repository"),
    ("mkdir build && echo x > build/x", "makes build, which is no directory of dependencies"),
    ("mkfifo node_modules/dep/pipe", "is no file, directory or link")])
def test_setup_runs_in_each_copy_when_it_does_more_than_install(make_vdo, make_repo, issue, more, why):
    repo = make_repo(setup=[INSTALL, more], checks=[CHECK])
    vdo = make_vdo(start=False)
    first = job(vdo, repo, issue)
    assert first["status"] == "completed" and kept(vdo) == []
    assert why in log_of(vdo, first["id"])
    assert lines(vdo, first["id"]).count(INSTALL) == 3  # tried once, then in both copies
    second = job(vdo, repo, issue)
    assert lines(vdo, second["id"]).count(INSTALL) == 2  # what could not be kept is remembered
    replays(vdo, first["id"])
    replays(vdo, second["id"])


@pytest.mark.parametrize("made", ["ln -s /usr/share node_modules", "echo 1 > node_modules"])
def test_what_has_the_name_of_a_directory_of_dependencies_and_is_none_is_not_kept(make_vdo, make_repo, issue, made):
    repo = make_repo(setup=[made], checks=[{"name": "tests", "run": "ls -d node_modules"}])
    vdo = make_vdo(start=False)
    for _ in range(2):
        done = job(vdo, repo, issue)
        assert (done["status"], done["headline"]) == ("completed", "verified"), done
    assert kept(vdo) == []
    replays(vdo, done["id"])


def test_a_virtual_environment_is_kept_because_its_place_is_the_same_in_all_copies(make_vdo, make_repo, issue):
    venv = "/usr/bin/python3 -m venv --without-pip .venv && printf '#!%s/.venv/bin/python3\nprint(1)\n' \"$PWD\" > .venv/bin/tool && chmod +x .venv/bin/tool"
    look = "test $PWD = /workspaces/repo && .venv/bin/tool && .venv/bin/python3 -c 'import sys; assert sys.prefix == \"/workspaces/repo/.venv\"'"
    repo = make_repo(setup=[venv], checks=[{"name": "look", "run": look}])
    vdo = make_vdo(start=False)
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    assert len(kept(vdo)) == 1
    assert lines(vdo, first["id"]).count(venv) == 1 and venv not in lines(vdo, second["id"])
    for done in (first, second):
        assert [r["status"] for r in done["verdict"] if r["name"] == "check: look"] == ["pass"], done["verdict"]
        assert not [c for c in commands(vdo, done["id"]) if vdo.dir in c.get("output", "")]
        replays(vdo, done["id"])


def test_a_change_of_a_lock_file_is_set_up_by_itself(make_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    lock = answer("builder", "", ("edit_file", {"path": "package-lock.json", "search": "3", "replace": "4"}))
    script = [refine(), plan(files=["greet.sh", "package-lock.json"]), answer("builder", "", EDIT), lock, answer("builder", "", FINISH),
              answer("tester", "", ("finish", {"summary": "The tests cover it."})), APPROVE]
    vdo = make_vdo(start=False, script=script)
    done = job(vdo, repo, issue)
    assert done["status"] == "completed"
    assert lines(vdo, done["id"]).count(INSTALL) == 2  # for the layer of the base, and for the change
    assert len(kept(vdo)) == 1
    replays(vdo, done["id"])


def test_layers_can_be_turned_off(make_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    vdo = make_vdo(start=False, extra="sandbox: {layers_mb: 0}\n")
    done = job(vdo, repo, issue)
    assert lines(vdo, done["id"]).count(INSTALL) == 2 and kept(vdo) == []


def test_a_failing_setup_is_said_and_tried_again_by_the_next_job(make_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL + "; exit 3"], checks=[CHECK])
    vdo = make_vdo(start=False)
    for _ in range(2):
        done = job(vdo, repo, issue)
        assert "ended with exit code 3" in json.dumps(done["verdict"]) + log_of(vdo, done["id"])
        assert INSTALL + "; exit 3" in lines(vdo, done["id"])
    assert kept(vdo) == []


def test_refused_hosts_are_in_the_log_with_the_command(make_vdo, make_repo, issue):
    ask = ("/usr/bin/python3 -c 'import urllib.request as u; u.urlopen(\"http://other.example:81/\")' 2>/dev/null; "
           "mkdir -p node_modules/dep && echo 1 > node_modules/dep/made")
    repo = make_repo(setup=[ask], allow=["registry.example"], checks=[CHECK])
    vdo = make_vdo(start=False)
    done = job(vdo, repo, issue)
    assert done["status"] == "completed"
    assert "network: other.example:81 is not allowed, asked for by: /usr/bin/python3" in log_of(vdo, done["id"])
    [network] = [c["network"] for c in commands(vdo, done["id"]) if c["line"] == ask]
    assert network == [{"host": "other.example", "port": 81, "allowed": False, "why": "is not allowed", "count": 1}]
    replays(vdo, done["id"])


def test_checks_never_reach_a_host_that_setup_may(make_vdo, make_repo, issue):
    look = "! env | grep -i _proxy && ! (exec 3<>/dev/tcp/127.0.0.1/3128) 2>/dev/null"
    repo = make_repo(setup=[INSTALL], allow=["registry.example"], checks=[{"name": "look", "run": f"bash -c '{look}'"}])
    vdo = make_vdo(start=False)
    done = job(vdo, repo, issue)
    assert [r["status"] for r in done["verdict"] if r["name"] == "check: look"] == ["pass"], done["verdict"]
