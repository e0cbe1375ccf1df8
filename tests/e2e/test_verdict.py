"""The verdict of a job, from the real binary on sample projects whose tests really fail."""
import json
import os
import shutil
import subprocess

import pytest
from conftest import APPROVE, ROOT, answer, commit_first, git, plan, refine, write_files

PROJECTS = os.path.join(ROOT, "tests", "fixtures", "projects")
FINISH = ("finish", {"summary": "Done."})


@pytest.fixture
def make_repo(tmp_path):
    """A repository of a sample project, or of {path: text}."""
    def make(files, **more):
        os.chmod(tmp_path, 0o755)
        path = tmp_path / "repo"
        if isinstance(files, str):
            shutil.copytree(os.path.join(PROJECTS, files), path)
            files = {}
        write_files(path, dict(files, **more))
        return commit_first(path)
    return make


class Outcome:
    def __init__(self, vdo, done):
        self.vdo, self.code, self.stderr = vdo, done.returncode, done.stderr
        self.job = json.loads(done.stdout)
        self.headline = self.job["headline"]

    def row(self, name):
        found = [r for r in self.job["verdict"] if r["name"] == name]
        assert len(found) == 1, (name, self.job["verdict"], self.stderr)
        return found[0]

    def record(self):
        file = os.path.join(self.vdo.dir, "record.json")
        done = self.vdo.run("replay", "-c", self.vdo.config, "--export", file, self.job["id"])
        assert done.returncode == 0, done.stderr
        with open(file) as f:
            return json.load(f)

    def told(self, role):
        """Everything a role was told, call by call."""
        return ["\n".join(b.get("text", "") for t in c["request"]["turns"] for b in t["blocks"])
                for c in self.record()["calls"] if c["role"] == role]

    def step(self, name):
        return [s for s in self.record()["steps"] if s["name"] == name][0]["output"]

    def replays(self):
        done = self.vdo.run("replay", "--json", "-c", self.vdo.config, self.job["id"])
        assert done.stdout, done.stderr
        report = json.loads(done.stdout)
        assert report["identical"], report


@pytest.fixture
def run(make_vdo, tmp_path):
    def run(repo, script, code=0, extra="", text="# Mend it\n\nPlease.\n", **more):
        vdo = make_vdo(start=False, script=script, extra=extra)
        issue = tmp_path / "issue.md"
        issue.write_text(text)
        done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", str(issue), "--json", **more)
        assert done.returncode == code, done.stderr
        return Outcome(vdo, done)
    return run


def edit(path, search, replace):
    return answer("builder", "", ("edit_file", {"path": path, "search": search, "replace": replace}))


def write(role, path, content):
    return answer(role, "", ("write_file", {"path": path, "content": content}))


def end(role, summary="Done."):
    return answer(role, "", ("finish", {"summary": summary}))


def review(verdict, *findings):
    return answer("reviewer", json.dumps({"verdict": verdict, "findings": list(findings)}))


PYTHON_FIX = edit("prices.py", "int(rest or 0)", "int((rest + \"00\")[:2])")
PYTHON_TEST = '''import prices


def test_three_digits():
    assert prices.parse("12.505") == 1250


def test_cents_alone():
    assert prices.parse("0.7") == 70
'''
CRITERIA = refine(criteria=[{"id": "AC1", "text": "One digit behind the point means tens of cents."},
                            {"id": "AC2", "text": "A third digit is cut off."}, {"id": "AC3", "text": "Names are kept."}])


def python_script(*, fix=(PYTHON_FIX,), test=PYTHON_TEST, says="AC1: tests/test_more.py::test_cents_alone\nAC2: test_three_digits",
                  reviews=(APPROVE,), more=()):
    tester = [write("tester", "tests/test_more.py", test)] if test else []
    return [CRITERIA, plan(["prices.py"]), *fix, end("builder"), *tester, end("tester", says), *more, *reviews]


