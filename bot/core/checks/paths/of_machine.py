"""Which texts are paths of the machine that plans, whatever the argument is called that has them.

A path from the top (`/etc/passwd`) counts unless the argument's name says that it is something else: part of an address, or a path in a
container. Nothing else is known of an argument of a provider that we don't know; the policy's `gate.paths` names further ones.
"""

import re

from bot.model.static_check_rules import StaticCheckRules

_THIS_MACHINE = re.compile(r"~(?:[a-z0-9._-]*/|$)|file:|(?:\./)*\.\.(?:/|$)", re.IGNORECASE)
"""How a text begins that is a path of this machine and hardly anything else."""
_OF_PROCESSES = re.compile(r"/+proc/+(?:self|thread-self|[0-9]+)(?:/|$)")
_UP = re.compile(r"(?:(?!://)[^?])*/\.\.(?:/|$)")
"""A path that goes up on its way; an address has its scheme before that, or a question mark."""
WORDS = frozenset({"args", "arguments", "command", "commands", "entrypoint"})
"""What a program of a container is started with."""
_MOUNTS = r"(?:.*_)?(?:mount_?path|mount_point|sub_path|host_path|working_dir)"
_IN_CONTAINERS = re.compile(rf"(?i:{_MOUNTS})|path|" + "|".join(sorted(WORDS)))
"""Arguments for a container or the machine that it runs on, which has processes of its own."""
_OF_ADDRESSES = re.compile(r"(?:.*_)?(?:endpoint|redirect|route|ur[il])s?(?:_.*)?", re.IGNORECASE)
"""Arguments that are an address, or a part of one."""
_RESOURCE_NAME = re.compile(r"//[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/|$)")
"""A host, and what it has: `//storage.example.com/x`. No directory at the top of a machine is called like a host."""
LONGEST_PATH = 4_096
"""Bytes that a path may have on Linux."""


def is_of_machine(argument: str, text: str, *, is_known: bool) -> bool:
    """Say whether a text is a path of the machine that plans.

    `is_known` says that of this provider all arguments are known that name a file, and that this one is none of them.
    """
    text = text.strip()  # as providers do with what they are given
    if is_script(text):
        return False
    if is_climbing(argument, text) or (argument not in WORDS and _THIS_MACHINE.match(text)):
        return True
    in_container = _IN_CONTAINERS.fullmatch(argument) is not None
    if is_known or in_container:
        return not in_container and _OF_PROCESSES.match(text) is not None
    return text.startswith("/") and not (
        not text.strip("/") or _OF_ADDRESSES.fullmatch(argument) or _RESOURCE_NAME.match(text)
    )


def is_script(text: str) -> bool:
    """Say whether a text is a script, or another file's content."""
    return "\n" in text or len(text) > LONGEST_PATH


def is_climbing(argument: str, text: str) -> bool:
    """Say whether a text is a path that goes up on its way."""
    return argument not in WORDS and not is_script(text.strip()) and _UP.match(text.strip()) is not None


def allowed(kind: str, argument: str, policy: StaticCheckRules) -> bool:
    """Say whether the policy names an argument of a type of resources as one that is no path of the machine that plans."""
    return f"{kind}.{argument}" in policy.paths


def complaint(kind: str, argument: str) -> str:
    """Return what to write instead."""
    return (
        f"`{argument}` is a path of the machine that plans: put the file into the module, and write its path as "
        f'"${{path.module}}/…", without `..`. If it is something else, have `{kind}.{argument}` added to the policy\'s `gate.paths`.'
    )
