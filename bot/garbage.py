"""When Python looks for objects that hold only each other. Code that was read is some million objects and none of these."""

import gc

OBJECTS, OF_WHAT_ENDS_SOON = 100_000, 1_000_000
"""Made between two looks. With 100,000 the looks took an eighth of the time of `template check`; what serves for weeks stays small by looking more often."""


def look_seldom() -> None:
    """Hardly look, for a command that ends soon."""
    gc.set_threshold(OF_WHAT_ENDS_SOON)


def look_more_often() -> None:
    """Look from time to time, for a command that lives long, if `look_seldom` was said."""
    if gc.get_threshold()[0] == OF_WHAT_ENDS_SOON:
        gc.set_threshold(OBJECTS)


def pause() -> None:
    """Don't look while a program reads its code."""
    gc.disable()


def resume() -> None:
    """Look again as Python does, but never through what was made until now."""
    gc.freeze()
    gc.enable()
