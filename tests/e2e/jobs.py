"""Jobs on a local repository whose roles are all played by one stand-in provider."""
import json
import os

import pytest
from conftest import SAMPLE, commit_first, git, write_files
from model import Provider
from test_models import all_roles


@pytest.fixture
def repo(tmp_path):
    os.chmod(tmp_path, 0o755)
    write_files(tmp_path / "repo", SAMPLE)
    return commit_first(tmp_path / "repo")


@pytest.fixture
def job(make_vdo, repo, tmp_path):
    """Runs a job on the repository whose roles are all played by a provider with these steps."""
    made = []

    def run(steps, code=0, yaml="", text="Please add a full stop.", **more):
        provider = Provider(steps, **more)
        made.append(provider)
        vdo = make_vdo(start=False)
        with open(vdo.config) as f:
            config = f.read()
        with open(vdo.config, "w") as f:
            f.write(config.replace("providers:\n", "providers:\n" + provider.yaml("far", yaml)) + all_roles("far"))
        issue = tmp_path / "issue.md"
        issue.write_text(f"# Greet politely\n\n{text}\n")
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


def replays(result):
    done = result["vdo"].run("replay", "-c", result["vdo"].config, "--json", result["id"])
    report = json.loads(done.stdout)
    assert report["identical"], report