def test_a_mended_project_is_verified_with_its_numbers(run, make_repo):
    job = run(make_repo("python"), python_script(), text="# Parse one digit\n")
    assert job.headline == "verified"
    check = job.row("check: pytest")
    assert check["status"] == "pass"
    assert check["before"] == "4 passed, 1 failed (tests/test_prices.py::test_one_digit)"
    assert check["after"] == "7 passed"
    assert check["text"] == f"before: {check['before']}; after: 7 passed"
    proof = job.row("new tests fail, then pass")
    assert proof["status"] == "pass" and proof["text"].startswith("2 of 2 fail without the change and pass with it")
    assert "tests/test_more.py" in proof["command"]
    assert [(t["name"], t["base"], t["head"], t["proves"]) for t in job.job["new_tests"]] == [
        ("tests/test_more.py::test_cents_alone", "failed", "passed", True),
        ("tests/test_more.py::test_three_digits", "failed", "passed", True)]
    assert job.job["checks"][0]["blame"] == "none" and "output" not in job.job["checks"][0]
    job.replays()


def test_criteria_are_covered_by_what_was_run_not_by_what_was_said(run, make_repo):
    job = run(make_repo("python"), python_script(says="AC1: test_cents_alone\nAC2: test_three_digits\nAC3: tests/test_prices.py"))
    criteria = {c["id"]: c for c in job.job["criteria"]}
    assert [criteria[i]["covered"] for i in ("AC1", "AC2", "AC3")] == [True, True, False]
    assert criteria["AC1"]["tests"][0]["path"] == "tests/test_more.py" and criteria["AC1"]["tests"][0]["line"] == 8
    assert criteria["AC1"]["files"][0] == {"path": "prices.py", "lines": "18"}
    row = job.row("criteria covered")
    assert row["status"] == "warn" and row["text"].startswith("2 of 3; not covered: AC3")


@pytest.mark.parametrize("project, check, fix, before, after", [
    ("c", "make check", ("queue.c", "q->count == QUEUE_SIZE - 1", "q->count == QUEUE_SIZE"),
     "2 passed, 1 failed (takes_as_many_as_it_has_room_for)", "3 passed"),
    ("go", "make check", ("double.sh", "$(($1 - 2))", "$(($1 / 2))"), "1 passed, 1 failed (", "2 passed"),
    pytest.param("javascript", "npm test", ("slug.js", "/ /g", "/ +/g"), "2 passed, 1 failed (joins words with several blanks",
                 "3 passed", marks=pytest.mark.skipif(not shutil.which("node", path="/usr/bin") or
                                                      not shutil.which("npm", path="/usr/bin"), reason="node and npm are needed")),
])
def test_each_language_is_read(run, make_repo, project, check, fix, before, after):
    job = run(make_repo(project), [refine(), plan([fix[0]]), edit(*fix), end("builder"), end("tester"), APPROVE])
    row = job.row("check: " + check)
    assert row["before"].startswith(before) and row["after"] == after, row
    assert job.headline == "verified" and row["status"] == "pass"


def test_a_project_without_checks_is_unverified(run, make_repo):
    job = run(make_repo({"a.txt": "one\n"}), [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"),
                                              APPROVE])
    assert job.headline == "unverified (no checks)"
    assert job.row("checks")["status"] == "unknown" and "no checks were found" in job.row("checks")["text"]
    assert job.row("new tests fail, then pass")["status"] == "unknown"
    assert job.row("criteria covered")["status"] == "unknown"


def test_a_broken_change_is_failing_and_its_failures_go_to_the_builder(run, make_repo):
    job = run(make_repo("python"), python_script(fix=(edit("prices.py", "price * count", "price + count"),), test=None,
                                                 more=[end("builder")]))
    assert job.headline == "failing"
    row = job.row("check: pytest")
    assert row["status"] == "fail" and "newly failing: tests/test_prices.py::test_total" in row["text"]
    assert "fails at base too: tests/test_prices.py::test_one_digit" in row["text"]
    told = job.told("builder")[-1]
    assert "tests/test_prices.py:10: tests/test_prices.py::test_total: " in told
    assert "Not yours: these fail at base too, leave them: tests/test_prices.py::test_one_digit" in told
    assert "The end of its output" not in told and "test_one_digit: assert" not in told
    # the round changed nothing, so it was the only one
    assert job.step("verify")["rounds"] == 1
    job.replays()


def test_a_failure_of_the_base_is_not_the_jobs_fault(run, make_repo):
    job = run(make_repo("python"), python_script(fix=(edit("prices.py", "Prices in cents.", "Prices, in cents."),), test=None))
    row = job.row("check: pytest")
    assert row["status"] == "warn" and "it failed before this change too" in row["text"]
    assert job.step("verify")["rounds"] == 0  # the builder was not bothered
    assert job.headline == "failing"


