"""The repository's policy, `.github/envclone.yml`, always read from the default branch."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.confinement import Confinement
from bot.model.dispatch import DispatchPolicy
from bot.model.duration import Duration
from bot.model.rollout import RolloutPolicy
from bot.model.roots import DEFAULT, Roots
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


class StaticCheckRules(Document):
    """What code may do before it is planned with credentials: an allow-list, checked before `terraform init`."""

    providers: tuple[str, ...] | None = Field(
        default=None,
        description="Source addresses of the providers that may run; if left out, the cloud's own and those that reach nothing "
        "outside (archive, local, null, random, time, tls, and Terraform's built-in one).",
    )
    module_sources: tuple[str, ...] = Field(
        default=(),
        description="Sources of modules outside the repository that may be called, with their `?ref=` and `//…` or without; for one of a registry, "
        "perhaps with the versions that may be installed (`NAMESPACE/NAME/PROVIDER >= 5.0, < 6`). `SOURCE *` takes any version, even of "
        "a call that names none.",
    )
    reading_modules: tuple[str, ...] = Field(
        default=(),
        description="Modules that may compute which files they read: sources of modules outside the repository, as in `module_sources` and with all "
        "modules in the same download, and directories of the repository (`modules/project`). They read what the process that plans may.",
    )
    data_sources: tuple[str, ...] = Field(
        default=(),
        description="Data sources that may be read besides the harmless ones: those that return objects, secrets, tokens or "
        "another program's answer, and those of providers that the cloud does not know.",
    )
    data_sources_forbidden: Annotated[
        tuple[str, ...],
        Field(
            description="Data sources, or providers by the prefix of their types, that may be read only if `data_sources` names them."
        ),
    ] = ("external", "http", "terraform_remote_state")
    remote_states: tuple[str, ...] = Field(
        default=(),
        description="States that `terraform_remote_state` may read besides those of the environment's own stacks, each by the address of its object, as "
        "`store` of an account has it.",
    )
    provider_arguments: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Arguments and blocks that the configuration of a provider may have, by its source address, besides the "
        "cloud's own list.",
    )
    account_guard: Annotated[
        bool,
        Field(
            description="Whether a provider block must name the account that it may touch. Without it the runner's credentials "
            "alone decide, and the account that they belong to."
        ),
    ] = True
    assume_role: tuple[str, ...] = Field(
        default=(),
        description="Roles that a provider block may assume, each as the code writes it: a role, or an expression such as "
        "`var.deploy_role`.",
    )
    exec: tuple[str, ...] = Field(
        default=(),
        description="Programs that a provider may start for its credentials, each a whole line with all arguments; `*` stands "
        "for one argument, for example `kubelogin get-token --server-id *`.",
    )
    probe_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Private networks that `http.probe` may ask while an environment is planned, for example `10.20.0.0/16`.",
    )
    functions: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")], ...] = Field(
        default=(),
        description="Functions of a newer Terraform that code may call, besides those that are known to read nothing.",
    )
    paths: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,80}\.[A-Za-z_][A-Za-z0-9_-]{0,80}$")], ...] = Field(
        default=(),
        description="Arguments that may begin with `/` because they name no file of the machine that plans, each with its type of resources, for "
        "example `restapi_object.path`. Needed for providers whose arguments are not known.",
    )
    imports: Annotated[
        bool,
        Field(
            description="Whether `import` blocks may take over what exists: those of a protected environment, and of a clone those with "
            "a `for_each`."
        ),
    ] = False
    provisioners: Annotated[
        bool, Field(description="Whether provisioners may run programs while an environment is applied.")
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
