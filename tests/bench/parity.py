"""Parity by code of a fifty-file environment, against parsing its Terraform files once (which compares nothing)."""

import time
from collections.abc import Callable
from statistics import median

import hcl2

from bot.core.assemble import assemble
from bot.core.draft import Base, Draft, draft_clone
from bot.core.estate import Estate
from bot.core.leaks import leaks
from bot.core.parity import attribution, snapshot
from bot.core.parity.code import Side, compare
from bot.core.parity.syntax import body
from bot.core.structure import structure, syntax_tree
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
    clones = [draft(base, f"clone-{number}") for number in range(repeat + 2)]
    texts = [file.data.decode() for path, file in clones[0].files.items() if path.endswith(".tf")]
    ours = iter(clones)

    def parse() -> None:
        for text in texts:
            hcl2.parses_to_tree(text)

    def check(drafted: Draft) -> None:
        found = compare(Side(source, files), Side(drafted.manifest, drafted.files), at, example.NOW)
        leaks(found.clone, drafted.files, drafted.manifest, found.identity, example.NOW)

    def cold() -> None:
        for forget in (
            attribution.forget,
            snapshot.forget,
            body.cache_clear,
            structure.cache_clear,
            syntax_tree.cache_clear,
        ):
            forget()
        check(clones[0])

    baseline = _median(parse, 3)
    rows = {
        "parity and leaks, first time in a process": _median(cold, 3),
        "parity and leaks of one clone after the other": _median(lambda: check(next(ours)), repeat),
        "parity and leaks of the same clone again": _median(lambda: check(clones[0]), repeat),
    }
    return [(f"{what}: {seconds * 1000:.1f} ms", seconds / baseline, BASELINE) for what, seconds in rows.items()]


def draft(base: Base, name: str) -> Draft:
    drafted = draft_clone(example.asked(name), base)
    assert isinstance(drafted, Draft), drafted
    attribution.forget()  # drafting compares, too
    snapshot.evaluated.cache_clear()
    return drafted


def _median(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return median(times)
