"""The root of the image that the Dockerfile describes, made by its own steps where no Docker engine is.

The base image can't be had here, so this machine's Python, git and libraries are used in its place, copied to the same paths. The steps of
the stage `build` are run as they are written, with their directories below one of ours; of the final stage, packages of Debian are
left out and everything else is done.
"""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests import ROOT
from tests.support.patience import PATIENCE
from tests.support.wheels import wheelhouse

NOT_COPIED = ("site-packages", "test", "idlelib", "tkinter", "ensurepip", "__pycache__", "config-*", "*.a", "*.pyc")
"""Of Python's library: what the official image leaves out, too, and what is installed into this machine's."""
MADE = ("opt", "source", "wheel")
"""The directories of the stage `build`."""
DEBIAN = 124
"""Megabytes of what the root below has only a part of: Debian 12 without what its slim image leaves out, with git and certificates and without
Perl, as the final stage installs them. Made with `debootstrap --variant=minbase` and that stage's own commands (2026-11-30: 123.1)."""
USER = 10001


@dataclass(frozen=True)
class Dockerfile:
    """The instructions of each stage, in order, each with all that stands behind it."""

    stages: Sequence[Sequence[tuple[str, str]]]

    @classmethod
    def read(cls, text: str) -> "Dockerfile":
        lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
        found: list[list[tuple[str, str]]] = []
        for line in filter(None, lines):
            name, _, rest = line.partition(" ")
            if name == "FROM":
                found.append([])
            found[-1].append((name, rest.strip()))
        return cls(found)

    def last(self, name: str) -> str:
        """Return what the final stage says last in an instruction."""
        return [rest for each, rest in self.stages[-1] if each == name][-1]

    def variables(self, stage: int) -> dict[str, str]:
        """Return the environment that a stage sets."""
        pairs = (pair for name, rest in self.stages[stage] if name == "ENV" for pair in rest.split())
        return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


@dataclass
class Image:
    """The root, and how a program is started in it as the image's user."""

    root: Path
    dockerfile: Dockerfile
    become: Sequence[str] = field(default_factory=tuple)

    def argv(self, *words: str, **variables: str) -> list[str]:
        """Return the command that runs a program in the image, with the environment that the Dockerfile sets and these variables."""
        said = self.dockerfile.variables(-1)
        said["PATH"] = said["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
        pairs = [f"{name}={value}" for name, value in {**said, "HOME": "/var/lib/envclone", **variables}.items()]
        chroot = ["chroot", f"--userspec={USER}:{USER}", str(self.root)]
        place = self.dockerfile.last("WORKDIR")
        return [*self.become, *chroot, "/usr/bin/env", "-C", place, "-i", *pairs, *words]

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a program in the image."""
        return subprocess.run(self.argv(*words, **variables), capture_output=True, text=True, timeout=120, check=False)

    def megabytes(self) -> float:
        """Return how much the image's files hold, each once: ours and Python's as they are here, and Debian's as they were measured."""
        python = Path(sysconfig.get_config_var("prefix"))
        ours = (self.root / self.dockerfile.last("COPY").split()[-1][1:], self.root / str(python)[1:])
        found = [os.lstat(each) for place in ours for each in map(str, place.rglob("*"))]
        return DEBIAN + sum({(each.st_dev, each.st_ino): each.st_size for each in found}.values()) / 1e6


def privileges() -> Sequence[str] | None:
    """Return what a command that needs root begins with; None where nobody may become root."""
    if os.geteuid() == 0:
        return ()
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return (sudo, "-n")
    return None


def build(directory: Path, become: Sequence[str]) -> Image:
    """Make the root in a directory, by the Dockerfile's steps, and with the umask that Docker builds with: the image's user reads it."""
    before = os.umask(0o022)
    try:
        return _built(directory, become)
    finally:
        os.umask(before)


def _built(directory: Path, become: Sequence[str]) -> Image:
    dockerfile = Dockerfile.read((ROOT / "Dockerfile").read_text())
    stage, root = directory / "stage", directory / "root"
    _build_stage(stage, dockerfile)
    root.mkdir()
    _base(root)
    (what, where) = next(rest.split()[1:] for name, rest in dockerfile.stages[-1] if name == "COPY")
    (root / where[1:]).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(stage / what[1:], root / where[1:])
    for each in _libraries(sorted((root / where[1:]).rglob("*.so"))):
        if each.exists() and not each.is_relative_to(directory):
            _put(root, each)
    # Scripts and `pyvenv.cfg` name the place where the stage was; in Docker that is the same as here.
    link = root / str(stage)[1:]
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("/")
    _user(root, dockerfile, become)
    return Image(root, dockerfile, become)


def _build_stage(stage: Path, dockerfile: Dockerfile) -> None:
    stage.mkdir()
    here, variables = stage, dockerfile.variables(0)
    # Fetched once for all tests: pip reads a package's page in the index before it takes a wheel that it has, which costs more than installing it.
    variables |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse())}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    for name, rest in dockerfile.stages[0]:
        if name == "WORKDIR":
            here = stage / rest[1:]
            here.mkdir(parents=True)
        elif name == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(ROOT / source, here / target, is_into=len(sources) > 1 or target.endswith("/"))
        elif name == "RUN":
            _run(_moved(rest, stage), here, {**kept, **variables})


