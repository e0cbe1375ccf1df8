"""HOME of commands: what setup leaves in it is there for the checks and for later jobs, and nothing a check does to it is."""
import json
import os
import shutil
import subprocess
import zipfile

import pytest
from conftest import APPROVE, EDIT, FINISH, SAMPLE, VDO, answer, commit_first, git, plan, refine, wait_for, write_files
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
        files = {**SAMPLE, "pkg.sh": PKG, "requirements.txt": "a\nb\n", ".github/vdo.yml": json.dumps(config), **(more or {})}
        write_files(tmp_path / "repo", files)
        return commit_first(tmp_path / "repo")
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
    attack = ("cd; ls -A . .pkg; echo evil > .pkg/a; rm .pkg/b; echo evil > .pkg/new; rm -rf .pkg; ln -s /workspaces .pkg; "
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


def test_a_new_layer_keeps_the_home_of_the_last_one_when_nothing_comes_to_it(start_vdo, make_repo, issue):
    repo = make_repo(setup=[INSTALL], checks=[CHECK])
    vdo = start_vdo()
    job(vdo, repo, issue)
    with open(os.path.join(repo, "requirements.txt"), "w") as f:
        f.write("a\n")
    git(repo, "commit", "-q", "-a", "-m", "Less")
    done, later = job(vdo, repo, issue), job(vdo, repo, issue)
    assert said(vdo, done["id"]) == [["had a"]] and said(vdo, later["id"]) == []
    for one in (done, later):
        passes(one)
    assert len(kept(vdo)) == 2


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


def version_below(path):
    """The newest version of a Maven artifact that Debian has installed, or None."""
    found = [n for n in os.listdir(path) if n[0].isdigit()] if os.path.isdir(path) else []
    return max(found, key=lambda n: [int(p) if p.isdigit() else 0 for p in n.split(".")], default=None)


PLUGINS = "/usr/share/maven-repo/org/apache/maven/plugins"
COMPILER, RESOURCES = version_below(PLUGINS + "/maven-compiler-plugin"), version_below(PLUGINS + "/maven-resources-plugin")


@has("mvn", "javac")
@pytest.mark.skipif(not COMPILER or not RESOURCES, reason="Debian's Maven plugins are not installed")
def test_maven_compiles_with_what_setup_has_fetched(start_vdo, make_repo, issue):
    """From Debian's repository of files; the check has another one, in which there is nothing."""
    settings = "<settings><mirrors><mirror><id>files</id><mirrorOf>*</mirrorOf><url>file:///%s</url></mirror></mirrors></settings>\n"
    plugins = "".join(f"<plugin><artifactId>{a}</artifactId><version>{v}</version></plugin>"
                      for a, v in (("maven-compiler-plugin", COMPILER), ("maven-resources-plugin", RESOURCES)))
    more = {
        "requirements.txt": "",
        "settings.xml": settings % "usr/share/maven-repo", "nothing.xml": settings % "nonexistent",
        "pom.xml": '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>org.demo</groupId><artifactId>greet</artifactId>'
                   "<version>1</version><properties><maven.compiler.source>11</maven.compiler.source><maven.compiler.target>11</maven.compiler.target>"
                   f"<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties><build><plugins>{plugins}</plugins></build></project>\n",
        "src/main/java/Greet.java": "class Greet {\n}\n",
    }
    setup = "mvn -B -q -s settings.xml compile && rm -rf target"
    repo = make_repo(more, setup=[setup], checks=[{"name": "look", "run": "mvn -B -q -s nothing.xml compile && test -e target/classes/Greet.class"}])
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    for done in (first, second):
        passes(done)
    assert lines(vdo, first["id"]).count(setup) == 1 and setup not in lines(vdo, second["id"])
    [layer] = kept(vdo)
    assert os.path.isdir(os.path.join(layer, "home/.m2/repository/org/apache/maven"))


@pytest.mark.skipif(not os.path.isdir("/usr/lib/python3/dist-packages/pip") or not os.path.isdir("/usr/lib/python3/dist-packages/wheel"),
                    reason="Debian's pip and wheel are not installed")
def test_what_pip_installs_for_the_user_is_seen_by_the_checks(start_vdo, make_repo, issue):
    more = {"dep/setup.py": 'from setuptools import setup\nsetup(name="dep", version="1", py_modules=["dep"], entry_points={"console_scripts": ["tool=dep:main"]})\n',
            "dep/dep.py": "def main():\n    print(7)\n"}
    setup = "cp -r dep /tmp/dep && /usr/bin/python3 -m pip install --user --no-index --no-build-isolation --break-system-packages /tmp/dep"
    repo = make_repo(more, setup=[setup], checks=[{"name": "look", "run": "test $(~/.local/bin/tool) = 7"}])
    vdo = start_vdo()
    first, second = job(vdo, repo, issue), job(vdo, repo, issue)
    for done in (first, second):
        passes(done)
    assert lines(vdo, first["id"]).count(setup) == 1 and setup not in lines(vdo, second["id"])


# ---- hosts that cannot do it, and a service that is killed ----

def on_an_overlay(vdo, line):
    """A shell line in a mount namespace of its own, where data_dir lies on an overlay: it cannot be the upper part of another."""
    data, parts = os.path.join(vdo.dir, "data"), os.path.join(vdo.dir, "parts")
    for name in ("lower", "upper", "work"):
        os.makedirs(os.path.join(parts, name), exist_ok=True)
    os.makedirs(data, exist_ok=True)
    mount = f"mount -t overlay x -o lowerdir={parts}/lower,upperdir={parts}/upper,workdir={parts}/work {data}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("overlays cannot be mounted here")
    return subprocess.run(["unshare", "-m", "sh", "-c", f"{mount} && {line}"], capture_output=True, text=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts something for it")
@pytest.mark.parametrize("left, why", [
    ("true", None),  # caches alone, which programs can do without
    ("mkdir -p ~/.local && echo 1 > ~/.local/x", "setup leaves .local in HOME, which cannot be kept here: ")])
def test_where_home_cannot_be_kept_setup_runs_in_each_copy_and_says_so(make_vdo, make_repo, issue, left, why):
    install = "mkdir -p node_modules ~/.npm ~/.cache && echo 1 > node_modules/x && echo 1 > ~/.npm/x && " + left
    repo = make_repo(setup=[install], checks=[{"name": "look", "run": "test -e node_modules/x" + (" && test -e ~/.local/x" if why else "")}])
    vdo = make_vdo(start=False)
    with open(os.path.join(vdo.dir, "doctor.yml"), "w") as f:
        f.write(open(vdo.config).read() + "forge: local\n")
    record = os.path.join(vdo.dir, "record.json")
    done = on_an_overlay(vdo, f"{VDO} doctor -c {vdo.dir}/doctor.yml | grep homes && {VDO} run -c {vdo.config} --repo {repo} --issue {issue} --json > {vdo.dir}/job.json && "
                              f"id=$(/usr/bin/python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[\"id\"])' {vdo.dir}/job.json) && "
                              f"{VDO} jobs -c {vdo.config} log $id && {VDO} replay -c {vdo.config} --export {record} $id && {VDO} replay -c {vdo.config} --json $id > {vdo.dir}/replay.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "note  homes" in done.stdout and "id-mapped" in done.stdout
    passes(json.load(open(os.path.join(vdo.dir, "job.json"))))
    runs = [c for c in json.load(open(record))["commands"] if c["line"] == install]
    assert len(runs) == (3 if why else 1)
    assert ("setup is run in each copy: " + why if why else "HOME") in done.stdout
    assert json.load(open(os.path.join(vdo.dir, "replay.json")))["identical"]


def test_a_service_that_is_killed_leaves_nothing_that_breaks_the_next_job(start_vdo, make_repo, issue, tmp_path):
    slow = "mkdir -p ~/.pkg && echo half > ~/.pkg/half && rm -rf ~/.pkg/half && mkdir ~/.pkg/half && touch started && sleep 20"
    repo = make_repo(setup=[INSTALL, f"test -e once || {{ {slow}; }}"], checks=[CHECK])
    vdo = start_vdo()
    process = subprocess.Popen([VDO, "run", "-c", vdo.config, "--repo", repo, "--issue", issue, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=vdo.dir)
    try:
        wait_for(lambda: [f for _, _, names in os.walk(os.path.join(vdo.dir, "data", "checks")) for f in names if f == "started"])
    finally:
        process.kill()
        process.communicate()
    (tmp_path / "repo" / "once").write_text("")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "Faster")
    done = job(vdo, repo, issue)
    passes(done)
    assert said(vdo, done["id"]) == [["fetched a", "fetched b"]]
    [layer] = kept(vdo)
    assert sorted(os.listdir(os.path.join(layer, "home/.pkg"))) == ["a", "b"]
