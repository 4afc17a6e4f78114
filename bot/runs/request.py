"""What an apply or a destroy is asked to do."""

from dataclasses import dataclass
from pathlib import Path

from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What to apply, for whom. `head` is the commit that was reviewed, `commit` the one that is checked out at `root`.

    `lock_owner` names this run and no other; `machine` is `user@host`, as Terraform names the holder of a lock. `take_over`
    is the reason to take the lease even from a run whose time is not over. `asked_at` is the address of the comment that asked for
    what was reviewed, where one did.
    """

    environment: EnvironmentName
    root: Path
    commit: str
    head: str
    by: str
    lock_owner: str
    machine: str
    run_url: str = ""
    take_over: str = ""
    asked_at: str = ""
    max_parallel: int = 4
    """Steps at once. A stack takes some 600 MB while its provider runs, and a hosted runner has 16 GB."""
