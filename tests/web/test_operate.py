"""What operators start from: alerts and a dashboard that ask for figures which the service has, a compose file and a unit."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.cli.serving.processes import INVALID
from bot.clients.store import Delivery, SqliteStore
from bot.jobs.figures import Figures, JobsNow
from bot.jobs.heard import DriftHeard, RunHeard
from bot.service.jobs_api import StepTimes
from bot.settings import ALIASES, Settings, read
from bot.web.app import create_operations_app
from bot.web.health import OK
from bot.web.metrics import Metrics
from tests import ROOT
from tests.web.serving import serving

OPERATE = ROOT / "docs" / "operate"
RULES = [rule for group in yaml.safe_load((OPERATE / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
PANELS = json.loads((OPERATE / "dashboard.json").read_text())["panels"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The labels of each series that the real page shows once everything has happened."""
    store = SqliteStore(tmp_path_factory.mktemp("operate") / "service.sqlite3")
    figures = Figures("one")
    figures.ended("clone", "done", 1)
    figures.tried("clone", "publish", "done", 1)
    figures.answered("clone", 2)
    figures.put_off(is_limit=True)
    figures.dispatched("queued")
    figures.recovered(1)
    figures.heard(RunHeard("plan", "success", 60))
    figures.heard(DriftHeard("found"))
    figures.stepped([StepTimes(workflow="plan", step="Plan", conclusion="success", seconds=(40, 7))])
    figures.expired("warned")
    figures.now(JobsNow(waiting=1, running=0, oldest=timedelta(minutes=1)))
    figures.remaining({"acme": 4000})
    store.beat("one", figures.text())
    store.append([Delivery("d-1", "issue_comment", b"{}", datetime.now(UTC))])
    metrics = Metrics(store, timedelta(minutes=1))
    metrics.count("issue_comment", "accepted")
    metrics.acknowledged.observe(0.01)
    with serving(
        create_operations_app(read({"ENVCLONE_WEBHOOK_SECRETS": "x"}), store, metrics, lambda: OK)
    ) as operations:
        families = text_string_to_metric_families(operations.get("/metrics").text)
        found = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    store.close()
    return found


def vectors(expression: str) -> list[tuple[str, set[str]]]:
    """Return each series that an expression asks for, with the labels that it chooses and groups by; as Prometheus' grammar reads it."""
    found: list[tuple[str, set[str]]] = []

    def look(node: Any, grouped: frozenset[str]) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append((node.name or "", set(grouped) | {each.name for each in node.matchers.matchers}))
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            grouped |= set(node.modifier.labels)
        below = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector", "param")]
        for each in (*below, *getattr(node, "args", ())):
            if each is not None:
                look(each, grouped)

    # Grafana puts a duration in this place before Prometheus reads it.
    look(promql_parser.parse(expression.replace("$__rate_interval", "5m")), frozenset())
    return found


@pytest.mark.parametrize("expression", ASKED)
def test_every_figure_and_label_that_is_asked_for_is_there(expression: str, samples: dict[str, set[str]]) -> None:
    asked = vectors(expression)
    assert asked
    for name, labels in asked:
        assert name in samples
        assert labels <= samples[name]


