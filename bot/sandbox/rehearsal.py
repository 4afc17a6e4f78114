"""A monorepo with a small product, for rehearsing an environment's whole life in minutes: its template is beside this file."""

import shutil
from pathlib import Path

from bot.clients.git.checkout import Checkout, own_checkout
from bot.core.rendering.assemble import assemble
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName, Login, PurposeName, TemplateName

TEMPLATE = TemplateName("newsletter")
PRODUCTION = EnvironmentName("production")
_FILES = Path(__file__).parent / "templates" / TEMPLATE
_LOCK = ".terraform.lock.hcl"


def monorepo(target: Path, source: Path) -> Path:
    """Write the small product's template, and production rendered from it, beside the workflows and the policy of `source`.

    The provider's lock file is that of the template that `source` ships, so both use one version. Raises `UserError`.
    """
    roots = own_checkout(source).roots
    locks = sorted((source / roots.templates).glob(f"*/*/{_LOCK}"))
    if not locks or not (source / ".github").is_dir():
        raise UserError(f"{source} has no templates and workflows. Run this in a checkout of a monorepo.")
    shutil.copytree(source / ".github", target / ".github")
    template = target / roots.template(TEMPLATE)
    shutil.copytree(_FILES, template)
    shutil.copy(locks[0], template / "app" / _LOCK)
    checkout = Checkout(target, roots)
    at = checkout.read_template(TEMPLATE, checkout.template(TEMPLATE))
    production = Manifest(
        name=PRODUCTION,
        template=TEMPLATE,
        revision=at.revision,
        purpose=PurposeName("production"),
        owner=Login("platform"),
        parameters={
            **dict.fromkeys(at.declaration.parameters),
            "name": PRODUCTION,
            "account_id": "111111111111",
            "state_bucket": "acme-production-tfstate",
            "region": "eu-central-1",
            "purpose": "production",
            "log_days": 365,
            "mail_sender": "letters@acme.example",
        },
        stacks=at.declaration.stacks,
    )
    checkout.write_environment(PRODUCTION, assemble(at, production))
    return target
