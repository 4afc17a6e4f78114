"""What a command needs that goes by the version that was applied last: `/promote`, `/repair`."""

from bot.core.markdown import code
from bot.core.requests.refusal import Refused
from bot.core.requests.rerun import Last
from bot.names import EnvironmentName


def not_as_applied(name: EnvironmentName, last: Last | None) -> Refused | None:
    """Return why an environment is not as it is on the default branch; None when it was applied so, successfully."""
    resume = code(f"/resume {name}")
    if last is None:
        return Refused(f"{code(name)} was never applied. Comment the command again when it is live.")
    if last.state == "in_progress":
        return Refused(f"{code(name)} is being applied. Comment the command again when that is over.")
    if last.state == "failure":
        return Refused(
            f"The last apply of {code(name)} failed. Comment {resume}: it continues at the step that failed."
        )
    if not last.is_current:
        return Refused(
            f"{code(name)} has changed on the default branch since its last apply. Comment {resume} to apply it."
        )
    return None