def _copy(source: Path, target: Path, *, is_into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name if is_into else target)


def _moved(command: str, stage: Path) -> str:
    """Return a command with the stage's directories below ours."""
    return re.sub(rf"(?<![\w./])/(?={'|'.join(MADE)}\b)", f"{stage}/", command)


def _run(command: str, here: Path, environment: Mapping[str, str]) -> None:
    python = f'python() {{ "{_base_python()}" "$@"; }}'
    done = subprocess.run(
        ["sh", "-ec", f"{python}\n{command}"],
        cwd=here,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def _base_python() -> Path:
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _base(root: Path) -> None:
    """Bring what the base image has, from this machine: Python, git, a shell, their libraries, certificates."""
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, root / str(library)[1:], symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    commands = Path(_said("git", "--exec-path"))
    shutil.copytree(commands, root / str(commands)[1:], symlinks=True)
    programs = [Path(found).resolve() for name in ("git", "env", "sh") if (found := shutil.which(name))]
    loaded = [_base_python(), *programs, *(library / "lib-dynload").glob("*.so"), *commands.glob("git-remote-http")]
    for each in {*programs, _base_python(), *_libraries(loaded)}:
        _put(root, each)
    for name, target in {"usr/bin/env": "env", "bin/sh": "sh", "usr/bin/git": "git"}.items():
        place, program = root / name, Path(shutil.which(target) or "").resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(program)
    for each in (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/usr/share/git-core/templates")):
        if each.is_dir():
            shutil.copytree(each, root / str(each)[1:], symlinks=True)
        elif each.exists():
            _put(root, each)


def _libraries(programs: Sequence[Path]) -> Iterator[Path]:
    """Yield the shared libraries of programs and modules, as the loader names them."""
    said = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, timeout=PATIENCE, check=False
    ).stdout
    yield from {Path(each) for each in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", said, re.MULTILINE)}


def _put(root: Path, source: Path) -> None:
    """Copy a file to its own path; what a symlink leads to takes the link's place."""
    target = root / str(source)[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(source, target)


def _said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.strip()


def _user(root: Path, dockerfile: Dockerfile, become: Sequence[str]) -> None:
    """Make the image's user, who owns the data's directory and may write nowhere else."""
    assert dockerfile.last("USER") == str(USER)
    home, data = "var/lib/envclone", dockerfile.last("VOLUME")[1:]
    for path in (data, "tmp", "dev", "etc"):
        (root / path).mkdir(parents=True, exist_ok=True)
    (root / "etc/passwd").write_text(f"root:x:0:0::/:/bin/sh\nenvclone:x:{USER}:{USER}::/{home}:/bin/sh\n")
    (root / "etc/group").write_text(f"root:x:0:\nenvclone:x:{USER}:\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (root / "dev/urandom").write_bytes(os.urandom(4096))
    null = root / "dev/null"
    with suppress(OSError):
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    _as_root(become, "chmod", "-R", "go-w", str(root))
    _as_root(become, "chown", "-R", "0:0", str(root))
    _as_root(become, "chmod", "1777", str(root / "tmp"))
    _as_root(become, "chown", f"{USER}:{USER}", str(root / home), str(root / data))
    if not null.exists():
        _as_root(become, "sh", "-c", f"mknod -m 666 {null} c 1 3 || : > {null}")
    _as_root(become, "chmod", "666", str(null))


def _as_root(become: Sequence[str], *words: str) -> None:
    subprocess.run([*become, *words], capture_output=True, timeout=120, check=True)


def exec_form(text: str) -> list[str]:
    """Return the words of an instruction in its exec form, a health check's among them."""
    found: list[str] = json.loads(text[text.index("[") :])
    return found
