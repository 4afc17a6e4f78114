"""Where modules beside the environments may lie."""

import posixpath

from bot.model.environment import ENVIRONMENTS
from bot.model.template import TEMPLATES


def module_path(directory: str) -> str | None:
    """Return where a directory lies in the repository that is named relative to an environment's (`../../modules/logs`).

    None where no module may lie: outside the repository, in hidden directories, and where it would be all environments or all of
    the repository.
    """
    path = posixpath.normpath(posixpath.join(ENVIRONMENTS, "_", directory))
    segments = path.split("/")
    if any(segment.startswith(".") for segment in segments) or path in {ENVIRONMENTS, TEMPLATES}:
        return None
    return path if segments[:2] != [ENVIRONMENTS, "_"] else None


def owning_directory(path: str) -> str | None:
    """Return the directory of the environment or template that a path of the repository would belong to."""
    segments = path.split("/")
    return "/".join(segments[:2]) if segments[0] in {ENVIRONMENTS, TEMPLATES} and len(segments) > 1 else None


def place_of(where: str, path: str) -> str:
    """Return a path of an environment's code for messages: relative to the repository. `where` is the environment's directory."""
    return posixpath.normpath(f"{where}/{path}")
