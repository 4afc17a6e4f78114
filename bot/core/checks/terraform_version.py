"""Which version of the policy's tool plans and applies an environment: what its `.terraform-version` or `.opentofu-version` says, or else the policy.

One job plans all stacks of an environment, so they have one version. It is held against every `required_version` here, before a pull
request would find out.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.core.checks.versions import is_within
from bot.core.hcl.local_modules import code_files
from bot.core.hcl.parser import blocks
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.policy import PATH as POLICY
from bot.model.policy import WHOLE_VERSION, Policy, Tool
from bot.names import StepName

FILES: Final[Mapping[Tool, str]] = {"terraform": ".terraform-version", "opentofu": ".opentofu-version"}
"""As the version managers `tenv` and `tfenv` have them; of what they take, only a whole version is the same on every day."""
PROGRAMS: Final[Mapping[Tool, str]] = {"terraform": "Terraform", "opentofu": "OpenTofu"}
_KEYS: Final[Mapping[Tool, str]] = {"terraform": "terraform_version", "opentofu": "opentofu_version"}
_OLDEST = (1, 8)
"""Of OpenTofu: older ones read no `.tofu`, and the `.tf` file of that name in its place."""


def terraform_version(files: Tree, policy: Policy) -> str:
    """Return the version for an environment with these files; what is wrong with them is said by `version_findings`."""
    said = {text for _, text in _said(files, FILES[policy.tool])}
    by_policy = policy.terraform_version if policy.tool == "terraform" else policy.opentofu_version
    return said.pop() if len(said) == 1 and all(map(_is_whole, said)) else by_policy


def version_findings(code: Tree, stacks: Sequence[StepName], where: str, policy: Policy) -> Sequence[Finding]:
    """Return why an environment can't be planned with its version. The files must have passed the gate, so they parse."""
    file, other = FILES[policy.tool], FILES["opentofu" if policy.tool == "terraform" else "terraform"]
    said = [(path, text) for path, text in _said(code, file) if posixpath.dirname(path) in {"", *stacks}]
    below = [f"{stack}/{file}" for stack in stacks if "/" in stack and f"{stack}/{file}" in code]
    wrong = [
        Finding(f"{where}/{path}", 1, f"is not read in a directory below others. Move it to {where}/{file}.")
        for path in below
    ]
    wrong += [
        Finding(
            f"{where}/{path}",
            1,
            f"the policy's `tool` is {policy.tool}, which does not read it. Write its version into `{file}`, or change `tool` in {POLICY}.",
        )
        for path, _ in _said(code, other)
        if posixpath.dirname(path) in {"", *stacks}
    ]
    wrong += [
        Finding(
            f"{where}/{path}", 1, "a whole version must stand here, the same on every day: write for example `1.11.4`."
        )
        for path, text in said
        if not _is_whole(text)
    ]
    if not wrong and len({text for _, text in said}) > 1:
        message = f"all stacks of an environment are planned with one version. Write one `{file}` beside the stacks."
        wrong = [Finding(f"{where}/{path}", 1, message) for path, _ in said]
    version = terraform_version(code, policy)
    if not wrong and policy.tool == "opentofu" and tuple(map(int, version.split("-")[0].split(".")[:2])) < _OLDEST:
        message = f"OpenTofu {version} does not read `.tofu` files as newer ones do. Write 1.8.0 or newer into `{file}`, or into `{_KEYS[policy.tool]}` in {POLICY}."
        wrong = [Finding(f"{where}/{file}", 1, message)]
    return wrong or list(_unmet(code, where, version, policy.tool))


def _unmet(code: Tree, where: str, version: str, tool: Tool) -> Iterator[Finding]:
    for paths in code_files(code).values():
        for path in paths:
            for block in blocks(path, code[path].data):
                setting = block.setting("required_version") if block.type == "terraform" else None
                span = block.text("required_version")
                if setting is not None and span is not None and not _is_met(version, span):
                    message = (
                        f"`{span}` does not take {PROGRAMS[tool]} {version}, which plans this environment. Write a version that it takes into "
                        f"`{FILES[tool]}` beside the stacks, or into `{_KEYS[tool]}` in {POLICY} for all environments."
                    )
                    yield Finding(posixpath.normpath(f"{where}/{path}"), setting.line, message)


def _is_met(version: str, span: str) -> bool:
    try:
        return is_within(version, span)
    except InvalidInput:
        return False


def _said(files: Tree, file: str) -> Iterator[tuple[str, str]]:
    for path in sorted(files):
        if posixpath.basename(path) == file and path.count("/") <= 1 and not path.startswith("../"):
            yield path, files[path].data.decode("utf-8", "replace").strip()


def _is_whole(text: str) -> bool:
    return re.fullmatch(WHOLE_VERSION, text, re.ASCII) is not None
