"""What the planner is shown, and what becomes of the files that its plan names."""
import json

from conftest import APPROVE, EDIT, FINISH, SAMPLE, answer, good_script, plan, refine
from jobs import git, job, replays, repo, told  # noqa: F401
from model import Provider
from test_models import with_provider

REST = [answer("builder", "", EDIT), answer("builder", "", FINISH), answer("tester", "", FINISH), APPROVE]


def planner(result):
    return [r["messages"] for r in result["requests"] if r["messages"][0]["content"].startswith("VDO role: planner\n")]


def tasks(result):
    shown = json.loads(result["vdo"].run("jobs", "-c", result["vdo"].config, "--json", "show", result["id"]).stdout)
    return shown["tasks"]


def test_the_planner_sees_ranked_places_and_their_text(job, repo):
    result = job([refine(), plan()] + REST, text="The greeting in greet.sh says Hello.")
    asked = planner(result)[0][1]["content"]
    assert "- greet.sh:2 (named in the text" in asked
    assert "\ngreet.sh, lines 1-2:\n```\n#!/bin/sh\necho \"Hello, $1\"\n```\n" in asked
    replays(result)


def test_on_a_forge_with_pages_places_are_permalinks(hub, make_vdo):
    repo = hub.add_repo(files=dict(SAMPLE, **{"a dir/größe.sh": "echo größe of the greeting\n"}))
    provider = Provider(good_script())
    vdo = with_provider(make_vdo, hub, provider, roles="far")
    hub.label(repo, hub.open_issue(repo, "Greet politely", "The greeting in greet.sh says Hello; größe is fine."))
    job = vdo.ended()
    provider.close()
    assert job["state"] == "completed", job
    base = hub.git(repo, "rev-parse", "main").strip()
    asked = [r["messages"][1]["content"] for r in provider.requests if r["messages"][0]["content"].startswith("VDO role: planner\n")][0]
    assert f"{hub.url}/{repo.full_name}/blob/{base}/greet.sh#L2" in asked
    assert f"{hub.url}/{repo.full_name}/blob/{base}/a%20dir/gr%C3%B6%C3%9Fe.sh#L1" in asked
    vdo.stop()
    done = vdo.run("replay", "-c", vdo.config, "--json", job["id"])
    assert json.loads(done.stdout)["identical"], done.stdout


def test_a_plan_that_names_a_missing_file_goes_back_once_with_the_nearest(job, repo):
    result = job([refine(), plan(files=["src/great.sh", "tests/run.sh"]), plan()] + REST)
    asked = planner(result)
    assert len(asked) == 2 and json.loads(asked[1][2]["content"])["tasks"][0]["files"] == ["src/great.sh", "tests/run.sh"]
    assert asked[1][3]["content"].startswith("The plan names files that do not exist:\n- src/great.sh; near it: greet.sh\nAnswer with the whole plan again")
    assert tasks(result)[0]["files"] == ["greet.sh"]
    replays(result)


def test_a_missing_file_that_is_named_again_counts_as_new(job, repo):
    result = job([refine(), plan(files=["greet.sh", "lib/x.sh"]), plan(files=["greet.sh", "lib/x.sh"])] + REST)
    assert len(planner(result)) == 2 and tasks(result)[0]["files"] == ["greet.sh", "lib/x.sh"]
    log = result["vdo"].run("jobs", "-c", result["vdo"].config, "log", result["id"]).stdout
    assert "the plan names lib/x.sh, which does not exist; it counts as new" in log
    replays(result)


def test_a_file_that_is_said_to_be_new_is_taken_at_once(job, repo):
    result = job([refine(), plan(files=["./greet.sh", "lib/x.sh (new)", "greet.sh"])] + REST)
    assert len(planner(result)) == 1
    assert tasks(result)[0]["files"] == ["greet.sh", "lib/x.sh"] and tasks(result)[0]["new_files"] == ["lib/x.sh"]


def test_a_planner_with_nothing_more_to_say_is_taken_at_its_word(make_vdo, repo, tmp_path):
    vdo = make_vdo(start=False, script=[refine(), plan(files=["greet.sh", "lib/x.sh"])] + REST)
    issue = tmp_path / "issue.md"
    issue.write_text("# Greet politely\n")
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", str(issue), "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0 and result["status"] == "completed", done.stderr
    assert "the planner did not mend its plan" in vdo.run("jobs", "-c", vdo.config, "log", result["id"]).stdout


def test_paths_outside_the_repository_are_taken_out_of_a_plan(job, repo):
    result = job([refine(), plan(files=["../greet.sh", "/etc/passwd", ".git/config", "greet.sh"])] + REST)
    assert len(planner(result)) == 1 and tasks(result)[0]["files"] == ["greet.sh"]


def test_symbols_tell_what_the_files_hold_now(job, repo):
    makes = ("write_file", {"path": "lib.py", "content": "def polite_greeting():\n    pass\n"})
    asks = ("symbols", {"name": "polite_greeting"})
    moves = ("write_file", {"path": "lib.py", "content": "# moved\n\n\ndef polite_greeting():\n    pass\n"})
    deletes = ("delete_file", {"path": "lib.py"})
    result = job([refine(), plan(), answer("builder", "", asks, makes, asks, moves, asks, deletes, asks, EDIT), answer("builder", "", FINISH)] + REST[2:])
    said = [m["content"] for m in result["requests"][3]["messages"] if m["role"] == "tool"]
    assert said[0] == said[6] == "(no definition of that name; try search)"
    assert said[2].startswith("lib.py:1: function polite_greeting") and said[4].startswith("lib.py:4: function polite_greeting")
    replays(result)
