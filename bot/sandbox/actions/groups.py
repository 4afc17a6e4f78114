"""Concurrency groups: one member at a time, the others in the order of their arrival.

As on GitHub, a newcomer drops whoever waits, unless the group keeps all (`queue: max`), and with `cancel-in-progress` also
whoever is inside. Groups are told apart without regard to case.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.actions.workflow import Concurrency


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in one group's queue; `dropped` is called, once, when a newcomer takes the place away."""

    group: str
    dropped: Callable[[], None]
    lost: bool = field(default=False)


class Groups:
    """All groups of one repository."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queues: dict[str, list[Ticket]] = {}

    def join(self, group: str, rules: Concurrency, dropped: Callable[[], None]) -> Ticket:
        """Take the last place in a group's queue, after the rules have removed whom they remove. Does not wait."""
        ticket = Ticket(group.casefold(), dropped)
        with self._changed:
            queue = self._queues.setdefault(ticket.group, [])
            kept = 0 if rules.cancels else len(queue) if rules.keeps_all else 1
            lost = [other for other in queue[kept:] if not other.lost]
            # Who is inside stays in the queue until it has really ended: two at once is what a group exists to prevent.
            self._queues[ticket.group] = [*queue[: max(kept, 1)], ticket]
            for other in lost:
                other.lost = True
            self._changed.notify_all()
        for other in lost:
            other.dropped()
        return ticket

    def wait(self, ticket: Ticket) -> bool:
        """Wait for the ticket's turn; say whether it came (else it was dropped, or left)."""
        with self._changed:
            self._changed.wait_for(lambda: ticket.lost or self._queues.get(ticket.group, [None])[0] is ticket)
            return not ticket.lost

    def leave(self, ticket: Ticket) -> None:
        """Give the place up, inside or waiting. May be called twice."""
        with self._changed:
            ticket.lost = True
            queue = [other for other in self._queues.get(ticket.group, []) if other is not ticket]
            if queue:
                self._queues[ticket.group] = queue
            else:
                self._queues.pop(ticket.group, None)
            self._changed.notify_all()
