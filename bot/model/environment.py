"""An environment's manifest, `envs/<name>/environment.yaml`, and the places inside its directory."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from bot.model.base import Document
from bot.model.pipeline import Json, Stacks
from bot.names import (
    EnvironmentName,
    Login,
    MigrationName,
    ParameterName,
    PurposeName,
    RepositoryName,
    StepName,
    TemplateName,
)

MANIFEST = "environment.yaml"
HOOKS = "hooks.yaml"
VARIABLES = "terraform.tfvars.json"


class Request(Document):
    """Who requested the environment, and where; the comment's id makes the request unique."""

    by: Login
    repository: RepositoryName
    issue: int
    comment: int
    url: str


class Waiver(Document):
    """Accepts one finding of the parity or leak check until it expires, for a reason and with an owner.

    `what` is the finding's address (`network/terraform_data.main`), with `:attribute` where it is about one, or a rendered file's
    `path:line`; `*` stands for any run of characters.
    """

    what: Annotated[str, Field(min_length=3, max_length=500)]
    reason: Annotated[str, Field(min_length=10, max_length=500)]
    owner: Login
    expires_at: AwareDatetime


class Preview(Document):
    """The pull request whose change a clone tries, and the commit of it that the clone was rendered from."""

    pull_request: Annotated[int, Field(ge=1)]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class ExistingState(Document):
    """Where a stack's state lies that is older than this directory: its key, as the backend of the stack has it.

    `workspace` is Terraform's workspace that it lies in, if that is not the default one. Of a stack that chooses its workspace
    of HCP Terraform by tags, `key` is the workspace's name.
    """

    key: Annotated[str, Field(min_length=1, max_length=900, pattern=r"^[A-Za-z0-9:_./-]+$")]
    workspace: Annotated[str, Field(min_length=1, max_length=90, pattern=r"^[A-Za-z0-9_-]+$")] | None = None


class Manifest(Document):
    """An environment: a template at a revision, and the value of every parameter.

    `revision` is the git tree id of `templates/<template>/`, so it names the template's content whatever commit holds it.
    `source` is the environment that was cloned; production has none. `overrides` are the parameters given by `--set`.
    `expires_at` and `request` are absent from a protected environment.
    """

    name: EnvironmentName
    template: TemplateName
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    source: EnvironmentName | None = None
    purpose: PurposeName
    owner: Login
    expires_at: AwareDatetime | None = None
    request: Request | None = None
    ends_with: Annotated[
        int | None,
        Field(
            ge=1,
            description="The number of a pull request: when that is merged or closed, the clone is to be destroyed.",
        ),
    ] = None
    preview: Annotated[
        Preview | None,
        Field(description="Of a clone that tries a pull request: its template and values are those of that commit."),
    ] = None
    overrides: tuple[ParameterName, ...] = ()
    parameters: dict[ParameterName, Json]
    waivers: tuple[Waiver, ...] = ()
    stacks: Stacks
    repaired_at: Annotated[
        AwareDatetime | None,
        Field(
            description="When somebody last asked that what changed outside is put back: by the plan of the pull request that wrote this."
        ),
    ] = None
    data_reset_at: Annotated[
        AwareDatetime | None,
        Field(
            description="When somebody last asked for the data to be made again: hooks with data that ran before are undone and run again."
        ),
    ] = None
    state: Annotated[
        dict[StepName, ExistingState] | None,
        Field(description="Of a protected environment only: the stacks whose state already exists elsewhere."),
    ] = None
    migrated: Annotated[
        tuple[MigrationName, ...] | None,
        Field(
            min_length=1,
            description="The template's migrations that the environment came through since it was made, if they have blocks: it holds those.",
        ),
    ] = None
