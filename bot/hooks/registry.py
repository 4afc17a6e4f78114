"""The kinds that there are: built in, and those that installed packages add.

A package adds kinds through the entry point group `envclone.hooks`; each entry is a subclass of `HookKind` without arguments:

    [project.entry-points."envclone.hooks"]
    "acme.greeting" = "acme_envclone:Greeting"
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any, TypeAlias

from bot.errors import UserError
from bot.hooks.aws.bucket_seed import AwsBucketSeed
from bot.hooks.aws.certificate import AwsCertificate
from bot.hooks.aws.dns_delegation import AwsDnsDelegation
from bot.hooks.aws.ecs_task import AwsEcsTask
from bot.hooks.aws.lambda_function import AwsLambda
from bot.hooks.aws.parameter import AwsParameter
from bot.hooks.aws.parameter_copy import AwsParameterCopy
from bot.hooks.aws.rds_snapshot import AwsRdsSnapshot
from bot.hooks.aws.secret import AwsSecret
from bot.hooks.http_probe import HttpProbe
from bot.hooks.kind import HookKind
from bot.hooks.program import Program
from bot.model.pipeline import Hook
from bot.model.suggest import closest

GROUP = "envclone.hooks"

AnyKind: TypeAlias = HookKind[Any, Any]
"""A kind of which the caller knows neither the inputs nor the record; both are validated before they reach it."""


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, AnyKind]:
    """Return every kind by its name. Raises `UserError` for a package's kind that is none, or takes another's name."""
    found: dict[str, AnyKind] = {}
    for kind in (*built_in(), *_added()):
        if kind.name in found:
            raise UserError(f"Two installed packages provide the hook kind `{kind.name}`: remove one of them.")
        found[kind.name] = kind
    return found


def built_in() -> tuple[AnyKind, ...]:
    """Return the kinds that come with envclone, in the order in which they are documented."""
    return (
        HttpProbe(),
        AwsSecret(),
        AwsParameter(),
        AwsParameterCopy(),
        AwsBucketSeed(),
        AwsRdsSnapshot(),
        AwsDnsDelegation(),
        AwsCertificate(),
        AwsEcsTask(),
        AwsLambda(),
    )


def kind_of(hook: Hook) -> AnyKind:
    """Return the hook's kind. Raises `UserError` if there is none of that name."""
    if hook.run is not None:
        return Program(hook.run)
    known, uses = kinds(), str(hook.uses)
    if uses in known:
        return known[uses]
    near = closest(uses, known)
    raise UserError(
        f"Hook kind `{uses}` not found." + (f" Did you mean `{near}`?" if near else f" Available: {', '.join(known)}.")
    )


def _added() -> Iterator[AnyKind]:
    for entry in entry_points(group=GROUP):
        loaded = entry.load()
        if not (isinstance(loaded, type) and issubclass(loaded, HookKind)) or loaded.name != entry.name:
            raise UserError(
                f"The installed package's hook `{entry.name}` ({entry.value}) is not a hook kind of that name."
            )
        yield loaded()