def test_a_failure_of_the_base_that_the_request_names_is_the_jobs(run, make_repo):
    job = run(make_repo("python"), python_script(fix=(edit("prices.py", "Prices in cents.", "Prices, in cents."),), test=None,
                                                 more=[PYTHON_FIX, end("builder")]),
              text="# test_one_digit fails\n")
    assert job.step("verify")["rounds"] == 1 and job.headline == "verified"


FLAKY = {"Makefile": "check:\n\t@sh run.sh\n", "a.txt": "one\n",
         "run.sh": "code=0\necho 1..25\nfor i in $(seq 24); do\n  if [ $(($(od -An -N1 -tu1 /dev/urandom) % 2)) = 0 ]; then echo \"ok $i - odd_$i\"\n"
                   "  else echo \"not ok $i - odd_$i\"; code=1; fi\ndone\necho 'ok 25 - steady'\nexit $code\n"}


def test_flaky_tests_are_named_and_nobody_is_blamed(run, make_repo):
    job = run(make_repo(FLAKY), [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"),
                                 # a test may by chance fail three times and look new; the builder then changes nothing
                                 end("builder"), APPROVE])
    row = job.row("check: make check")
    assert "flaky: " in row["text"] and "odd_" in row["text"]
    assert "steady" not in row["text"]
    check = job.step("verify")["checks"][0]
    assert len(check["flaky"]) > 3
    assert not {f["name"] for f in check["failures"] if f["kind"] == "new"} & set(check["flaky"])


def test_a_test_that_is_flaky_after_the_change_alone_does_not_bother_the_builder(run, make_repo):
    # passes at base; then fails in a fresh copy with an even second byte of luck, never twice for all of 24 tests
    files = dict(FLAKY, **{"run.sh": "if grep -q two a.txt; then :; else echo 'ok 1 - odd_1'; exit 0; fi\n" + FLAKY["run.sh"]})
    job = run(make_repo(files), [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"), end("builder"),
                                 APPROVE])
    check = job.step("verify")["checks"][0]
    assert len(check["flaky"]) > 3


def test_a_test_that_passed_and_is_taken_out_is_named(run, make_repo):
    files = {"Makefile": "check:\n\t@sh run.sh\n", "tests/a.sh": "true\n", "tests/b.sh": "true\n",
             "run.sh": "echo 1..2; for t in tests/*.sh; do sh $t && echo \"ok - $t\"; done\n"}
    change = answer("builder", "", ("delete_file", {"path": "tests/b.sh"}))
    job = run(make_repo(files), [refine(), plan(["tests/b.sh"]), change, end("builder"), end("tester"), APPROVE])
    row = job.row("check: make check")
    assert row["status"] == "warn" and row["text"].endswith("; no longer run: tests/b.sh")
    job.replays()


TWO_TESTS = {"Makefile": "check:\n\t@sh run.sh\n", "greet.sh": "echo hello\n", "tests/a.sh": "sh greet.sh | grep -q dear\n", "tests/b.sh": "true\n",
             "run.sh": "echo 1..2; for t in tests/*.sh; do if sh $t; then echo \"ok - $t\"; else echo \"not ok - $t\"; code=1; fi; done; exit ${code:-0}\n"}


@pytest.mark.parametrize("change, gone, headline", [
    (answer("builder", "", ("delete_file", {"path": "tests/a.sh"})), ["tests/a.sh"], "unverified (failing tests no longer run)"),
    (edit("Makefile", "@sh run.sh", "@exit 0"), ["tests/a.sh", "tests/b.sh"], "unverified (no test ran)"),
])
def test_a_check_does_not_come_to_pass_by_taking_tests_out(run, make_repo, change, gone, headline):
    path = change["answer"]["tool_calls"][0]["arguments"]["path"]
    job = run(make_repo(TWO_TESTS), [refine(), plan([path]), change, end("builder"), end("tester"), APPROVE])
    row = job.row("check: make check")
    assert job.headline == headline
    assert row["status"] == "warn" and row["text"].endswith("; no longer run: " + ", ".join(gone))
    assert job.job["checks"][0]["gone"] == gone
    job.replays()


