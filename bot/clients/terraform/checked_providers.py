"""Providers whose checksums `init` has compared with the lock file's, and which nothing can have changed since.

Terraform reads a provider whole before every command to compare its checksum again: for AWS's 700 MB that is half a second of
processor time. Those that lie in a mirror or in a cache can't be written to by anything that Terraform runs here, so once is
enough. What tells Terraform so is an override in its CLI configuration, of which it warns at each command
(https://developer.hashicorp.com/terraform/cli/config/config-file#development-overrides-for-provider-developers).
"""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.clients.cage import landlock
from bot.clients.terraform.output import TerraformEvent

CONFIG = "TF_CLI_CONFIG_FILE"
_WARNING = "Provider development overrides are in effect"
_NEEDED = re.compile(r"\b(?:credentials|credentials_helper|host|dev_overrides)\s*[\"{]")
"""What a machine's own configuration may say that commands after `init` need, too."""


def checked_providers(data: Path, writes: Sequence[Path]) -> dict[str, Path]:
    """Return the directories of the providers that `init` has just installed into `data`, by address, but for those below `writes`.

    Ask right after `init`: what runs later may change where the links in `data` lead. There are none where nothing is confined.
    """
    if not landlock():
        return {}
    writable = [each.resolve() for each in writes]
    found = {}
    for place in sorted((data / "providers").glob("*/*/*/*/*")):
        directory = place.resolve()
        if not any(directory.is_relative_to(each) for each in writable):
            found["/".join(place.parts[-5:-2])] = directory
    return found


def as_they_are(checked: Mapping[str, Path], private: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable by which a command takes these providers without reading them again; none if there are none.

    The configuration is a new file for each command: what ran before may write in `private`.
    """
    named = Path(environment.get(CONFIG) or "/nonexistent")
    if not checked or (named.is_file() and _NEEDED.search(named.read_text("utf-8", "replace"))):
        return {}
    overrides = "".join(f"    {json.dumps(address)} = {json.dumps(str(place))}\n" for address, place in checked.items())
    descriptor, path = tempfile.mkstemp(dir=private, suffix=".tfrc")
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n  direct {{}}\n}}\n")
    return {CONFIG: path}


def is_expected(event: TerraformEvent) -> bool:
    """Say whether an event is Terraform's warning of these overrides."""
    return event.diagnostic is not None and event.diagnostic.summary == _WARNING
