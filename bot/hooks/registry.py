"""The kinds that there are: built in, and those that installed packages add.

A package adds kinds through the entry point group `envclone.hooks`; each entry is a subclass of `HookKind` without arguments:

    [project.entry-points."envclone.hooks"]
    "acme.greeting" = "acme_envclone:Greeting"
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeAlias

from bot.errors import UserError
from bot.hooks.kind import HookKind
from bot.hooks.program import Program
from bot.model.pipeline import Hook
from bot.model.suggest import closest

GROUP = "envclone.hooks"

AnyKind: TypeAlias = HookKind[Any, Any]
"""A kind of which the caller knows neither the inputs nor the record; both are validated before they reach it."""


_BUILT_IN: Mapping[str, str] = {
    "http.probe": "bot.hooks.http_probe:HttpProbe",
    "aws.secret": "bot.hooks.aws.secret:AwsSecret",
    "aws.parameter": "bot.hooks.aws.parameter:AwsParameter",
    "aws.parameter-copy": "bot.hooks.aws.parameter_copy:AwsParameterCopy",
    "aws.bucket-seed": "bot.hooks.aws.bucket_seed:AwsBucketSeed",
    "aws.rds-snapshot": "bot.hooks.aws.rds_snapshot:AwsRdsSnapshot",
    "aws.dns-delegation": "bot.hooks.aws.dns_delegation:AwsDnsDelegation",
    "aws.certificate": "bot.hooks.aws.certificate:AwsCertificate",
    "aws.ecs-task": "bot.hooks.aws.ecs_task:AwsEcsTask",
    "aws.lambda": "bot.hooks.aws.lambda_function:AwsLambda",
}
"""The kinds that come with envclone, in the order in which they are documented. A process imports those that it uses."""


def kinds() -> Mapping[str, AnyKind]:
    """Return every kind by its name. Raises `UserError` for a package's kind that is none, or takes another's name."""
    return {name: _kind(name) for name in _places()}


def built_in() -> tuple[AnyKind, ...]:
    """Return the kinds that come with envclone, in the order in which they are documented."""
    return tuple(map(_kind, _BUILT_IN))


def kind_of(hook: Hook) -> AnyKind:
    """Return the hook's kind. Raises `UserError` if there is none of that name."""
    if hook.run is not None:
        return Program(hook.run)
    known, uses = _places(), str(hook.uses)
    if uses in known:
        return _kind(uses)
    near = closest(uses, known)
    raise UserError(
        f"Hook kind `{uses}` not found." + (f" Did you mean `{near}`?" if near else f" Available: {', '.join(known)}.")
    )


def recorded_kind(name: str | None) -> AnyKind | None:
    """Return the kind that a ledger names, or None when it is not installed any more."""
    return _kind(name) if name is not None and name in _places() else None


@lru_cache(maxsize=1)
def _places() -> Mapping[str, EntryPoint]:
    """Return where each kind is, by its name. Nothing is imported."""
    found: dict[str, EntryPoint] = {}
    for entry in (*(EntryPoint(name, place, GROUP) for name, place in _BUILT_IN.items()), *entry_points(group=GROUP)):
        if entry.name in found:
            raise UserError(f"Two installed packages provide the hook kind `{entry.name}`: remove one of them.")
        found[entry.name] = entry
    return found


@cache
def _kind(name: str) -> AnyKind:
    entry = _places()[name]
    loaded = entry.load()
    if not (isinstance(loaded, type) and issubclass(loaded, HookKind)) or loaded.name != entry.name:
        raise UserError(f"The installed package's hook `{entry.name}` ({entry.value}) is not a hook kind of that name.")
    kind: AnyKind = loaded()
    return kind
