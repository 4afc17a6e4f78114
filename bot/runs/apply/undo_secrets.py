"""What the ledger keeps of a hook, without secrets: its undo records redacted on their way in, and rehydrated on their way out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot.core.digest import keyed
from bot.core.ledger.ledger import Undo
from bot.core.ledger.redaction import SHORTEST
from bot.core.ledger.secret_references import Secret, SecretChanged, Unrehydratable, redacted, rehydrated, secrets_of
from bot.core.plans.stack_inputs import Output
from bot.model.pipeline import FromOutput, Hook, Json
from bot.names import ParameterName, StepName


@dataclass(slots=True)
class UndoSecrets:
    """The secrets of one hook, its sensitive inputs and what it makes up itself, and where stacks' outputs are to be had.

    `output_of` gives an output of a stack as it is now, None when it is gone. `hide` is told each secret that the hook names.
    """

    key: str = field(repr=False)
    output_of: Callable[[StepName, str], Output | None]
    hide: Callable[[Json], None] = lambda value: None
    secrets: list[Secret] = field(default_factory=list)

    def give(self, hook: Hook, inputs: Mapping[ParameterName, Output], stacks: Collection[StepName]) -> None:
        """Note the sensitive ones of the hook's inputs. Only the outputs of `stacks` can be had again, from their state."""
        for name, output in inputs.items():
            source = hook.inputs.get(name)
            if output.is_sensitive and isinstance(source, FromOutput):
                key = self.key if source.step in stacks else None
                text = source.source if key is not None else f"`{source.source}`, which is not a stack's output"
                self.secrets += secrets_of(output.value, text, key)

    def add(self, value: Json) -> None:
        """Note what the hook says is secret, and hide it; one that is too short would turn up in half of all records."""
        self.hide(value)
        found = secrets_of(value, "which it generated or read itself", None)
        self.secrets += [each for each in found if len(str(each.value)) >= SHORTEST]

    def redacted(self, undo: Undo) -> Undo:
        """Return the undo as it may be written. Raises `Unredactable`."""
        record, redactions = redacted(undo.record, self.secrets)
        return undo.model_copy(update={"record": record, "redactions": redactions})

    def rehydrated(self, undo: Undo | None) -> Undo | None:
        """Return the undo as it was before it was redacted. Raises `Unrehydratable`."""
        if undo is None or not undo.redactions:
            return undo
        record = rehydrated(undo.record, undo.redactions, self._value_of, self.key)
        return undo.model_copy(update={"record": record, "redactions": ()})

    def previous(self, undo: Undo | None) -> Undo | None:
        """Return what the last apply left, for the next one; None if it refers to a secret that has changed since.

        What that secret was is nowhere kept, so to refuse would block every apply after a rotation. The step runs because the
        secret changed, and what it leaves replaces the old record. Raises `Unrehydratable` for an output that is gone.
        """
        try:
            return self.rehydrated(undo)
        except SecretChanged:
            return None

    def digest(self, value: Json) -> str:
        """Return what may be kept of a value to know it again."""
        return keyed(value, self.key)

    def _value_of(self, source: str) -> Json:
        step, _, output = source.partition(".")
        found = self.output_of(StepName(step), output)
        if found is None:
            raise Unrehydratable(
                f"Undoing what it did before needs `{source}`, which no longer exists: restore that output and apply its stack."
            )
        return found.value
