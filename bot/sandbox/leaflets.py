"""The product whose template changes in the demonstration of a rollout: its monorepo, and the change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.clients.git.checkout import Checkout
from bot.core.tree import File
from bot.model.policy import Quota
from bot.model.rollout import RolloutPolicy, Wave
from bot.model.yaml_document import dump
from bot.names import ParameterName, PurposeName, TemplateName
from bot.sandbox.rehearsal import PRODUCTION, Product, monorepo, production

LEAFLETS = Product(
    TemplateName("leaflets"),
    ("window",),
    {ParameterName("pages"): 2, ParameterName("most_pages"): 8},
    ("print",),
)
_CODE: Final = "print/main.tf"
_COVER: Final = b"""
resource "terraform_data" "cover" {
  count = var.purpose == "archive" ? 0 : 1
  input = { colour = "green", pages = var.pages }

  lifecycle {
    postcondition {
      condition     = self.output.pages <= var.most_pages
      error_message = "The press can't bind that many pages."
    }
  }
}
"""
"""Known to be too thick only once it is made: that is how an apply fails after a good plan."""


def leaflets(target: Path, source: Path) -> Path:
    """Write the monorepo, whose policy rolls changes out in waves. Raises `UserError`."""
    monorepo(target, source, LEAFLETS)
    checkout = Checkout(target, Checkout(target).policy().roots)
    policy = checkout.policy()
    waves = (
        Wave(purposes=(PurposeName("qa"),)),
        Wave(purposes=(PurposeName("demo"), PurposeName("archive"))),
    )
    rolled_out = policy.model_copy(
        update={
            "rollout": RolloutPolicy(enabled=True, waves=waves),
            "quota": Quota(total=50, per_owner=20),
            # Production was never applied here: its first plan makes all of it.
            "may_be_created": (PRODUCTION,),
        }
    )
    (target / ".github" / "envclone.yml").write_text(dump(rolled_out, "../schemas/policy.schema.json"))
    return target


def change(here: Path) -> Mapping[str, bytes]:
    """Return the files of the change of the template, with production rendered from it, by their paths in the monorepo."""
    checkout = Checkout(here, Checkout(here).policy().roots)
    name, files = LEAFLETS.template, checkout.template(LEAFLETS.template)
    code = files[_CODE].data + _COVER
    at = checkout.read_template(name, {**files, _CODE: File(code)})
    where = checkout.roots.environment(PRODUCTION)
    rendered = {f"{where}/{path}": file.data for path, file in production(at, LEAFLETS).items()}
    return {f"{checkout.roots.template(name)}/{_CODE}": code, **rendered}
