"""The stacks of a production that is taken over: their order, where their states lie, and the policy that lets them be planned."""

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.core.adoption.literals import PairedLiterals
from bot.core.adoption.parameters import AdoptedParameter, derived
from bot.core.adoption.states import has_workspace
from bot.core.checks.gate_rules import default_providers
from bot.core.cloud_facts import CloudFacts
from bot.core.parity.directories.evaluation import EvaluatedRoot, evaluated_root
from bot.core.parity.directories.sides import RootSource, Side
from bot.errors import InvalidInput
from bot.model.pipeline import Json
from bot.model.yaml_document import dump
from bot.names import StepName

_LONGEST = StepName.longest_word
_INSIDE = re.compile(r"^(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)+")


ONLY = "main"
"""What the stack of a production is called that is a single root module."""


def stack_names(roots: Sequence[RootSource]) -> dict[str, str]:
    """Return what the stacks of root modules are called, each otherwise: like their directories, as far as a step may be and none lies in another."""
    paths = {root.name: _path(root.name) for root in roots}
    found: dict[str, str] = {}
    for root in roots:
        path, number = paths[root.name], 1
        lies_apart = not any(path.startswith(f"{other}/") for other in paths.values())
        name = path if path and lies_apart else _stack_name(root.name)
        while _stack_name(name) in {_stack_name(each) for each in found.values()}:
            number += 1
            name = f"{_stack_name(root.name)[: _LONGEST - len(str(number)) - 1].rstrip('-')}-{number}"
        found[root.name] = name
    return found


def _path(directory: str) -> str:
    """Return the path that names the stack in a directory; empty where it would be no step's name."""
    path = "/".join(re.sub(r"[^a-z0-9]+", "-", each.lower()).strip("-") for each in directory.split("/"))
    try:
        return str(StepName(path))
    except InvalidInput:
        return ""


def _stack_name(directory: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", directory.lower()).strip("-") or ONLY
    if len(name) > _LONGEST:  # what comes last says most
        name = name[-_LONGEST:].partition("-")[2] or name[-_LONGEST:]
    return name if name[0].isalpha() else f"stack-{name}"[:_LONGEST].rstrip("-")


def declared_stacks(evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str]) -> dict[str, Json]:
    """Return the stacks as a template declares them, each with those whose state it reads."""
    keys = {key: stacks[name] for name, each in evaluated.items() if (key := _state_key(each)) is not None}
    found: dict[str, Json] = {}
    for name, each in evaluated.items():
        read = {
            str(leaf.value)
            for (address, at), leaf in each.leaves.items()
            if "terraform_remote_state." in address and at.startswith("config")
        }
        needs = list[Json](sorted({keys[key] for key in read & keys.keys()} - {stacks[name]}))
        found[stacks[name]] = {
            "description": f"The root module {each.root.directory or '.'}.",
            **({"needs": needs} if needs else {}),
        }
    return found


def older_states(name: str, evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str]) -> dict[str, Json]:
    """Return where states lie that are not called after the environment and the stack, or lie in a workspace that somebody named."""
    found: dict[str, Json] = {}
    for root, each in evaluated.items():
        key, stack = _state_key(each), stacks[root]
        workspace = {"workspace": each.root.workspace} if each.root.workspace and has_workspace(each) else {}
        if key is not None and (workspace or not key.startswith(f"{name}/{stack}/")):
            found[stack] = {"key": key, **workspace}
    return found


def state_parameters(
    evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str], words: tuple[str, ...]
) -> Iterator[AdoptedParameter]:
    """Yield a parameter for each state that would not lie below its environment and stack with another name in it.

    `words` are production's own.
    """
    for root, each in evaluated.items():
        key, stack = _state_key(each), stacks[root]
        if key is None or derived(key, words).startswith(f"{{environment}}/{stack}/"):
            continue
        ending = "/terraform.tfstate" if key.endswith(".tfstate") else ""
        yield AdoptedParameter(
            name=re.sub(r"[-/]", "_", f"{stack}_state_key"),
            kind="text",
            theirs=key,
            ours=None,
            description=f"Where the state of {stack} lies.",
            is_identity=True,
            derive=f"{{environment}}/{stack}{ending}",
        )


