"""Who causes a difference: the clone rendered and evaluated again with parameters as production has them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.local_modules import code_id
from bot.core.hcl.values import Unknown
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment, InputReference, renaming, snapshot
from bot.core.parity.identity import Identity
from bot.core.parity.report import Cause
from bot.core.rendering.assemble import TemplateAt, chosen_files
from bot.core.rendering.parameter_values import Origin, origin
from bot.core.rendering.render import ENDING, NOT_RENDERED, Parameters, render
from bot.core.tree import File, Tree
from bot.model.environment import Manifest
from bot.names import ParameterName, PurposeName

PURPOSE = ParameterName("purpose")
"""What a cause is called that is the purpose itself: which steps there are may hang on it."""


class Renderings:
    """The clone as its template renders it, with its own values or with some of production's."""

    def __init__(self, production: Manifest, clone: Manifest, template: TemplateAt, identity: Identity) -> None:
        self.production, self.clone = production, clone
        self.template, self.identity = template, identity
        self.declared = template.declaration.parameters
        self.rename = renaming(identity.mapped)
        self._files: Tree | None = None
        self._modules = code_id(template.modules) if template.modules else ""

    @property
    def ideal(self) -> EvaluatedEnvironment:
        """The clone as it should be."""
        return self._evaluated(self.clone.parameters, self.clone.purpose)

    @property
    def changed(self) -> Sequence[ParameterName]:
        """The parameters whose values are not production's."""
        theirs, ours = self.production.parameters, self.clone.parameters
        return [n for n, value in ours.items() if n in theirs and theirs[n] != value and n in self.declared]

    def put_back(self, names: Sequence[ParameterName], *, purpose: bool = False) -> EvaluatedEnvironment:
        """Return the clone with production's values of `names`, and with its purpose."""
        values = {**self.clone.parameters, **{name: self.production.parameters[name] for name in names}}
        return self._evaluated(values, self.production.purpose if purpose else self.clone.purpose)

    def cause(self, name: ParameterName) -> Cause:
        """Return a parameter as a cause, with whose decision its value was."""
        return Cause(name, origin(self.template.declaration, self.clone, self.production, name))

    def _evaluated(self, values: Parameters, purpose: PurposeName) -> EvaluatedEnvironment:
        key = json.dumps([values, purpose], sort_keys=True)
        return _ideal(_Ideal(self.template.revision, self._modules, self.identity, key, self, values, purpose))

    def evaluated_afresh(self, values: Parameters, purpose: PurposeName) -> EvaluatedEnvironment:
        """Return the values of an environment as the template renders it with these values."""
        if self._files is None:
            self._files = self._rendered(self.clone.parameters, self.template.files)
        chosen = chosen_files(self.template, purpose, values)
        dynamic = {path: file for path, file in chosen.items() if path.endswith(ENDING)}
        there = {path.removesuffix(ENDING) for path in chosen}
        kept = {path: file for path, file in self._files.items() if path in there}
        files = {**kept, **self._rendered(values, dynamic), **self.template.modules}
        return snapshot(InputReference(files, values, purpose, self.template.declaration.stacks), self.rename)

    def _rendered(self, values: Parameters, files: Tree) -> dict[str, File]:
        return render({p: f for p, f in files.items() if p not in NOT_RENDERED}, self.declared, values)


@dataclass(frozen=True, slots=True)
class Attributed:
    """The causes of each key, the keys whose difference vanishes with all put back, and those that were edited by hand."""

    causes: Mapping[AttributeKey, tuple[Cause, ...]]
    vanishing: frozenset[AttributeKey]
    edited: frozenset[AttributeKey]


def attributed(
    renderings: Renderings, keys: Sequence[AttributeKey], theirs: EvaluatedEnvironment, ours: EvaluatedEnvironment
) -> Attributed:
    """Return who causes the differences at `keys` between production's values and the clone's."""
    ideal, changed = renderings.ideal, renderings.changed
    edited = frozenset(key for key in keys if not same(ideal.leaves.get(key), ours.leaves.get(key)))
    back = renderings.put_back(changed, purpose=True)
    vanishing = frozenset(key for key in keys if same(back.leaves.get(key), theirs.leaves.get(key)))
    tried = [(renderings.cause(name), renderings.put_back([name])) for name in changed]
    if renderings.production.purpose != renderings.clone.purpose:
        tried.append((Cause(PURPOSE, Origin.PURPOSE), renderings.put_back([], purpose=True)))
    causes: dict[AttributeKey, dict[ParameterName, Cause]] = {}
    meant = [(key, ideal.leaves.get(key)) for key in keys if key not in edited]
    for cause, other in tried:
        for key, leaf in meant:
            found = other.leaves.get(key)
            if found is not leaf and not same(leaf, found):  # most are remembered, and not even looked at
                causes.setdefault(key, {}).setdefault(cause.parameter, cause)
    for key in vanishing - edited - causes.keys():
        causes[key] = {name: renderings.cause(name) for name in _together(renderings, key, theirs)}
    return Attributed({key: tuple(found.values()) for key, found in causes.items()}, vanishing, edited)


def _together(renderings: Renderings, key: AttributeKey, theirs: EvaluatedEnvironment) -> Sequence[ParameterName]:
    """Return a smallest set of parameters that only together make a difference vanish (`a && b`)."""
    needed = list(renderings.changed)
    for name in renderings.changed:
        without = [other for other in needed if other != name]
        if same(renderings.put_back(without, purpose=True).leaves.get(key), theirs.leaves.get(key)):
            needed = without
    return needed


def same(one: Attribute | None, other: Attribute | None) -> bool:
    """Say whether two values are equal; what is unknown is by its text."""
    if one is other:
        return True  # most are remembered
    if one is None or other is None:
        return False
    a, b = one.value, other.value
    if isinstance(a, Unknown) and isinstance(b, Unknown):
        return a.text == b.text
    return isinstance(a, bool) == isinstance(b, bool) and type(a) is not Unknown and a == b


def forget() -> None:
    """Forget what was evaluated before; for measurements."""
    _ideal.cache_clear()


@dataclass(frozen=True)
class _Ideal:
    """What decides an ideal snapshot: template, identity, values and purpose. The rest is how to make one."""

    revision: str
    modules: str
    identity: Identity
    key: str
    renderings: Renderings = field(compare=False)
    values: Parameters = field(compare=False)
    purpose: PurposeName = field(compare=False)


@lru_cache(maxsize=128)
def _ideal(job: _Ideal) -> EvaluatedEnvironment:
    """Return a snapshot, remembered: a clone is compared when it is drafted, when it is proposed and when it is checked."""
    return job.renderings.evaluated_afresh(job.values, job.purpose)
