"""Render and verify a fifty-file environment, against Jinja2 alone over the same files (which checks nothing)."""

import time
from collections.abc import Callable
from statistics import median

from jinja2 import Environment, StrictUndefined

from bot.clouds.registry import FACTS
from bot.core.hcl.comparison.structure import structure
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.render import ENDING
from bot.core.rendering.verify import verify
from bot.core.tree import File
from bot.names import TemplateName
from tests.support import example

FILES = 50


def template(count: int = FILES) -> TemplateAt:
    """Return the example template, filled up to `count` files of ordinary Terraform."""
    files = example.template_files()
    block = 'resource "aws_ssm_parameter" "p%d" {\n  name  = "/${var.name}/p%d"\n  type  = "String"\n  value = "x"\n}\n'
    for number in range(count - len(files)):
        files[f"app/part_{number}.tf"] = File(
            "".join(block % (n, n) for n in range(number * 20, number * 20 + 20)).encode()
        )
    return read_template(TemplateName("shop"), files, FACTS)


def measure(repeat: int = 7) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    at = template()
    manifest = example.production(at)
    engine = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (nothing is HTML here)
    engine.filters["json"] = str
    sources = {path: file.data.decode("latin-1") for path, file in at.files.items() if path.endswith(ENDING)}

    def jinja_alone() -> None:
        for source in sources.values():
            engine.from_string(source).render(dict(manifest.parameters))
        for file in at.files.values():
            bytes(file.data)

    def cold() -> None:
        structure.cache_clear()
        assemble(at, manifest)

    files = assemble(at, manifest)
    baseline = _median(jinja_alone, repeat)
    rows = {
        "render, first time in a process (every file parsed)": _median(cold, 3),
        "render, warm": _median(lambda: assemble(at, manifest), repeat),
        "verify, warm": _median(lambda: verify(manifest.name, files, at), repeat),
    }
    return [(f"{what}: {seconds * 1000:.1f} ms", seconds / baseline, "Jinja2 alone") for what, seconds in rows.items()]


def _median(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times)
