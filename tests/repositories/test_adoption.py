"""Repositories of other kinds than ours: taken over byte for byte, checked, cloned and compared."""

import pytest

from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import assemble
from bot.core.rendering.verify import verify
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.preflight import code_findings
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.proof import check_template
from tests.support import example
from tests.support.repositories import KINDS, Adopted

DIFFERENT = {
    "registry": {"retention_seconds", "state_bucket"},
    "shared_modules": {"replicas"},
    "workspaces": set[str](),
    "google": {"tier", "project_id", "state_bucket"},
    "azure": {"nodes", "subscription_id", "container"},
    "aliases": {"account_id", "state_bucket", "domain", "disposable"},
    "idioms": {"size"},
}
"""What a clone differs in from production, beside its name, by what causes it."""


@pytest.fixture(scope="module", params=KINDS)
def adopted(request: pytest.FixtureRequest) -> Adopted:
    return Adopted(request.param)


@pytest.fixture(scope="module")
def clone(adopted: Adopted) -> Draft:
    found = draft_clone(example.asked(), adopted.base)
    assert isinstance(found, Draft), found
    return found


def test_production_is_rendered_byte_for_byte_as_it_was_written(adopted: Adopted) -> None:
    rendered = assemble(adopted.template, adopted.production)
    assert {path: rendered.get(path) for path in adopted.written} == adopted.written
    assert rendered.keys() - adopted.written.keys() == {"environment.yaml"}


def test_the_template_is_what_every_check_takes(adopted: Adopted) -> None:
    assert check_template(adopted.template, adopted.production, example.asked(), adopted.rules).findings == []


def test_production_and_a_clone_may_be_planned(adopted: Adopted, clone: Draft) -> None:
    for manifest in (adopted.production, clone.manifest):
        files = {**assemble(adopted.template, manifest), **adopted.template.modules}
        assert code_findings(CodeSide(manifest, files), adopted.rules) == []
        assert not verify(manifest.name, assemble(adopted.template, manifest), adopted.template)


def test_nothing_is_planned_that_the_policy_does_not_name(adopted: Adopted, clone: Draft) -> None:
    closed = adopted.policy.model_copy(update={"gate": type(adopted.policy.gate)()})
    side = CodeSide(adopted.production, adopted.base.source_files)
    found = code_findings(side, type(adopted.rules)(closed, adopted.rules.cloud))
    assert bool(found) is (adopted.kind not in {"shared_modules", "idioms"})
    assert all(each.line > 0 and each.path.startswith("envs/production/") for each in found)


def test_a_clone_in_the_same_project_subscription_account_or_state_is_refused(adopted: Adopted) -> None:
    declared = adopted.template.declaration.parameters
    for name in (name for name, each in declared.items() if each.identity and name != "name"):
        theirs = adopted.production.parameters[name]
        found = draft_clone(example.asked(set={name: str(theirs)}), adopted.base)
        assert isinstance(found, Refused), name
        assert found.reason.startswith(f"`{name}` would be `{theirs}`, the same as in production.")


def test_a_clone_differs_from_production_by_what_was_declared(adopted: Adopted, clone: Draft) -> None:
    ours = CodeSide(clone.manifest, {**clone.files, **adopted.template.modules})
    theirs = CodeSide(adopted.production, adopted.base.source_files)
    parity = compare(theirs, ours, adopted.template, example.NOW).parity
    causes = {str(cause.parameter) for each in parity.differences for cause in each.causes}
    assert causes - {"name", "account"} == DIFFERENT[adopted.kind]
    assert all(each.causes for each in parity.differences)
    unseen = [rule for rule in parity.set_apart if rule.startswith("inside the module ")]
    assert bool(unseen) is (adopted.kind == "registry"), "by code, only what is in the repository is seen"
    assert all(rule.endswith(", whose code is not in this repository") for rule in unseen)