@pytest.mark.parametrize("role", ["builder", "tester"])
def test_a_test_that_is_made_easier_proves_nothing(run, make_repo, role):
    easier = write(role, "tests/a.sh", "true\n")
    if role == "builder":
        steps = [refine(), plan(["tests/a.sh"]), easier, end("builder"), end("tester"), APPROVE]
    else:
        steps = [refine(), plan(["greet.sh"]), edit("greet.sh", "hello", "hallo"), end("builder"), easier, end("tester", "C1: tests/a.sh"), APPROVE]
    job = run(make_repo(TWO_TESTS), steps)
    row = job.row("new tests fail, then pass")
    assert row["status"] == "fail" and row["text"].endswith("so the test was mended and not what it tests: tests/a.sh")
    assert "'tests/a.sh'" in row["command"]
    assert job.row("tests added")["text"] == "1 test file added or changed; changed: tests/a.sh"
    assert job.row("criteria covered")["status"] == "warn"
    job.replays()


def test_every_command_of_the_table_runs_on_a_clone_of_the_branch(run, make_repo, tmp_path):
    odd = "tests/it's $(touch pwned) `x`.sh"
    repo = make_repo({**TWO_TESTS, "run.sh": TWO_TESTS["run.sh"].replace("sh $t", "sh \"$t\""), "old.sh": "true\n", "a'b.py": "x = 1\n"})
    job = run(repo, [refine(), plan(["greet.sh", "old.sh", "a'b.py"]), edit("greet.sh", "hello", "dear"), edit("a'b.py", "1", "2"),
                     answer("builder", "", ("delete_file", {"path": "old.sh"})), end("builder"),
                     write("tester", odd, "sh greet.sh | grep -q dear\n"), end("tester"), APPROVE])
    assert job.headline == "verified"
    git(tmp_path, "clone", "-q", "-b", job.job["branch"], repo, str(tmp_path / "clone"))
    for row in job.job["verdict"]:
        if (row["command"] or "vdo").startswith("vdo"):
            continue
        done = subprocess.run(["sh", "-c", row["command"]], cwd=tmp_path / "clone", capture_output=True, text=True, timeout=60)
        fails = row["name"] == "new tests fail, then pass"
        if row["name"] == "lint of changed files":  # the linters of this machine may have found something, and say so on standard output
            assert "does not exist" not in done.stderr and "No such file" not in done.stderr
        else:
            assert (done.returncode != 0) == fails, (row, done.stdout, done.stderr)
        assert "pwned" not in os.listdir(tmp_path / "clone")
        if fails:
            assert f"not ok - {odd}" in done.stdout and "ok - tests/b.sh" in done.stdout


