"""All environments at once: what is on the default branch, what open pull requests would add, and what is claimed."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bot.core.rendering.allocate import Held, span
from bot.core.rendering.parameter_types import checked
from bot.errors import Finding, InvalidInput, Unreadable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Json
from bot.model.template import CidrParameter, Parameter
from bot.model.yaml_document import unvalidated
from bot.names import EnvironmentName, ParameterName, confusable, is_valid, skeleton

_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that one environment holds alone. Published as a git ref together with its branch, so git is the referee."""

    parameter: ParameterName
    value: str


@dataclass(frozen=True, slots=True)
class Remnant:
    """What is still known of an environment that can't be read: the values that it names, and how it was last readable."""

    is_live: bool
    values: Mapping[ParameterName, Json] = field(default_factory=dict)
    manifest: Manifest | None = None

    def held(self, parameter: ParameterName) -> Iterator[Json]:
        """Yield what it may hold of a parameter."""
        if parameter in self.values:
            yield self.values[parameter]
        if self.manifest is not None and parameter in self.manifest.parameters:
            yield self.manifest.parameters[parameter]

    def all_held(self) -> Iterator[Json]:
        """Yield what it may hold of any parameter."""
        yield from self.values.values()
        yield from self.manifest.parameters.values() if self.manifest is not None else ()


class Live(dict[EnvironmentName, Manifest]):
    """The environments of the default branch. Nobody changes it, so what each clone asks of all ten thousand is found once."""

    def held(self, names: frozenset[ParameterName]) -> Held:
        """Return the values of a parameter that has these names."""
        if names not in self._held:
            parameters = [manifest.parameters for manifest in self.values()]
            self._held[names] = Held(each[name] for name in names for each in parameters if name in each)
        return self._held[names]

    @cached_property
    def _held(self) -> dict[frozenset[ParameterName], Held]:
        return {}

    @cached_property
    def by_skeleton(self) -> Mapping[str, Sequence[EnvironmentName]]:
        """The names that look alike."""
        found: defaultdict[str, list[EnvironmentName]] = defaultdict(list)
        for name in self:
            found[skeleton(name)].append(name)
        return found

    @cached_property
    def clones(self) -> Sequence[Manifest]:
        """Those that were cloned."""
        return [manifest for manifest in self.values() if manifest.source is not None]

    @cached_property
    def with_older_state(self) -> Sequence[Manifest]:
        """Those that were adopted with the state that they had."""
        return [manifest for manifest in self.values() if manifest.state]


