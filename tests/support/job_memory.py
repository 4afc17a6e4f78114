"""The engine's memory of one job, in a test's own memory: what was remembered, and how long it would have slept."""

from collections.abc import Callable

from bot.model.pipeline import Json
from bot.service.jobs_api import JobRequest


class JobMemory:
    """Runs each step once and remembers it by its place and name, as the engine does. Sleeps are only written down."""

    forgets = False

    def __init__(self, on_sleep: Callable[[float], None] = lambda _: None) -> None:
        self._on_sleep = on_sleep
        self.remembered: list[tuple[str, dict[str, Json]]] = []
        self.slept: list[float] = []
        self.followers: list[JobRequest] = []

    def remember(self, name: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        self.remembered.append((name, act()))
        return self.remembered[-1][1]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._on_sleep(seconds)

    def follow(self, request: JobRequest) -> None:
        self.followers.append(request)
