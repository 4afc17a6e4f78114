"""The frozen base of every model that enters or leaves: declared documents, what is stored, and what other programs send."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A document of ours: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ForeignDocument(Document):
    """A document that another program writes: frozen, and what it says beyond our fields is left out.

    Terraform and GitHub add keys in minor versions.
    """

    model_config = ConfigDict(extra="ignore")