def place_parameters(
    evaluated: Mapping[str, EvaluatedRoot], pairs: Sequence[PairedLiterals], cloud: CloudFacts
) -> Iterator[AdoptedParameter]:
    """Yield a parameter for each place of states (a bucket, a table of locks) that is called after the environment: it is an account's, so a clone has the other's.

    One that holds the number of an account follows that by itself.
    """
    places = {place for each in evaluated.values() for place in _state_places(each, cloud)}
    account = re.compile(rf"(?<![A-Za-z0-9]){cloud.own_accounts.account}(?![A-Za-z0-9])")
    of_account = {argument for facts in cloud.backends.values() for argument in facts.of_account}
    found = dict[tuple[str, str], str]()
    for pair in pairs:
        place = (pair.theirs.name, pair.theirs.text)
        if place in places and pair.ours.text != pair.theirs.text and account.search(pair.theirs.text) is None:
            found.setdefault(place, pair.ours.text)
    for (argument, theirs), ours in found.items():
        yield AdoptedParameter(
            name=f"state_{argument}",
            kind="text",
            theirs=theirs,
            ours=ours,
            description=f"`{argument}` of the backends, which is one for all environments of an account."
            if argument in of_account
            else "Where Terraform keeps the states of the environment's account.",
            is_identity=True,
            derive=ours,
        )


def _state_places(each: EvaluatedRoot, cloud: CloudFacts) -> Iterator[tuple[str, str]]:
    for (address, at), leaf in each.leaves.items():
        backend, _, argument = at.removeprefix("backend.").partition(".")
        facts = cloud.backends.get(backend) if address == "terraform" and at.startswith("backend.") else None
        if facts is not None and argument in (*facts.place, *facts.of_account) and isinstance(leaf.value, str):
            yield argument, leaf.value


def _state_key(each: EvaluatedRoot) -> str | None:
    leaves = ((at, leaf.value) for (address, at), leaf in each.leaves.items() if address == "terraform")
    return next(
        (value for at, value in leaves if re.fullmatch(r"backend\.\w+\.(key|prefix)", at) and isinstance(value, str)),
        None,
    )


def policy_text(name: str, side: Side, cloud: CloudFacts) -> str:
    """Return a policy that protects production and lets its providers be planned; accounts are for a person to add."""
    evaluated = [evaluated_root(root) for root in side.roots]
    allowed, used = default_providers(cloud), {each for root in evaluated for each in _providers(root)}
    gate: dict[str, Json] = {}
    if not used <= {*allowed}:
        gate["providers"] = list[Json](sorted({*allowed} | used))
    if arguments := _provider_arguments(evaluated, cloud):
        gate["provider_arguments"] = arguments
    return dump({"protected": [name], **({"gate": gate} if gate else {})}, "schemas/policy.schema.json")


def _provider_arguments(evaluated: Sequence[EvaluatedRoot], cloud: CloudFacts) -> dict[str, Json]:
    """Return what production tells providers of other clouds of where it is: a project, a region. What else it tells is for a person."""
    known = {source: names for other in cloud.others for source, names in other.places.items()}
    found: dict[str, set[str]] = {}
    for each in evaluated:
        named = _sources(each)
        for address, attribute in each.leaves:
            kind, _, rest = address.partition(".")
            if kind != "provider" or not attribute:
                continue
            called, argument = rest.partition(".")[0], re.split(r"[.\[]", attribute)[0]
            source = named.get(called, f"hashicorp/{called}")
            if argument in known.get(source, ()):
                found.setdefault(source, set()).add(argument)
    return {source: list[Json](sorted(arguments)) for source, arguments in sorted(found.items())}


def _providers(each: EvaluatedRoot) -> Iterator[str]:
    named = _sources(each)
    yield from named.values()
    for block in each.blocks.values():
        kind = _INSIDE.sub("", block).removeprefix("data.").partition(".")[0]
        prefix = kind.partition("_")[0]
        if kind.startswith("terraform_"):
            yield "terraform.io/builtin/terraform"
        elif "_" in kind and prefix not in named:
            yield f"hashicorp/{prefix}"


def _sources(each: EvaluatedRoot) -> dict[str, str]:
    """Return the sources of the providers that a root module requires, by the names that it calls them by."""
    found: dict[str, str] = {}
    for (address, attribute), leaf in each.leaves.items():
        named = (
            re.fullmatch(r"required_providers\[\d+\]\.([^.]+)\.source", attribute) if address == "terraform" else None
        )
        if named and isinstance(leaf.value, str):
            found[named[1]] = leaf.value
    return found
