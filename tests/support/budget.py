"""How many examples a property test tries: its own number in `make test`, a fifth in `make test-fast`, forty times as many in `make fuzz`."""

from typing import Final

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

REPEATABLE: Final = "repeatable"
"""Each run tries the same examples, so that a branch is not red by chance."""

FUZZ: Final = "fuzz"
"""Each run tries others, and many of them."""

QUICK: Final = "quick"
"""The same examples in each run, and a few of them."""

USUAL: Final = 100
FEW: Final = 20
FACTOR: Final = 40  # 500 examples of the slowest law become 20,000


def register() -> None:
    """Make the profiles known, and take the repeatable one unless the command line names another."""
    settings.register_profile(REPEATABLE, derandomize=True, deadline=None, max_examples=USUAL)
    settings.register_profile(QUICK, derandomize=True, deadline=None, max_examples=FEW)
    settings.register_profile(FUZZ, derandomize=False, deadline=None, max_examples=USUAL * FACTOR, print_blob=True)
    settings.load_profile(REPEATABLE)


def without_our_constants() -> None:
    """Keep constants of our code out of examples where each run is to try the same ones: a line of `bot/` would change them everywhere.

    Hypothesis knows no setting for it. It also reads every module once: 2.4 s for each worker in a fresh clone.
    """
    if settings.get_current_profile_name() != FUZZ:
        pytest.MonkeyPatch().setattr(providers, "_get_local_constants", Constants)


def examples(count: int) -> settings:
    """Return the settings of a test that tries `count` examples in `make test`."""
    return settings(max_examples=max(1, count * settings().max_examples // USUAL))


def dear(count: int, usual: int = USUAL) -> settings:
    """Return the settings of a test whose examples take long: `count` of them in `make test`, and in `make fuzz` as many as of `usual`."""
    return examples(usual if settings.get_current_profile_name() == FUZZ else count)
