"""The repository's policy, `.github/envclone.yml`, always read from the default branch."""

from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from bot.errors import InvalidInput
from bot.model.account import PolicyAccount
from bot.model.base import Document
from bot.model.confinement import Confinement
from bot.model.dispatch import DispatchPolicy
from bot.model.duration import Duration
from bot.model.rollout import RolloutPolicy
from bot.model.roots import DEFAULT, Roots
from bot.model.static_check_rules import StaticCheckRules
from bot.names import EnvironmentName, Login, ParameterName, PurposeName

PATH = ".github/envclone.yml"
WHOLE_VERSION = r"^\d{1,3}\.\d{1,3}\.\d{1,3}(-[a-z]{1,8}\d{0,8})?$"
ACTIONS = "github-actions[bot]"
"""In whose name workflows write, that of a branch which somebody pushed as well: nobody's word counts less."""

Role: TypeAlias = Literal["read", "triage", "write", "maintain", "admin"]
"""GitHub's repository roles, weakest first."""

Permission: TypeAlias = Literal["read", "clone", "change", "rescue", "destroy", "plan_unproved"]
"""What a command needs (`bot.commands.specs` says which command needs which).

`plan_unproved` is what approving a commit for planning needs whose code the base branch does not have.
"""


class Ttl(Document):
    """Limits of a clone's time to live."""

    default: Annotated[Duration, Field(description="How long a clone lives if its request doesn't say.")] = timedelta(
        days=7
    )
    max: Annotated[
        Duration, Field(description="The longest that may be asked for, from now, by `--ttl` or `/extend`.")
    ] = timedelta(days=30)
    min: Annotated[Duration, Field(description="The shortest.")] = timedelta(hours=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Ttl":
        if not self.min <= self.default <= self.max:
            raise InvalidInput("`ttl` must satisfy min <= default <= max")
        return self


class Quota(Document):
    """The maximum number of clones, counting the default branch, open pull requests, and removed clones that are not destroyed yet."""

    total: Annotated[int, Field(ge=0, description="Of all clones.")] = 50
    per_owner: Annotated[int, Field(ge=0, description="Of one owner.")] = 5
    per_purpose: Annotated[
        dict[PurposeName, Annotated[int, Field(ge=0)]],
        Field(description="Of one purpose; those that are not named have no maximum of their own."),
    ] = {}


class Expiry(Document):
    """How long before its expiry a clone's owner is warned, and whether the pull request that destroys it is merged automatically."""

    warn: Annotated[
        tuple[Duration, ...], Field(description="How long before its expiry the owner is warned, once for each.")
    ] = (timedelta(days=3), timedelta(days=1))
    auto_merge: Annotated[
        bool, Field(description="Whether the pull request that destroys an expired clone is merged without a person.")
    ] = False


_ALLOW: dict[Permission, Role] = {
    "read": "read",
    "clone": "write",
    "change": "write",
    "rescue": "maintain",
    "destroy": "write",
    "plan_unproved": "maintain",
}


Tool: TypeAlias = Literal["terraform", "opentofu"]


class Policy(Document):
    """Who may do what, and within which limits. Without the file, the defaults below apply."""

    allow: Annotated[
        dict[Permission, Role],
        Field(
            description="The role on the repository that each permission needs (docs/commands.md says which command needs which permission). What is left out keeps its default."
        ),
    ] = _ALLOW
    protected: Annotated[
        tuple[EnvironmentName, ...],
        Field(
            description="Environments that no command destroys and whose changes are always merged by people; they need no source and never expire."
        ),
    ] = (EnvironmentName("production"),)
    may_be_created: Annotated[
        tuple[EnvironmentName, ...],
        Field(
            description="Protected environments that a plan may create whole, because they are new. Of any other such a plan "
            "fails: its state was not found, and an apply would build it a second time."
        ),
    ] = ()
    ttl: Annotated[Ttl, Field(description="How long clones may live.")] = Ttl()
    quota: Annotated[Quota, Field(description="How many clones there may be.")] = Quota()
    expiry: Annotated[Expiry, Field(description="What is done before and after a clone expires.")] = Expiry()
    rollout: Annotated[RolloutPolicy, Field(description="How a changed template reaches its environments.")] = (
        RolloutPolicy()
    )
    dispatch: Annotated[
        DispatchPolicy, Field(description="What other repositories may set by `repository_dispatch`.")
    ] = DispatchPolicy()
    purposes_requiring: Annotated[
        dict[PurposeName, Role], Field(description="Purposes for which `/clone` needs a higher role on the repository.")
    ] = {}
    accounts: Annotated[
        dict[str, PolicyAccount],
        Field(description="The cloud accounts that the workflows get credentials for, by name or id."),
    ] = {}
    account_parameters: Annotated[
        tuple[ParameterName, ...],
        Field(
            description="The parameters that may name an environment's account, by its name here or by its id: the first one "
            "that the environment has counts.",
        ),
    ] = tuple(map(ParameterName, ("account_id", "account", "project_id", "project", "subscription_id")))
    gate: Annotated[StaticCheckRules, Field(description="What code may do when it is planned.")] = StaticCheckRules()
    confinement: Annotated[Confinement, Field(description="What programs may reach of the machine that runs them.")] = (
        Confinement()
    )
    tool: Annotated[
        Tool,
        Field(
            description="The program that plans and applies every environment. Files that end in `.tofu` are read by OpenTofu alone, and refused "
            "with Terraform."
        ),
    ] = "terraform"
    opentofu_version: Annotated[
        str,
        Field(
            pattern=WHOLE_VERSION,
            description="The version of OpenTofu, if it is the tool, for environments without an `.opentofu-version` beside their stacks; not older "
            "than 1.8.0.",
        ),
    ] = "1.10.6"
    terraform_version: Annotated[
        str,
        Field(
            pattern=WHOLE_VERSION,
            description="The version of Terraform for environments without a `.terraform-version` beside their stacks.",
        ),
    ] = "1.11.4"
    environment_tag: Annotated[
        str,
        Field(
            min_length=1,
            max_length=128,
            description="The tag that holds the environment's name (`default_tags` in the template). A destroy searches for "
            "it to find what is left.",
        ),
    ] = "Environment"
    roots: Annotated[
        Roots,
        Field(
            description="Where environments and templates lie in the repository, as `infra/envs` and `infra/templates`. It stays as it is "
            "while there are environments; `envclone init` writes it into the workflows and the code owners' lines."
        ),
    ] = DEFAULT
    labels: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=50)], ...],
        Field(description="Labels of the pull requests that are opened."),
    ] = ("envclone",)
    reviewers: Annotated[tuple[Login, ...], Field(description="Logins that are asked to review them.")] = ()
    bot: Annotated[
        str,
        Field(
            pattern=r"^([A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?)?$",
            description="The login of the bot (`envclone[bot]`). `/plan` approves a commit by a commit status of this account; "
            "without it, only approving reviews count.",
        ),
    ] = ""

    @field_validator("bot", mode="after")
    @classmethod
    def _own(cls, given: str) -> str:
        """In the name of Actions any workflow of a pushed branch writes, statuses too."""
        if given.casefold() == ACTIONS:
            raise InvalidInput(
                f"`bot` can't be `{ACTIONS}`, in whose name every pushed workflow writes: name the account of the GitHub App "
                "(`envclone[bot]`), or leave it empty, so that only approving reviews count"
            )
        return given

    @field_validator("allow", mode="after")
    @classmethod
    def _complete(cls, given: dict[Permission, Role]) -> dict[Permission, Role]:
        """Keys that the file leaves out keep their defaults."""
        allow = {**_ALLOW, **given}
        if allow["plan_unproved"] in ("read", "triage"):
            raise InvalidInput(
                "`plan_unproved` must be write, maintain or admin: whoever approves lets code meet credentials"
            )
        return allow
