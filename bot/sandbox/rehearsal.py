"""Monorepos with a small product, for rehearsing an environment's whole life in minutes: their templates are beside this file."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.clients.git.checkout import Checkout, own_checkout
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.tree import Tree
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.names import EnvironmentName, Login, ParameterName, PurposeName, TemplateName

PRODUCTION = EnvironmentName("production")
_FILES = Path(__file__).parent / "templates"
_LOCK = ".terraform.lock.hcl"
_NO_PROVIDER = '# This file is maintained automatically by "terraform init".\n'


@dataclass(frozen=True, slots=True)
class Product:
    """A template beside this file, its stacks with and without a provider, and the values that only production has."""

    template: TemplateName
    on_aws: tuple[str, ...]
    values: Mapping[ParameterName, Json]
    elsewhere: tuple[str, ...] = ()


NEWSLETTER = Product(
    TemplateName("newsletter"),
    ("app",),
    {ParameterName("log_days"): 365, ParameterName("mail_sender"): "letters@acme.example"},
)


def monorepo(target: Path, source: Path, product: Product = NEWSLETTER) -> Path:
    """Write the small product's template, and production rendered from it, beside the workflows and the policy of `source`.

    The provider's lock file is that of the template that `source` ships, so both use one version. Raises `UserError`.
    """
    roots = own_checkout(source).roots
    locks = sorted(lock for root in roots.of_templates for lock in (source / root).glob(f"*/*/{_LOCK}"))
    if not locks or not (source / ".github").is_dir():
        raise UserError(f"{source} has no templates and workflows. Run this in a checkout of a monorepo.")
    shutil.copytree(source / ".github", target / ".github")
    template = target / roots.template(product.template)
    shutil.copytree(_FILES / product.template, template)
    for stack in product.on_aws:
        shutil.copy(locks[0], template / stack / _LOCK)
    for stack in product.elsewhere:
        (template / stack / _LOCK).write_text(_NO_PROVIDER)
    checkout = Checkout(target, roots)
    at = checkout.read_template(product.template, checkout.template(product.template))
    checkout.write_environment(PRODUCTION, production(at, product))
    return target


def production(at: TemplateAt, product: Product) -> Tree:
    """Return the files of production, rendered from a revision of the product's template."""
    manifest = Manifest(
        name=PRODUCTION,
        template=product.template,
        revision=at.revision,
        purpose=PurposeName("production"),
        owner=Login("platform"),
        parameters={
            **dict.fromkeys(at.declaration.parameters),
            ParameterName("name"): PRODUCTION,
            ParameterName("account_id"): "111111111111",
            ParameterName("state_bucket"): "acme-production-tfstate",
            ParameterName("region"): "eu-central-1",
            ParameterName("purpose"): "production",
            **product.values,
        },
        stacks=at.declaration.stacks,
    )
    return assemble(at, manifest)
