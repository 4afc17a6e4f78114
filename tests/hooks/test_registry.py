"""Installed packages add kinds of hooks by an entry point."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.hooks.registry import kind_of, kinds
from bot.model.pipeline import Hook, NoUndo
from tests.support.patience import PATIENCE

GREETING = '''
from bot.hooks.kind import AppliedHook, HookCheck, HookKind, HookModel
from bot.names import ParameterName

class Inputs(HookModel):
    name: str

class Record(HookModel):
    pass

class Greeting(HookKind[Inputs, Record]):
    """Greets."""

    name = "acme.greeting"
    inputs = Inputs
    record = Record
    outputs = {ParameterName("said"): "What was said."}

    def check(self, inputs, context):
        return HookCheck("would_change", f"would greet {inputs.name}")

    def apply(self, inputs, context):
        return AppliedHook({ParameterName("said"): f"hello {inputs.name}"}, "greeted")

    def verify(self, inputs, context):
        return ""

    def undo(self, record, context):
        return "nothing to undo"

class Impostor(Greeting):
    name = "http.probe"
'''


def known(tmp_path: Path, entries: str) -> "subprocess.CompletedProcess[str]":
    """Ask a fresh process, in whose path a package with these entry points lies, which kinds there are."""
    metadata = tmp_path / "acme_hooks-0.1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-hooks\nVersion: 0.1\n")
    (metadata / "entry_points.txt").write_text(f"[envclone.hooks]\n{entries}\n")
    (tmp_path / "acme_hooks.py").write_text(GREETING)
    program = "from bot.hooks.registry import kinds; print(*sorted(kinds()))"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=PATIENCE, env=environment
    )


def test_a_package_adds_a_kind(tmp_path: Path) -> None:
    found = known(tmp_path, "acme.greeting = acme_hooks:Greeting")
    assert found.stdout.split() == sorted([*kinds(), "acme.greeting"]), found.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ("acme.other = acme_hooks:Greeting", "`acme.other` (acme_hooks:Greeting) is not a hook kind of that name"),
        ("acme.greeting = acme_hooks:Inputs", "is not a hook kind of that name"),
        ("http.probe = acme_hooks:Impostor", "Two installed packages provide the hook kind `http.probe`"),
    ],
)
def test_what_is_no_kind_or_takes_anothers_name_is_refused(tmp_path: Path, entries: str, complaint: str) -> None:
    found = known(tmp_path, entries)
    assert found.returncode != 0
    assert complaint in found.stderr


def test_an_unknown_kind_is_refused_with_what_was_meant() -> None:
    hook = Hook(uses="aws.secrets", undo=NoUndo(none="nothing is made here"))
    with pytest.raises(UserError, match=r"Hook kind `aws.secrets` not found. Did you mean `aws.secret`\?"):
        kind_of(hook)


def test_only_the_kind_that_is_used_is_imported() -> None:
    program = (
        "import sys; from bot.hooks.registry import kind_of; from bot.model.pipeline import Hook, NoUndo; "
        "kind_of(Hook(uses='aws.secret', undo=NoUndo(none='nothing is made')))"
        "; print(*sorted(name for name in sys.modules if name.startswith('bot.hooks.aws.') or name == 'boto3'))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert said.stdout.split() == [f"bot.hooks.aws.{name}" for name in ("secret", "secret_shape", "session")], (
        said.stderr
    )
