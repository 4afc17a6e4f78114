"""The repository's policy, `.github/envclone.yml`, always read from the default branch."""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.duration import Duration
from bot.names import EnvironmentName, Login, PurposeName

PATH = ".github/envclone.yml"

Role: TypeAlias = Literal["read", "triage", "write", "maintain", "admin"]
"""GitHub's repository roles, weakest first."""

Permission: TypeAlias = Literal["read", "clone", "change", "rescue", "destroy"]
"""What a command needs (`bot.commands.specs` says which command needs which)."""


class Ttl(Document):
    """Limits of a clone's time to live."""

    default: Duration = timedelta(days=7)
    max: Duration = timedelta(days=30)
    min: Duration = timedelta(hours=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Ttl":
        if not self.min <= self.default <= self.max:
            raise InvalidInput("`ttl` must satisfy min <= default <= max")
        return self


class Quota(Document):
    """The maximum number of clones, counting the default branch, open pull requests, and removed clones that are not destroyed yet."""

    total: Annotated[int, Field(ge=0)] = 50
    per_owner: Annotated[int, Field(ge=0)] = 5
    per_purpose: dict[PurposeName, Annotated[int, Field(ge=0)]] = {}


class Expiry(Document):
    """How long before its expiry a clone's owner is warned, and whether the pull request that destroys it is merged automatically."""

    warn: tuple[Duration, ...] = (timedelta(days=3), timedelta(days=1))
    auto_merge: bool = False


class PolicyAccount(
    Document
):  # the form of each value is the cloud's to say: `read_policy` holds them against its facts
    """How Actions reach one account of the cloud: a read-only role that plans and a role that applies, both assumed through OIDC.

    `state_bucket` is the bucket that holds state, ledger and reviews of the environments in this account.
    """

    plan_role: str
    apply_role: str
    region: str
    state_bucket: str


class StaticCheckRules(Document):
    """What code may do before it is planned with credentials: an allow-list, checked before `terraform init`."""

    providers: tuple[str, ...] | None = Field(
        default=None,
        description="Source addresses of the providers that may run; left out, the cloud's own and Terraform's built-in one.",
    )
    module_sources: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = Field(
        default=(),
        description="Data sources that may be read besides the harmless ones: those that return objects, secrets, tokens or "
        "another program's answer, and those of providers that the cloud does not know.",
    )
    data_sources_forbidden: tuple[str, ...] = ("external", "http", "terraform_remote_state")
    provider_arguments: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Arguments and blocks that the configuration of a provider may have, by its source address, besides the "
        "cloud's own list.",
    )
    imports: Annotated[
        bool,
        Field(description="Whether `import` blocks may read what exists, with a `for_each` that is empty in clones."),
    ] = False
    provisioners: bool = False


_ALLOW: dict[Permission, Role] = {
    "read": "read",
    "clone": "write",
    "change": "write",
    "rescue": "maintain",
    "destroy": "write",
}


class Policy(Document):
    """Who may do what, and within which limits. Without the file, the defaults below apply."""

    allow: dict[Permission, Role] = _ALLOW
    protected: tuple[EnvironmentName, ...] = (EnvironmentName("production"),)
    ttl: Ttl = Ttl()
    quota: Quota = Quota()
    expiry: Expiry = Expiry()
    purposes_requiring: dict[PurposeName, Role] = {}
    accounts: dict[str, PolicyAccount] = {}
    gate: StaticCheckRules = StaticCheckRules()
    environment_tag: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            description="The tag that holds the environment's name (`default_tags` in the template). A destroy searches for "
            "it to find what is left.",
        ),
    ] = "Environment"
    labels: tuple[Annotated[str, Field(min_length=1, max_length=50)], ...] = ("envclone",)
    reviewers: tuple[Login, ...] = ()

    @field_validator("allow", mode="after")
    @classmethod
    def _complete(cls, given: dict[Permission, Role]) -> dict[Permission, Role]:
        """Keys that the file leaves out keep their defaults."""
        return {**_ALLOW, **given}
