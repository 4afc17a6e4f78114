"""Where most commands begin: a clone that is proposed, or one that is on the default branch."""

import pytest

from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import merged
from tests.support.workflow_runs import Actions


@pytest.fixture
def proposed(place: SmallMonorepo) -> SmallMonorepo:
    """A repository with `demo-x` in an open pull request."""
    place.reach("proposed", lambda: place.say("/clone production as demo-x for demo --ttl 10d"))
    return place


@pytest.fixture
def live(proposed: SmallMonorepo) -> SmallMonorepo:
    """A repository with `demo-x` on its default branch, and its first branch left standing."""
    proposed.reach("live", lambda: merged(proposed, proposed.server.pulls(REPOSITORY)[-1].number))
    return proposed


@pytest.fixture
def actions(place: SmallMonorepo) -> Actions:
    found = Actions(place)
    place.server.on_event(found.hear)
    return found
