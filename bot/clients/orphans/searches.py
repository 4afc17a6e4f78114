"""The search of each cloud that has one, by the policy's word for the cloud. Its library is loaded when it is asked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

from bot.clients.orphans import aws
from bot.errors import Unverifiable

FindTagged: TypeAlias = Callable[[str, Mapping[str, Sequence[str]]], Collection[str]]
"""Returns the names of what bears one of these values of these tags in a place: a region of AWS, a project of Google Cloud, a
subscription of Azure. Raises `Unverifiable`."""


def _google(project: str, tags: Mapping[str, Sequence[str]]) -> Collection[str]:
    try:
        from bot.clients.orphans import google  # noqa: PLC0415 (0.5 s of a start, and not always installed)
    except ImportError as error:
        raise _not_installed("Google Cloud", "gcp") from error
    return google.tagged(project, tags)


def _azure(subscription: str, tags: Mapping[str, Sequence[str]]) -> Collection[str]:
    try:
        from bot.clients.orphans import azure  # noqa: PLC0415 (0.5 s of a start, and not always installed)
    except ImportError as error:
        raise _not_installed("Azure", "azure") from error
    return azure.tagged(subscription, tags)


def _not_installed(cloud: str, extra: str) -> Unverifiable:
    return Unverifiable(f"To search {cloud}, install what it needs: `pip install 'envclone[{extra}]'`.")


SEARCHES: Final[Mapping[str, FindTagged]] = {"aws": aws.tagged, "gcp": _google, "azure": _azure}
