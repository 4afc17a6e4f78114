"""Take a hook back by what the ledger says that it did."""

from dataclasses import dataclass

from bot.clients.process import TimedOut
from bot.clients.terraform.output import TerraformFailed
from bot.core.ledger.kept_outputs import clear_outputs
from bot.core.ledger.ledger import Undo
from bot.core.ledger.renamed_steps import marked_as, present_names
from bot.core.ledger.step_digest import given
from bot.core.ledger.transitions import learnt
from bot.core.plans.stack_inputs import Output
from bot.hooks import verbs
from bot.hooks.kind import HookContext, Undone
from bot.model.pipeline import FromOutput, Hook
from bot.names import StepName
from bot.runs.apply.former_state import former_code, state_before_its_move
from bot.runs.apply.undo_secrets import UndoSecrets
from bot.runs.deadline import Deadline
from bot.runs.destroy.applied_versions import AppliedStep
from bot.runs.destroy.run import DestroyRun
from bot.runs.hook_context import HookCall, HookSite, hook_context
from bot.runs.step_errors import StepStopped


@dataclass(frozen=True, slots=True)
class HookUndo:
    """A hook as it was applied, and the destroy that takes it back."""

    run: DestroyRun
    applied: AppliedStep
    hook: Hook

    def undo(self) -> Undone:
        """Take the hook back. Raises `StepStopped`, `StepFailed` of `verbs`, `UserError`."""
        entry, hook, name = self.applied.entry, self.hook, self.applied.name
        assert entry is not None
        if name not in self.run.review.steps:
            message = f"The hook `{name}` ran after the destroy was planned, so nobody has reviewed that it is undone."
            raise StepStopped(f"{message} {self.run.how_to_review_again}", is_final=True, stops_all=True)
        if hook.undo is not None:
            return Undone(hook.undo.none)
        secrets = UndoSecrets(self.run.key, self._output_of, self.run.keep_secret)
        recorded = secrets.rehydrated(entry.undo)
        context = self._context(secrets, recorded)
        if recorded is not None:
            return verbs.undo(recorded, context)
        if hook.run is not None:
            # It died before it could say what its undo wants to be given, so that gets nothing, and has to look for itself.
            return verbs.undo(Undo(run=hook.run.undo, record={"undo": None}), context)
        if entry.verb == "apply" and entry.result == "failed":
            return Undone("it failed before it changed anything")
        finished = self._finish(secrets, context)
        # Kept before it is used: what can't be undone now must be known to the next try.
        self.run.change(lambda ledger: learnt(ledger, name, finished))
        whole = secrets.rehydrated(finished)
        assert whole is not None
        return verbs.undo(whole, context)

    def _finish(self, secrets: UndoSecrets, context: HookContext) -> Undo:
        """Return what undoes a hook that was killed in the middle: only by being finished can it tell what it does."""
        name, hook = self.applied.name, self.hook
        self.run.log(name, "it was interrupted: finishing it first, to learn what there is to undo")
        outputs: dict[StepName, dict[str, Output]] = {}
        for source in hook.inputs.values():
            if isinstance(source, FromOutput) and (found := self._output_of(source.step, source.output)) is not None:
                outputs.setdefault(source.step, {})[source.output] = found
        inputs = given(name, hook, self.applied.version.manifest.parameters, outputs)
        secrets.give(hook, inputs, self.run.stacks)
        values = {key: output.value for key, output in inputs.items()}
        return verbs.apply(hook, values, context, secrets.redacted).undo

    def _output_of(self, step: StepName, output: str) -> Output | None:
        """Return an output as the ledger has it; a sensitive one as its stack's state does, which is destroyed only later."""
        run, step = self.run, present_names(self.run.before).get(step, step)
        if (kept := clear_outputs(run.before.steps.get(step)).get(output)) is not None:
            return kept
        if step not in run.outputs and step in run.stacks:
            source = run.applied.steps[step]
            deadline = Deadline(source.step.timeout)
            try:
                with run.context.terraform.opened(source.directory) as module:
                    module.init(deadline.remaining())
                    if source.entry is not None and source.entry.former_state is not None:
                        former = source.entry.former_state
                        module.lend_state(state_before_its_move(module, step, former, former_code(run)))
                    found = module.outputs(deadline.remaining())
            except (TerraformFailed, TimedOut) as error:
                raise StepStopped(f"The outputs of stack `{step}`, which it needs, can't be read: {error}") from error
            for each in found.values():
                if each.is_sensitive:
                    run.keep_secret(each.value)
            run.outputs[step] = {name: Output(each.value, each.is_sensitive) for name, each in found.items()}
        return run.outputs.get(step, {}).get(output)

    def _context(self, secrets: UndoSecrets, previous: Undo | None) -> HookContext:
        run, name, version = self.run, self.applied.name, self.applied.version
        site = HookSite(
            run.request.environment,
            version.manifest.parameters,
            version.directory,
            run.context.hook_variables,
            reach=run.context.terraform.reach,
        )
        record = previous.record if previous is not None else None
        call = HookCall(
            marked_as(name, self.applied.entry), self.hook.timeout, lambda line: run.log_line(name, line), record
        )
        return hook_context(site, call, secrets)
