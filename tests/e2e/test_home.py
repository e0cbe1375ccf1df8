"""HOME of commands: what setup leaves in it is there for the checks and for later jobs, and nothing a check does to it is."""
import json
import os
import shutil
import subprocess
import zipfile

import pytest
from conftest import APPROVE, EDIT, FINISH, SAMPLE, VDO, answer, git, plan, refine
from test_setup import commands, issue, job, kept, lines, log_of, replays

__all__ = ["issue"]

# A package manager: what the list names is fetched into a cache in HOME, and what is there is not fetched again.
PKG = """mkdir -p ~/.pkg
while read -r name; do
    if test -e ~/.pkg/$name; then echo had $name; else echo fetched $name; echo "$name" > ~/.pkg/$name; fi
done < requirements.txt
"""
INSTALL = "sh pkg.sh"
CHECK = {"name": "look", "run": "for n in $(cat requirements.txt); do cat ~/.pkg/$n; done"}


@pytest.fixture
def make_repo(tmp_path):
    os.chmod(tmp_path, 0o755)

    def make(more=None, **config):
        path = tmp_path / "repo"
        files = {**SAMPLE, "pkg.sh": PKG, "requirements.txt": "a\nb\n", ".github/vdo.yml": json.dumps(config), **(more or {})}
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        git(str(path), "init", "-q", "-b", "main")
        git(str(path), "add", "-A")
        git(str(path), "commit", "-q", "-m", "First")
        return str(path)
    return make


def said(vdo, id, line=INSTALL):
    """What each run of the line printed, in their order."""
    return [c["output"].split("\n")[:-1] for c in commands(vdo, id) if c["line"] == line]


def passes(done, name="look"):
    assert [r["status"] for r in done["verdict"] if r["name"] == f"check: {name}"] == ["pass"], done["verdict"]


def needs_homes(vdo):
    config = os.path.join(vdo.dir, "doctor.yml")
    with open(config, "w") as f:
        f.write(open(vdo.config).read() + "forge: local\n")
    facts = json.loads(vdo.run("doctor", "-c", config, "--json").stdout)
    [fact] = [f for f in facts["checks"] if f["check"] == "homes"]
    if fact["status"] != "ok":
        pytest.skip(fact["text"])


@pytest.fixture
def start_vdo(make_vdo):
    def start(**options):
        vdo = make_vdo(start=False, **options)
        needs_homes(vdo)
        return vdo
    return start


