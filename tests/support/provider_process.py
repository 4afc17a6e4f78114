"""One process of the real AWS provider for many commands of the real Terraform, as the provider's own developers run it.

Each command starts the provider anew otherwise, and `init` reads its 700 MB: more than half of what a plan costs in processor time.
Terraform can be told of a provider that runs already
(https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode). The process takes
credentials and endpoint from its own environment, and knows one configuration at a time, that of the last command: commands with
other credentials need a process of their own, and commands with another `provider` block must not run at the same time. So there is
one for a test that works in one account (`provider_process`), or one for each stack that a run opens, with that run's credentials and
in its cage (`provider_by_stack`).

The product never passes `TF_REATTACH_PROVIDERS` on, so it is set by the `terraform` that is found first on PATH.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bot.sandbox.terraform_config import PROVIDER, mirror, terraform
from tests import ROOT
from tests.support.lock_files import AWS
from tests.support.needs import require
from tests.support.patience import PATIENCE
from tests.support.provider_schema import schema, trimmed

_SAID: Final = re.compile(rb"TF_REATTACH_PROVIDERS='(\{.*\})'")
_TYPE: Final = re.compile(rb"\baws_\w+")
_UNTIL_INPUT_ENDS: Final = '"$1" -debug & read -r _; kill $!; wait $!'
"""The provider ends with whoever holds the other end of this program's input, however that ends."""

_LOGS: Final = ("_PROVIDER", "_SDK", "_SDK_FRAMEWORK", "_SDK_HELPER_SCHEMA", "_SDK_MUX", "_SDK_PROTO")
"""It says everything when it runs this way, which costs more than what it does."""
_NOWHERE: Final = (
    '{"registry.terraform.io/hashicorp/aws":'
    '{"Protocol":"grpc","ProtocolVersion":5,"Pid":1,"Test":true,"Addr":{"Network":"unix","String":"/nonexistent"}}}'
)
"""A provider that is said to run already is one that `init` neither installs nor starts."""
_BY_STACK: Final = """#!/bin/sh
if [ "$1" = init ] && [ -n "$TF_DATA_DIR" ] && [ -n "{mirrored}" ] && grep -qF {checksum} .terraform.lock.hcl; then
  TF_REATTACH_PROVIDERS={nowhere} {terraform} "$@" || exit
  mkdir -p "$TF_DATA_DIR"/{provider}/{version} && exec ln -sf "{mirrored}" "$TF_DATA_DIR"/{provider}/{version}/
fi
case $1 in plan | apply | show) ;; *) exec {terraform} "$@" ;; esac
set -- {terraform} "$@"
# What `init` has installed for the stack and the product has checked; somebody who types commands has no such directory.
for provider in "$TF_DATA_DIR"/{provider}/*/*/terraform-provider-aws_*; do :; done
[ -x "$provider" ] || exec "$@"
said=$TMPDIR/provider
if [ ! -e "$said" ]; then
  : >"$said"
  # In a session of its own, for what a command leaves running is ended with it; elsewhere, for it is no work on the stack.
  {logs} setsid sh -c '
    cd /
    "$1" -debug >"$2" &
    while [ -d "$3" ] && kill -0 $!; do sleep 0.2; done
    kill $!' sh "$provider" "$said" "$TMPDIR" </dev/null >/dev/null 2>&1 &
fi
while reached=$(sed -n "s/.*TF_REATTACH_PROVIDERS='\\(.*\\)'.*/\\1/p" "$said"); [ -z "$reached" ]; do sleep 0.05; done
upstream=$(printf %s "$reached" | sed 's/.*"String":"\\([^"]*\\)".*/\\1/')
if [ -s {answer} ] && [ ! -e "$said.few" ]; then
  : >"$said.few"
  setsid sh -c '
    while [ -d "$1" ]; do sleep 0.2; done | {{ "$4" -E -S "$5" "$2" "$1/few" "$6" >"$3"; [ -s "$3" ] || echo none >"$3"; }}
    ' sh "$TMPDIR" "$upstream" "$said.few" {python} {few_types} {answer} </dev/null >/dev/null 2>&1 &
fi
while [ -s {answer} ] && [ ! -s "$said.few" ]; do sleep 0.05; done
case $(cat "$said.few" 2>/dev/null) in ready) upstream=$TMPDIR/few ;; esac
reached=$(printf %s "$reached" | sed 's/"Pid":[0-9]*/"Pid":'$$'/; s|"String":"[^"]*"|"String":"'"$upstream"'"|')
TF_REATTACH_PROVIDERS=$reached exec "$@"
"""
"""The provider, and what tells Terraform of a few of its types, end with the directory that the product makes for the time in which a
stack is open. Where the second can't run, Terraform is told of all of them.

`init` reads its 700 MB twice to link it, so it is linked here where the lock file has its checksum; where that is not in question.
"""


