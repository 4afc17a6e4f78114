"""The errors that people are meant to read."""


class UserError(Exception):
    """Something a person can put right: the message says what is wrong and what to type instead.

    It is shown or posted exactly as it is, so it must hold no secret and no traceback.
    """


class InvalidInput(UserError, ValueError):
    """A value that no type of ours accepts. A `ValueError`, so that pydantic reports it at its place in a document."""


class Unverifiable(Exception):
    """A check could not be made. Never treated as passed: commands exit with 2, jobs stop."""
