"""A job's first step, which the runner puts there: it waits for the job's turn, and takes what lets it ask for identity tokens."""

from __future__ import annotations

import os

from bot.sandbox.actions.steps.requests import ask
from bot.sandbox.actions.steps.toolkit import hand_on, mask


def main() -> None:
    """Wait, and hand on the job's request token, if the job may have one, as the variables that GitHub's runner sets."""
    service = os.environ["SANDBOX_SERVICE"]
    token = ask(f"{service}/jobs", {}).get("request_token")
    if token:
        mask(str(token))
        # There is a query already, as in GitHub's address: who asks appends `&audience=`.
        url = f"{service}/token?api-version=2.0"
        hand_on("GITHUB_ENV", {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": str(token)})


if __name__ == "__main__":
    main()
