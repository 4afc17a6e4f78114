"""The job of a comment: accept the command in it, then carry it out as the command's own class says."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter

from bot.commands.model import Command
from bot.commands.specs import BY_VERB, spec_of
from bot.events import CommentCreated
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.authorize import Authorized, Nothing, Reply, authorize
from bot.service.context import ServiceContext
from bot.service.jobs_api import Ended, JobStepResult, Steps
from bot.service.replies import answer_comment, reply_to, settle

C = TypeVar("C")


def _written(command: Command) -> dict[str, object]:
    spec = spec_of(command)
    return {"verb": spec.verb, "words": TypeAdapter(spec.model).dump_python(command, mode="json")}


def _read(written: object) -> object:
    if not isinstance(written, dict):
        return written
    model = BY_VERB[str(written.get("verb"))].model
    return TypeAdapter(model).validate_python(written.get("words"))


class AcceptedCommand(JobStepResult):
    """A command that its author may give, with who asked where. Written down in parts, so that no line is parsed again."""

    command: Annotated[Any, BeforeValidator(_read), PlainSerializer(_written)]
    request: Request
    eyes: int = Field(description="The id of our 👀 at the comment, to be taken back at the end.")


ACCEPTED: TypeAdapter[AcceptedCommand | Ended] = TypeAdapter(AcceptedCommand | Ended)


@dataclass(frozen=True, slots=True)
class Accepted(Generic[C]):
    """A command to carry out, with who asked for it where and when."""

    command: C
    request: Request
    commented_at: datetime


class CommandJob(ABC, Generic[C]):
    """What is done for a command. Its file in `bot/service/commands` is found by `bot.service.registry`."""

    commands: ClassVar[tuple[type[Command], ...]]
    """The commands that it carries out."""

    kind: ClassVar[str]
    """Its word in metrics and logs."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context

    @classmethod
    def partition(cls, command: C) -> EnvironmentName | None:
        """Return the environment that nothing else is to be done to meanwhile; None for a command that only reads."""
        return None

    @abstractmethod
    def carry_out(self, accepted: Accepted[C], steps: Steps) -> Ended | None:
        """Do what the command asks for, step by step; return why it ended early, if it did."""

    def already(self, request: Request, text: str) -> Ended:
        """Answer that nothing more has to be done for what was asked."""
        reply_to(self.context, request, text)
        return Ended(because=text, is_done=True)

    def refuse(self, request: Request, reason: str) -> Ended:
        """Answer why nothing is done."""
        reply_to(self.context, request, reason)
        return Ended(because=reason)


def accept(context: ServiceContext, event: CommentCreated) -> AcceptedCommand | Ended:
    """Read the comment again; answer it, or end in silence, unless it is a command that its author may give."""
    match authorize(context, event):
        case Authorized(command, request, eyes):
            return AcceptedCommand(command=command, request=request, eyes=eyes)
        case Reply(text, eyes):
            answer_comment(context, event, text)
            settle(context, event, is_done=False, eyes=eyes)
            return Ended(because="replied")
        case Nothing(reason):
            return Ended(because=reason)