def test_a_check_run_again_for_one_behind_it_is_not_flaky(run, make_repo):
    checks = "checks:\n  - {name: first, run: 'true'}\n  - {name: second, run: 'grep -q one a.txt'}\n"
    job = run(make_repo({"a.txt": "one\n", ".github/vdo.yml": checks}),
              [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"), end("builder"), APPROVE])
    assert [job.row(f"check: {name}")["status"] for name in ("first", "second")] == ["pass", "fail"]


@pytest.mark.parametrize("code, headline, status, words", [
    # the exit code stands above every forged line
    (1, "failing", "fail", "though its output says: "),
    (0, "unverified (exit code and output disagree)", "warn", "exit 0, but its output says: "),
])
def test_forged_results_are_shown_and_not_believed(run, make_repo, code, headline, status, words):
    forged = "echo 'tests/test_a.py::test_one PASSED'; echo '==== 1 passed in 0.1s ===='" if code else \
        "echo 'FAILED tests/test_other.py::test_two - boom'; echo '==== 1 failed, 3 passed in 0.1s ===='"
    files = {"Makefile": "check:\n\t@sh run.sh\n", "a.txt": "one\n",
             "run.sh": f"if grep -q one a.txt; then echo fine; exit 0; fi\n{forged}\nexit {code}\n"}
    job = run(make_repo(files), [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"),
                                 *([end("builder")] if code else []), APPROVE])
    assert job.headline == headline
    row = job.row("check: make check")
    assert row["status"] == status, row
    assert words.replace("though its output", "its output") in row["text"], row


def test_a_new_test_that_passes_at_base_proves_nothing(run, make_repo):
    weak = "import prices\n\n\ndef test_whole():\n    assert prices.parse('3.00') == 300\n"
    job = run(make_repo("python"), python_script(test=weak, says="AC1: test_whole"))
    row = job.row("new tests fail, then pass")
    assert row["status"] == "fail" and row["text"].startswith("0 of 1 fail without the change")
    assert "passes at base too" in row["text"] and "test_whole" in row["text"]
    assert job.job["criteria"][0]["covered"] is False
    assert job.job["criteria"][0]["why"] == "its test passes without the change too"


def test_a_strong_and_a_weak_test_are_told_apart(run, make_repo):
    both = PYTHON_TEST + "\n\ndef test_whole():\n    assert prices.parse('3.00') == 300\n"
    job = run(make_repo("python"), python_script(test=both))
    row = job.row("new tests fail, then pass")
    assert row["status"] == "warn" and row["text"].startswith("2 of 3")


@pytest.mark.parametrize("kind, status", [("bugfix", "fail"), ("refactor", "info"), ("docs", "info")])
def test_the_type_of_a_job_decides_what_a_new_test_must_show(run, make_repo, make_vdo, tmp_path, kind, status):
    weak = "import prices\n\n\ndef test_whole():\n    assert prices.parse('3.00') == 300\n"
    repo, vdo = make_repo("python"), make_vdo(start=False, script=python_script(test=weak))
    issue = tmp_path / "issue.md"
    issue.write_text("# Tidy\n")
    done = vdo.run("run", "-c", vdo.config, "--repo", repo, "--issue", str(issue), "--type", kind, "--json")
    assert done.returncode == 0, done.stderr
    assert Outcome(vdo, done).row("new tests fail, then pass")["status"] == status


def test_a_new_test_that_does_not_build_at_base_counts_as_failing(run, make_repo):
    test = open(os.path.join(PROJECTS, "c", "test_queue.c")).read()
    test = test.replace("int main(void)", "static void is_empty_at_first(void **state)\n{\n    struct queue q = {0};\n\n    (void)state;\n"
                        "    assert_true(queue_is_empty(&q));\n}\n\nint main(void)")
    test = test.replace("        cmocka_unit_test(pops_in_order),", "        cmocka_unit_test(pops_in_order),\n        cmocka_unit_test(is_empty_at_first),")
    header = edit("queue.h", "/* 0, or -1 when it is full. */", "int queue_is_empty(const struct queue *q);\n/* 0, or -1 when it is full. */")
    code = edit("queue.c", "int queue_pop(", "int queue_is_empty(const struct queue *q)\n{\n    return q->count == 0;\n}\n\nint queue_pop(")
    job = run(make_repo("c"), [refine(), plan(["queue.c", "queue.h"]), header, code,
                               edit("queue.c", "q->count == QUEUE_SIZE - 1", "q->count == QUEUE_SIZE"), end("builder"),
                               write("tester", "test_queue.c", test), end("tester", "C1: is_empty_at_first"), APPROVE])
    row = job.row("new tests fail, then pass")
    assert "does not build at base, which counts as failing: is_empty_at_first" in row["text"], row
    assert row["status"] == "pass" and job.job["criteria"][0]["covered"]


SECRET = "ghp_" + "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2"


def test_a_secret_in_the_change_is_taken_out_by_the_builder(run, make_repo):
    add = edit("prices.py", '"""Prices in cents."""', f'"""Prices in cents."""\nTOKEN = "{SECRET}"')
    take = edit("prices.py", f'\nTOKEN = "{SECRET}"', "")
    job = run(make_repo("python"), python_script(fix=(PYTHON_FIX, add), more=[take, end("builder")]))
    assert job.headline == "verified" and job.row("secrets in the diff")["status"] == "pass"
    assert "prices.py:3: " in job.told("builder")[-1] and SECRET not in job.stderr


ADD_SECRET = edit("prices.py", '"""Prices in cents."""', f'"""Prices in cents."""\nTOKEN = "{SECRET}"')


def refused(job, repo, place):
    """The job has failed for its secret, says so in its verdict, and has pushed nothing."""
    assert job.job["status"] == "failed" and job.headline == "failing", job.job
    assert "the change adds a secret, so nothing was pushed: " + place.replace(" GitHub", ": GitHub") in job.job["reason"]
    row = job.row("secrets in the diff")
    assert row["status"] == "fail" and row["text"].startswith(place) and row["command"] is None, row
    assert git(repo, "branch", "--list", "vdo/*") == ""
    shown = json.loads(job.vdo.run("jobs", "show", "-c", job.vdo.config, "--json", job.job["id"]).stdout)
    assert shown["verdict"] == job.job["verdict"] and shown["headline"] == "failing"
    assert SECRET not in job.stderr + json.dumps(job.job)


def test_a_secret_that_stays_is_never_pushed(run, make_repo):
    repo = make_repo("python")
    job = run(repo, python_script(fix=(PYTHON_FIX, ADD_SECRET), more=[end("builder")]), code=1)
    refused(job, repo, "prices.py:3 GitHub token")
    assert job.row("sensitive paths")["status"] == "pass" and job.row("syntax of changed files")["status"] == "pass"
    assert job.row("lint of changed files")["text"] == "not computed: the job ended before"
    assert [f["path"] for f in job.job["files"]] == ["prices.py", "tests/test_more.py"]


def test_a_secret_that_mending_brings_is_refused_with_the_checks_so_far(run, make_repo):
    repo = make_repo("python")
    wrong = edit("prices.py", "int(rest or 0)", "int(rest or 0) + 1")
    mend = edit("prices.py", "int(rest or 0) + 1", 'int((rest + "00")[:2])')
    job = run(repo, python_script(fix=(wrong,), more=[mend, ADD_SECRET, end("builder"), end("builder")]), code=1)
    refused(job, repo, "prices.py:3 GitHub token")
    assert job.row("check: pytest")["status"] == "pass" and job.row("check: pytest")["after"].startswith("7 passed")
    assert job.job["checks"][0]["name"] == "pytest"


def test_a_secret_that_comes_with_the_review_is_not_pushed_either(run, make_repo):
    repo = make_repo("python")
    finding = {"severity": "high", "path": "prices.py", "line": 2, "text": "Say more."}
    job = run(repo, python_script(reviews=(review("changes", finding), ADD_SECRET, end("builder"), end("builder"))), code=1)
    refused(job, repo, "prices.py:3 GitHub token")
    assert job.row("check: pytest")["status"] == "pass"


def test_a_path_that_the_base_allows_may_hold_what_looks_like_a_secret(run, make_repo):
    repo = make_repo("python", **{".github/vdo.yml": 'secrets: {allow: ["tests/data/**"]}\n'})
    data = write("builder", "tests/data/token.txt", f"{SECRET}\n")
    job = run(repo, python_script(fix=(PYTHON_FIX, data)))
    assert job.headline == "verified"
    row = job.row("secrets in the diff")
    assert row["status"] == "info" and "tests/data/token.txt:1 GitHub token (its path is allowed)" in row["text"]
    assert SECRET not in job.stderr + json.dumps(job.job)


def test_the_change_itself_cannot_allow_its_secret(run, make_repo):
    """Neither by its own .github/vdo.yml, which is never written, nor by a marker."""
    repo = make_repo("python")
    rules = write("builder", ".github/vdo.yml", 'secrets: {allow: ["**"]}\n')
    marked = edit("prices.py", '"""Prices in cents."""', f'"""Prices in cents."""\nTOKEN = "{SECRET}"  # vdo:allow-secret')
    job = run(repo, python_script(fix=(PYTHON_FIX, rules, marked), more=[end("builder")]), code=1)
    refused(job, repo, "prices.py:3 GitHub token (a marker counts only in a line of the base")


def test_a_marked_line_of_the_base_may_be_moved(run, make_repo):
    line = f'OLD = "{SECRET}"  # gitleaks:allow'
    repo = make_repo("python", **{"old.py": f"if True:\n    {line}\n"})
    move = edit("prices.py", '"""Prices in cents."""', f'"""Prices in cents."""\n{line}')
    job = run(repo, python_script(fix=(PYTHON_FIX, move)))
    row = job.row("secrets in the diff")
    assert row["status"] == "info" and "prices.py:3 GitHub token (its line is marked)" in row["text"]
    assert job.headline == "verified"


def test_a_key_of_the_service_is_allowed_nowhere(run, make_repo):
    key = "the-key-of-this-service-0815"
    line = f'KEY = "{key}"  # vdo:allow-secret'
    repo = make_repo("python", **{".github/vdo.yml": 'secrets: {allow: ["**"]}\n', "old.py": line + "\n"})
    add = edit("prices.py", '"""Prices in cents."""', f'"""Prices in cents."""\n{line}')
    extra = f"github: {{token: {key}}}\n"
    job = run(repo, python_script(fix=(PYTHON_FIX, add), more=[end("builder")]), code=1, extra=extra)
    assert "prices.py:3: value of this service's own configuration" in job.job["reason"]
    assert job.row("secrets in the diff")["status"] == "fail" and key not in json.dumps(job.job)


def test_a_lost_licence_header_is_told(run, make_repo):
    job = run(make_repo("python"), python_script(fix=(PYTHON_FIX, edit("prices.py", "# SPDX-License-Identifier: MIT\n", ""))))
    row = job.row("licence headers lost")
    assert row["status"] == "fail" and row["text"] == "prices.py"


def test_sensitive_paths_syntax_and_lint_have_rows(run, make_repo):
    job = run(make_repo("python"), python_script(fix=(PYTHON_FIX, edit("prices.py", '"""Prices in cents."""', '"""Prices in cents."""\nimport os'),
                                                      edit("pyproject.toml", 'version = "1.0"', 'version = "1.1"'))))
    assert job.row("sensitive paths")["status"] == "warn" and "pyproject.toml" in job.row("sensitive paths")["text"]
    assert job.row("syntax of changed files")["status"] == "pass"
    lint = job.row("lint of changed files")
    if "not installed here: ruff, pyflakes" in lint["text"]:
        assert lint["status"] == "unknown"
    else:
        assert lint["status"] == "warn" and "1 new" in lint["text"] and "os" in lint["text"]


def test_the_lint_row_says_why_eslint_was_not_run(run, make_repo):
    fix = edit("a.js", "1", "2")
    job = run(make_repo({"a.js": "module.exports = 1;\n"}), [refine(), plan(["a.js"]), fix, end("builder"), end("tester"), APPROVE])
    row = job.row("lint of changed files")
    assert row["status"] == "unknown" and row["command"] is None
    assert row["text"].startswith("not installed here: eslint (") and "node_modules/.bin/eslint is not there" in row["text"]


ESLINT = """#!/bin/sh
[ -e eslint.config.js ] || { echo 'Oops! Something went wrong!'; exit 2; }
for f; do echo; echo "$(pwd)/${f#./}"; grep -n var "$f" | sed 's/^\\([0-9]*\\):.*/  \\1:1  error  Unexpected var  no-var/'; done
exit 1
"""


@pytest.mark.parametrize("config", [True, False])
def test_the_projects_own_eslint_is_run_and_read(run, make_repo, config):
    """A stand-in that prints what ESLint 9 prints; set up as npm would."""
    setup = "mkdir -p node_modules/.bin && cp tool node_modules/.bin/eslint && chmod +x node_modules/.bin/eslint"
    files = {"a.js": "var x = 1;\n", "tool": ESLINT, ".github/vdo.yml": f'setup: ["{setup}"]\n'}
    if config:
        files["eslint.config.js"] = "module.exports = [];\n"
    fix = edit("a.js", "var x = 1;", "let n = 0;\nvar x = 1;\nvar y = 2;")
    job = run(make_repo(files), [refine(), plan(["a.js"]), fix, end("builder"), end("tester"), APPROVE])
    row = job.row("lint of changed files")
    if config:
        assert row["status"] == "warn" and row["text"] == "eslint: 1 before, 2 after, 1 new (a.js: error  Unexpected var  no-var)", row
    else:
        assert row["status"] == "unknown" and "eslint (it ended with an error)" in row["text"], row


def test_a_file_that_no_longer_parses_is_told(run, make_repo):
    job = run(make_repo({"a.txt": "one\n", "tool.py": "x = 1\n"}),
              [refine(), plan(["tool.py"]), write("builder", "tool.py", "def f(:\n"), end("builder"), end("tester"), APPROVE])
    row = job.row("syntax of changed files")
    assert row["status"] == "fail" and "tool.py does not parse" in row["text"]


def test_every_row_has_a_command_or_says_why_not(run, make_repo):
    repo = make_repo("python")
    job = run(repo, python_script())
    git(repo, "checkout", "-q", job.job["branch"])
    for row in job.job["verdict"]:
        assert row["command"] or row["status"] in ("unknown", "info"), row
        if row["command"] and row["command"].startswith("git diff"):
            assert subprocess.run(row["command"], shell=True, cwd=repo, capture_output=True).returncode == 0, row
    proof = job.row("new tests fail, then pass")["command"]
    done = subprocess.run(proof.replace("../vdo-base", repo + "-base"), shell=True, cwd=repo, capture_output=True, text=True,
                          env=dict(os.environ, PATH="/usr/bin:/bin"))
    assert done.returncode == 1 and "2 failed" not in done.stderr and "test_cents_alone" in done.stdout, done.stdout + done.stderr


def finding(line, text="Mend this.", **more):
    return dict({"severity": "medium", "path": "prices.py", "line": line, "text": text}, **more)


def test_findings_are_held_against_the_files_they_speak_of(run, make_repo):
    said = [finding(9000, "No such line."), finding(1, "Not there.", quote="this text is nowhere"),
            finding(3, "Another line.", quote="   return int(whole) * 100"), finding(17, "Not touched.", path="tests/test_prices.py"),
            finding(7, "A right line.")]
    job = run(make_repo("python"), python_script(reviews=(review("changes", *said), end("builder"))))
    findings = {f["text"]: f for f in job.step("review")["findings"]}
    assert {t: f["state"] for t, f in findings.items()} == {
        "No such line.": "dropped", "Not there.": "dropped", "Another line.": "open", "Not touched.": "dropped", "A right line.": "open"}
    assert findings["Another line."]["line"] == 18
    row = job.row("review")
    assert row["status"] == "warn" and "2 open, 0 fixed, 3 dropped" in row["text"], row


def test_a_finding_is_fixed_only_when_its_place_has_changed(run, make_repo):
    mend = edit("prices.py", '"""The sum of price times count."""', '"""The sum of price times count, in cents."""')
    job = run(make_repo("python"), python_script(reviews=(review("changes", finding(7, "Say the unit."), finding(17, "Handle signs.")), mend,
                                                          end("builder"), APPROVE)))
    assert {f["text"]: f["state"] for f in job.step("review")["findings"]} == {"Say the unit.": "fixed", "Handle signs.": "open"}
    job.replays()


def test_the_reviewer_is_another_provider_than_the_builder_where_there_is_one(run, make_repo, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"steps": [APPROVE]}))
    extra = f"""
  other: {{api: script, file: {other}}}
roles: {{reviewer: [script, other]}}
"""
    job = run(make_repo("python"), python_script(reviews=()), extra=extra)
    assert "by other, which did not build the change" in job.row("review")["text"]
    job.replays()


