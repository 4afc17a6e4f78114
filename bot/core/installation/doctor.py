"""What `envclone doctor` says of what was found: each probe has one verdict, and each trouble what to do about it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from bot.core.installation.app_manifest import EVENTS, PERMISSIONS
from bot.core.installation.files import GITHUB, ROLES
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.installation.upgrade import Outcome
from bot.errors import Finding

Health: TypeAlias = Literal["ok", "problem", "unknown", "left out"]
"""`unknown` could not be looked at; `left out` was not asked for, or needs credentials that are not given."""
Release: TypeAlias = tuple[int, ...]

REQUIRED_CHECK: Final = "envclone"
PROTECTED_BRANCHES: Final = ("the protected branches",)
"""Who may use a GitHub environment that names no pattern because it takes the protected branches; no Git branch has such a name."""
GATES: Final = ("envclone-plan", "envclone-apply")
"""The GitHub environments of jobs that get an identity. One that any branch may use gives the roles to whoever pushes a workflow."""
LEAST_FREE: Final = 1024**3
"""Bytes: room for mirrors and databases of some weeks, and the time to notice."""
MOST_SKEW: Final = timedelta(seconds=30)
"""GitHub refuses an App's token that was made in its future, and one older than ten minutes."""
_SUBJECT: Final = re.compile(
    r"repo:(?P<owner>[\w.-]+)(?P<ids>@\d+)?/(?P<name>[\w.-]+)(?(ids)@\d+):environment:(?P<environment>[\w.-]+)"
)
"""Both forms of a token's subject: by names, and with the ids of owner and repository, which outlive a rename."""
MOST_WAIT: Final = timedelta(minutes=1)
"""A worker takes a delivery within a second or two, however long its job is."""
_UNTAKEN: Final[Mapping[int, str]] = {
    0: "Check the webhook's address in the App's settings, and that GitHub can reach it: name, certificate, firewall.",
    401: "Set ENVCLONE_WEBHOOK_SECRET to the secret in the App's settings; here they differ.",
    404: "Let the webhook's address in the App's settings end in `/webhooks/github`.",
}
_FAILING: Final = "Look in the service's log, and at `/readyz` on its operations port."
_LEVELS: Final = ("", "read", "write", "admin")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one thing is, and what to do if it is not well."""

    probe: str
    health: Health
    said: str
    fix: str = ""


def release(probe: str, found: Release | None, least: Release, fix: str) -> Verdict:
    """Judge the version of a program; None means that there is none, or that it does not say."""
    if found is None:
        return Verdict(probe, "problem", "not found", fix)
    text = ".".join(map(str, found))
    if found < least:
        return Verdict(probe, "problem", f"{text} is too old: {'.'.join(map(str, least))} or newer is needed", fix)
    return Verdict(probe, "ok", text)


def policy(accounts: Sequence[str], wrong: Sequence[Finding]) -> Verdict:
    """Judge the repository's policy."""
    if wrong:
        return Verdict(
            "policy", "problem", "; ".join(map(str, wrong)), "Correct the line; docs/formats.md has every key."
        )
    if not accounts:
        fix = "Name each account with its roles and where its state lies, in `accounts` of .github/envclone.yml."
        return Verdict("policy", "problem", "no account is named, so nothing can be planned", fix)
    return Verdict("policy", "ok", f"accounts: {', '.join(accounts)}")


def environments(count: int, wrong: Sequence[Finding]) -> Verdict:
    """Judge whether every environment can be read."""
    if wrong:
        fix = "Correct the line, or remove the directory if nobody needs it any more. Until then, whatever reads all environments stops."
        return Verdict("environments", "problem", "; ".join(map(str, wrong)), fix)
    if not count:
        return Verdict(
            "environments", "problem", "there are none", "Adopt production: `envclone adopt PATH` (docs/adopt.md)."
        )
    return Verdict("environments", "ok", f"{count} can be read")


def lock_files(alone: Sequence[str], missing: Sequence[str] = (), program: str = "terraform") -> Verdict:
    """Judge whether the runners' platform can be among the checksums of every locked provider; `alone` are files with those of one platform."""
    if missing:
        fix = f"Run `{program} init -backend=false` in that stack's directory of an environment, and copy the file that it writes to the template."
        return Verdict("lock files", "problem", f"missing: {', '.join(missing)}", fix)
    if alone:
        fix = (
            f"Run `{program} providers lock -platform=linux_amd64`, with a `-platform` for each kind of machine you use, in that stack's "
            "directory of an environment, and copy the file to the template."
        )
        said = f"checksums of one platform alone, which may not be the runners': {', '.join(alone)}"
        return Verdict("lock files", "unknown", said, fix)
    return Verdict("lock files", "ok", "every provider has checksums of more than one platform")


