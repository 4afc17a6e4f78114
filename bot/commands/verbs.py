"""Verbs that are none of ours: those that people use for ours, and those of other bots."""

from collections.abc import Mapping

SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("copy", "duplicate", "replicate", "create", "provision", "fork", "new"), "clone"),
    **dict.fromkeys(("delete", "remove", "stop", "kill", "terminate", "teardown", "drop"), "destroy"),
    **dict.fromkeys(("prolong", "renew"), "extend"),
    **dict.fromkeys(("update", "change", "configure", "scale"), "set"),
    **dict.fromkeys(("show", "info", "describe"), "status"),
    "drift": "plan",
    **dict.fromkeys(("rebuild", "recreate"), "reset"),
    **dict.fromkeys(("retry", "continue", "start", "restart"), "resume"),
}
"""Other words for a command. They may be another bot's, so they count only for an environment of ours."""

ROLLOUT_ACTIONS: Mapping[str, str] = {
    **dict.fromkeys(("hold", "suspend", "freeze", "wait"), "pause"),
    **dict.fromkeys(("unpause", "continue", "restart", "start", "go", "proceed", "unfreeze"), "resume"),
    **dict.fromkeys(("cancel", "end", "close", "quit"), "abort"),
}
"""Other words for what a rollout can do. Not `stop`, which is either a pause or an end."""

OTHERS = frozenset(
    [
        "approve",
        "apply",
        "area",
        "assign",
        "backport",
        "build",
        "cc",
        "check",
        "cherry-pick",
        "ci",
        "close",
        "deploy",
        "fix",
        "format",
        "help-wanted",
        "hold",
        "honk",
        "kind",
        "label",
        "lgtm",
        "lint",
        "lock",
        "loan",
        "meow",
        "merge",
        "milestone",
        "ok-to-test",
        "override",
        "ping",
        "plant",
        "priority",
        "rebase",
        "release",
        "reopen",
        "rerun",
        "reset",
        "retest",
        "retitle",
        "review",
        "rollback",
        "run",
        "shrug",
        "skip",
        "squash",
        "test",
        "thanks",
        "triage",
        "unassign",
        "unhold",
        "unlabel",
        "unlocked",
    ]
)
"""Commands of other bots, some of which look like a misspelt one of ours."""
