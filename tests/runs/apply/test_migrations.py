"""Blocks of migrations with real Terraform: what a revision calls otherwise stays what it is, whatever is skipped, killed or destroyed on the way."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.git.checkout import Checkout
from bot.clients.git.merge_file import merge_text
from bot.commands.model import Sync
from bot.core.messages.plan_comment import complete
from bot.core.plans.risk import risk_of
from bot.core.rendering.assemble import own_manifest
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.migrations import block_files
from bot.core.rendering.synced_values import carried
from bot.core.rendering.verify import verify
from bot.core.requests.sync import Synced, SyncSubject, draft_sync
from bot.runs.plan.plan import Planned, plan
from bot.runs.plan.request import PlanRequest
from tests.support import product
from tests.support.deploying import DEMO, Deploying
from tests.support.patience import PATIENCE
from tests.support.product import STACKS
from tests.support.terraform import program

pytestmark = pytest.mark.e2e

LEGACY = '\nresource "terraform_data" "legacy" {\n  input = "kept by somebody else"\n}\n'
BROKEN = """
resource "terraform_data" "broken" {
  depends_on = [terraform_data.hub]
  provisioner "local-exec" { command = "exit 1" }
}
"""


def network(name: str) -> str:
    """Return the stack's code with its thing under this name."""
    return STACKS["network"].replace('"main"', f'"{name}"').replace("terraform_data.main", f"terraform_data.{name}")


def migration(name: str, *blocks: str) -> str:
    text = "\n".join(blocks).replace("\n", "\n        ")
    return f"  {name}:\n    description: It is called otherwise.\n    blocks:\n      network: |\n        {text}\n"


def moved(old: str, new: str) -> str:
    return f"moved {{\n  from = terraform_data.{old}\n  to   = terraform_data.{new}\n}}"


FORGOTTEN = "removed {\n  from = terraform_data.legacy\n  lifecycle {\n    destroy = false\n  }\n}"
SECOND = f"migrations:\n{migration('core', moved('main', 'core'))}"
THIRD = f"{SECOND}{migration('hub', moved('core', 'hub'), FORGOTTEN)}"
FOURTH = f"{THIRD}{migration('root', moved('hub', 'root'))}"


def synced(deploying: Deploying, code: str, migrations: str, **values: str) -> str:
    """Bring the clone to a revision of the template with that code and these migrations; return the head of its pull request."""
    before = deploying.template
    checkout = Checkout(deploying.repo.root, deploying.repo.roots)
    files = checkout.environment(DEMO)
    manifest = own_manifest(files, DEMO, deploying.repo.roots)
    deploying.stacks["network"], deploying.migrations = code, migrations
    after = deploying.template
    subject = SyncSubject(
        manifest, files, before, after, deploying.policy, Inventory({DEMO: manifest}), merge_text=merge_text
    )
    drafted = draft_sync(Sync(DEMO), subject, datetime.now(UTC))
    assert isinstance(drafted, Synced), drafted
    assert not drafted.conflicts
    assert verify(DEMO, drafted.files, after) == [], "it is what its template renders"
    deploying.repo.git("checkout", "-q", "-B", "change")
    deploying.repo.put(after.where, after.files)
    deploying.repo.put(deploying.repo.roots.environment(DEMO), drafted.files)
    return deploying.repo.commit("sync demo-x")


def things(deploying: Deploying) -> list[str]:
    return sorted(each.rpartition(": ")[2] for each in deploying.left() if "/network/" in each)


def test_what_is_called_otherwise_keeps_what_it_is_when_revisions_and_an_apply_are_skipped(
    deploying: Deploying,
) -> None:
    deploying.stacks["network"] = network("main") + LEGACY
    assert deploying.apply(deploying.deliver()).has_succeeded, deploying.lines
    assert things(deploying) == ["terraform_data.legacy", "terraform_data.main"]
    known = deploying.parameters()

    # Merged and never applied: what it needed is still needed afterwards.
    deploying.merge(synced(deploying, network("core") + LEGACY, SECOND))
    head = synced(deploying, network("root"), FOURTH)
    planned = plan(PlanRequest(DEMO, head, "update"), deploying.planner())
    assert isinstance(planned, Planned), planned
    counts = planned.plan.counts
    assert (counts.add, counts.change, counts.destroy) == (0, 0, 0)
    said = complete(planned.plan, risk_of(planned.plan))
    assert "was `terraform_data.main`" in said
    assert "forget" in said
    deploying.merge(head)
    outcome = deploying.apply(head)
    assert outcome.has_succeeded, [each.reason for each in outcome.steps]
    assert things(deploying) == ["terraform_data.root"]
    assert deploying.parameters() == known, "the stacks that read its outputs made nothing again"
    assert {str(each.name): each.state for each in deploying.apply(head).steps}["network"] == "skipped"


def test_a_destroy_after_an_apply_that_failed_half_way_leaves_nothing_under_either_name(deploying: Deploying) -> None:
    assert deploying.apply(deploying.deliver()).has_succeeded, deploying.lines
    head = synced(deploying, network("hub") + BROKEN, f"migrations:\n{migration('hub', moved('main', 'hub'))}")
    deploying.review(head)
    deploying.merge(head)
    assert not deploying.apply(head).has_succeeded
    assert "terraform_data.hub" in things(deploying), "it has its new name, and the stack is not done"
    assert deploying.destroy(deploying.remove()).is_clean, deploying.lines
    assert deploying.left() == []


def test_production_imports_what_exists_once(tmp_path: Path) -> None:
    block = 'import {\n  to = terraform_data.main\n  id = "made-before"\n}'
    before = product.template()
    after = product.template(migrations=f"migrations:\n{migration('adopted', block)}")
    production = product.manifest(before, "production", None, {"state_bucket": "any"})
    brought = carried(production, before.declaration, after.declaration)
    files = block_files(after.declaration, brought)
    assert not block_files(after.declaration, brought.model_copy(update={"source": production.name}))
    (tmp_path / "main.tf").write_text('resource "terraform_data" "main" {}\n')
    (tmp_path / "migrations.tf").write_bytes(files["network/migrations.tf"].data)
    known = program(tmp_path / "configuration", {"HOME": str(tmp_path)}, tmp_path / "place")

    def terraform(*arguments: str) -> str:
        done = subprocess.run(
            [known.binary, *arguments, "-no-color"],
            cwd=tmp_path,
            env={**known.environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout

    terraform("init")
    assert "1 imported, 0 added, 0 changed, 0 destroyed" in terraform("apply", "-auto-approve")
    assert "No changes." in terraform("plan")
    assert "1 destroyed" in terraform("destroy", "-auto-approve")
