"""An account of a cloud as the policy describes it: who plans and applies in it, and where its state lies."""

import re
from typing import Annotated, TypeAlias

from pydantic import Field, field_validator

from bot.errors import InvalidInput
from bot.model.base import Document


class AccountState(Document):
    """Where Terraform keeps the state of an account's environments: the backend that every stack must have."""

    backend: Annotated[str, Field(description="Terraform's name of the backend.")]
    arguments: Annotated[
        dict[str, str],
        Field(
            alias="with", description="Arguments that every backend block of this account must have with these values."
        ),
    ] = {}


Variable: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Z][A-Z0-9_]*$|^TF_(?:VAR|TOKEN)_[A-Za-z0-9_-]+$", max_length=128)
]
SecretKey: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
_DECIDES_WHAT_RUNS = re.compile(
    r"PATH|HOME|TMPDIR|USER|SHELL|IFS|ENV|BASH\w*|LD_\w+|DYLD_\w+|PYTHON\w*|NODE_\w+|GIT_\w+|GITHUB_\w+|ACTIONS_\w+|RUNNER_\w+"
    r"|TF_(?!VAR_|TOKEN_|HTTP_)\w+"
)


class PolicyAccount(
    Document
):  # the form of each value is the cloud's to say: `read_policy` holds them against its facts
    """How Actions reach one account of a cloud: an identity that plans (read-only) and one that applies, both through OIDC.

    `state_bucket` is the bucket that holds state, ledger and reviews of the environments in this account. Where state lies
    elsewhere, `state` says so; where the ledger and the reviews lie elsewhere, `store`.
    """

    cloud: Annotated[
        str, Field(description="The account's cloud; if left out, that of the template that envclone ships.")
    ] = ""
    id: Annotated[str, Field(description="The account in its cloud's form; if left out, the account's name here.")] = ""
    plan_role: Annotated[str, Field(description="The identity that plans: it reads, and writes reviews.")] = ""
    apply_role: Annotated[str, Field(description="The identity that applies and destroys.")] = ""
    identity: Annotated[
        dict[str, str], Field(description="What else the cloud needs to know to give credentials, by its own names.")
    ] = {}
    region: Annotated[
        str, Field(description="The region of the state bucket, and of what asks the cloud without naming one.")
    ] = ""
    state_bucket: Annotated[
        str, Field(description="The bucket with state, ledgers and reviews of the environments in this account.")
    ] = ""
    state: Annotated[AccountState | None, Field(description="The backend, where state lies elsewhere.")] = None
    store: Annotated[str, Field(description="The address of the objects beside the state: ledger, reviews, keys.")] = ""
    also: Annotated[
        tuple[str, ...],
        Field(
            description="Other accounts, by their names here or their ids, that aliased providers of this account's environments may be "
            "restricted to: one with shared DNS zones, say."
        ),
    ] = ()
    variables: Annotated[
        dict[Variable, SecretKey],
        Field(
            description="Environment variables that Terraform and hooks get besides the cloud's own, each with the name of its value "
            "in the Actions secret `ENVCLONE_VARIABLES`: other providers' credentials, and `TF_VAR_…` for sensitive variables."
        ),
    ] = {}

    @field_validator("variables", mode="after")
    @classmethod
    def _values_alone(cls, given: dict[str, str]) -> dict[str, str]:
        for name in given:
            if _DECIDES_WHAT_RUNS.fullmatch(name):
                raise InvalidInput(
                    f"`{name}` decides what is run, and is the runner's to set: leave it out of `variables`"
                )
        return given
