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

    by: Annotated[Login, Field(description="The login of its author.")]
    repository: Annotated[RepositoryName, Field(description="The repository of the comment, as `owner/name`.")]
    issue: Annotated[int, Field(description="The number of the issue or pull request.")]
    comment: Annotated[int, Field(description="GitHub's id of the comment.")]
    url: Annotated[str, Field(description="The comment's address.")]


class Waiver(Document):
    """Accepts one finding of the parity or leak check until it expires, for a reason and with an owner.

    `what` is the finding's address (`network/terraform_data.main`), with `:attribute` where it is about one, or a rendered file's
    `path:line`; `*` stands for any run of characters.
    """

    what: Annotated[
        str,
        Field(
            min_length=3,
            max_length=500,
            description="The finding: `ADDRESS:ATTRIBUTE`, or a rendered file's `PATH:LINE`; `*` is any run of characters.",
        ),
    ]
    reason: Annotated[str, Field(min_length=10, max_length=500, description="Why it is accepted.")]
    owner: Annotated[Login, Field(description="Who answers for it.")]
    expires_at: Annotated[AwareDatetime, Field(description="When it no longer holds.")]


class Preview(Document):
    """The pull request whose change a clone tries, and the commit of it that the clone was rendered from."""

    pull_request: Annotated[int, Field(ge=1, description="Its number.")]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="The commit.")]


class Awaited(Document):
    """The template's revision that an environment is brought to once it has values that only people can give."""

    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$", description="The revision, as in the manifest.")]
    missing: Annotated[
        tuple[ParameterName, ...],
        Field(min_length=1, description="The parameters that wait for a value, by their names in that revision."),
    ]
    given: Annotated[
        dict[ParameterName, str], Field(description="The values that were given already, as they were typed.")
    ] = {}


class ExistingState(Document):
    """Where a stack's state lies that is older than this directory: its key, as the backend of the stack has it.

    `workspace` is Terraform's workspace that it lies in, if that is not the default one. Of a stack that chooses its workspace
    of HCP Terraform by tags, `key` is the workspace's name.
    """

    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=900,
            pattern=r"^[A-Za-z0-9:_./-]+$",
            description="The key, as the stack's backend has it; with workspaces chosen by tags, the workspace's name.",
        ),
    ]
    workspace: Annotated[
        Annotated[str, Field(min_length=1, max_length=90, pattern=r"^[A-Za-z0-9_-]+$")] | None,
        Field(description="Terraform's workspace, if it is not the default one."),
    ] = None


class Manifest(Document):
    """An environment: a template at a revision, and the value of every parameter.

    `revision` is the git tree id of `templates/<template>/`, so it names the template's content whatever commit holds it.
    `source` is the environment that was cloned; production has none. `overrides` are the parameters given by `--set`.
    `expires_at` and `request` are absent from a protected environment.
    """

    name: Annotated[EnvironmentName, Field(description="The name of its directory.")]
    template: Annotated[TemplateName, Field(description="The template that it is rendered from.")]
    revision: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{40}$",
            description="The git tree id of the template's directory, whatever commit holds it.",
        ),
    ]
    source: Annotated[
        EnvironmentName | None, Field(description="The environment that it was cloned from, and is compared with.")
    ] = None
    purpose: Annotated[PurposeName, Field(description="One of the template's purposes.")]
    owner: Annotated[Login, Field(description="The GitHub login of whoever answers for it.")]
    expires_at: Annotated[
        AwareDatetime | None, Field(description="When it is due to be destroyed; a protected environment never is.")
    ] = None
    request: Annotated[Request | None, Field(description="The comment that asked for it.")] = None
    ends_with: Annotated[
        int | None,
        Field(
            ge=1,
            description="The number of a pull request: when that is merged or closed, the clone is to be destroyed.",
        ),
    ] = None
    preview: Annotated[
        Preview | None,
        Field(
            description="Only in a clone that tries a pull request: its template and values are those of that commit."
        ),
    ] = None
    overrides: Annotated[
        tuple[ParameterName, ...],
        Field(description="The parameters that were given by `--set` or `/set`: a sync keeps their values."),
    ] = ()
    parameters: Annotated[dict[ParameterName, Json], Field(description="The value of every parameter.")]
    waivers: Annotated[tuple[Waiver, ...], Field(description="Findings that are accepted for a while.")] = ()
    stacks: Annotated[
        Stacks, Field(description="Its stacks, as the template declares them for this purpose and these values.")
    ]
    repaired_at: Annotated[
        AwareDatetime | None,
        Field(
            description="When a repair was last requested: the plan of the pull request that wrote this puts back what changed outside."
        ),
    ] = None
    data_reset_at: Annotated[
        AwareDatetime | None,
        Field(
            description="When somebody last asked for the data to be recreated: hooks with data that ran before are undone and run again."
        ),
    ] = None
    state: Annotated[
        dict[StepName, ExistingState] | None,
        Field(description="Only in a protected environment: the stacks whose state already exists elsewhere."),
    ] = None
    migrated: Annotated[
        tuple[MigrationName, ...] | None,
        Field(
            min_length=1,
            description="The template's migrations that were applied to the environment since it was created, if they have blocks: it holds these.",
        ),
    ] = None
    awaits: Annotated[
        Awaited | None,
        Field(
            description="Only in an environment whose sync lacks values: it is as it was until somebody gives them with `/set`."
        ),
    ] = None
