"""When a change outside is held to be the same as one in another environment."""

from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.drift_alike import signs
from bot.core.plans.plan_values import Masked, PlanValue
from bot.names import EnvironmentName, StepName

APP = StepName("app")


def drift(name: str, there: PlanValue, address: str = "x.y") -> Drift:
    change = DriftChange(address, "changed", (), {"value": there}, {"value": "as written"})
    return Drift(EnvironmentName(name), "c" * 40, (StepDrift(APP, "stack", "drifted", (change,)),))


def test_a_change_is_told_by_its_address_and_by_what_is_there_whatever_the_environment_is_called() -> None:
    assert signs(drift("demo-x", "demo-x.example")) == signs(drift("demo-y", "demo-y.example"))
    assert signs(drift("demo-x", 2)) != signs(drift("demo-x", 3))
    assert signs(drift("demo-x", 2)) != signs(drift("demo-x", 2, "x.z"))


def test_a_short_name_is_known_as_a_word_and_not_inside_of_others() -> None:
    assert signs(drift("ap", "apps of ap-app\nap")) == signs(drift("demo-x", "apps of demo-x-app\ndemo-x"))
    assert signs(drift("ap", {"ap": ["app"]}, 'a.b["ap"]')) == signs(drift("qa", {"qa": ["app"]}, 'a.b["qa"]'))
    assert signs(drift("ap", "ap3")) != signs(drift("qa", "qa3"))


def test_a_secret_tells_nothing_and_a_hook_neither() -> None:
    assert signs(drift("demo-x", Masked("a"))) == ()
    assert signs(Drift(EnvironmentName("demo-x"), "c" * 40, (StepDrift(APP, "http.probe", "drifted"),))) == ()
