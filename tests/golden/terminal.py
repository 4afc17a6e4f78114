"""Golden texts of the command line: what a terminal shows."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from typer.testing import CliRunner

from bot.cli.actions.handle import told
from bot.cli.app import app
from bot.core.ledger.lease import LENGTH, acquired
from bot.core.ledger.ledger import Clear, KeptOutput, Lease, Ledger, Undo, hidden
from bot.core.ledger.transitions import Start, Success, failed, started, succeeded
from bot.core.messages import apply_text, destroy_receipt, ledger_text
from bot.core.parity.output.directory_text import directory_text
from bot.core.parity.output.text import text
from bot.jobs.at_once import CarriedOut
from tests.cli.local.test_directory_parity import lay_out
from tests.core.parity.directories.layouts import compare
from tests.golden import inputs as i

Texts = Mapping[str, Callable[[], str]]

LOCK = '# This file is maintained automatically by "terraform init".\n'
APP = 'variable "env" {}\nvariable "size" {}\nresource "terraform_data" "x" {\n  input = "${var.env} ${var.size}"\n}\n'
LARGE = "".join(
    f'resource "terraform_data" "{name}" {{\n  count = var.size == "large" ? 1 : 0\n}}\n'
    for name in ("cache", "search")
)
MONOREPO = {
    "infra/production/main.tf": APP + LARGE + 'resource "terraform_data" "audit" {\n  input = "kept"\n}\n',
    "infra/production/terraform.tfvars": 'env  = "production"\nsize = "large"\n',
    "infra/production/.terraform.lock.hcl": LOCK,
    "infra/staging/main.tf": APP + LARGE,
    "infra/staging/terraform.tfvars": 'env  = "staging"\nsize = "small"\n',
    "infra/staging/.terraform.lock.hcl": LOCK,
}


def _ledger() -> str:
    start = Start("d", "alice", i.RUN, head="a" * 40, commit="b" * 40, tree="c" * 40)
    later = i.NOW + timedelta(seconds=65)
    ledger = Ledger(environment=i.NAME)
    for owner, why in (("run 1", ""), ("run 2", "the runner was switched off")):
        found = acquired(
            ledger, Lease(lock_owner=owner, until=i.NOW + LENGTH, since=i.NOW), i.NOW, *([why] if why else [])
        )
        assert isinstance(found, Ledger)
        ledger = found
    outputs: dict[str, KeptOutput] = {
        "url": Clear(value="https://demo-x.clones.acme.example"),
        "token": hidden(i.APP, "token", "secret", "key"),
    }
    success = Success(outputs, "3 added", Undo(none="Terraform destroys it"))
    ledger = succeeded(started(ledger, i.APP, start, i.NOW), i.APP, success, later)
    return ledger_text.text(failed(started(ledger, i.SMOKE, start, i.NOW), i.SMOKE, "no answer within 30 s", later))


def _said(*words: str) -> str:
    """Return what a command prints in a small monorepo."""
    with TemporaryDirectory() as scratch:
        root = lay_out(Path(scratch), MONOREPO)
        (root / ".git").mkdir()
        done = CliRunner().invoke(app, [*words, "--root", str(root)], prog_name="envclone")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output.replace(str(root), ".")


def _directories() -> str:
    return directory_text(compare(MONOREPO, "infra/staging", "infra/production"))


TERMINAL: Texts = {
    "terminal/ledger": _ledger,
    "terminal/ledger-empty": lambda: ledger_text.text(Ledger(environment=i.NAME)),
    "terminal/applied": lambda: apply_text.text(i.LIVE),
    "terminal/apply-failed": lambda: apply_text.text(i.BROKEN),
    "terminal/destroyed": lambda: destroy_receipt.text(i.destroyed(i.step("app"), i.step("network"))),
    "terminal/parity": lambda: text(i.comparison().parity, ()),
    "terminal/directories": _directories,
    "terminal/adopt": lambda: _said("adopt", "infra/production", "--with", "infra/staging"),
    "terminal/init": lambda: _said("init", "--tool", f"acme/envclone@{i.COMMIT}", "--no-server"),
    "terminal/handle": lambda: "\n".join(
        told([CarriedOut("clone", "done"), CarriedOut("set", "refused"), CarriedOut("sync", "failed", "7f3a9c")], "")
    ),
    "terminal/handle-nothing": lambda: "\n".join(told([], "the event asks for nothing")),
}  # fmt: skip