def test_a_reviewer_that_built_the_change_is_said_to_be_one(run, make_repo):
    job = run(make_repo("python"), python_script())
    assert "by script, which built the change too" in job.row("review")["text"]


def test_the_builder_sees_failures_and_not_the_whole_log(run, make_repo):
    check = answer("builder", "", ("run_checks", {}))
    job = run(make_repo("python"), python_script(fix=(edit("prices.py", "price * count", "price + count"), check, PYTHON_FIX,
                                                      edit("prices.py", "price + count", "price * count"), check)))
    record = job.record()
    shown = [b["text"] for c in record["calls"] if c["role"] == "builder" for t in c["request"]["turns"] for b in t["blocks"]
             if b.get("kind") == "tool_result" or "tool_result" in json.dumps(b)]
    broken = [t for t in shown if "2 failed" in t]
    assert broken and "- tests/test_prices.py:10: tests/test_prices.py::test_total: " in broken[0]
    assert "short test summary info" not in broken[0] and "PASSED" not in broken[0]
    assert any(t.strip().endswith("python3 -m pytest -q: 5 passed") or "5 passed" in t for t in shown)


def test_a_second_run_has_what_the_checks_before_it_build(run, make_repo):
    files = {"a.txt": "one\n", "test.sh": "[ -f built ] || exit 99\necho 1..1\necho 'not ok 1 - steady'\nexit 1\n",
             ".github/vdo.yml": "checks:\n  - {name: build, run: \"touch built\"}\n  - {name: test, run: \"sh test.sh\"}\n"
                                "  - {name: last, run: \"true\"}\n"}
    job = run(make_repo(files), [refine(), plan(["a.txt"]), edit("a.txt", "one", "two"), end("builder"), end("tester"), APPROVE])
    lines = [c["line"] for c in job.record()["commands"] if c["step"] == "verify" and "exit" in c]
    assert lines[:5] == ["touch built", "sh test.sh", "true", "touch built", "sh test.sh"]
    check = [c for c in job.job["checks"] if c["name"] == "test"][0]
    assert check["blame"] == "old" and check["old"] == ["steady"] and check["flaky"] == []
