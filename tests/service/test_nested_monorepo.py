"""A clone's life where environments and templates lie in a directory of a larger repository."""

from pathlib import Path

from bot.model.roots import Roots
from tests.support.small_monorepo import REPOSITORY, small_monorepo
from tests.support.triggers import merged

ROOTS = Roots(environments="infra/envs", templates="infra/templates")


def test_a_clone_is_made_listed_changed_and_removed_below_the_roots_of_the_policy(tmp_path: Path) -> None:
    with small_monorepo(tmp_path, roots=ROOTS) as place:
        place.say("/clone production as demo-x for demo --ttl 10d")
        (cloned,) = place.server.pulls(REPOSITORY)
        paths = {change.path for change in place.server.files(REPOSITORY, cloned.number)}
        assert "infra/envs/demo-x/environment.yaml" in paths
        assert all(path.startswith("infra/envs/demo-x/") for path in paths)
        assert "`infra/envs/demo-x/`" in (cloned.body or "")
        merged(place, cloned.number)
        assert "demo-x" in (place.say("/list") or "")
        assert "`infra/envs/demo-x/`" in (place.say("/status demo-x") or "")
        place.say("/set demo-x app_min=3")
        changed = place.server.pulls(REPOSITORY)[-1]
        assert "infra/envs/demo-x/environment.yaml" in (changed.body or "")
        assert {change.path.rsplit("/", 1)[0] for change in place.server.files(REPOSITORY, changed.number)} <= {
            path.rsplit("/", 1)[0] for path in paths
        }
        merged(place, changed.number)
        place.say("/destroy demo-x")
        removal = place.server.pulls(REPOSITORY)[-1]
        assert {change.path for change in place.server.files(REPOSITORY, removal.number)} == paths
        assert "infra/envs/demo-x/" in (removal.body or "")
        merged(place, removal.number)
        place.written()
