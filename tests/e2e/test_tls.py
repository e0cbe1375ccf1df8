"""HTTPS with an authority of one's own: GitHub, git and model servers behind it, HTTP/2, and what is refused."""
import os

import pytest
from conftest import SAMPLE, good_script
from model import Provider
from test_models import all_roles
from test_providers import run_locally
from tls import Authority, Front, Http2Front


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def provider():
    stand_in = Provider(good_script())
    yield stand_in
    stand_in.close()
    assert stand_in.violations == []


@pytest.fixture
def front(authority):
    made = []

    def make(backend, kind=Front, **more):
        made.append(kind(authority, backend, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def configure(vdo, provider, url, ca, api="anthropic", more=""):
    with open(vdo.config) as f:
        text = f.read()
    lines = provider.yaml("far", api=api).replace(provider.root, url)
    with open(vdo.config, "w") as f:
        f.write(text.replace("providers:\n", "providers:\n" + lines) + all_roles("far") + more + (f"tls_ca: {ca}\n" if ca else ""))
    return vdo


def test_the_main_job_runs_over_https(hub, make_vdo, authority, front, provider):
    github, model = front(hub.url), front(provider.root)
    vdo = configure(make_vdo(hub, start=False), provider, model.url, authority.file)
    with open(vdo.config) as f:
        text = f.read()
    with open(vdo.config, "w") as f:
        f.write(text.replace(f'_url: "{hub.url}"', f'_url: "{github.url}"'))
    assert text.count(f'_url: "{hub.url}"') == 2
    vdo.start()
    repo = hub.add_repo(files=SAMPLE)
    hub.label(repo, hub.open_issue(repo, "Greet politely"))
    job = vdo.ended()
    assert job["state"] == "completed" and job["pr"], job
    vdo.outbox_quiet()
    assert github.agreed and model.agreed and github.refused == model.refused == 0
    assert len(model.agreed) <= 2  # six calls and the look of a start-up check at most: connections are kept


@pytest.mark.parametrize("api", ["anthropic", "openai-responses", "openai-chat", "gemini"])
def test_http_2_is_spoken_where_it_is_offered_on_one_connection(make_vdo, authority, front, provider, api):
    provider.split = 3
    model = front(provider.root, Http2Front)
    vdo = configure(make_vdo(start=False), provider, model.url, authority.file, api)
    done, job = run_locally(vdo)
    assert done.returncode == 0 and job["status"] == "completed", done.stderr
    assert model.agreed == ["h2"] and model.requests == len(provider.requests) == 6


def test_an_authority_that_nobody_named_is_refused_with_the_remedy(make_vdo, front, provider):
    model = front(provider.root)
    vdo = configure(make_vdo(start=False), provider, model.url, None)
    asked = vdo.run("model", "ask", "-c", vdo.config, "Hello")
    assert asked.returncode == 1 and "certificate" in asked.stderr and "tls_ca" in asked.stderr
    pinged = vdo.run("model", "ping", "-c", vdo.config, "far")
    assert pinged.returncode == 1 and "tls_ca" in pinged.stdout
    assert model.refused >= 2 and provider.requests == []


def test_a_certificate_of_another_host_is_refused(make_vdo, authority, front, provider):
    model = front(provider.root, host="example.org")
    vdo = configure(make_vdo(start=False), provider, model.url, authority.file)
    asked = vdo.run("model", "ask", "-c", vdo.config, "Hello")
    assert asked.returncode == 1 and "localhost" in asked.stderr and "certificate" in asked.stderr
    assert provider.requests == []


@pytest.mark.parametrize("content, says", [
    (None, "the file cannot be read"),
    ("-----BEGIN PRIVATE KEY-----\nx\n", "holds no certificate in PEM form"),
    ("", "holds no certificate in PEM form"),
])
def test_a_file_that_holds_no_certificate_is_told_with_its_place(make_vdo, provider, tmp_path, content, says):
    ca = str(tmp_path / "authority.pem")
    if content is not None:
        with open(ca, "w") as f:
            f.write(content)
    vdo = configure(make_vdo(start=False), provider, "https://localhost:1", ca)
    checked = vdo.run("config", "check", vdo.config)
    line = sum(1 for _ in open(vdo.config))
    assert checked.returncode == 2 and says in checked.stdout + checked.stderr
    assert f"{os.path.basename(vdo.config)}:{line}:9: tls_ca: " in checked.stdout + checked.stderr
