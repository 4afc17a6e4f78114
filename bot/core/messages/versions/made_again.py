"""What is said of an environment that a reset destroys and makes again."""

from bot.core.markdown import code
from bot.names import EnvironmentName

CANNOT_MARKER = "<!-- envclone:not-made-again -->"


def title(name: EnvironmentName) -> str:
    """Return the title of the pull request, and of the commit, that makes it again."""
    return f"Recreate {name} as it was"


def introduction(name: EnvironmentName, removal: int) -> str:
    """Return what stands above the text that every clone's pull request has."""
    return (
        f"> [!NOTE]\n> This is the second half of the reset in #{removal}: it brings back {code(name)} exactly as it was there. The bot merges "
        "it when its check has passed, unless somebody pushes to it."
    )


def promised(again: str, *, is_given_up: bool = False) -> str:
    """Return what follows the removal; `again` is the link to the pull request that makes it again, empty before there is one."""
    if is_given_up:
        return f"{again} would have recreated it, but was closed."
    return f"{again} recreates it." if again else "Once it is destroyed, it is recreated as it was."


def cannot(name: EnvironmentName, reason: str) -> str:
    """Return why an environment that was destroyed can't be made again."""
    return f"{CANNOT_MARKER}\n{code(name)} is destroyed, but can't be recreated as it was. {reason} Create a new one with `/clone`."


def under_way(name: EnvironmentName, link: str) -> str:
    """Return the answer to whoever asks again for what is under way."""
    return f"{code(name)} was destroyed, and {link} recreates it."


def closed(name: EnvironmentName, link: str) -> str:
    """Return the answer to whoever asks again when somebody has closed what would have made it again."""
    return (
        f"{code(name)} was destroyed, and {link}, which would have recreated it, was closed. To have an environment of that name, "
        "make a new one with `/clone`."
    )


def of_the_other_kind(name: EnvironmentName, number: int, *, is_reset: bool) -> str:
    """Return why nothing is proposed while a pull request of the other kind is open; `is_reset` says which that is."""
    what = "resets" if is_reset else "destroys"
    end = "" if is_reset else " for good"
    return f"#{number} {what} {code(name)}{end}. Close it, then comment the command again."


def expired(name: EnvironmentName) -> str:
    """Return why nothing is made again whose time is over."""
    return f"{code(name)} has expired, so it would be destroyed at once. Comment {code(f'/extend {name} 7d')} first."


def refused(name: EnvironmentName, finding: str) -> str:
    """Return why an environment is not destroyed that could not be made again."""
    return (
        f"{code(name)} could not be recreated as it is: {finding} Bring it up to date first: {code(f'/sync {name}')}."
    )


def no_data(name: EnvironmentName) -> str:
    """Return why there is no data to make anew."""
    return (
        f"No hook fills {code(name)} with data. Declare {code('data: true')} on the hooks in the template's {code('hooks.yaml')} that do, and "
        f"sync; or comment {code(f'/reset {name}')} to recreate all of it."
    )
