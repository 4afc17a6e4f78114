"""Parity of a checkout: in the check before any credentials, and on the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.clouds.registry import FACTS
from bot.core.plans.environment_plan import EnvironmentPlan
from bot.core.rendering.assemble import assemble, read_manifest, read_template
from bot.errors import Unverifiable
from bot.names import EnvironmentName, ParameterName, TemplateName
from bot.runs.plan.base.history import History
from bot.runs.plan.code_parity import check_parity
from bot.runs.plan.matrix import Span, find_targets
from bot.runs.plan.parity import ParityBase, compare_code, parity_result
from tests import ROOT
from tests.core.parity import shop

DEMO = EnvironmentName("demo-x")


@pytest.fixture
def monorepo(tmp_path: Path) -> Checkout:
    """Return a repository with the shipped template, production, and a demo clone in a second commit."""
    root = tmp_path / "monorepo"
    for place in ("templates", "envs", ".github"):
        shutil.copytree(ROOT / place, root / place)
    git(root, "init", "-q", "-b", "main")
    commit(root, "production")
    checkout = Checkout(root)
    checkout.write_environment(DEMO, shop.clone().files)
    commit(root, "demo-x")
    return checkout


def git(root: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *words], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "-c", "user.name=Alice", "-c", "user.email=alice@example.com", "commit", "-q", "-m", message)


def edit(checkout: Checkout, path: str, was: str, now: str) -> None:
    place = checkout.root / "envs" / DEMO / path
    text = place.read_text("utf-8")
    assert was in text
    place.write_text(text.replace(was, now, 1), "utf-8")
    commit(checkout.root, "by hand")


def complaints(checkout: Checkout) -> tuple[str, ...]:
    span = Span(
        git(checkout.root, "rev-list", "--max-parents=0", "HEAD").strip(),
        git(checkout.root, "rev-parse", "HEAD").strip(),
    )
    return find_targets(checkout.root, span, "plan", now=shop.NOW).complaints


def run(checkout: Checkout, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["parity", *words, "--root", str(checkout.root)])
    return done.exit_code, done.output


def test_a_clean_clone_passes_the_check_and_the_command(monorepo: Checkout) -> None:
    assert complaints(monorepo) == ()
    code, said = run(monorepo, "demo-x")
    assert code == 0
    assert "0 unexplained" in said


def test_each_failure_is_a_complaint_with_file_and_line(monorepo: Checkout) -> None:
    edit(
        monorepo,
        "traffic/dns.tf",
        'resource "aws_route53_zone" "private" {',
        'resource "aws_route53_zone" "private" {\n  count = 0',
    )
    edit(monorepo, "data/parameters.tf", "= var.payments_url", '= "https://api.payments.example/v1"')
    found = "\n".join(complaints(monorepo))
    assert "envs/production/traffic/dns.tf:9: `traffic/aws_route53_zone.private` is missing from demo-x" in found
    manifest = (monorepo.root / "envs/demo-x/environment.yaml").read_text("utf-8").splitlines()
    line = manifest.index("purpose: demo") + 1
    assert f"envs/demo-x/environment.yaml:{line}: `demo` must match `production` in topology" in found
    assert (
        "envs/demo-x/data/parameters.tf:4: `https://api.payments.example/v1` is an outside system that production uses"
        in found
    )
    code, said = run(monorepo, "demo-x", "--json")
    data = json.loads(said)
    assert code == 1
    assert data["holds"] is False
    assert [leak["line"] for leak in data["leaks"]] == [4, 16]
    assert {each["address"] for each in data["differences"] if each["kind"] == "missing"} == {
        "traffic/aws_route53_zone.private"
    }


def test_production_moving_on_does_not_fail_everybodys_clones(monorepo: Checkout) -> None:
    place = monorepo.root / "templates/production/data/queue.tf"
    place.write_text(place.read_text().replace("= 120\n", "= 180\n"))
    name = TemplateName("production")
    template = read_template(name, monorepo.template(name), FACTS)
    moved = shop.BASE.source.model_copy(update={"revision": template.revision})
    monorepo.write_environment(shop.PRODUCTION, assemble(template, moved))
    commit(monorepo.root, "production moves on")
    found = check_parity(monorepo, DEMO, None, shop.NOW)
    assert found.holds
    assert [each.attribute for each in found.parity.differences if each.is_revision] == ["visibility_timeout_seconds"]


@pytest.mark.whole
def test_a_template_that_demands_less_than_the_base_branch_s_is_told_in_the_plan(monorepo: Checkout) -> None:
    base, place = git(monorepo.root, "rev-parse", "HEAD").strip(), monorepo.root / "templates/production/template.yaml"
    whole = place.read_text("utf-8")
    place.write_text(whole.replace("differ: [identity, secrets, outbound]", "differ: [identity]"), "utf-8")
    assert place.read_text("utf-8") != whole
    commit(monorepo.root, "demand less")
    revision = git(monorepo.root, "rev-parse", "HEAD:templates/production").strip()
    manifest = read_manifest(monorepo.environment(DEMO), "envs/demo-x").model_copy(update={"revision": revision})
    held = compare_code(manifest, monorepo, ParityBase(base), shop.NOW)
    assert held is not None
    note = parity_result(EnvironmentPlan(DEMO, revision, "create", ()), held, shop.NOW).note
    assert note.startswith("**The template of this clone demands less than the base branch's:** the purpose ")
    assert "the purpose `demo` no longer demands that `secrets` differs; " in note
    same = compare_code(manifest, monorepo, ParityBase("HEAD"), shop.NOW)
    assert same is not None
    assert (same.demands_less, same.by_base) == ((), None)


@pytest.mark.whole
def test_an_approved_change_is_compared_by_the_base_branch_s_contract_and_by_its_own_where_that_demands_more(
    monorepo: Checkout,
) -> None:
    place = monorepo.root / "templates/production/template.yaml"
    whole, name, payments = place.read_text("utf-8"), TemplateName("production"), ParameterName("payments_url")
    less = whole.replace("differ: [identity, secrets, outbound]", "differ: [identity]")
    url = read_manifest(monorepo.environment(shop.PRODUCTION), "envs/production").parameters[payments]

    def broken(declaration: str, base: str) -> list[str]:
        place.write_text(declaration, "utf-8")
        commit(monorepo.root, "another contract")
        revision = read_template(name, monorepo.template(name), FACTS).revision
        manifest = read_manifest(monorepo.environment(DEMO), "envs/demo-x")
        update = {"revision": revision, "parameters": {**manifest.parameters, payments: url}}
        held = compare_code(manifest.model_copy(update=update), monorepo, ParityBase(base), shop.NOW)
        assert held is not None
        result = parity_result(EnvironmentPlan(DEMO, revision, "create", ()), held, shop.NOW)
        return [breach.message for breach in result.parity.breaches]

    start = git(monorepo.root, "rev-parse", "HEAD").strip()
    same = "`demo` must differ from `production` in outbound, but both have the same `payments_url`"
    assert broken(less, start) == [f"{same} (so the base branch's template demands)"]
    loose = git(monorepo.root, "rev-parse", "HEAD").strip()
    assert broken(less + "# the same\n", loose) == []
    assert broken(whole + "# more\n", loose) == [same]


@pytest.mark.slow
def test_what_can_not_be_compared_says_so(monorepo: Checkout) -> None:
    with pytest.raises(Unverifiable, match="demo-y does not exist"):
        check_parity(monorepo, EnvironmentName("demo-y"), None, shop.NOW)
    with pytest.raises(Unverifiable, match="is not a clone"):
        check_parity(monorepo, shop.PRODUCTION, None, shop.NOW)
    assert run(monorepo, "demo-y")[0] == 2
    assert run(monorepo, "production", "--against", "demo-x")[0] == 1


def test_the_page_is_written_and_names_the_pull_request_of_the_job(
    monorepo: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = "https://github.example/acme/infra/pull/41"
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"html_url": pull}}), "utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    code, said = run(monorepo, "demo-x", "--html", str(tmp_path / "parity.html"))
    assert code == 0
    assert "Wrote" in said
    page = (tmp_path / "parity.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert f'<a href="{pull}" rel="noreferrer">pull request #41</a>' in page


@pytest.mark.slow
def test_a_clone_of_an_older_revision_is_held_to_what_the_base_branch_demands_now(monorepo: Checkout) -> None:
    declaration, payments = monorepo.root / "templates/production/template.yaml", ParameterName("payments_url")
    whole = declaration.read_text("utf-8")
    url = read_manifest(monorepo.environment(shop.PRODUCTION), "envs/production").parameters[payments]
    # The base branch once demanded less, and demands more by now. The clone is pushed by hand, at the old revision.
    declaration.write_text(whole.replace("differ: [identity, secrets, outbound]", "differ: [identity]"), "utf-8")
    template = read_template(TemplateName("production"), monorepo.template(TemplateName("production")), FACTS)
    was = read_manifest(monorepo.environment(DEMO), "envs/demo-x")
    update = {"revision": template.revision, "parameters": {**was.parameters, payments: url}, "overrides": (payments,)}
    shutil.rmtree(monorepo.root / "envs/demo-x")
    commit(monorepo.root, "demand less")
    declaration.write_text(whole, "utf-8")
    commit(monorepo.root, "demand more again")
    before = git(monorepo.root, "rev-parse", "HEAD").strip()
    monorepo.write_environment(DEMO, assemble(template, was.model_copy(update=update)))
    commit(monorepo.root, "a clone of the old revision")
    found = "\n".join(find_targets(monorepo.root, Span(before, "HEAD"), "plan", now=shop.NOW).complaints)
    demanded = "both have the same `payments_url` (so the base branch's template demands)"
    assert demanded in found
    # By its own contract alone it would pass. It stays what it was accepted as, whatever else of it changes.
    assert check_parity(monorepo, DEMO, None, shop.NOW).holds
    accepted = History(monorepo.root, git(monorepo.root, "rev-parse", "HEAD").strip())
    assert check_parity(monorepo, DEMO, None, shop.NOW, history=accepted).holds
    # The plan asks the same.
    manifest = read_manifest(monorepo.environment(DEMO), "envs/demo-x")
    planned = compare_code(manifest, monorepo, ParityBase(before), shop.NOW)
    assert planned is not None
    assert planned.by_base is not None
    assert [each.aspect for each in planned.by_base.compared.parity.breaches] == ["outbound"]
    assert "no longer demands that `outbound` differs" in "; ".join(planned.demands_less)
