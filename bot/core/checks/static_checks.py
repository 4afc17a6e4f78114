"""The static gate: what code may do is decided before anything of it is run.

A plan is not harmless. Providers, modules, some data sources and functions run code or read files while planning, with
whatever credentials the process has. So before `terraform init` the code is held against an allow-list that comes from the
policy of the default branch; what the gate can't read, it refuses. Source of the list: Terraform's language documentation
(https://developer.hashicorp.com/terraform/language), "what runs at plan time".
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.ast import (
    AttributeAccess,
    Block,
    Call,
    Expression,
    Literal,
    NameExpression,
    Pairs,
    TemplateExpression,
)
from bot.core.hcl.parser import blocks
from bot.core.hcl.tokens import NotHcl
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.policy import StaticCheckRules
from bot.names import StepName

LOCK = ".terraform.lock.hcl"
_BUILT_IN = "terraform.io/builtin/terraform"
_READS_FILES = frozenset(
    {"file", "filebase64", "fileexists", "fileset", "filemd5", "filesha1", "filesha256", "filesha512", "templatefile",
     "filebase64sha256", "filebase64sha512"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GateRules:
    """What code is held against: the policy of the default branch, and what is known of the cloud."""

    policy: StaticCheckRules
    cloud: CloudFacts

    @property
    def providers(self) -> Sequence[str]:
        """Return the allowed providers: those of the policy, or the cloud's own and Terraform's built-in one."""
        return (self.cloud.provider, _BUILT_IN) if self.policy.providers is None else self.policy.providers

    @property
    def module_sources(self) -> Sequence[str]:
        return self.policy.module_sources

    @property
    def backends(self) -> frozenset[str]:
        return frozenset({self.cloud.backend, "local"})


def gate(files: Tree, stacks: Sequence[StepName], rules: GateRules, where: str) -> Sequence[Finding]:
    """Return everything in an environment's `files` that may not be planned; `where` is its directory, for messages."""
    findings = [*_file_findings(files, stacks, where)]
    for path in sorted(path for path in files if path.endswith(".tf")):
        try:
            found = blocks(path, files[path].data)
        except InvalidInput as error:
            findings.append(_unreadable(f"{where}/{path}", error))
            continue
        local_names = _local_names(files, posixpath.dirname(path))
        findings += [
            Finding(f"{where}/{path}", line, message)
            for block in found
            for line, message in _judged(block, rules, local_names)
        ]
    return findings


def _unreadable(path: str, error: InvalidInput) -> Finding:
    if isinstance(error, NotHcl):
        return Finding(path, error.finding.line, f"{error.finding.message} What can't be read is not run.")
    return Finding(path, 1, f"{error}: what can't be read is not run.")


def _file_findings(files: Tree, stacks: Sequence[StepName], where: str) -> Iterator[Finding]:
    for stack in stacks:
        if f"{stack}/{LOCK}" not in files:
            yield Finding(
                f"{where}/{stack}/{LOCK}", 1, "missing: without it any version of a provider may be installed."
            )
    for path in sorted(files):
        name = posixpath.basename(path)
        if path.endswith((".tf.json", ".tofu.json")):
            yield Finding(f"{where}/{path}", 1, "Terraform in JSON is not allowed here: write it as .tf.")
        elif path.endswith(".tofu"):
            yield Finding(f"{where}/{path}", 1, "only OpenTofu reads .tofu files: write it as .tf.")
        elif name in {"override.tf", "terraform.rc", ".terraformrc"} or name.endswith("_override.tf"):
            yield Finding(
                f"{where}/{path}", 1, "a file that overrides others or configures Terraform is not allowed here."
            )
        elif ".terraform" in path.split("/"):
            yield Finding(f"{where}/{path}", 1, "Terraform's working directory does not belong into git: remove it.")


def _local_names(files: Tree, directory: str) -> dict[str, str]:
    """Return the providers' local names of a root module and their sources."""
    found: dict[str, str] = {}
    for path, file in files.items():
        if posixpath.dirname(path) != directory or not path.endswith(".tf"):
            continue
        try:
            top = blocks(path, file.data)
        except InvalidInput:
            continue  # reported where it stands
        for block in (inner for outer in top if outer.type == "terraform" for inner in outer.blocks):
            if block.type == "required_providers":
                found |= {setting.name: _source(setting.name, setting.value) for setting in block.settings}
    return found


