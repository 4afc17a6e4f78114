"""azure/login as the sandbox has it: it takes the job's identity token, which no Azure is here to exchange."""

from __future__ import annotations

from bot.sandbox.actions.steps.requests import identity_token
from bot.sandbox.actions.steps.toolkit import inputs

AUDIENCE = "api://AzureADTokenExchange"


def main() -> None:
    """Say as whom the job is logged in."""
    given = inputs()
    identity_token(AUDIENCE)
    print(f"Logged in as {given['client-id']} of {given['tenant-id']} to {given['subscription-id']}")


if __name__ == "__main__":
    main()
