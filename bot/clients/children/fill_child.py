"""Fills templates in a process of its own, which may be ended: whatever a template asks for, it costs a quarter of a second and half a gigabyte.

Each line of standard input is a JSON object with a text and its values, each line of standard output what came of it.
"""

import json
import resource
import signal
import sys

from bot.core.rendering.fill import evaluated
from bot.core.rendering.filling import Filling, NotFilled

SECONDS = 0.25
"""Of the processor, so that a busy machine refuses nothing. The whole of the shipped template takes a hundredth."""

MEMORY = 512 * 1024 * 1024
"""Bytes of address space; the interpreter with Jinja2 has a tenth of that."""


def _answer(question: dict[str, object]) -> dict[str, object]:
    try:
        return {"text": evaluated(Filling(**question))}  # type: ignore[arg-type]
    except NotFilled as error:
        return {"message": error.message, "line": error.line}


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        # The signal's own action ends the process: Python would answer it only after the operation that takes so long.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = _answer(json.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _main()