@contextmanager
def provider_process(environment: Mapping[str, str], code: str) -> Iterator[dict[str, str]]:
    """Yield `environment` with a PATH on which `terraform` is one whose AWS provider runs already, with these credentials.

    It knows the types that `code` names, and no others (`few_types`). Where the provider lies in no unpacked mirror, it is Terraform's
    to find, and `environment` is yielded as it is.
    """
    require("provider")
    provider = _provider()
    if provider is None:
        yield dict(environment)
        return
    answer = trimmed(_schema(provider), set(re.findall(_TYPE.pattern.decode(), code)))
    with _started(provider, environment) as reached, _few_types(reached, answer) as through:
        place = Path(_socket(reached)).parent
        _write(place / "bin" / terraform().name, through)
        yield {**environment, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def _started(provider: Path, environment: Mapping[str, str]) -> Iterator[bytes]:
    """Start the provider, and yield how Terraform reaches it; its socket lies in a directory that ends with it."""
    # Not pytest's own directory for a test: the path of the provider's socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="envclone-provider-") as place:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = {"TMPDIR": place, "GOGC": "400", **{f"TF_LOG{each}": "off" for each in _LOGS}}
        process = subprocess.Popen(
            ["sh", "-c", _UNTIL_INPUT_ENDS, "sh", str(provider)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**inherited, **environment, **own},
        )  # fmt: skip
        try:
            yield _said(process)
        finally:
            process.communicate(timeout=PATIENCE)


def _schema(provider: Path) -> bytes:
    @contextmanager
    def running() -> Iterator[str]:
        with _started(provider, {}) as reached:
            yield _socket(reached)

    return schema(provider, running)


def _socket(reached: bytes) -> str:
    return str(json.loads(reached)[str(PROVIDER)]["Addr"]["String"])


@contextmanager
def _few_types(reached: bytes, answer: bytes) -> Iterator[bytes]:
    """Yield how Terraform reaches the provider by what tells it of a few types alone."""
    upstream = _socket(reached)
    own, said = f"{upstream}-few", Path(f"{upstream}.schema")
    said.write_bytes(answer)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.few_types", upstream, own, str(said)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield reached.replace(upstream.encode(), own.encode())
    finally:
        process.communicate(timeout=PATIENCE)


@contextmanager
def provider_by_stack() -> Iterator[str]:
    """Yield a PATH on which `terraform` starts the provider once for each stack that a run opens, as that run would."""
    require("provider")
    found = _provider()
    with tempfile.TemporaryDirectory(prefix="envclone-provider-") as place:
        program = Path(place, "bin", terraform().name)
        program.parent.mkdir()
        few_types, answer = _few_types_in(program.parent), program.parent / "schema"
        answer.write_bytes(trimmed(_schema(found), _types_here()) if found else b"")
        logs = " ".join(f"TF_LOG{each}=off" for each in _LOGS)
        text = _BY_STACK.format(
            terraform=shlex.quote(str(terraform())), provider=f"providers/{PROVIDER}", logs=logs,
            mirrored=found.parent if found else "", version=found.parts[-3] if found else "",
            checksum=shlex.quote(AWS), nowhere=shlex.quote(_NOWHERE), answer=shlex.quote(str(answer)),
            python=shlex.quote(str(Path(sys.executable).resolve())), few_types=shlex.quote(str(few_types)),
        )  # fmt: skip
        program.write_text(text)
        program.chmod(0o755)
        yield f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def _few_types_in(directory: Path) -> Path:
    """Put the program that tells of a few types beside Terraform's, with what it imports: its cage lets it read nothing else of ours."""
    for module in ("grpc", "typing_extensions"):
        found = find_spec(module)
        assert found is not None
        source = Path(str(found.origin))
        if source.name == "__init__.py":
            shutil.copytree(source.parent, directory / source.parent.name)
        else:
            shutil.copy(source, directory)
    return Path(shutil.copy(Path(__file__).with_name("few_types.py"), directory))


def _types_here() -> set[str]:
    """Return every type of AWS that a file of this repository names: of templates, of the sandbox's own, and of tests."""
    places = (ROOT / each for each in ("templates", "bot/sandbox", "tests"))
    files = (file for place in places for file in place.rglob("*") if file.is_file() and file.suffix != ".pyc")
    return {name.decode() for file in files for name in _TYPE.findall(file.read_bytes())}


def _provider() -> Path | None:
    """Return the provider's program, or None where there is no mirror that holds it unpacked."""
    found = mirror(os.environ)
    programs = sorted(found.glob(f"{PROVIDER}/*/*/terraform-provider-aws_*")) if found else []
    return programs[-1] if programs else None


def _said(process: "subprocess.Popen[bytes]") -> bytes:
    """Return how Terraform reaches the provider, as it says when it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if (said := _SAID.search(line)) is not None:
            return said[1]
    raise AssertionError("The provider ended before it was ready.")


def _write(program: Path, reached: bytes) -> None:
    program.parent.mkdir()
    # Terraform looks by a signal whether the process is alive, and in its cage may send none out of it: it watches itself.
    alive = re.sub(r'(?<="Pid":)\d+', """'"$$"'""", f"'{reached.decode()}'")
    variable = f"TF_REATTACH_PROVIDERS={alive}"
    program.write_text(f'#!/bin/sh\n{variable} exec {shlex.quote(str(terraform()))} "$@"\n')
    program.chmod(0o755)
