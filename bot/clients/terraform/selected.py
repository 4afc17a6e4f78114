"""What a root module is opened with."""

from dataclasses import dataclass

from bot.core.checks.workspaces import Workspace


@dataclass(frozen=True, slots=True)
class Selected:
    """What a root module is opened with: values that it must not show, its workspace, and arguments of `init` for its backend."""

    secrets: tuple[str, ...] = ()
    workspace: Workspace | None = None
    backend: tuple[str, ...] = ()
