"""The values of an environment that is brought to another revision of its template: kept, renamed, new and gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.rendering.inventory import Inventory
from bot.core.rendering.migrations import migrated, pending, rewritten
from bot.core.rendering.parameter_types import checked
from bot.core.rendering.parameter_values import RequestedEnvironment, resolve
from bot.errors import InvalidInput
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.template import Template
from bot.names import ParameterName


@dataclass(frozen=True, slots=True)
class ValuesMoved:
    """What became of an environment's parameters; `renamed` are former names with the present ones."""

    added: Sequence[ParameterName]
    gone: Sequence[ParameterName]
    renamed: Mapping[ParameterName, ParameterName]
    changed: Sequence[ParameterName]


def moved(before: Manifest, after: Manifest, template: Template) -> ValuesMoved:
    """Return what became of the parameters between two manifests; `template` is the later one's."""
    renamed = renamings(before, template)
    kept = {renamed.get(name, name): value for name, value in before.parameters.items()}
    return ValuesMoved(
        added=[name for name in after.parameters if name not in kept],
        gone=[name for name in before.parameters if renamed.get(name, name) not in after.parameters],
        renamed=renamed,
        changed=[name for name, value in after.parameters.items() if name in kept and kept[name] != value],
    )


def renamings(manifest: Manifest, template: Template) -> dict[ParameterName, ParameterName]:
    """Return the manifest's parameters that have another name in the template, with that."""
    held = manifest.parameters
    return {
        old: name
        for name, parameter in template.parameters.items()
        if name not in held
        for old in [next((old for old in parameter.renamed_from if old in held), None)]
        if old is not None and old not in template.parameters
    }


def carried(manifest: Manifest, former: Template, template: Template) -> Manifest:
    """Return the manifest with the template's own names of parameters, without those that it has no more, and with migrated values."""
    renamed = renamings(manifest, template)
    values = rewritten(
        {renamed.get(name, name): value for name, value in manifest.parameters.items()}, pending(former, template)
    )
    overrides = tuple(renamed.get(name, name) for name in manifest.overrides)
    return manifest.model_copy(
        update={
            "parameters": {name: values[name] for name in template.parameters if name in values},
            "overrides": tuple(name for name in overrides if name in template.parameters),
            "migrated": migrated(manifest, former, template),
        }
    )


def followed(clone: Manifest, before: Manifest, after: Manifest) -> dict[ParameterName, Json]:
    """Return the values of its source that a clone had copied as they were, and that have changed since."""
    return {
        name: value
        for name, value in after.parameters.items()
        if name in before.parameters
        and value != before.parameters[name]
        and clone.parameters.get(name) == before.parameters[name]
        and name not in clone.overrides
    }


def following(manifest: Manifest, template: Template) -> set[ParameterName]:
    """Return the parameters of a clone whose values the purpose or other parameters decide, as `verify` proves; a source has none."""
    if manifest.source is None:
        return set()
    chosen = template.purposes[manifest.purpose].set
    return {
        name
        for name, parameter in template.parameters.items()
        if name not in manifest.overrides and (name in chosen or parameter.derive is not None)
    }


def asked_for(manifest: Manifest, template: Template, source: Manifest | None) -> dict[ParameterName, str]:
    """Return the parameters that nothing gives a value that the template takes, each with why; `manifest` is `carried`."""
    chosen, found = template.purposes[manifest.purpose].set, {}
    follows = following(manifest, template)
    for name, parameter in template.parameters.items():
        if name in follows:
            continue
        if name in manifest.parameters:
            try:
                checked(name, parameter, manifest.parameters[name])
            except InvalidInput as error:
                found[name] = str(error)
            continue
        has_origin = name in chosen or parameter.derive is not None or parameter.allocate is not None
        is_copied = source is not None and name in source.parameters and not parameter.identity
        if not has_origin and not is_copied and parameter.default is None:
            found[name] = f"`{name}` is new: {parameter.description}"
    return found


def values_asked_for(
    manifest: Manifest, former: Template, template: Template, source: Manifest | None
) -> dict[ParameterName, str]:
    """Return the parameters of a newer template that nothing gives a value, each with why; `manifest` is as it was there before."""
    return asked_for(carried(manifest, former, template), template, source)


def answer(manifest: Manifest) -> str:
    """Return the command that gives an environment the values that it waits for."""
    missing = manifest.awaits.missing if manifest.awaits is not None else ()
    return f"/set {manifest.name} {' '.join(f'{name}=…' for name in missing)}"


def allocates(manifest: Manifest, template: Template) -> bool:
    """Say whether a free value has to be found, so that everything that exists must be known; `manifest` is `carried`."""
    return any(
        each.allocate is not None and name not in manifest.parameters for name, each in template.parameters.items()
    )


def synced(
    manifest: Manifest,
    template: Template,
    given: Mapping[ParameterName, Json],
    source: Manifest | None,
    inventory: Inventory,
) -> dict[ParameterName, Json]:
    """Return every parameter's value; `manifest` is `carried`. Raises `UserError`."""
    follows = following(manifest, template)
    kept = {name: value for name, value in manifest.parameters.items() if name not in follows}
    return resolve(
        template, RequestedEnvironment(manifest.name, manifest.purpose, {**kept, **given}, source), inventory
    )
