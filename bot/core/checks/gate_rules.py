"""What code is held against: the policy of the default branch, and what is known of the cloud."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.cloud_facts import CloudFacts
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.policy import Tool
from bot.model.roots import DEFAULT, Roots
from bot.model.static_check_rules import StaticCheckRules

BUILT_IN = "terraform.io/builtin/terraform"
RUNS = frozenset({"exec", "command", "credential_process"})
"""Arguments that start a program, wherever they stand: only `gate.exec` allows one, by its whole line."""
HOLD_PROGRAMS = frozenset({"kubernetes"})
"""Arguments of providers whose objects may hold such a one: they are written out in the provider block, where it is seen."""
HARMLESS = (
    BUILT_IN,
    "hashicorp/archive",
    "hashicorp/local",
    "hashicorp/null",
    "hashicorp/random",
    "hashicorp/time",
    "hashicorp/tls",
)
"""Providers without credentials that reach nothing outside: what of them names a file is held against the bounds of the module."""
_HARMLESS_DATA = frozenset(
    {"archive_file", "local_file", "local_sensitive_file", "null_data_source", "random_password", "tls_private_key", "tls_public_key"}
)  # fmt: skip
"""Data sources of these, and what they make up for one run (ephemeral resources). `tls_certificate` asks a host, so it is none."""
ANY_VERSION = "*"
_REF = re.compile(r"[?&]ref=([^&]*)")


Referee: TypeAlias = Callable[[Tree, str], Sequence[Finding]]
"""Returns which of some files another parser reads otherwise than ours; the text is the environment's directory, for messages."""


def nobody(files: Tree, where: str) -> Sequence[Finding]:
    """Find nothing: where the code is our own, as in tests of the core."""
    return ()


StepJudge: TypeAlias = Callable[[Tree, Manifest, str], Sequence[Finding]]
"""Returns what is wrong with how the steps of the environment in a directory are declared: the kinds of hooks are outside the core."""


def no_step(code: Tree, manifest: Manifest, where: str) -> Sequence[Finding]:
    """Find nothing: where no hook's kind is known, as in tests of the core."""
    return ()


@dataclass(frozen=True, slots=True)
class Judges:
    """Who is asked of an environment's code beside the core: HashiCorp's parser, and the kinds of hooks."""

    code: Referee = nobody
    steps: StepJudge = no_step


NOBODY = Judges()


def default_providers(cloud: CloudFacts) -> tuple[str, ...]:
    """Return the providers that are allowed where the policy names none."""
    return (cloud.provider, *HARMLESS)


@dataclass(frozen=True, slots=True)
class GateRules:
    """The policy's rules and the cloud's tables; everything not named by either is refused. What passes them, the referee is asked of."""

    policy: StaticCheckRules
    cloud: CloudFacts
    referee: Referee = nobody
    roots: Roots = DEFAULT
    tool: Tool = "terraform"

    @property
    def providers(self) -> Sequence[str]:
        """Return the allowed providers: those of the policy, or the cloud's own and those that reach nothing outside."""
        return default_providers(self.cloud) if self.policy.providers is None else self.policy.providers

    @property
    def backends(self) -> frozenset[str]:
        return frozenset(self.cloud.backends)

    def module_entry(self, source: str) -> "ModuleEntry | None":
        """Return what the policy says of a module's source; it may name it without its `?ref=` and without its `//…`."""
        plain = without_ref(source)
        entries = [ModuleEntry.of(text) for text in self.policy.module_sources]
        return next((each for each in entries if each.source in {source, plain, package_of(plain)}), None)

    def reads_freely(self, module: str) -> bool:
        """Say whether a module may compute which files it reads; it is named by its source, or by its directory in the repository."""
        plain = without_ref(module)
        return bool({module, plain, package_of(plain)} & set(self.policy.reading_modules))

    def allows_data(self, kind: str) -> bool:
        """Say whether a data source may be read: by the policy's name, or as harmless by the cloud's table."""
        denied = {kind, kind.partition("_")[0]} & set(self.policy.data_sources_forbidden)
        harmless = kind in self.cloud.gate.data_sources or kind in _HARMLESS_DATA
        return kind in self.policy.data_sources or (not denied and harmless)

    def is_of_cloud(self, kind: str) -> bool:
        """Say whether a type of resources is the cloud's own, or Terraform's: a table says which of its arguments name a file."""
        return kind.startswith((self.cloud.prefix, "terraform_"))

    def knows_files_of(self, kind: str) -> bool:
        """Say whether all arguments of a type of resources are known that name a file, or are called so."""
        return self.is_of_cloud(kind) or kind.startswith(self.cloud.gate.files_say_so)

    def provider_arguments(self, source: str) -> frozenset[str]:
        """Return the arguments that the configuration of a provider may have."""
        own = self.cloud.gate.provider_arguments if source == self.cloud.provider else frozenset[str]()
        return own | {"alias", "version"} | (set(self.policy.provider_arguments.get(source, ())) - RUNS)


@dataclass(frozen=True, slots=True)
class ModuleEntry:
    """A source of modules that the policy names, and the versions that it allows (`acme/network/any >= 5.0, < 6`)."""

    source: str
    versions: str = ""

    @property
    def is_free(self) -> bool:
        """Say whether the policy takes whatever version there is."""
        return self.versions == ANY_VERSION

    @classmethod
    def of(cls, text: str) -> "ModuleEntry":
        """Return what a line of `gate.module_sources` names."""
        source, _, versions = text.strip().partition(" ")
        return cls(source, versions.strip())


def without_ref(source: str) -> str:
    """Return a module's source without the version that it asks for."""
    return _REF.sub("", source)


def package_of(source: str) -> str:
    """Return what a module's source downloads, without the directory in it that follows `//`."""
    at = source.find("//", source.find("://") + 3 if "://" in source else 0)
    return source if at < 0 else source[:at]


def ref_of(source: str) -> str | None:
    """Return the version that a module's source asks for."""
    found = _REF.search(source)
    return found[1] if found and found[1] else None