@dataclass(frozen=True, slots=True)
class Inventory:
    """`live` are the manifests on the default branch, `proposed` those in open pull requests that we opened.

    `claimed` are claims found to be held when they were wanted; who holds them is live or proposed, or isn't known. `ending`
    are environments that were removed from the default branch and are not known to be destroyed. `unreadable` ones are in no list,
    but what they hold stays theirs. `unmanaged` are directories beside them that are somebody else's: without a manifest. `renamed` are
    the other names that a parameter has in later revisions, for whoever asks by an earlier one.
    """

    live: Mapping[EnvironmentName, Manifest]
    proposed: Mapping[EnvironmentName, Manifest] = field(default_factory=dict)
    claimed: Mapping[Claim, EnvironmentName] = field(default_factory=dict)
    ending: Mapping[EnvironmentName, Manifest] = field(default_factory=dict)
    unreadable: Mapping[EnvironmentName, Remnant] = field(default_factory=dict)
    unmanaged: frozenset[str] = frozenset()
    renamed: Mapping[ParameterName, frozenset[ParameterName]] = field(default_factory=dict)

    @property
    def _live(self) -> Live:
        return self.live if isinstance(self.live, Live) else Live(self.live)

    def manifests(self) -> Sequence[Manifest]:
        """Return every manifest once; a proposed change of a live environment counts as proposed."""
        return list({**self.live, **self.proposed}.values())

    def with_older_state(self) -> Sequence[Manifest]:
        """Return the manifests of what was adopted with the state that it had."""
        standing = [each for each in self._live.with_older_state if each.name not in self.proposed]
        return [*standing, *(each for each in self.proposed.values() if each.state)]

    def alike(self, name: EnvironmentName) -> EnvironmentName | None:
        """Return another environment whose name could be taken for this one."""
        others = (*self._live.by_skeleton.get(skeleton(name), ()), *self.proposed, *self.unreadable)
        return next((other for other in others if confusable(other, name)), None)

    def clones(self) -> Sequence[Manifest]:
        """Return the manifests of what was cloned and so counts against quotas, whoever made it how, until it is destroyed."""
        last = {name: remnant.manifest for name, remnant in self.unreadable.items() if remnant.manifest is not None}
        others = {name: each for name, each in {**self.ending, **last}.items() if name not in self.live}
        standing = [each for each in self._live.clones if each.name not in self.proposed]
        return [*standing, *(each for each in {**others, **self.proposed}.values() if each.source is not None)]

    def held(
        self, name: ParameterName, parameter: Parameter, by_others_than: EnvironmentName
    ) -> Iterator[tuple[Json, EnvironmentName]]:
        """Yield the values of a parameter that other environments have, would have, or claim, and who does.

        Environments are at different revisions of their template, so the parameter's other names count too.
        What is only proposed counts if the parameter can have that value: people push to proposals, and `0.0.0.0/0` on one of them
        must not keep everybody else from a network.
        """
        for each in sorted(self._names(name, parameter)):
            yield from (
                (manifest.parameters[each], holder)
                for holder, manifest in self.live.items()
                if each in manifest.parameters and holder != by_others_than
            )
            yield from self._held_beside(each, name, parameter, by_others_than)

    def all_held(self, name: ParameterName, parameter: Parameter, by_others_than: EnvironmentName) -> Sequence[Held]:
        """Return the values that `held` yields, for whoever asks of many whether they are free, and not by whom they are held."""
        if by_others_than in self.live:
            return [Held(value for value, _ in self.held(name, parameter, by_others_than))]
        names = self._names(name, parameter)
        beside = [self._held_beside(each, name, parameter, by_others_than) for each in names]
        return [self._live.held(names), Held(value for found in beside for value, _ in found)]

    def _names(self, name: ParameterName, parameter: Parameter) -> frozenset[ParameterName]:
        return names_of(name, parameter) | self.renamed.get(name, frozenset())

    def holder(self, claim: Claim, parameter: Parameter, by_others_than: EnvironmentName) -> EnvironmentName | None:
        """Return another environment that has the value of a claim, or one that can't be held beside it."""
        held = self.held(claim.parameter, parameter, by_others_than)
        return next((name for value, name in held if clash(parameter, value, claim.value)), None)

    def _held_beside(
        self, called: ParameterName, name: ParameterName, parameter: Parameter, by_others_than: EnvironmentName
    ) -> Iterator[tuple[Json, EnvironmentName]]:
        for value, holder, is_live in self._beside_live(called):
            if holder != by_others_than and (is_live or _is_possible(name, parameter, value)):
                yield value, holder

    def _beside_live(self, name: ParameterName) -> Iterator[tuple[Json, EnvironmentName, bool]]:
        for holder, manifest in self.proposed.items():
            if name in manifest.parameters:
                yield manifest.parameters[name], holder, False
        for holder, remnant in self.unreadable.items():
            for value in remnant.held(name):
                yield value, holder, remnant.is_live
        for claim, holder in self.claimed.items():
            if claim.parameter == name:
                yield claim.value, holder, True

    def has(self, name: EnvironmentName) -> bool:
        """Say whether the environment exists or is proposed, readable or not, or its directory is somebody else's."""
        return any(name in each for each in (self.live, self.proposed, self.unreadable, self.unmanaged))

    def may_hold(self, name: EnvironmentName, claim: Claim) -> bool:
        """Say whether an environment that can't be read may have the value that a claim says is its own, whatever it is called there."""
        remnant = self.unreadable.get(name)
        return remnant is not None and claim.value in map(str, remnant.all_held())