@pytest.mark.parametrize(
    "broken", ["sum by (le (envclone_jobs_total)", "rate(envclone_jobs_total)", "envclone_jobs_total{"]
)
def test_an_expression_that_prometheus_refuses_is_found(broken: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the words are the parser's)
        vectors(broken)


def test_each_alert_says_what_to_do_and_names_a_severity() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    assert all(rule["annotations"]["do"] and rule["labels"]["severity"] in ("page", "ticket") for rule in RULES)


def test_each_alert_is_made_to_fire_and_to_keep_quiet_by_series_that_there_are(samples: dict[str, set[str]]) -> None:
    """Prometheus' own program computes them, where there is one: `promtool test rules tests/web/alerts.yaml`."""
    path = ROOT / "tests" / "web" / "alerts.yaml"
    tests = yaml.safe_load(path.read_text())["tests"]
    expected = [each["labels"] for test in tests for case in test["promql_expr_test"] for each in case["exp_samples"]]
    fired = {match for each in expected for match in re.findall('alertname="([^"]+)"', each)}
    assert fired == {rule["alert"] for rule in RULES}
    for name, labels in (
        found for test in tests for series in test["input_series"] for found in vectors(series["series"])
    ):
        # Who wrote a figure down is on each; the web process's own have nobody.
        assert samples[name] - {"replica"} == labels - {"replica"}
    if program := shutil.which("promtool"):
        subprocess.run([program, "test", "rules", str(path)], check=True, capture_output=True)


def test_the_page_of_figures_names_each_of_them(samples: dict[str, set[str]]) -> None:
    told = (OPERATE / "README.md").read_text()
    names = {re.sub("_(total|created|bucket|count|sum)$", "", name) for name in samples if name.startswith("envclone_")}
    assert {name for name in names if f"`{name}`" not in told} == set()


def test_a_label_in_a_rule_is_one_that_the_rule_keeps() -> None:
    for rule in RULES:
        used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        kept = {
            each
            for group in re.findall(r"\bby \(([^)]*)\)", rule["expr"])
            for each in group.replace(" ", "").split(",")
        }
        assert used <= kept


def test_the_compose_file_and_the_unit_name_settings_that_there_are_and_give_steps_their_time() -> None:
    compose = yaml.safe_load((OPERATE / "compose.yaml").read_text())
    service = compose["services"]["envclone"]
    unit = (OPERATE / "envclone.service").read_text()
    named = set(re.findall(r"ENVCLONE_(\w+)=", unit)) | {
        name.removeprefix("ENVCLONE_") for name in service["environment"]
    }
    assert {ALIASES.get(name, name).lower() for name in (each.removesuffix("_FILE") for each in named)} <= set(
        Settings.model_fields
    )
    longest = Settings().stop_within.total_seconds() + 5
    stop = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert stop is not None
    assert min(int(stop[1]), int(service["stop_grace_period"].removesuffix("s"))) >= longest
    assert f"RestartPreventExitStatus={INVALID}\n" in unit
    assert {name for each in compose["services"].values() for name in each["secrets"]} == set(compose["secrets"])
    assert service["read_only"] is True
    assert "user" not in service, "the image's own"
    assert f"{service['volumes'][0].rpartition(':')[2]}" in (ROOT / "Dockerfile").read_text()


@pytest.mark.slow
def test_the_compose_file_fits_the_published_schema() -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    argv = [str(program), "--builtin-schema", "vendor.compose-spec", str(OPERATE / "compose.yaml")]
    found = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout


def test_the_chart_names_settings_and_values_that_there_are_and_runs_the_image_as_it_is_built() -> None:
    chart = OPERATE / "helm"
    templates = "\n".join(path.read_text() for path in sorted((chart / "templates").glob("*.yaml")))
    settings = {name.removesuffix("_FILE") for name in re.findall(r"name: ENVCLONE_(\w+)", templates)}
    assert {ALIASES.get(name, name).lower() for name in settings} <= set(Settings.model_fields)
    values = yaml.safe_load((chart / "values.yaml").read_text())
    assert set(re.findall(r"\.Values\.(\w+)", templates)) == set(values)
    for outer, inner in set(re.findall(r"\.Values\.(\w+)\.(\w+)", templates)):
        assert inner in values[outer], (outer, inner)
    grace = re.search(r"terminationGracePeriodSeconds: (\d+)", templates)
    assert grace is not None
    assert int(grace[1]) >= Settings().stop_within.total_seconds() + 5
    dockerfile = (ROOT / "Dockerfile").read_text()
    for said in ("USER 10001", "EXPOSE 8080", "VOLUME /var/lib/envclone/data"):
        assert said in dockerfile
        assert said.rpartition(" ")[2] in templates
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert about["version"] == about["appVersion"] == version("envclone")
