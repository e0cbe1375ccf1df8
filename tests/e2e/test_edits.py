"""How a model's answers become changes within a job: what the tools say back."""
import pytest
from conftest import APPROVE, EDIT, FINISH, answer, plan, refine
from jobs import git, job, replays, repo, told  # noqa: F401

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
    replays(result)


def test_a_file_that_did_not_parse_before_is_not_held_against_the_edit(job, repo):
    with open(repo + "/greet.sh", "w") as f:
        f.write("if true; then\necho \"Hello, $1\"\n")
    git(repo, "commit", "-aqm", "Broken")
    result = job([refine(), plan(), answer("builder", "", EDIT), answer("builder", "", FINISH)] + END)
    assert "greet.sh:3: does not parse, as before the change: " in told(result, "tool")[0]


def test_a_text_that_holds_a_nul_is_sent_back_instead_of_being_cut(job, repo):
    writes = [("write_file", {"path": "data.txt", "content": "one\0two\n"}), ("edit_file", {"path": "greet.sh", "search": "Hello", "replace": "Hi\0"})]
    result = job([refine(), plan(), answer("builder", "", *writes), answer("builder", "", EDIT), answer("builder", "", FINISH)] + END)
    said = told(result, "tool")
    assert said[0].startswith("Nothing was done: the argument content holds the character U+0000")
    assert said[1].startswith("Nothing was done: the argument replace holds")
    assert [f["path"] for f in result["files"]] == ["greet.sh"]
    replays(result)


BLOCK = """I add the full stop.

greet.sh
<<<<<<< SEARCH
echo "Hello, $1"
=======
echo "Hello, dear $1."
>>>>>>> REPLACE
"""
POLITE = '#!/bin/sh\necho "Hello, dear $1."\n'


def text(words):
    return answer("builder", words)


def test_edits_in_the_text_of_an_answer_are_applied(job, repo):
    result = job([refine(), plan(), text(BLOCK), answer("builder", "", FINISH)] + END)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE
    assert any("The edits in your answer were applied.\nupdate: greet.sh\n" in t for t in told(result, "user"))
    replays(result)


def test_edits_in_text_that_do_not_fit_are_sent_back(job, repo):
    wrong = BLOCK.replace('SEARCH\necho "Hello, $1"', 'SEARCH\n#!/bin/sh\necho "Good day, $1"')
    result = job([refine(), plan(), text(wrong), text(BLOCK), answer("builder", "All is done.")] + END)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE
    said = [t for t in told(result, "user") if t.startswith("Nothing was changed.")]
    assert len(said) == 1 and "Nearest place: greet.sh:1" in said[0]
    replays(result)


def test_a_report_with_the_edits_that_were_made_ends_the_work(job, repo):
    result = job([refine(), plan(), answer("builder", "", EDIT), text("Done: " + BLOCK)] + END)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE


def test_a_fence_in_the_last_words_changes_no_file(job, repo):
    words = "Done. It reads now:\n\ngreet.sh\n```sh\necho snippet\n```\n"
    result = job([refine(), plan(), answer("builder", "", EDIT), text(words)] + END)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE


def test_three_answers_that_do_not_fit_end_the_work(job, repo):
    wrong = text(BLOCK.replace("SEARCH\necho", "SEARCH\nprint"))
    result = job([refine(), plan(), wrong, wrong, wrong], code=1)
    assert result["status"] == "failed" and "vdo/" not in git(repo, "branch")


SINGLE_END = [answer("tester", "DONE: there is no place for tests of this."), APPROVE]


@pytest.mark.parametrize("yaml, takes_tools", [("", False), (", tools: false", True)])
def test_a_model_without_tools_is_shown_the_files_and_its_answer_is_applied(job, repo, yaml, takes_tools):
    whole = "It greets politely now.\n\ngreet.sh\n```sh\n" + POLITE + "```\n"
    result = job([refine(), plan(), text(whole)] + SINGLE_END, yaml=yaml, takes_tools=takes_tools)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE
    asked = [r["messages"] for r in result["requests"] if "builder" in r["messages"][0]["content"].split("\n")[0] and "tools" not in r]
    assert len(asked) == 1 and "edit_file" not in asked[0][0]["content"]
    # A file of this size is asked for whole.
    assert '```\n#!/bin/sh\necho "Hello, $1"\n```' in asked[0][1]["content"] and "whole content in a fence" in asked[0][1]["content"]
    with_tools = sum("tools" in r for r in result["requests"])
    assert with_tools == (0 if takes_tools else 1)  # it is asked with tools once, and never again
    replays(result)


