"""Documents that outlive the version that wrote them: ledgers, reviews and receipts beside the Terraform state."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from bot.model.base import Document


class Stored(Document):
    """A frozen document that refuses unknown keys, and still reads those that its fields had in earlier versions."""

    former_names: ClassVar[Mapping[str, str]] = {}
    """Former keys, and the fields that they are now. Only the new ones are written."""

    @model_validator(mode="before")
    @classmethod
    def _read_former_names(cls, data: Any) -> Any:  # whatever the document holds: pydantic checks what is returned
        if not isinstance(data, dict):
            return data
        return {cls.former_names.get(key, key): value for key, value in data.items()}
