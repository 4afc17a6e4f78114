"""What reviewers read of stacks that were planned without all that they will be applied with."""

from collections.abc import Iterator

from bot.core.markdown import code, details
from bot.core.plans.environment_plan import EnvironmentPlan


def previews(plan: EnvironmentPlan) -> Iterator[str]:
    """Yield the notices, for each kind of preview that there is."""
    if unread := [stack for stack in plan.stacks if stack.unread_states]:
        waits = "; ".join(f"{code(s.name)} waits for {', '.join(map(code, s.waits_for))}" for s in unread)
        yield (
            f"> [!NOTE]\n> **Planned without a state that does not exist yet, or is about to change:** {waits}. What they read there is only known then, so these plans are "
            "previews. Each stack is planned again after the steps before it, and applied only if it does nothing else than is shown here."
        )
    deferred = [stack for stack in plan.stacks if stack.mock_outputs]
    if not deferred:
        return
    waits = "; ".join(f"{code(s.name)} waits for {', '.join(map(code, s.waits_for))}" for s in deferred)
    yield (
        f"> [!NOTE]\n> **Planned with mock outputs:** {waits}. Some of those outputs don't exist yet, so mock "
        "outputs were used and these plans are previews. Each stack is planned again after the steps before it, and "
        "applied only if nothing else differs."
    )
    lines = [f"- {code(stack.name)}: {', '.join(map(code, stack.mock_outputs))}" for stack in deferred]
    yield details("Mocked inputs", "\n".join(lines))
