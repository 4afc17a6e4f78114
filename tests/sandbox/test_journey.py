"""Stages of a story: each ends, or says soon that it will not."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.sandbox import journey
from bot.sandbox.front_door import Service
from bot.sandbox.journey import JourneyStage, Story, Stuck, walk


class Runner:
    """What `walk` looks at."""

    heard = 0
    is_idle = True

    def idle(self) -> bool:
        return self.is_idle


def story(runner: Runner, service: Service | None = None) -> Story:
    return Story(SimpleNamespace(runner=runner, root=Path("/logs"), service=service))  # type: ignore[arg-type] # a story looks at no more


def stage(act: object, patience: float = 60) -> JourneyStage[Story]:
    return JourneyStage("live", "the clone is live", patience, act)  # type: ignore[arg-type] # as each test says


def test_a_stage_at_which_nothing_happens_any_more_ends_long_before_its_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journey, "STANDSTILL", 0.0)
    with pytest.raises(Stuck, match=r"^Nothing has happened for 0 s at “the clone is live”. Logs: /logs/service"):
        list(walk(story(Runner(), Service("", "")), [stage(lambda _: False)]))


@pytest.mark.parametrize("what", ["an event", "a run"])
def test_a_stage_goes_on_while_something_happens(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(journey, "STANDSTILL", 0.0)
    runner, looks = Runner(), iter([False, False, True])
    runner.is_idle = what != "a run"

    def act(_: Story) -> bool:
        runner.heard += what == "an event"
        return next(looks)

    told = story(runner)
    assert [each.key for each in walk(told, [stage(act)])] == ["live", "live"]
    assert told.seconds["live"] > 0


def test_a_stage_at_which_much_happens_and_nothing_comes_of_it_ends_with_its_patience() -> None:
    runner = Runner()
    runner.is_idle = False
    with pytest.raises(Stuck, match=r"^Timed out at “the clone is live” after 0 s. Logs: /logs/actions"):
        list(walk(story(runner), [stage(lambda _: False, patience=0)]))
