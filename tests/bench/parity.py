"""Parity by code of environments of 25, 50 and 100 files: time, memory and growth, against one plain parse of the same files.

The parse (python-hcl2) compares nothing. Time is the process's own; memory is what Python holds at most meanwhile (tracemalloc).
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import hcl2

from bot.core.hcl.comparison.structure import structure
from bot.core.hcl.parser import body
from bot.core.hcl.syntax.tokens import tokens
from bot.core.parity.by_code import causes, evaluated
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.leaks import leaks
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base, Draft, draft_clone
from bot.core.tree import Tree
from bot.model.environment import Manifest
from bot.model.policy import Policy, Quota
from tests.bench.render import FILES, template
from tests.support import example

BASELINE = "one plain parse of all .tf"
SIZES = (FILES // 2, FILES, FILES * 2)


@dataclass(frozen=True, slots=True)
class Environments:
    """A source and clones of it, of so many files each."""

    at: TemplateAt
    source: Manifest
    files: Tree
    clones: list[Draft]

    @classmethod
    def of(cls, count: int, clones: int) -> "Environments":
        at = template(count)
        source = example.production(at)
        files = assemble(at, source)
        base = Base(at, source, files, Inventory({source.name: source}), Policy(quota=Quota(total=9, per_owner=9)))
        return cls(at, source, files, [_draft(base, f"clone-{number}") for number in range(clones)])

    def parse(self) -> object:
        files = self.clones[0].files.items()
        return [hcl2.parses_to_tree(file.data.decode()) for path, file in files if path.endswith(".tf")]

    def check(self, drafted: Draft) -> None:
        sides = CodeSide(self.source, self.files), CodeSide(drafted.manifest, drafted.files)
        found = compare(*sides, self.at, example.NOW)
        leaks(found, sides[1], example.NOW)

    def cold(self) -> None:
        for forget in (
            causes.forget,
            evaluated.forget,
            body.cache_clear,
            structure.cache_clear,
            tokens.cache_clear,
        ):
            forget()
        self.check(self.clones[0])


def measure(repeat: int = 5) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    rows, seconds, memory = [], {}, {}
    for size in SIZES:
        here = Environments.of(size, repeat + 2)
        baseline = _median(here.parse, 3)
        seconds[size], memory[size] = _median(here.cold, 3), _peak(here.cold)
        what = f"{size} files, first time in a process: {seconds[size] * 1000:.0f} ms"
        rows += [(what, seconds[size] / baseline, BASELINE)]
        rows += [(f"  its memory at most: {memory[size] / 1e6:.1f} MB", memory[size] / _peak(here.parse), BASELINE)]
        if size == FILES:
            ours = iter(here.clones)
            one = _median(lambda here=here, ours=ours: here.check(next(ours)), repeat)  # type: ignore[misc]
            again = _median(lambda here=here: here.check(here.clones[0]), repeat)  # type: ignore[misc]
            rows += [(f"{size} files, one clone after the other: {one * 1000:.1f} ms", one / baseline, BASELINE)]
            rows += [(f"{size} files, the same clone again: {again * 1000:.1f} ms", again / baseline, BASELINE)]
    for name, found in (("time", seconds), ("memory", memory)):
        for less, more in pairwise(SIZES):
            rows += [(f"growth of {name} for twice the files ({more})", found[more] / found[less], f"{less} files")]
    return rows


def _draft(base: Base, name: str) -> Draft:
    drafted = draft_clone(example.asked(name), base)
    assert isinstance(drafted, Draft), drafted
    causes.forget()  # drafting compares, too
    evaluated.forget()
    return drafted


def _peak(call: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    call()
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def _median(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return median(times)