def _source(name: str, requirement: Expression) -> str:
    if not isinstance(requirement, Pairs):
        return f"hashicorp/{name}"
    given = [value for key, value in requirement.pairs if not isinstance(key, Literal) or key.value == "source"]
    if not given:
        return f"hashicorp/{name}"
    if len(given) != 1 or not isinstance(given[0], Literal):
        return "(not one plain text)"
    return str(given[0].value).removeprefix("registry.terraform.io/").removeprefix("registry.opentofu.org/")


def _judged(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    match block.type:
        case "terraform":
            yield from _terraform(block, rules)
        case "provider":
            yield from _provider(block, rules, local_names)
        case "resource" | "data" | "ephemeral":
            yield from _resource(block, rules, local_names)
        case "module":
            yield from _module(block, rules)
        case "variable" | "output" | "locals" | "moved" | "removed" | "import" | "check":
            yield from _programs(block, rules)
            yield from (
                judged
                for inner in block.blocks
                if inner.type == "data"
                for judged in _resource(inner, rules, local_names)
            )
        case other:
            yield block.line, f"a `{other}` block is not known to be harmless: leave it out."
    for call in block.expressions():
        if not isinstance(call, Call):
            continue
        if call.name.removeprefix("core::") in _READS_FILES and not all(map(_is_inside, call.arguments[:1])):
            yield (
                call.line,
                f'`{call.name}` may read files of its own module only: write the path as "${{path.module}}/…".',
            )
        elif call.name.startswith("provider::"):
            yield call.line, f"`{call.name}` is a provider's function and runs its code: leave it out."


def _is_inside(path: Expression) -> bool:
    """Say whether a path is `"${path.module}/…"` and stays below."""
    match path:
        case TemplateExpression((AttributeAccess(NameExpression("path"), "module"), Literal(str(rest)))):
            return rest.startswith("/") and ".." not in rest.split("/")
        case _:
            return False


def _terraform(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    for inner in block.blocks:
        if inner.type == "backend" and inner.labels and inner.labels[0] not in rules.backends:
            yield (
                inner.line,
                f"backend `{inner.labels[0]}` is not allowed: use one of {', '.join(sorted(rules.backends))}.",
            )
        elif inner.type == "backend":
            yield from _redirects(inner, rules)
        elif inner.type == "cloud":
            yield inner.line, f"`cloud` would run the plan elsewhere: use the backend `{rules.cloud.backend}`."
        elif inner.type == "required_providers":
            for setting in inner.settings:
                source = _source(setting.name, setting.value)
                if source not in rules.providers:
                    yield inner.line, _provider_complaint(source, rules)


def _provider(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    name = block.labels[0] if block.labels else "?"
    source = local_names.get(name, f"hashicorp/{name}")
    if source not in rules.providers:
        yield block.line, _provider_complaint(source, rules)
    guard = rules.cloud.account_guard
    if source == rules.cloud.provider and block.setting(guard) is None:
        yield block.line, f"the provider must say which account it may touch: `{guard} = [var.account_id]`."
    yield from _redirects(block, rules)


def _redirects(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    for key in sorted(
        rules.cloud.redirects & {*(setting.name for setting in block.settings), *(inner.type for inner in block.blocks)}
    ):
        yield (
            block.line,
            f"`{key}` in a {block.type} block is not allowed: credentials and addresses come from the runner.",
        )


def _resource(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    kind = block.labels[0] if block.labels else "?"
    prefix = kind.partition("_")[0]
    name = _alias(block) or prefix
    source = _BUILT_IN if name == "terraform" else local_names.get(name, f"hashicorp/{name}")
    if source not in rules.providers:
        yield block.line, _provider_complaint(source, rules)
    if block.type != "resource" and (
        kind in rules.policy.data_sources_forbidden or prefix in rules.policy.data_sources_forbidden
    ):
        yield block.line, f"data source `{kind}` runs or fetches something while planning: it is not allowed here."
    yield from _programs(block, rules)


def _programs(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    for inner in block.within():
        if inner.type in {"provisioner", "connection"} and not rules.policy.provisioners:
            yield inner.line, f"a `{inner.type}` runs programs: declare a hook instead."


def _alias(block: Block) -> str | None:
    setting = block.setting("provider")
    return setting.code.strip('"').split(".")[0] if setting else None


def _module(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    setting = block.setting("source")
    source = block.text("source") or (setting.code if setting else "")
    inside = source.startswith("./") and ".." not in source.split("/") and "$" not in source
    if not inside and source not in rules.module_sources:
        yield (
            block.line,
            f"module source `{source}` is not in the policy's `gate.module_sources`: use `./…` or have it added.",
        )


def _provider_complaint(source: str, rules: GateRules) -> str:
    return f"provider `{source}` is not in the policy's `gate.providers` ({', '.join(rules.providers)})."
