"""A clone's life where environments and templates lie in directories of a larger repository."""

from pathlib import Path

from bot.model.roots import RootPair, Roots
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo, small_monorepo
from tests.support.triggers import merged

ROOTS = Roots(
    environments="infra/envs",
    templates="infra/templates",
    also={"payments": RootPair(environments="payments/envs", templates="payments/infra/templates")},
)


def test_a_clone_is_made_listed_changed_and_removed_in_the_pair_of_roots_that_its_template_lies_in(
    tmp_path: Path,
) -> None:
    with small_monorepo(tmp_path, roots=ROOTS) as place:
        refused = place.say("/clone payments-production as demo-x for demo --ttl 10d") or ""
        assert "`infra/envs/demo-x` and its template `payments/infra/templates/shop` are of two pairs" in refused
        assert "/clone payments-production as payments-demo-x for demo --ttl 10d" in refused
        place.say("/clone payments-production as payments-demo for demo --ttl 10d")
        (cloned,) = place.server.pulls(REPOSITORY)
        paths = proposed(place, cloned.number)
        assert "payments/envs/demo/environment.yaml" in paths
        assert all(path.startswith("payments/envs/demo/") for path in paths)
        assert "`payments/envs/demo/`" in (cloned.body or "")
        merged(place, cloned.number)
        place.say("/clone production as demo for demo --ttl 10d")
        other = place.server.pulls(REPOSITORY)[-1]
        assert proposed(place, other.number) == {path.replace("payments/", "infra/") for path in paths}
        merged(place, other.number)
        listed = place.say("/list") or ""
        assert all(f"`{name}`" in listed for name in ("demo", "payments-demo", "production", "payments-production"))
        assert "`payments/envs/demo/`" in (place.say("/status payments-demo") or "")
        place.say("/set payments-demo app_min=3")
        changed = place.server.pulls(REPOSITORY)[-1]
        assert "payments/envs/demo/environment.yaml" in (changed.body or "")
        assert proposed(place, changed.number) <= paths
        merged(place, changed.number)
        place.say("/destroy payments-demo")
        removal = place.server.pulls(REPOSITORY)[-1]
        assert proposed(place, removal.number) == paths
        assert "payments/envs/demo/" in (removal.body or "")
        merged(place, removal.number)
        listed = place.say("/list") or ""
        assert "`demo`" in listed
        place.written()


def proposed(place: SmallMonorepo, number: int) -> set[str]:
    return {change.path for change in place.server.files(REPOSITORY, number)}
