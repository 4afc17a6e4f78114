"""What was read last of a repository, by an id that never means anything else."""

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values that were made last; the oldest is forgotten first. For one thread at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Key, Value] = {}

    def taken(self, key: Key, make: Callable[[], Value], is_kept: Callable[[Value], bool] = lambda _: True) -> Value:
        """Return the value of a key, made now if it is not known, and kept if it is such."""
        if key not in self._values:
            made = make()
            if not is_kept(made):
                return made
            while len(self._values) >= self._most:
                self._values.pop(next(iter(self._values)))
            self._values[key] = made
        return self._values[key]
