"""google-github-actions/auth as the sandbox has it: it takes the job's identity token, and makes up what Google would answer."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from bot.sandbox.actions.steps.requests import identity_token
from bot.sandbox.actions.steps.toolkit import fail, hand_on, inputs, mask


def main() -> None:
    """Leave an access token, or the file that a library renews one by, as the inputs ask."""
    given = inputs()
    provider = given["workload_identity_provider"]
    identity_token(f"https://iam.googleapis.com/{provider}")
    values = dict.fromkeys(("CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"), given["project_id"])
    if given["create_credentials_file"] == "true":
        file = Path(os.environ["GITHUB_WORKSPACE"], f"gha-creds-{secrets.token_hex(8)}.json")
        file.touch(mode=0o600)
        audience = f"//iam.googleapis.com/{provider}"
        file.write_text(json.dumps({"type": "external_account", "audience": audience}), encoding="utf-8")
        values["GOOGLE_APPLICATION_CREDENTIALS"] = str(file)
    if given["token_format"] == "access_token":  # noqa: S105 - the name of a format
        token = f"sandbox-{secrets.token_hex(16)}"
        mask(token)
        hand_on("GITHUB_OUTPUT", {"access_token": token})
    elif given["token_format"]:
        fail(f"The sandbox makes no {given['token_format']}.")
    hand_on("GITHUB_ENV", values)
    print(f"Impersonated {given['service_account']}")


if __name__ == "__main__":
    main()
