"""Paths of an environment's code, as people read them."""

import posixpath


def place_of(where: str, path: str) -> str:
    """Return a path of an environment's code for messages: relative to the repository. `where` is the environment's directory."""
    return posixpath.normpath(f"{where}/{path}")
