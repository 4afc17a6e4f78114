"""The image's root, made by the Dockerfile's own steps: the service runs in it as its user, and writes nothing but its data."""

import base64
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.sandbox.github import GitHubServer
from tests import ROOT
from tests.support.image import DEBIAN, MADE, USER, Dockerfile, Image, build, exec_form, privileges
from tests.support.patience import PATIENCE

LARGEST = 300
"""Megabytes, without Terraform."""
WRITABLE = """
import os
for at, directories, files in os.walk("/"):
    directories[:] = [each for each in directories if os.path.join(at, each) not in ("/proc", "/sys")]
    for path in (at, *(os.path.join(at, each) for each in files)):
        if os.access(path, os.W_OK) and not os.path.islink(path):
            print(path)
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    become = privileges()
    if become is None:
        pytest.skip("a root can only be entered by root: run this as root, or where sudo asks for no password")
    directory = tmp_path_factory.mktemp("image")
    # Whoever is in the root has to be able to come to it.
    for each in (directory, *directory.parents[:3]):
        each.chmod(each.stat().st_mode | 0o711) if os.access(each, os.W_OK) and each != Path("/tmp") else None
    yield build(directory, become)
    subprocess.run([*become, "rm", "-rf", str(directory / "root")], check=False, timeout=120)


def test_what_the_dockerfile_copies_comes_past_the_dockerignore() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    steps = Dockerfile.read((ROOT / "Dockerfile").read_text()).stages[0]
    sources = [source for name, rest in steps if name == "COPY" for source in rest.split()[:-1]]
    assert sources
    assert [each for each in sources if not any(each == one or each.startswith(f"{one}/") for one in allowed)] == []
    made = {rest.split("/")[1] for name, rest in steps if name == "WORKDIR"}
    assert made <= set(MADE)


@pytest.mark.e2e
def test_the_service_runs_in_the_image_as_its_user_and_answers_the_health_check(
    image: Image, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property(
        "measured", f"the image holds {image.megabytes():.0f} MB, {DEBIAN} of them Debian's, measured before"
    )
    assert image.megabytes() < LARGEST
    said = image.run("/opt/envclone/bin/envclone", "--version")
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("envclone "), said.stderr
    assert image.run("/opt/envclone/bin/python", "-c", "import pip").returncode, "nothing is installed into it later"

    github = GitHubServer(tmp_path / "github")
    with github.running():
        github.create_repository("acme/infrastructure", ROOT / "docs/roles")
        token = github.add_user("ana", "acme/infrastructure", "admin")
        variables = {
            "ENVCLONE_GITHUB_API_URL": f"{github.url}/api/v3",
            "ENVCLONE_GITHUB_TOKEN": token,
            "ENVCLONE_REPOSITORIES": "acme/infrastructure",
            "ENVCLONE_WEBHOOK_SECRET": "hush-hush",
            "ENVCLONE_HOST": "127.0.0.1",
            "ENVCLONE_PORT": "0",
        }
        known = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header, repository = f"http.extraHeader=Authorization: Basic {known}", f"{github.url}/acme/infrastructure.git"
        listed = image.run("git", "-c", header, "ls-remote", repository)
        assert listed.stdout.endswith("\trefs/heads/main\n"), listed.stderr
        words = [*exec_form(image.dockerfile.last("ENTRYPOINT")), *exec_form(image.dockerfile.last("CMD"))]
        log = tmp_path / "service.log"
        with log.open("wb") as out:
            service = subprocess.Popen(
                image.argv(*words, **variables), stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        try:
            port = _port(log, service)
            check = [word.replace(":8080", f":{port}") for word in exec_form(image.dockerfile.last("HEALTHCHECK"))]
            _until(lambda: image.run(*check).returncode == 0, log, service)
            assert _users(service.pid) == {USER}
            writable = image.run("/opt/envclone/bin/python", "-c", WRITABLE).stdout.split()
            places = ("/var/lib/envclone", "/tmp", "/dev/null")
            assert [path for path in writable if not path.startswith(places)] == []
            assert list((image.root / "var/lib/envclone/data").iterdir()), "it keeps its data where the volume is"
        finally:
            subprocess.run([*image.become, "kill", "-TERM", *map(str, _processes(service.pid))], check=False)
            service.wait(PATIENCE)


def _port(log: Path, service: "subprocess.Popen[bytes]") -> str:
    said = re.compile(r'listening on http://127\.0\.0\.1:(\d+)"')
    _until(lambda: said.search(log.read_text()), log, service)
    (port, *_) = said.findall(log.read_text())
    return str(port)


def _until(holds: object, log: Path, service: "subprocess.Popen[bytes]") -> None:
    assert callable(holds)
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def _processes(pid: int) -> list[int]:
    """Return a process and those below it, the deepest first."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            found = re.search(r"^PPid:\s+(\d+)$", status.read_text(), re.MULTILINE)
            parents[int(status.parent.name)] = int(found[1]) if found else 0
    below = [child for child, parent in parents.items() if parent == pid]
    return [*(each for child in below for each in _processes(child)), pid]


def _users(pid: int) -> set[int]:
    """Return who runs the processes in the root: those at and below the first that has left ours."""
    found = set()
    for each in _processes(pid):
        with suppress(OSError):  # it has ended meanwhile
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
            found.add(int(next(line.split()[2] for line in lines if line.startswith("Uid:"))))
    return found - {0} if len(found) > 1 else found
