"""The words for what an apply may do to an environment."""

from enum import StrEnum


class Risk(StrEnum):
    """What an apply may do to an environment, least first."""

    NONE = "none"
    IN_PLACE = "in_place"
    REPLACE = "replace"
    DESTROY = "destroy"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")
