"""What a workflow may be started with by hand: GitHub refuses inputs that its file does not declare, and the lack of required ones."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from bot.sandbox.github.answers import ApiError

TRIGGER = "workflow_dispatch"


def check_inputs(text: str, given: Mapping[str, object]) -> None:
    """Raise 422 unless the workflow file can be started by hand with these inputs."""
    # BaseLoader makes nothing but strings, lists and mappings, so `on` stays a word and nothing is constructed.
    document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    triggers = document.get("on", {}) if isinstance(document, dict) else {}
    if TRIGGER not in triggers:
        raise ApiError(422, f"Workflow does not have '{TRIGGER}' trigger")
    details = triggers[TRIGGER] if isinstance(triggers, dict) else None
    declared = details.get("inputs", {}) if isinstance(details, dict) else {}
    unexpected = [name for name in given if name not in declared]
    if unexpected:
        names = ", ".join(f'"{name}"' for name in unexpected)
        raise ApiError(422, f"Unexpected inputs provided: [{names}]")
    for name, rules in declared.items():
        if (
            isinstance(rules, dict)
            and rules.get("required") == "true"
            and "default" not in rules
            and not given.get(name)
        ):
            raise ApiError(422, f"Required input '{name}' not provided")
