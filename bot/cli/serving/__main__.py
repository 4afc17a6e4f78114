"""The service's processes: `python -m bot.cli.serving NAME`, of which each is a module beside this one. Started by `envclone serve`."""

import sys
from importlib import import_module

from bot import garbage


def main() -> None:
    """Read the code of the process that is named, and run it."""
    garbage.pause()  # until the process starts: the looks took a tenth of the time that its code takes to read
    name = sys.argv.pop(1)
    import_module(f"bot.cli.serving.{name}").run()


if __name__ == "__main__":
    main()