@dataclass(frozen=True, slots=True)
class InventoryReading:
    """All environments that can be read, and what is wrong with the others (their manifests)."""

    inventory: Inventory
    findings: tuple[Finding, ...] = ()

    def whole(self) -> Inventory:
        """Return the inventory when it is all of it, for whoever allocates or counts. Raises `Unreadable`."""
        if self.findings:
            raise Unreadable(*self.findings)
        return self.inventory

    def at(self, where: str) -> tuple[Finding, ...]:
        """Return what is wrong with the one in this directory."""
        return tuple(finding for finding in self.findings if finding.path.startswith(f"{where}/"))


def remnant_of(data: bytes, *, is_live: bool, last: Manifest | None = None) -> Remnant:
    """Return what a manifest that is refused still says of its values; `last` is how it was when it could be read."""
    try:
        document = unvalidated(data.decode())
    except (UnicodeDecodeError, Unreadable):
        return Remnant(is_live, manifest=last)
    said = document.get("parameters") if isinstance(document, dict) else None
    named = said.items() if isinstance(said, dict) else ()
    values = {ParameterName(str(name)): value for name, value in named if is_valid(ParameterName, str(name))}
    return Remnant(is_live, values, last)


def findings(where: str, error: UserError) -> Sequence[Finding]:
    """Return why the environment in the directory `where` can't be read."""
    if isinstance(error, Unreadable):
        return error.findings
    return [Finding(f"{where}/{MANIFEST}", 1, str(error))]


def names_of(name: ParameterName, parameter: Parameter) -> frozenset[ParameterName]:
    """Return the names that a parameter has, or had in earlier revisions."""
    return frozenset({name, *parameter.renamed_from})


def renamed(declared: Mapping[ParameterName, Parameter]) -> Mapping[ParameterName, frozenset[ParameterName]]:
    """Return the parameters' other names by each of their former ones."""
    groups = [names_of(name, parameter) for name, parameter in declared.items()]
    return {name: group for group in groups for name in group}


def allocated(
    declared: Mapping[ParameterName, Parameter], parameters: Mapping[ParameterName, Json]
) -> Mapping[ParameterName, str]:
    """Return what an environment with these parameters must hold alone: the value of every allocated parameter."""
    return {name: str(parameters[name]) for name, each in declared.items() if each.allocate and name in parameters}


def claims(declared: Mapping[ParameterName, Parameter], parameters: Mapping[ParameterName, Json]) -> tuple[Claim, ...]:
    """Return the claims of what an environment must hold alone.

    A value is claimed under each name that its parameter has had, so whoever asks for it by a former name meets one of them.
    """
    return tuple(
        Claim(each, value)
        for name, value in allocated(declared, parameters).items()
        for each in (name, *declared[name].renamed_from)
    )


def differs_enough(parameter: Parameter, value: Json, source: Json) -> bool:
    """Say whether a value of identity is another's than the source's: networks must not overlap, nor hosts lie in one another.

    Whoever has the zone of a host answers for every name below it, and cookies for it reach them.
    """
    if value == source or clash(parameter, value, source):
        return False
    return parameter.below_source or not (_is_below(value, source) or _is_below(source, value))


def _is_possible(name: ParameterName, parameter: Parameter, value: Json) -> bool:
    try:
        checked(name, parameter, value)
    except InvalidInput:
        return False
    return True


def _is_below(one: Json, other: Json) -> bool:
    if not isinstance(one, str) or not isinstance(other, str) or _HOST.fullmatch(other.lower()) is None:
        return False
    return one.lower().endswith(f".{other.lower()}")


def clash(parameter: Parameter, one: Json, other: Json) -> bool:
    """Say whether two environments can't hold these values of `parameter` side by side: networks must not even overlap."""
    if isinstance(parameter, CidrParameter):
        ours, theirs = span(str(one)), span(str(other))
        return ours is not None and theirs is not None and ours[0] < theirs[1] and theirs[0] < ours[1]
    return one == other