def test_what_setup_leaves_in_home_is_there_for_the_checks_and_for_later_jobs(start_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    assert said(vdo, first["id"]) == [["fetched a", "fetched b"]]
    assert said(vdo, second["id"]) == []
    for done in (first, second):
        passes(done)
        assert said(vdo, done["id"], CHECK["run"])[:2] == [["a", "b"]] * 2  # before and after
        replays(vdo, done["id"])
    [layer] = kept(vdo)
    assert sorted(os.listdir(os.path.join(layer, "home/.pkg"))) == ["a", "b"]
    assert not os.path.exists(os.path.join(vdo.dir, "data/checks", first["id"]))


def test_a_check_has_its_home_to_itself(start_vdo, make_repo, issue):
    attack = ("cd; ls -A . .pkg; echo evil > .pkg/a; rm .pkg/b; echo evil > .pkg/new; rm -rf .pkg; ln -s /work .pkg; "
              "mknod gone c 0 0 2>/dev/null; setfattr -n user.overlay.opaque -v y . 2>/dev/null; true")
    repo = make_repo(setup=[INSTALL], checks=[{"name": "attack", "run": attack}, {"name": "after", "run": "test -L ~/.pkg"}])
    vdo = start_vdo()
    for _ in range(2):
        done = job(vdo, repo, issue)
        passes(done, "after")  # what the first check did, the second sees
        assert all(out[:4] == [".:", ".pkg", "", ".pkg:"] and out[4:] == ["a", "b"] for out in said(vdo, done["id"], attack))
    [layer] = kept(vdo)
    assert sorted(os.listdir(os.path.join(layer, "home"))) == [".pkg"]
    assert [open(os.path.join(layer, "home/.pkg", n)).read() for n in sorted(os.listdir(os.path.join(layer, "home/.pkg")))] == ["a\n", "b\n"]


def test_a_job_that_adds_a_dependency_fetches_that_alone(start_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    more = answer("builder", "", ("edit_file", {"path": "requirements.txt", "search": "b\n", "replace": "b\nc\n"}))
    script = [refine(), plan(files=["greet.sh", "requirements.txt"]), answer("builder", "", EDIT), more, answer("builder", "", FINISH),
              answer("tester", "", ("finish", {"summary": "The tests cover it."})), APPROVE]
    vdo = start_vdo(script=script)
    done = job(vdo, repo, issue)
    assert done["status"] == "completed"
    assert said(vdo, done["id"]) == [["fetched a", "fetched b"], ["had a", "had b", "fetched c"]]
    assert said(vdo, done["id"], CHECK["run"])[:2] == [["a", "b"], ["a", "b", "c"]]
    [layer] = kept(vdo)
    assert sorted(os.listdir(os.path.join(layer, "home/.pkg"))) == ["a", "b"]  # of the base alone
    replays(vdo, done["id"])


def test_a_new_layer_begins_with_the_home_of_the_last_one(start_vdo, make_repo, issue):
    more = "test -e ~/.pkg/b && test -e ~/.pkg/c && rm ~/.pkg/b; echo n >> ~/.pkg/count"
    repo = make_repo(setup=[INSTALL, more], checks=[{"name": "look", "run": "ls ~/.pkg | tr '\\n' ' '"}])
    vdo = start_vdo()
    job(vdo, repo, issue)
    [old] = kept(vdo)
    with open(os.path.join(repo, "requirements.txt"), "a") as f:
        f.write("c\n")
    git(repo, "commit", "-q", "-a", "-m", "More")
    done = job(vdo, repo, issue)
    assert said(vdo, done["id"]) == [["had a", "had b", "fetched c"]]
    [new] = [layer for layer in kept(vdo) if layer != old]
    assert sorted(os.listdir(os.path.join(new, "home/.pkg"))) == ["a", "c", "count"]
    assert sorted(os.listdir(os.path.join(old, "home/.pkg"))) == ["a", "b", "count"]
    assert os.stat(os.path.join(new, "home/.pkg/a")).st_ino == os.stat(os.path.join(old, "home/.pkg/a")).st_ino
    assert open(os.path.join(old, "home/.pkg/count")).read() == "n\n"
    assert open(os.path.join(new, "home/.pkg/count")).read() == "n\nn\n"


def test_nothing_is_shared_between_repositories(start_vdo, make_repo, issue, tmp_path):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    other = str(tmp_path / "other" / "repo")
    shutil.copytree(repo, other)
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, other, issue)
    assert said(vdo, first["id"]) == said(vdo, second["id"]) == [["fetched a", "fetched b"]]
    assert len(kept(vdo)) == 2


def test_a_setup_that_must_run_in_each_copy_runs_upon_what_it_left_in_home(start_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL, "mkdir build && echo x > build/x"], checks=[CHECK])
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    had = ["had a", "had b"]
    assert said(vdo, first["id"]) == [["fetched a", "fetched b"], had, had]
    assert said(vdo, second["id"]) == [had, had]
    assert "with what it leaves in HOME kept: setup makes build" in log_of(vdo, first["id"])
    [layer] = kept(vdo)
    assert sorted(os.listdir(os.path.join(layer, "home/.pkg"))) == ["a", "b"]
    for done in (first, second):
        passes(done)
        replays(vdo, done["id"])


@pytest.mark.parametrize("more, why", [
    ("mkfifo ~/.pkg/pipe", "is no file, directory or link"),
    ("head -c 3000000 /dev/zero > ~/large", "more than sandbox.layers_mb")])
def test_a_home_that_cannot_be_kept_is_made_in_each_copy(start_vdo, make_repo, issue, more, why):
    repo = make_repo(setup=[INSTALL, more], checks=[CHECK])
    vdo = start_vdo(extra="sandbox: {layers_mb: 2}\n")
    done = job(vdo, repo, issue)
    passes(done)
    assert said(vdo, done["id"]) == [["fetched a", "fetched b"]] * 3 and kept(vdo) == []
    assert why in log_of(vdo, done["id"])
    replays(vdo, done["id"])


