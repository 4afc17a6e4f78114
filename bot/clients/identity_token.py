"""The identity token of this job of Actions, for a cloud that wants to see it at each start of Terraform.

Only this process can ask for one. What it runs gets the token itself, which is for one audience and lasts some minutes: code that
slipped past the gate can't ask for another in this job's name.
Source: https://docs.github.com/en/actions/reference/security/oidc, "methods for requesting the OIDC token".
"""

from collections.abc import Mapping

from bot.errors import Unverifiable

AZURE = "api://AzureADTokenExchange"
_URL, _TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_TIMEOUT = 20.0


def identity_token(environment: Mapping[str, str], audience: str) -> str | None:
    """Return a fresh identity token; None outside of a job that may ask for one. Raises `Unverifiable`."""
    url, token = environment.get(_URL), environment.get(_TOKEN)
    if not url or not token:
        return None
    import httpx  # noqa: PLC0415 (most commands need none)

    try:
        answer = httpx.get(
            httpx.URL(url).copy_merge_params({"audience": audience}),
            headers={"Authorization": f"bearer {token}"},
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        return str(answer.json()["value"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise Unverifiable(f"GitHub gave no identity token for `{audience}`: {error}") from error