def tool(action: str | None, ours: str) -> Verdict:
    """Judge the action that says which version the workflows run, against the version that asks."""
    found = ToolSource.of_action(action) if action is not None else None
    if action is None:
        fix = (
            "Run `envclone init --tool OWNER/NAME@COMMIT`: where your organisation keeps envclone, and at which commit."
        )
        return Verdict("tool of the workflows", "problem", f"{TOOL_ACTION} is missing", fix)
    if found is None:
        return Verdict("tool of the workflows", "left out", "the action installs it from its own repository")
    if found.version != ours:
        fix = f"Use that version here too, or bring the repository to this one: `envclone init --tool {found.repository}@COMMIT`."
        return Verdict("tool of the workflows", "problem", f"{found.version or 'unknown'} there, {ours} here", fix)
    return Verdict("tool of the workflows", "ok", f"{found.version} at {found.repository}@{found.commit[:12]}")


def workflows(outcomes: Mapping[str, Outcome | None]) -> Verdict:
    """Judge the shipped files by what `envclone init` would do with each; None means that one is missing."""
    missing = [path for path, outcome in outcomes.items() if outcome is None]
    old = [path for path, outcome in outcomes.items() if outcome in ("written", "merge", "theirs")]
    if missing or old:
        parts = [f"missing: {', '.join(missing)}"] if missing else []
        parts += [f"different from what this version ships: {', '.join(old)}"] if old else []
        return Verdict("workflows", "problem", "; ".join(parts), "Run `envclone init`: it keeps edits.")
    edited = [f"{GITHUB}/{path}" for path, outcome in outcomes.items() if outcome in ("edited", "removed")]
    return Verdict("workflows", "ok", f"as shipped, except for {', '.join(edited)}" if edited else "as shipped")


def pins(loose: Sequence[str]) -> Verdict:
    """Judge how our workflows name the actions that they use."""
    if loose:
        fix = "Name each by all 40 digits of a commit: a tag or a branch can be moved to other code, which gets the job's credentials."
        return Verdict("actions", "problem", f"not pinned: {', '.join(loose)}", fix)
    return Verdict("actions", "ok", "each is pinned to a commit")


def owners(unguarded: Sequence[str]) -> Verdict:
    """Judge whether what decides has owners."""
    if unguarded:
        fix = "Run `envclone init --owner @TEAM`, and require a code owner's review on the default branch."
        return Verdict("code owners", "problem", f"nobody owns {', '.join(unguarded)}", fix)
    return Verdict("code owners", "ok", "workflows, policy and templates have owners")


def disk(free: int, where: str) -> Verdict:
    """Judge the room for the service's data."""
    said = f"{free / 1024**3:.1f} GiB free in {where}"
    if free < LEAST_FREE:
        return Verdict("disk", "problem", said, "Make room, or name another directory in ENVCLONE_DATA_DIR.")
    return Verdict("disk", "ok", said)


def clock(skew: timedelta) -> Verdict:
    """Judge this machine's clock by GitHub's."""
    said = f"{abs(skew).total_seconds():.0f} s {'ahead of' if skew > timedelta() else 'behind'} GitHub's"
    if abs(skew) > MOST_SKEW:
        return Verdict(
            "clock",
            "problem",
            said,
            "Let this machine keep time with NTP: by this clock clones expire, and tokens are renewed.",
        )
    return Verdict("clock", "ok", said)


def app(permissions: Mapping[str, str], events: Sequence[str]) -> Verdict:
    """Judge what the GitHub App may do and hears of."""
    lacking = [
        f"{name.replace('_', ' ')}: {level}"
        for name, level in PERMISSIONS.items()
        if _LEVELS.index(permissions.get(name, "")) < _LEVELS.index(level)
    ]
    unheard = sorted(EVENTS - set(events))
    if lacking or unheard:
        parts = [f"it may not {', '.join(lacking)}"] if lacking else []
        parts += [f"it does not receive {', '.join(unheard)}"] if unheard else []
        fix = "Add that in the App's settings (Permissions & events), and accept it where the App is installed."
        return Verdict("GitHub App", "problem", "; ".join(parts), fix)
    return Verdict("GitHub App", "ok", "it has the permissions and events that it needs")


def deliveries(answers: Sequence[int]) -> Verdict:
    """Judge what the webhook answered to the newest attempts to deliver, newest first; 0 is no answer."""
    if not answers:
        return Verdict("webhook", "left out", "GitHub has delivered nothing lately")
    missed = [answer for answer in answers if not is_taken(answer)]
    said = f"not accepted: {len(missed)} of the last {len(answers)} deliveries"
    if is_taken(answers[0]):
        return Verdict(
            "webhook", "ok", f"{said}; the newest was accepted" if missed else "the newest delivery was accepted"
        )
    return Verdict(
        "webhook", "problem", f"{said}; the newest got {answers[0] or 'no answer'}", _UNTAKEN.get(answers[0], _FAILING)
    )


