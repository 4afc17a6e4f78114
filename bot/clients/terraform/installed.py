"""What `terraform init` installed, by Terraform's own account: the last look before any of it is run.

The gate reads code with another parser than Terraform's. Should the two ever read it differently, this finds out: installing
runs nothing, and a provider or a module that the policy does not name is refused before the first command that would.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from bot.core.checks.static_checks import GateRules
from bot.names import shown

_HOSTS = frozenset({"registry.terraform.io", "registry.opentofu.org"})


def foreign(data: Path, rules: GateRules) -> Iterator[str]:
    """Yield a complaint for each provider and module in Terraform's data directory that `rules` do not allow."""
    for place in sorted((data / "providers").glob("*/*/*")):
        host, namespace, kind = place.parts[-3:]
        if host not in _HOSTS or f"{namespace}/{kind}" not in rules.providers:
            yield f"provider {shown(f'{host}/{namespace}/{kind}')} is not in the policy's `gate.providers`"
    for source in _modules(data / "modules" / "modules.json"):
        if not source.startswith(("./", "../")) and rules.module_entry(_plain(source)) is None:
            yield f"module source {shown(source)} is not in the policy's `gate.module_sources`"


def _modules(listing: Path) -> Iterator[str]:
    if listing.exists():
        for module in json.loads(listing.read_text("utf-8"))["Modules"]:
            if module["Key"]:  # the root module has none
                yield module["Source"]


def _plain(source: str) -> str:
    return source.removeprefix("registry.terraform.io/").removeprefix("registry.opentofu.org/")
