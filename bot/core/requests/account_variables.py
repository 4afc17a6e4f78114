"""The variables that an account's Terraform gets besides its cloud's credentials: only those that the policy names."""

import json
from collections.abc import Mapping

from bot.errors import UserError
from bot.model.account import PolicyAccount
from bot.model.policy import PATH

SECRET = "ENVCLONE_VARIABLES"  # noqa: S105 - the name of the secret
"""One Actions secret for all, a JSON object of texts: a workflow can't take a secret by a name that it computes without being
given all of them, and a new one needs no edit of a workflow this way."""


def account_variables(account: PolicyAccount, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values: of the secret if there is one, else of the variables themselves (on somebody's own machine).

    Raises `UserError` that says what to add where.
    """
    if not account.variables:
        return {}
    values = _secret(environment[SECRET]) if environment.get(SECRET) else None
    found = {
        name: environment.get(name) if values is None else values.get(key) for name, key in account.variables.items()
    }
    missing = [name for name, value in found.items() if value is None]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        keys = ", ".join(f'"{account.variables[name]}": "…"' for name in missing)
        raise UserError(
            f"The policy's `variables` name {named}, but there is no such value. Add `{keys}` to the Actions secret `{SECRET}` of the GitHub "
            f"environment (a JSON object), or take the name out of {PATH}."
        )
    return {name: value for name, value in found.items() if value is not None}


def _secret(text: str) -> Mapping[str, str]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        # Nothing of it is shown: whatever it is, it was meant to be secret.
        raise UserError(f'The Actions secret `{SECRET}` must be a JSON object of texts: `{{"cloudflare": "…"}}`.')
    return values
