"""What a run of chaos is asked for, and what is there at its end and at that of one in peace."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """What is asked for: its seed, how long there is trouble, how many replicas of the service there are, and how often an act is killed at most."""

    seed: int
    seconds: float
    replicas: int = 1
    kills: int = 12


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that is there, in words, with how often it is there."""

    what: str
    peaceful: "Counter[str]"
    troubled: "Counter[str]"

    @property
    def lost(self) -> "Counter[str]":
        return self.peaceful - self.troubled

    @property
    def doubled(self) -> "Counter[str]":
        return self.troubled - self.peaceful

    def text(self) -> str:
        """Say what is lost or too many, each on a line, and how much that is."""
        lines = [f"lost     {times} × {what}" for what, times in sorted(self.lost.items())]
        lines += [f"too many {times} × {what}" for what, times in sorted(self.doubled.items())]
        total, lost, doubled = (sum(each.values()) for each in (self.peaceful, self.lost, self.doubled))
        return "\n".join([*lines, f"{self.what}, {total} things: {lost} lost, {doubled} too many"])
