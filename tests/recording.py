"""Put what `make demo` printed into README.md, as its recording: `make recording`."""

import re
import sys
from pathlib import Path
from typing import Final

_RECORDING: Final = re.compile(r"(A recording of `make demo`[^\n]*\n\n```text\n)(.*?)(```\n)", re.DOTALL)
_PLACE: Final = re.compile(r"file://\S+/parity\.html")
_LAST: Final = re.compile(r"^In all|^   in all", re.MULTILINE)


def recorded(readme: str, printed: str) -> str:
    """Return the README with this recording. Raises `ValueError` for one of a demo that did not come to its end."""
    told = printed.partition("\n`make demo ARGS=")[0].strip()
    if not _LAST.search(told) or "Page " not in told:
        raise ValueError(f"The demo did not come to its end, so the recording stays as it was. It printed:\n{printed}")
    text = f"{_PLACE.sub('file:///…/parity.html', told)}\n"
    found, count = _RECORDING.subn(lambda match: f"{match[1]}{text}{match[3]}", readme)
    if count != 1:
        raise ValueError("README.md has no place for the recording: `A recording of `make demo`…` and a block of text.")
    return found


if __name__ == "__main__":
    place = Path("README.md")
    place.write_text(recorded(place.read_text("utf-8"), sys.stdin.read()), "utf-8")
    print("README.md has the new recording: read it, and commit it.")
