"""Which environments a change touches, asked of a real repository."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from bot.core.tree import File
from bot.errors import Unverifiable
from bot.model.rollout import RolloutPolicy
from bot.model.roots import RootPair, Roots
from bot.model.yaml_document import dump
from bot.names import EnvironmentName, TemplateName
from bot.runs.plan.matrix import Span, find_targets
from tests.support.monorepo import Monorepo
from tests.support.product import STACKS

SOURCE = "production"


@pytest.fixture
def monorepo(tmp_path: Path) -> Monorepo:
    """A repository whose production others are cloned from."""
    found = Monorepo.create(tmp_path / "monorepo", "state-bucket")
    found.add(SOURCE)
    return found


def span(monorepo: Monorepo, base: str) -> Span:
    return Span(base, monorepo.git("rev-parse", "HEAD").strip())


def head(monorepo: Monorepo) -> str:
    return monorepo.git("rev-parse", "HEAD").strip()


def test_only_environments_that_change_are_touched(monorepo: Monorepo) -> None:
    monorepo.add("demo-a", SOURCE)
    base = head(monorepo)
    monorepo.add("demo-b", SOURCE)
    monorepo.put(".", {"README.md": File(b"Other things change, too.\n")})
    monorepo.commit("other")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert [(t.environment, t.change) for t in found.targets] == [("demo-b", "create")]
    assert found.complaints == ()


def test_a_manifest_by_hand_that_names_no_source_does_not_get_around_parity(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.add("demo-x", greeting="differs, and nobody would have said so")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert found.targets == ()
    (complaint,) = found.complaints
    assert complaint.startswith("envs/demo-x/environment.yaml: `source` is missing")
    assert "for example `source: production`" in complaint


def test_two_clones_that_name_one_another_are_held_against_nothing_and_so_refused(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.add("demo-a", source="demo-b", greeting="differs")
    monorepo.add("demo-b", source="demo-a", greeting="differs")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert found.targets == ()
    assert [each.partition(": ")[2][:25] for each in found.complaints] == ["the chain of `source` lea"] * 2


def test_a_change_that_touches_no_environment_has_no_targets(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.put("docs", {"a.md": File(b"x\n")})
    monorepo.commit("docs")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert (found.targets, found.complaints) == ((), ())


def test_what_main_did_meanwhile_is_not_this_change(monorepo: Monorepo) -> None:
    start = head(monorepo)
    monorepo.add("demo-main", SOURCE)
    main = head(monorepo)
    monorepo.git("checkout", "-q", "-b", "feature", start)
    monorepo.add("demo-feature", SOURCE)
    found = find_targets(monorepo.root, span(monorepo, main), "plan")
    assert [t.environment for t in found.targets] == ["demo-feature"]


def test_the_policy_of_the_base_counts(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.put(".github", {"envclone.yml": File(b"accounts: {}\n")})
    monorepo.add("demo-x", SOURCE)
    assert [t.environment for t in find_targets(monorepo.root, span(monorepo, base), "plan").targets] == ["demo-x"]


def test_a_hand_edit_is_a_complaint_before_any_credentials(monorepo: Monorepo) -> None:
    base = head(monorepo)
    name = monorepo.add("demo-x", SOURCE)
    place = monorepo.root / "envs" / name / "app" / "main.tf"
    place.write_text(place.read_text() + "# by hand\n")
    monorepo.commit("edit")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert any(
        "envs/demo-x/app/main.tf" in complaint and "edited by hand" in complaint for complaint in found.complaints
    )


@pytest.mark.parametrize("path", ["envs/Demo X/environment.yaml", "envs/demo-x/environment.yaml"])
def test_what_is_no_environment_fails_closed(monorepo: Monorepo, path: str) -> None:
    base = head(monorepo)
    monorepo.put(".", {path: File(b"name: [")})
    monorepo.commit("odd")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert found.targets == ()
    assert len(found.complaints) == 1


PROTECTED = b'resource "aws_lb" "x" {\n  enable_deletion_protection = true\n}\n'


def test_a_clone_that_could_not_be_destroyed_again_is_a_complaint_before_any_credentials(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.add("demo-x", SOURCE)
    monorepo.put("envs/demo-x/app", {"lb.tf": File(PROTECTED)})
    monorepo.commit("protect it")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert any("envs/demo-x/app/lb.tf:2: `aws_lb.x` could not be destroyed" in each for each in found.complaints)


def test_what_the_policy_protects_may_be_protected(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.put("envs/production/app", {"lb.tf": File(PROTECTED)})
    monorepo.commit("protect it")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert not any("destroyed later" in each for each in found.complaints)


def test_a_removed_clone_is_destroyed_and_named_also_by_hand_once_it_is_gone(monorepo: Monorepo) -> None:
    monorepo.add("demo-x", SOURCE)
    base = head(monorepo)
    monorepo.git("rm", "-rq", "envs/demo-x")
    gone = monorepo.commit("remove")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert [(t.environment, t.change) for t in found.targets] == [("demo-x", "destroy")]
    assert found.complaints == ()
    by_hand = find_targets(monorepo.root, Span(gone, gone), "apply", "demo-x")
    assert [(t.environment, t.change) for t in by_hand.targets] == [("demo-x", "destroy")]


def test_a_removed_environment_that_was_not_cloned_is_no_target(monorepo: Monorepo) -> None:
    monorepo.add("demo-x")
    base = head(monorepo)
    monorepo.git("rm", "-rq", "envs/demo-x")
    monorepo.commit("remove")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert found.targets == ()
    assert "it can't be removed" in found.complaints[0]


def test_an_environment_that_never_was_is_no_target(monorepo: Monorepo) -> None:
    now = head(monorepo)
    found = find_targets(monorepo.root, Span(now, now), "apply", "demo-x")
    assert found.targets == ()
    assert found.complaints == (
        "envs/demo-x has no environment.yaml and never had one on this branch: it is not an environment.",
    )


@pytest.mark.slow
def test_what_a_queue_merges_is_checked_together(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.add("demo-a", SOURCE)
    monorepo.add("demo-b", SOURCE)
    found = find_targets(monorepo.root, span(monorepo, base), "queue")
    assert ([t.environment for t in found.targets], found.complaints) == (["demo-a", "demo-b"], ())
    monorepo.put("envs/demo-a/app", {"more.tf": File(b'data "external" "x" {\n  program = ["id"]\n}\n')})
    monorepo.commit("what no pull request alone had")
    found = find_targets(monorepo.root, span(monorepo, base), "queue")
    assert (
        [each for each in found.complaints if each.startswith("envs/demo-a/app/more.tf:1: ")]
        == list(found.complaints)
        != []
    )


def test_what_has_no_manifest_is_somebody_elses_and_stops_nothing(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.put("envs", {"README.md": File(b"Ours\n"), "Old_Stuff/main.tf": File(b""), "common/tags.tf": File(b"")})
    monorepo.add("demo-x", SOURCE)
    for phase in ("plan", "apply", "drift"):
        found = find_targets(monorepo.root, span(monorepo, base), phase)
        expected = ["demo-x", SOURCE] if phase == "drift" else ["demo-x"]
        assert ([t.environment for t in found.targets], found.complaints) == (expected, ()), phase
    there = head(monorepo)
    monorepo.git("rm", "-rq", "envs/Old_Stuff")
    monorepo.commit("remove")
    found = find_targets(monorepo.root, span(monorepo, there), "plan")
    assert (found.targets, found.complaints) == ((), ())


def test_a_manifest_that_goes_alone_does_not_make_an_environment_somebody_elses(monorepo: Monorepo) -> None:
    monorepo.add("demo-x", SOURCE)
    base = head(monorepo)
    monorepo.git("rm", "-q", "envs/demo-x/environment.yaml")
    monorepo.commit("without its manifest")
    found = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert found.targets == ()
    assert found.complaints == (
        "envs/demo-x/environment.yaml is gone and the directory is not: remove both, or neither.",
    )


def test_one_can_be_asked_for_by_hand_changed_or_not(monorepo: Monorepo) -> None:
    monorepo.add("demo-x", SOURCE)
    now = head(monorepo)
    found = find_targets(monorepo.root, Span(now, now), "apply", EnvironmentName("demo-x"))
    assert [(t.environment, t.change) for t in found.targets] == [("demo-x", "update")]


def test_a_commit_that_is_not_there_can_not_be_told(monorepo: Monorepo) -> None:
    with pytest.raises(Unverifiable):
        find_targets(monorepo.root, span(monorepo, "1" * 40), "plan")


def test_drift_is_looked_for_in_every_environment_and_one_bad_one_hides_no_other(monorepo: Monorepo) -> None:
    monorepo.add("demo-a", SOURCE)
    monorepo.add("demo-b", SOURCE)
    monorepo.put("envs/demo-c", {"environment.yaml": File(b"name: [")})
    now = monorepo.commit("no environment")
    found = find_targets(monorepo.root, Span(now, now), "drift")
    assert [(t.environment, t.role.rpartition("/")[2]) for t in found.targets] == [
        ("demo-a", "any"),
        ("demo-b", "any"),
        ("production", "any"),
    ]
    assert len(found.complaints) == 1
    one = find_targets(monorepo.root, Span(now, now), "drift", "demo-b")
    assert [t.environment for t in one.targets] == ["demo-b"]


def test_drift_of_what_is_gone_is_not_looked_for(monorepo: Monorepo) -> None:
    monorepo.add("demo-x", SOURCE)
    monorepo.git("rm", "-rq", "envs/demo-x")
    gone = monorepo.commit("remove")
    found = find_targets(monorepo.root, Span(gone, gone), "drift", "demo-x")
    assert found.targets == ()
    assert len(found.complaints) == 1


def test_what_cannot_be_read_is_told_from_what_does_not_hold(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.add("demo-x")
    monorepo.put("envs/demo-x/app", {"extra.tf": File(b"# by hand\n")})
    monorepo.commit("edit by hand")
    edited = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert edited.complaints
    assert not edited.is_unreadable
    monorepo.put("envs/demo-x", {"environment.yaml": File(b"name: [\n")})
    monorepo.commit("break it")
    broken = find_targets(monorepo.root, span(monorepo, base), "plan")
    assert broken.is_unreadable
    assert broken.complaints[0].startswith("envs/demo-x/environment.yaml:2: ")


CALL = '\nmodule "shared" {\n  source = "../../../modules/shared"\n}\n'
READ = 'locals {\n  read = file("${path.module}/../../policies/x.json")\n}\n'
"""In a module, of a directory beside all modules."""


@pytest.fixture
def with_module(tmp_path: Path) -> Monorepo:
    """A repository in which production calls a module beside the environments, and that one another."""
    stacks = {**STACKS, "data": f"{STACKS['data']}{CALL}"}
    found = Monorepo.create(tmp_path / "shared", "state-bucket", stacks)
    found.put("modules/shared", {"main.tf": File(f'module "inner" {{\n  source = "../inner"\n}}\n{READ}'.encode())})
    found.put("policies", {"x.json": File(b"{}")})
    found.put("modules/inner", {"main.tf": File(b'resource "terraform_data" "x" {}\n')})
    found.put("modules/other", {"main.tf": File(b"")})
    found.commit("modules")
    found.add(SOURCE)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed", ["modules/shared/main.tf", "modules/inner/main.tf", "modules/inner/data/x.json", "policies/x.json"]
)
@pytest.mark.parametrize("phase", ["plan", "apply"])
def test_a_change_of_a_module_alone_touches_every_environment_that_uses_it(
    with_module: Monorepo, changed: str, phase: Literal["plan", "apply"]
) -> None:
    with_module.add("demo-a", SOURCE)
    base = head(with_module)
    place, _, name = changed.rpartition("/")
    before = with_module.root / changed
    text = (before.read_bytes() if before.exists() else b"") + b"\n"
    with_module.put(place, {name: File(text)})
    with_module.commit("module")
    found = find_targets(with_module.root, span(with_module, base), phase)
    assert [(t.environment, t.change) for t in found.targets] == [("demo-a", "update"), (SOURCE, "update")]
    unproved = ("no commit of the base branch has this directory as it is here", "is not proved by the base branch")
    assert [line for line in found.complaints if not any(each in line for each in unproved)] == []
    assert bool(found.complaints) == (phase == "plan"), "nobody approved the module"
    if phase == "plan":
        queued = find_targets(with_module.root, span(with_module, base), "queue")
        assert queued.complaints == (), "its own pull request was approved, or it would be in no queue"


def test_what_a_merge_changes_only_by_a_module_is_held_for_a_rollout_and_nothing_else(with_module: Monorepo) -> None:
    for name in ("demo-a", "demo-b"):
        with_module.add(name, SOURCE)
    waves = with_module.policy.model_copy(update={"rollout": RolloutPolicy(enabled=True)})
    with_module.put(".github", {"envclone.yml": File(dump(waves, "none").encode())})
    base = with_module.commit("waves")
    with_module.put("modules/inner", {"main.tf": File(b"# changed\n")})
    with_module.put("envs/demo-b/data", {"own.tf": File(b"")})
    with_module.commit("module")
    found = find_targets(with_module.root, span(with_module, base), "apply")
    assert ([each.environment for each in found.targets], found.held) == (["demo-b"], ("demo-a", SOURCE))
    released = find_targets(with_module.root, span(with_module, base), "apply", "demo-a")
    assert ([each.environment for each in released.targets], released.held) == (["demo-a"], ())
    planned = find_targets(with_module.root, span(with_module, base), "plan")
    assert ([each.environment for each in planned.targets], planned.held) == (["demo-a", "demo-b", SOURCE], ())
    with_module.put(".github", {"envclone.yml": File(dump(with_module.policy, "none").encode())})
    with_module.commit("together")
    together = find_targets(with_module.root, span(with_module, base), "apply")
    assert ([each.environment for each in together.targets], together.held) == (["demo-a", "demo-b", SOURCE], ())


def test_a_module_that_no_environment_uses_touches_none(with_module: Monorepo) -> None:
    base = head(with_module)
    with_module.put("modules/other", {"main.tf": File(b"# changed\n")})
    with_module.commit("module")
    assert find_targets(with_module.root, span(with_module, base), "plan").targets == ()


def test_an_environment_whose_module_can_not_be_read_stops_no_other_change(with_module: Monorepo) -> None:
    before = head(with_module)
    shutil.rmtree(with_module.root / "modules/shared")
    (with_module.root / "modules/shared").symlink_to("../.git")
    base = with_module.commit("a module that is a symlink")
    complaints = find_targets(with_module.root, span(with_module, before), "plan").complaints
    assert any("modules/shared is a symlink: delete it" in each for each in complaints), complaints
    with_module.put("modules/other", {"main.tf": File(b"# changed\n")})
    with_module.commit("module")
    found = find_targets(with_module.root, span(with_module, base), "plan")
    assert (found.targets, found.complaints) == ((), ())


def test_a_policy_that_nobody_could_read_is_a_complaint(monorepo: Monorepo) -> None:
    base = head(monorepo)
    monorepo.put(".github", {"envclone.yml": File(b"roots: {also: {a: {environments: envs/a, templates: a/t}}}\n")})
    monorepo.commit("a policy")
    (complaint,) = find_targets(monorepo.root, span(monorepo, base), "plan").complaints
    assert "`envs` and `envs/a` lie one inside the other" in complaint


def test_what_a_changed_module_may_not_do_is_refused_before_there_are_credentials(with_module: Monorepo) -> None:
    base = head(with_module)
    with_module.put("modules/inner", {"main.tf": File(b'locals {\n  x = file("/etc/passwd")\n}\n')})
    with_module.commit("module")
    complaint = find_targets(with_module.root, span(with_module, base), "plan").complaints[-1]
    assert complaint.startswith("modules/inner/main.tf:2: `file` may read files of its own module only")


def test_an_environment_is_planned_with_the_version_that_it_names(monorepo: Monorepo) -> None:
    monorepo.add("demo-x", SOURCE)
    monorepo.put("envs/demo-x", {".terraform-version": File(b"1.9.8\n")})
    monorepo.commit("an older version")
    found = find_targets(monorepo.root, span(monorepo, head(monorepo)), "drift")
    assert {str(t.environment): t.terraform for t in found.targets} == {"demo-x": "1.9.8", SOURCE: "1.11.4"}
    assert {row["terraform"] for row in found.matrices()[0]["include"]} == {"1.9.8", "1.11.4"}


def test_environments_are_found_below_the_roots_of_the_base_branchs_policy(tmp_path: Path) -> None:
    pairs = {"shop": RootPair(environments="shop/envs", templates="shop/templates")}
    roots = Roots(environments="infra/envs", templates="infra/templates", also=pairs)
    nested = replace(Monorepo(tmp_path / "monorepo", "state-bucket"), roots=roots).begun()
    nested.add(SOURCE)
    nested.put("envs/somebodys", {"main.tf": File(b"")})
    base = nested.commit("a directory of the usual name")
    nested.add("demo-x", SOURCE)
    found = find_targets(nested.root, span(nested, base), "plan")
    assert ([(t.environment, t.change) for t in found.targets], found.complaints) == ([("demo-x", "create")], ())
    everything = find_targets(nested.root, Span(head(nested), head(nested)), "drift")
    assert {t.environment for t in everything.targets} == {"demo-x", SOURCE}
    there = head(nested)
    nested.put(roots.environment("demo-x"), {"data/main.tf": File(b"# by hand\n")})
    nested.commit("by hand")
    edited = find_targets(nested.root, span(nested, there), "plan").complaints
    assert any("infra/envs/demo-x/data/main.tf:1: edited by hand" in each for each in edited), edited
    nested.git("reset", "-q", "--hard", there)
    moved = nested.policy.model_copy(update={"roots": Roots()})
    nested.put(".github", {"envclone.yml": File(dump(moved, "none").encode())})
    nested.commit("move")
    (complaint,) = find_targets(nested.root, span(nested, there), "plan").complaints
    assert "`roots` can't change while there are environments (`demo-x`, `production`)" in complaint
    assert "Keep `environments: infra/envs`" in complaint


def test_each_pair_of_roots_has_environments_and_modules_of_its_own(tmp_path: Path) -> None:
    pairs = {"shop": RootPair(environments="shop/envs", templates="shop/templates")}
    stacks = {**STACKS, "data": f"{STACKS['data']}{CALL}"}
    first = replace(Monorepo(tmp_path / "monorepo", "state-bucket", stacks), roots=Roots(also=pairs)).begun()
    shop = replace(first, named=TemplateName("shop-small"))
    shop.put(shop.roots.template(shop.named), shop.template.files)
    for place in ("modules/shared", "shop/modules/shared"):
        shop.put(place, {"main.tf": File(b'resource "terraform_data" "x" {}\n')})
    for each, name in ((first, SOURCE), (shop, f"shop-{SOURCE}")):
        each.add(name)
    base = head(shop)
    assert find_targets(shop.root, Span(base, base), "drift").complaints == ()
    for place, names in (("modules", [SOURCE]), ("shop/modules", [f"shop-{SOURCE}"])):
        shop.put(f"{place}/shared", {"main.tf": File(b'resource "terraform_data" "y" {}\n')})
        shop.commit("a module of one pair")
        found = find_targets(shop.root, span(shop, base), "apply")
        assert [t.environment for t in found.targets] == names
        shop.git("reset", "-q", "--hard", base)
    shop.add("shop-demo", f"shop-{SOURCE}")
    found = find_targets(shop.root, span(shop, base), "plan")
    assert ([t.environment for t in found.targets], found.complaints) == (["shop-demo"], ())
    shop.git("reset", "-q", "--hard", base)
    shop.add("demo-x", f"shop-{SOURCE}")
    (apart,) = find_targets(shop.root, span(shop, base), "plan").complaints
    assert "`envs/demo-x` and its template `shop/templates/small` are of two pairs of the policy's `roots`" in apart
    shop.git("reset", "-q", "--hard", base)
    shop.git("mv", "shop/envs/production", "envs/shop-production")
    shop.commit("two directories, and one name for both")
    found = find_targets(shop.root, span(shop, base), "plan")
    assert [each.split(":")[0] for each in found.complaints] == [
        "`envs/shop-production`",
        "shop/envs/production/environment.yaml",
    ]


def test_a_pair_of_roots_may_be_added_at_any_time_and_removed_without_environments(tmp_path: Path) -> None:
    pairs = {
        each: RootPair(environments=f"{each}/envs", templates=f"{each}/templates") for each in ("shop", "toys", "demo")
    }
    place = replace(Monorepo(tmp_path / "monorepo", "state-bucket"), roots=Roots(also={"shop": pairs["shop"]})).begun()
    place.add(SOURCE)
    base = place.add("demo-x", SOURCE) and head(place)
    for also, complains in ((("shop", "toys"), False), ((), False), (("shop", "demo"), True)):
        moved = place.policy.model_copy(update={"roots": Roots(also={each: pairs[each] for each in also})})
        place.put(".github", {"envclone.yml": File(dump(moved, "none").encode())})
        place.commit("other pairs")
        assert bool(find_targets(place.root, span(place, base), "plan").complaints) == complains, also


def test_roots_may_be_named_while_no_environment_is_there(tmp_path: Path) -> None:
    early = Monorepo.create(tmp_path / "monorepo", "state-bucket")
    early.put("envs/somebodys", {"main.tf": File(b"")})
    base = early.commit("somebody's own")
    elsewhere = replace(early, roots=Roots(environments="infra/envs", templates="infra/templates"))
    elsewhere.write_base()
    elsewhere.add(SOURCE)
    assert find_targets(early.root, span(early, base), "plan").complaints == ()