def test_a_longer_file_is_asked_for_in_blocks_and_looked_up(job, repo):
    with open(repo + "/greet.sh", "a") as f:
        f.write("".join(f"# a line of words to make it long, number {i}\n" for i in range(100)))
    git(repo, "commit", "-aqm", "Long")
    result = job([refine(), plan(), text("READ greet.sh 90 95\nFIND Hello,\nREAD nowhere.c"), text("Now I know.\n" + BLOCK)] + SINGLE_END, takes_tools=False)
    assert git(repo, "show", result["branch"] + ":greet.sh").startswith(POLITE)
    found = [t for t in told(result, "user") if t.startswith("READ greet.sh")][0]
    assert "    90  # a line of words to make it long, number 87\n" in found
    assert "greet.sh:2: echo \"Hello, $1\"" in found and "READ nowhere.c\nopen nowhere.c: no such file" in found
    assert any("<<<<<<< SEARCH" in t and "The files:" in t for t in told(result, "user"))
    replays(result)


def test_what_a_model_without_tools_breaks_goes_back_to_it(job, repo):
    broken = BLOCK.replace('dear $1."', "dear $1.").replace("full stop", "stop")
    mends = "greet.sh\n<<<<<<< SEARCH\ndear $1.\n=======\nx\n>>>>>>> REPLACE\n".replace("dear $1.\n=======\nx", 'echo "Hello, dear $1.\n=======\necho "Hello, dear $1."')
    result = job([refine(), plan(), text(broken), text(mends)] + SINGLE_END, takes_tools=False)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE
    assert any("greet.sh:2: broken now (it parsed before)" in t and "Mend what does not parse." in t for t in told(result, "user"))


def test_failing_checks_go_back_to_a_model_without_tools(job, repo):
    breaks = BLOCK.replace("dear $1.", "BROKEN $1.")
    mends = BLOCK.replace("$1\"\n===", "BROKEN $1.\"\n===")
    result = job([refine(), plan(), text(breaks), answer("tester", "DONE"), text(mends), APPROVE], takes_tools=False)
    assert result["status"] == "completed"
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE


def test_code_in_a_fence_is_answered_with_the_ways_to_change_a_file(job, repo):
    result = job([refine(), plan(), text("Do this:\n\ngreet.sh\n```sh\n" + POLITE + "```\n"), text(BLOCK), answer("builder", "", FINISH)] + END)
    assert git(repo, "show", result["branch"] + ":greet.sh") == POLITE
    assert any(t.startswith("Nothing was changed: code in your answer's text changes no file.") for t in told(result, "user"))


def test_a_model_without_tools_is_reminded_of_a_task_it_left_out(job, repo):
    tasks = [{"id": "T1", "title": "Change the greeting", "files": ["greet.sh"], "acceptance": []},
             {"id": "T2", "title": "Tell the readers", "files": ["README.md", "docs/more.md (new)"], "acceptance": []}]
    readme = "README.md\n<<<<<<< SEARCH\nSays hello.\n=======\nSays hello, politely.\n>>>>>>> REPLACE\n\ndocs/more.md\n<<<<<<< SEARCH\n=======\nMore.\n>>>>>>> REPLACE\n"
    result = job([refine(), plan(tasks=tasks), text(BLOCK), text("And the readers.\n" + readme)] + SINGLE_END, takes_tools=False)
    assert [f["path"] for f in result["files"]] == ["README.md", "docs/more.md", "greet.sh"]
    assert any(t.startswith("No file of these tasks has been changed yet.") and "T2" in t and "T1" not in t for t in told(result, "user"))
    replays(result)