def test_without_layers_each_copy_has_a_home_that_lasts_until_its_checks(make_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    vdo = make_vdo(start=False, extra="sandbox: {layers_mb: 0}\n")
    done = job(vdo, repo, issue)
    passes(done)
    assert said(vdo, done["id"]) == [["fetched a", "fetched b"]] * 2 and kept(vdo) == []


def test_data_dir_may_be_a_relative_path(start_vdo, make_repo, issue):
    repo = make_repo({"package-lock.json": "{}\n"}, setup=[INSTALL, "mkdir -p node_modules && echo 1 > node_modules/x"],
                     checks=[CHECK, {"name": "modules", "run": "cat node_modules/x"}])
    vdo = start_vdo()
    text = open(vdo.config).read()
    config = os.path.join(vdo.dir, "relative.yml")
    with open(config, "w") as f:
        f.write(text.replace(os.path.join(vdo.dir, "data"), "data"))
    assert "data_dir: data\n" in open(config).read()
    done = subprocess.run([VDO, "run", "-c", config, "--repo", repo, "--issue", issue, "--json"], capture_output=True, text=True, cwd=vdo.dir)
    verdict = json.loads(done.stdout)
    passes(verdict)
    passes(verdict, "modules")


# ---- real package managers, without a network ----

def has(*names):
    return pytest.mark.skipif(not all(os.path.exists("/usr/bin/" + n) for n in names), reason=f"{names} are not below /usr/bin")


@has("npm", "node")
def test_npm_ci_works_from_the_cache_that_was_kept(start_vdo, make_repo, issue):
    more = {
        "package.json": json.dumps({"name": "greet", "version": "1.0.0", "dependencies": {"dep": "file:dep.tgz"}}),
        "requirements.txt": "",
    }
    repo = make_repo(more, setup=["npm ci --offline --no-audit --no-fund"],
                     checks=[{"name": "look", "run": "node -e \"process.exit(require('dep') === 7 ? 0 : 1)\""}])
    dep = os.path.join(repo, "package")
    os.makedirs(dep)
    with open(os.path.join(dep, "package.json"), "w") as f:
        json.dump({"name": "dep", "version": "1.0.0", "main": "index.js"}, f)
    with open(os.path.join(dep, "index.js"), "w") as f:
        f.write("module.exports = 7;\n")
    subprocess.run(["tar", "czf", "dep.tgz", "package"], cwd=repo, check=True)
    shutil.rmtree(dep)
    subprocess.run(["npm", "install", "--offline", "--package-lock-only", "--no-audit", "--no-fund", "--cache", os.path.join(repo, "..", "npm")],
                   cwd=repo, check=True, capture_output=True)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "A dependency")
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    for done in (first, second):
        passes(done)
    assert lines(vdo, first["id"]).count("npm ci --offline --no-audit --no-fund") == 1
    assert lines(vdo, second["id"]).count("npm ci --offline --no-audit --no-fund") == 0
    [layer] = kept(vdo)
    assert os.path.isdir(os.path.join(layer, "home/.npm"))


@has("go")
def test_go_finds_the_modules_that_setup_downloaded(start_vdo, make_repo, issue, tmp_path):
    """From a proxy of files in the repository; the module cache has directories that are closed even to their owner."""
    module = "example.org/dep"
    env = {"GOPROXY": "file://%s/proxy", "GOSUMDB": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    more = {
        "go.mod": f"module example.org/greet\n\ngo 1.18\n\nrequire {module} v1.0.0\n",
        "greet_test.go": f'package greet\n\nimport (\n\t"testing"\n\n\t"{module}"\n)\n\nfunc TestSeven(t *testing.T) {{\n\tif dep.Seven != 7 {{\n'
                         '\t\tt.Fatal(dep.Seven)\n\t}\n}\n',
        "proxy/go.mod": "module none\n",
        f"proxy/{module}/@v/list": "v1.0.0\n",
        f"proxy/{module}/@v/v1.0.0.info": '{"Version": "v1.0.0"}',
        f"proxy/{module}/@v/v1.0.0.mod": f"module {module}\n",
    }
    setup = " ".join(f"{k}={v.replace('%s', '$PWD')}" for k, v in env.items()) + " go mod download"
    repo = make_repo(more, setup=[setup], checks=[{"name": "look", "run": "GOPROXY=off GOSUMDB=off GOTOOLCHAIN=local go test ./...", "timeout_s": 300}])
    with zipfile.ZipFile(os.path.join(repo, f"proxy/{module}/@v/v1.0.0.zip"), "w") as z:
        z.writestr(f"{module}@v1.0.0/go.mod", f"module {module}\n")
        z.writestr(f"{module}@v1.0.0/dep.go", "package dep\n\nconst Seven = 7\n")
    home = tmp_path / "go-home"
    subprocess.run(["/usr/bin/go", "mod", "download", module], cwd=repo, check=True,
                   env={"HOME": str(home), "PATH": "/usr/bin:/bin", **{k: v.replace("%s", repo) for k, v in env.items()}})
    subprocess.run(["chmod", "-R", "u+w", str(home)], check=True)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "A dependency")
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    for done in (first, second):
        passes(done)
    assert lines(vdo, first["id"]).count(setup) == 1 and setup not in lines(vdo, second["id"])
    [layer] = kept(vdo)
    assert os.path.isfile(os.path.join(layer, f"home/go/pkg/mod/{module}@v1.0.0/dep.go"))


def test_pip_install_user_is_seen_by_the_checks(start_vdo, make_repo, issue):
    """Without pip, by hand, where it would put things."""
    setup = ("d=$(/usr/bin/python3 -c 'import site; print(site.getusersitepackages())') && mkdir -p $d ~/.local/bin && echo 'seven = 7' > $d/dep.py && "
             "printf '#!/usr/bin/python3\\nimport dep\\nprint(dep.seven)\\n' > ~/.local/bin/tool && chmod +x ~/.local/bin/tool")
    repo = make_repo(setup=[setup], checks=[{"name": "look", "run": "/usr/bin/python3 -c 'import dep' && test $(~/.local/bin/tool) = 7"}])
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    for done in (first, second):
        passes(done)
    assert setup not in lines(vdo, second["id"])
