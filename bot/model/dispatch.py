"""What other repositories may ask for by a signed `repository_dispatch`, as the policy says."""

from typing import Annotated

from pydantic import Field

from bot.model.base import Document
from bot.names import ParameterName


class DispatchPolicy(Document):
    """Which parameters of clones another repository's workflow may set, if it has the secret: an application's image, for example."""

    parameters: Annotated[
        tuple[ParameterName, ...],
        Field(description="The parameters; each must be settable. None by default, so nothing is taken from anywhere."),
    ] = ()
