"""What people read of an apply."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.messages.apply_comment import marker, refusal, summary, title
from bot.core.messages.apply_text import text as text_of
from bot.names import EnvironmentName, StepName

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DEMO = EnvironmentName("demo-x")


def step(name: str, **more: Any) -> StepResult:
    defaults = {"kind": "stack", "state": "succeeded", "started_at": NOW, "ended_at": NOW + timedelta(seconds=5)}
    return StepResult.model_validate({"name": name, **defaults, **more})


def outcome(*steps: StepResult) -> ApplyOutcome:
    return ApplyOutcome(
        environment=DEMO,
        head="a" * 40,
        commit="b" * 40,
        tree="c" * 40,
        by="alice",
        run_url="https://github.example/run/1",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=75),
        steps=steps,
        diagram="flowchart LR\n  s0",
    )


LIVE = outcome(
    step("network", evidence="3 added", outputs={"vpc": "vpc-1"}, hidden=("token",)),
    step("app", outputs={"url": "https://demo-x.example"}),
    step("smoke", kind="http.probe", state="skipped", reason="already done"),
)
FAILED = outcome(
    step("network"),
    step("app", state="failed", reason="no such zone\n``` @everyone", attempts=3),
    step("smoke", kind="http.probe", state="blocked", reason="it needs `app`, which failed"),
)


def test_a_live_environment_says_where_it_answers() -> None:
    assert title(LIVE) == "demo-x is live: 2 steps run in 1 min 15 s, 1 already done"
    text = summary(LIVE, 60_000)
    assert "Open it at <https://demo-x.example>." in text
    assert "| `network` | `vpc` | `vpc-1` |" in text
    assert "| `network` | `token` | *sensitive* |" in text
    assert LIVE.url == "https://demo-x.example"


def test_a_failure_says_which_step_why_and_how_to_go_on() -> None:
    assert title(FAILED) == "demo-x: app failed"
    text = summary(FAILED, 60_000)
    assert "**`app` failed** after 5 s and 3 attempts:" in text
    assert "````\nno such zone\n``` @everyone\n````" in text
    assert "the apply resumes at the failed step" in text
    assert "which failed" in text
    assert "Open it at" not in text


def test_only_the_comment_is_marked_so_that_a_copy_is_not_taken_for_it() -> None:
    assert marker(DEMO) not in summary(LIVE, 60_000)


def test_it_always_fits_and_says_when_it_is_shortened() -> None:
    many = outcome(
        *(step(StepName(f"s-{number}"), evidence="x" * 300, outputs={"a": "y" * 300}) for number in range(90))
    )
    whole = summary(many, 1_000_000)
    for limit in (60_000, 30_000, 500):
        text = summary(many, limit)
        assert len(text.encode()) <= limit
        assert "demo-x is live" in text
    assert "Shortened to fit" in summary(many, len(whole.encode()) - 1)


def test_a_url_that_is_none_is_not_shown_as_one() -> None:
    assert outcome(step("app", outputs={"url": "javascript:alert(1)"})).url is None
    assert outcome(step("app", outputs={"url": ["https://x"]})).url is None


def test_a_refusal_quotes_the_reason() -> None:
    assert "was not applied" in refusal(DEMO, "not reviewed", was_begun=False)
    assert "```\nnot reviewed\n```" in refusal(DEMO, "not reviewed", was_begun=False)
    assert "stopped" in refusal(DEMO, "the lease was lost", was_begun=True)


def test_a_terminal_is_told_the_same_without_markdown() -> None:
    told = text_of(FAILED)
    assert "app      failed         5 s  no such zone" in told
    assert "smoke    blocked        5 s  it needs `app`, which failed" in told
    assert told.endswith("the apply resumes at the failed step.")
    assert "app.url = https://demo-x.example" in text_of(LIVE)
    assert text_of(LIVE).endswith("Open it at https://demo-x.example")


def test_outcomes_are_data() -> None:
    assert ApplyOutcome.model_validate_json(FAILED.model_dump_json()) == FAILED
