"""What a file's name alone makes of it for Terraform, whatever it says: files that are looked into, and all others refused.

Terraform knows a file by how its name ends, and newer versions know more endings. So of `.tf….hcl` and `.tf….json` those are
allowed that are read here or say nothing to a plan, and every other is refused, also one that no Terraform has yet.
"""

import re

from bot.core.checks.module_sources import TESTS
from bot.core.tree import CODE, OPENTOFU, is_override
from bot.model.policy import Tool

STATE = ".tfstate"
_OF_OPENTOFU = re.compile(r"\.tofu[a-z]*(?:\.(?:hcl|json))?$")
"""Files of OpenTofu's own."""
_KIND = re.compile(r".*?(\.tf[a-z]+)(?:\.hcl|\.json)")
_LOOKED_INTO = frozenset({".tfbackend", ".tftest", ".tfvars"})
_SAYS_NOTHING = frozenset({".tfmock", ".tftpl"})
"""Answers for `terraform test`, which nothing here runs, and a template file, which is looked into where code fills it."""
_OF_A_LINTER = ".tflint.hcl"
"""Common in real repositories. Terraform passes over names that begin with a dot."""
_FOR_A_MACHINE = re.compile(r"terraform\.rc|\.terraformrc|.*\.tfrc(?:\.json)?|\.netrc")
"""Configuration of Terraform's command line, and passwords that it downloads modules with."""


def is_state(path: str) -> bool:
    """Say whether a file is a state, or a copy that Terraform made of one."""
    *directories, name = path.split("/")
    return "terraform.tfstate.d" in directories or name.endswith((STATE, f"{STATE}.backup"))


def misplaced(path: str, tool: Tool = "terraform") -> str | None:
    """Return what is wrong with a file of an environment for its name alone, where this tool plans it."""
    *directories, name = path.split("/")
    if (wrong := _not_read_by(tool, name)) is not None:
        return wrong
    if is_override(name):
        return "override files are not allowed: write what it says into the block that it changes, and remove it."
    if _FOR_A_MACHINE.fullmatch(name):
        return "Terraform CLI configuration is not allowed. Remove it."
    if name.startswith(".") and name.endswith(CODE):
        return "Terraform doesn't read files that begin with a dot. Rename it, or remove it."
    if ".terraform" in (*directories, name):
        return "Terraform's working directory must not be committed. Remove it from git."
    if {"terraform.d", ".terraform.d"} & {*directories}:
        # `terraform init` installs from terraform.d/plugins before it asks a registry.
        return "provider programs must not be committed. Remove it: `terraform init` installs providers."
    if is_state(path):
        # A state names providers of its own, which `init` installs and the plan runs.
        return "state must not be committed. Remove it from git; it belongs in the backend."
    return _not_looked_into(name)


def _not_read_by(tool: Tool, name: str) -> str | None:
    """Return what is wrong with a file for the tool that reads it."""
    if name.endswith(OPENTOFU) and tool == "terraform":
        both = name.replace(".tofu", ".tf")
        return (
            f".tofu files are read only by OpenTofu, so Terraform would not plan what was reviewed. Rename it to {both}, which both read, in "
            "place of any file of that name. If OpenTofu is to plan all environments, say `tool: opentofu` in the policy."
        )
    if (
        tool == "opentofu"
        and (unknown := _OF_OPENTOFU.search(name)) is not None
        and not name.endswith((*OPENTOFU, *TESTS))
    ):
        return f"files that end in `{unknown[0]}` are not checked. Move its contents to a .tofu file, or remove it."
    return None


def _not_looked_into(name: str) -> str | None:
    if name == ".terraformignore":
        return "with it, remote runs of Terraform would lack files that were reviewed. Remove it."
    kind = _KIND.fullmatch(name)
    if name == _OF_A_LINTER or kind is None or kind[1] in _LOOKED_INTO | _SAYS_NOTHING:
        return None
    return (
        f"files that end in `{name[kind.start(1) :]}` are not checked. Move its contents to a .tf file, or remove it."
    )
