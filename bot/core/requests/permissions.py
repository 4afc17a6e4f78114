"""Who may do what: GitHub's repository roles in order of strength."""

from typing import get_args

from bot.model.policy import Role

_STRENGTH: dict[str, int] = {role: strength for strength, role in enumerate(get_args(Role))}


def suffices(held: Role | None, needed: Role) -> bool:
    """Say whether somebody who holds `held` (None: nothing) may do what needs `needed`."""
    return held is not None and _STRENGTH[held] >= _STRENGTH[needed]
