"""What a root module's code says of one machine, such as a profile of its user's: taken away while Terraform works on the code here.

The runner's credentials take its place. A provider's argument is unset by a file beside the code, a backend's by an argument of `init`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.clients.terraform.code_here import code_here
from bot.core.checks.required_providers import local_names_of
from bot.core.checks.workspaces import kind_of, may_say
from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block
from bot.core.tree import File, Tree

OVERRIDE = "envclone_machine_override.tf"
"""Terraform lets such a file have the last word. The static checks refuse any that is committed."""


@contextmanager
def without_machine_settings(directory: Path, cloud: CloudFacts) -> Iterator[Sequence[str]]:
    """Unset what the providers of the root module in `directory` say of one machine; yield the arguments of `init` that do so for its backend."""
    files = code_here(directory)
    found = [block for path, file in files.items() if _may_say(path, file, cloud) for block in blocks(path, file.data)]
    override = "".join(_overrides(found, files, cloud))
    place = directory / OVERRIDE
    if override:
        place.write_text(override, "utf-8")
    try:
        yield [*_of_backends(found, cloud)]
    finally:
        if override:
            place.unlink()


def _may_say(path: str, file: File, cloud: CloudFacts) -> bool:
    names = cloud.gate.machine_arguments.union(*(facts.machine_arguments for facts in cloud.backends.values()))
    return any(may_say(path, file.data, name.encode()) for name in names)


def _overrides(found: Sequence[Block], files: Tree, cloud: CloudFacts) -> Iterator[str]:
    sources = local_names_of(files, "")
    for block in found:
        name = block.labels[0] if block.type == "provider" and block.labels else ""
        unset = [setting.name for setting in block.settings if setting.name in cloud.gate.machine_arguments]
        if name and unset and sources.get(name, f"hashicorp/{name}") == cloud.provider:
            alias = block.text("alias")
            lines = [f"alias = {json.dumps(alias)}"] if alias else []
            lines += [f"{each} = null" for each in unset]
            yield f"provider {json.dumps(name)} {{\n{''.join(f'  {line}{chr(10)}' for line in lines)}}}\n"


def _of_backends(found: Sequence[Block], cloud: CloudFacts) -> Iterator[str]:
    for inner in (inner for block in found if block.type == "terraform" for inner in block.blocks):
        facts = cloud.backends.get(kind_of(inner)) if inner.type == "backend" else None
        if facts is not None:
            names = [setting.name for setting in inner.settings if setting.name in facts.machine_arguments]
            yield from (f"-backend-config={name}=" for name in names)