def is_taken(answer: int) -> bool:
    """Say whether an answer is one for which GitHub counts a delivery as made."""
    return 200 <= answer < 400


def queue(waiting: int, oldest: timedelta, silences: Sequence[timedelta], dead_after: timedelta) -> Verdict:
    """Judge the deliveries that wait to become jobs, and the silence of each worker that should take them."""
    alive = sum(silence < dead_after for silence in silences)
    said = f"{waiting} waiting, the oldest for {oldest.total_seconds():.0f} s; workers: {alive}"
    if not alive:
        return Verdict(
            "queue",
            "problem",
            said,
            "Start the service (`envclone serve`), or look in its log for why no worker is alive.",
        )
    if waiting and oldest > MOST_WAIT:
        return Verdict("queue", "problem", said, "Look in the service's log for what holds up its workers.")
    return Verdict("queue", "ok", said)


def required_check(branch: str, required: Sequence[str]) -> Verdict:
    """Judge the protection of the default branch."""
    if REQUIRED_CHECK not in required:
        fix = f"Protect `{branch}` and require the check `{REQUIRED_CHECK}`, from GitHub Actions."
        return Verdict("required check", "problem", f"`{branch}` does not require `{REQUIRED_CHECK}`", fix)
    return Verdict("required check", "ok", f"`{branch}` requires `{REQUIRED_CHECK}`")


def store(account: str, address: str, trouble: str | None) -> Verdict:
    """Judge whether the objects beside an account's state can be read with the credentials that are here."""
    if trouble is not None:
        fix = "Take credentials of the account that may read and list it, or correct its address in the policy."
        return Verdict(f"store of {account}", "unknown", trouble, fix)
    return Verdict(f"store of {account}", "ok", f"{address} can be read")


def trust(role: str, environment: str, subjects: Sequence[str]) -> Verdict:
    """Judge which subjects of GitHub's tokens get a role that is for the jobs of one GitHub environment."""
    probe = f"trust of {role}"
    fix = (
        f"Trust `repo:OWNER/NAME:environment:{environment}` alone, or its form with ids, as the code in {GITHUB}/{ROLES} does: an "
        "administrator of the account applies it (docs/oidc.md)."
    )
    found = [_SUBJECT.fullmatch(subject) for subject in subjects]
    good = [each for each in found if each is not None and each["environment"] == environment]
    if len(good) < len(found):
        others = sorted(set(subjects) - {each[0] for each in good})
        return Verdict(probe, "problem", f"jobs beside those of {environment} get it: {', '.join(others)}", fix)
    if not good:
        return Verdict(probe, "problem", "no job on GitHub gets it", fix)
    said = ", ".join(f"{each['owner']}/{each['name']} {'with ids' if each['ids'] else 'by name'}" for each in good)
    return Verdict(probe, "ok", f"jobs of {environment} get it: {said}")


def deployment_environments(repository: str, branch: str, found: Mapping[str, Sequence[str] | None]) -> Verdict:
    """Judge the GitHub environments whose names are the subjects of the roles' trust, by the patterns of who may use them.

    `PROTECTED_BRANCHES` means those, None any branch, and no pattern at all no branch.
    """
    missing = [name for name in GATES if name not in found]
    open_ = [name for name in GATES if name in found and found[name] is None]
    named = {name: patterns for name in GATES if (patterns := found.get(name)) not in (None, PROTECTED_BRANCHES)}
    others = [f"{name}: {each}" for name, patterns in named.items() for each in patterns or () if each != branch]
    closed = [name for name, patterns in named.items() if branch not in (patterns or ())]
    if missing or open_ or others or closed:
        parts = [f"missing: {', '.join(missing)}"] if missing else []
        parts += [f"open to workflows of any branch: {', '.join(open_)}"] if open_ else []
        parts += [f"open to more than `{branch}`: {', '.join(others)}"] if others else []
        parts += [f"closed to `{branch}`: {', '.join(closed)}"] if closed else []
        fix = "In Settings, Environments: create them, and limit their deployment branches to the default branch (docs/oidc.md)."
        return Verdict("GitHub environments", "problem", f"{repository}: {'; '.join(parts)}", fix)
    return Verdict(
        "GitHub environments",
        "ok",
        f"{repository}: {' and '.join(GATES)} are limited to `{branch}` or to protected branches",
    )
