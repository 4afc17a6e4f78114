"""Parity by code of a fifty-file environment, against parsing its Terraform files once (which compares nothing)."""

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

import hcl2

from bot.core.assemble import assemble
from bot.core.draft import Base, Draft, draft_clone
from bot.core.estate import Estate
from bot.core.leaks import leaks
from bot.core.parity import code, snapshot, syntax
from bot.core.parity.code import Side, compare
from bot.core.structure import structure
from bot.policy import Policy, Quota
from tests.bench.render import template
from tests.support import example

BASELINE = "one plain parse of all .tf"


def measure(repeat: int = 5) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    at = template()
    source = example.production(at)
    files = assemble(at, source)
    base = Base(at, source, files, Estate({source.name: source}), Policy(quota=Quota(total=9, per_owner=9)))
    drafted = draft_clone(example.asked(), base)
    assert isinstance(drafted, Draft), drafted
    sides = Side(source, files), Side(drafted.manifest, drafted.files)
    texts = [file.data.decode() for path, file in drafted.files.items() if path.endswith(".tf")]

    def parse() -> None:
        for text in texts:
            hcl2.parses_to_tree(text)

    def whole() -> None:
        found = compare(*sides, at, example.NOW)
        leaks(found.clone, drafted.files, drafted.manifest, found.identity, example.NOW)

    def cold() -> None:
        forget()
        syntax.body.cache_clear()
        structure.cache_clear()
        whole()

    def another_clone() -> None:
        forget()
        whole()

    baseline = _median(parse, 3)
    later = example.NOW + timedelta(days=1)
    rows = {
        "first time in a process": _median(cold, 3),
        "another clone, files known": _median(another_clone, repeat),
        "the same clone again": _median(lambda: compare(*sides, at, later), repeat),
    }
    return [(f"{what}: {seconds * 1000:.1f} ms", seconds / baseline, BASELINE) for what, seconds in rows.items()]


def forget() -> None:
    """Forget what was evaluated for this clone; parsed files stay known."""
    code.forget()
    snapshot.evaluated.cache_clear()


def _median(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return median(times)
