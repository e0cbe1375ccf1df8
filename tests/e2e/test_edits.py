"""How a model's answers become changes within a job: what the tools say back."""
import json
import os
import subprocess

import pytest
from conftest import APPROVE, EDIT, FINISH, SAMPLE, answer, plan, refine
from model import Provider
from test_models import all_roles


def git(path, *args):
    env = dict(os.environ, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.invalid", GIT_COMMITTER_NAME="a",
               GIT_COMMITTER_EMAIL="a@example.invalid", GIT_CONFIG_GLOBAL="/dev/null")
    return subprocess.run(["git", "-C", path, *args], check=True, capture_output=True, text=True, env=env).stdout


@pytest.fixture
def repo(tmp_path):
    os.chmod(tmp_path, 0o755)
    path = tmp_path / "repo"
    for name, text in SAMPLE.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git(str(path), "init", "-q", "-b", "main")
    git(str(path), "add", "-A")
    git(str(path), "commit", "-q", "-m", "First")
    return str(path)


@pytest.fixture
def job(make_vdo, repo, tmp_path):
    """Runs a job on the repository whose roles are all played by a provider with these steps."""
    made = []

    def run(steps, code=0, yaml="", **more):
        provider = Provider(steps, **more)
        made.append(provider)
        vdo = make_vdo(start=False)
        with open(vdo.config) as f:
            text = f.read()
        with open(vdo.config, "w") as f:
            f.write(text.replace("providers:\n", "providers:\n" + provider.yaml("far", yaml)) + all_roles("far"))
        issue = tmp_path / "issue.md"
        issue.write_text("# Greet politely\n\nPlease add a full stop.\n")
        done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", str(issue), "--json")
        assert done.returncode == code, done.stderr
        result = json.loads(done.stdout)
        result["vdo"], result["requests"] = vdo, provider.requests
        return result

    yield run
    for provider in made:
        provider.close()


def told(result, kind):
    """What the models were told in messages of a kind, in order."""
    texts = []
    for request in result["requests"]:
        texts += [m["content"] for m in request["messages"] if m["role"] == kind and m["content"] not in texts]
    return texts


END = [answer("tester", "", FINISH), APPROVE]


def test_a_file_that_no_longer_parses_is_told_to_the_builder(job, repo):
    breaks = ("edit_file", {"path": "greet.sh", "search": "echo \"Hello, $1\"", "replace": "echo \"Hello, dear $1."})
    mends = ("edit_file", {"path": "greet.sh", "search": "dear $1.", "replace": "dear $1.\""})
    adds = ("write_file", {"path": "data.json", "content": "{\n  \"a\": [1, 2\n}\n"})
    again = ("write_file", {"path": "data.json", "content": "{\n  \"a\": [1, 2]\n}\n"})
    result = job([refine(), plan(), answer("builder", "", breaks, adds), answer("builder", "", mends, again), answer("builder", "", FINISH)] + END)
    said = told(result, "tool")
    assert result["status"] == "completed"
    assert said[0].startswith("update: greet.sh\ngreet.sh:2: broken now (it parsed before): ")
    assert said[1].startswith("add: data.json\ndata.json:3: does not parse: ")
    assert said[2] == "update: greet.sh\n" and said[3] == "update: data.json\n"
    done = result["vdo"].run("replay", "-c", result["vdo"].config, "--json", result["id"])
    assert json.loads(done.stdout)["identical"], done.stdout


def test_a_file_that_did_not_parse_before_is_not_held_against_the_edit(job, repo):
    with open(repo + "/greet.sh", "w") as f:
        f.write("if true; then\necho \"Hello, $1\"\n")
    git(repo, "commit", "-aqm", "Broken")
    result = job([refine(), plan(), answer("builder", "", EDIT), answer("builder", "", FINISH)] + END)
    assert "greet.sh:3: does not parse, as before the change: " in told(result, "tool")[0]
