"""`docs/hooks.md`: every kind that comes with envclone, from its own docstring, inputs and outputs."""

import inspect
from collections.abc import Iterator

from bot.core.messages.reference.generated_docs import GENERATED, table_lines, tables
from bot.hooks import program
from bot.hooks.registry import AnyKind, built_in

_INTRODUCTION = """# Hooks

A hook is a step that Terraform alone can't do. It is declared in the template's `hooks.yaml`, which each environment gets
as it is, and it is run, skipped, resumed and undone like a stack:

```yaml
hooks:
  flags:
    uses: aws.parameter            # a kind, or `run:` with a program of the repository
    description: Feature flags as production has them
    needs: [data]                  # steps whose outputs it takes are needed without saying so
    timeout: 5m
    retries: {attempts: 3, backoff: 10s, on: [failure, timeout]}
    when: {purpose: [qa, demo]}
    with:
      path: {from: data.flags_path, stand_in: /not-made-yet}
      values: {value: {checkout_v2: true}}
```

A hook that fills the environment with data says so, if it isn't of a kind that always does (`aws.bucket-seed`, `aws.rds-snapshot`): then
`/reset demo-x --data` undoes it and runs it again, and an undo that fails, or is killed, continues with `/resume`:

```yaml
hooks:
  customers:
    run: {apply: [python3, hooks/customers.py], undo: [python3, hooks/customers.py]}
    description: A hundred customers, none of them real
    data: true
    with:
      database: {from: data.url}
```

Every kind has four verbs. **check** looks and changes nothing (plans and drift detection ask it, with read-only
credentials); **apply** makes the change, and may be killed anywhere and run again; **verify** checks what was made and leaves
evidence in the ledger; **undo** undoes what apply did, from the ledger alone. A hook that has nothing to undo says why,
`undo: {none: a probe has nothing to undo}`, and reviewers read it.

AWS kinds work in the account and region of the parameters `account_id` and `region`, and change nothing while the
credentials belong to another account. A built-in kind ends its waits when the step's `timeout` is over; a program is ended
then with all that it started. Each key of a hook is in [formats.md](formats.md); how to add a kind is in
[writing-a-hook.md](writing-a-hook.md).
"""


def hooks_page() -> str:
    """Return `docs/hooks.md`."""
    lines = [GENERATED, _INTRODUCTION]
    for kind in built_in():
        lines += _kind(kind)
    lines += ["## `run`\n", "\n\n".join(_paragraphs(program).split("\n\n")[1:]) + "\n"]
    return "\n".join(lines)


def _kind(kind: AnyKind) -> Iterator[str]:
    yield f"## `{kind.name}`\n"
    yield _paragraphs(type(kind)) + "\n"
    yield "Inputs:\n"
    yield from tables(kind.inputs.model_json_schema())
    yield "Outputs:\n"
    yield from table_lines(("Output", "Meaning"), [(f"`{name}`", about) for name, about in kind.outputs.items()])


def _paragraphs(documented: object) -> str:
    return inspect.getdoc(documented) or ""
