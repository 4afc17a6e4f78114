"""What Terraform and hooks' programs may reach of a machine, as the policy says."""

from typing import Annotated, TypeAlias

from pydantic import Field

from bot.model.base import Document

Place: TypeAlias = Annotated[str, Field(min_length=2, max_length=200, pattern=r"^(/|~/)[^\x00-\x1f]*$")]


class Confinement(Document):
    """What Terraform and hooks' programs may reach of the machine that runs them, besides what each of them is given."""

    required: Annotated[
        bool,
        Field(description="Whether they run only where the machine can confine them (Linux with Landlock)."),
    ] = True
    reads: tuple[Place, ...] = Field(
        default=(), description="Files and directories that they may read, absolute or below `~/`."
    )
    writes: tuple[Place, ...] = Field(default=(), description="Files and directories that they may also change.")
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = Field(
        default=(),
        description="TCP ports that they may connect to, on any host, for example 443; if left out, all. On a machine of your own it "
        "keeps them from its metadata service (80). Needs Linux 6.7.",
    )
