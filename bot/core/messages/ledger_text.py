"""The ledger in words, for a terminal."""

from collections.abc import Iterator

from bot.core.ledger.ledger import Clear, Ledger, LedgerEntry


def text(ledger: Ledger) -> str:
    """Return the ledger for people: who is at work, what each step did last, whose lease was taken."""
    return "\n".join(_lines(ledger))


def _lines(ledger: Ledger) -> Iterator[str]:
    if ledger.lease is not None:
        lease = ledger.lease
        where = f" ({lease.run_url})" if lease.run_url else ""
        yield f"Locked by {lease.lock_owner}{where} until {lease.until:%Y-%m-%d %H:%M:%S} UTC, unless renewed."
        yield ""
    if not ledger.steps:
        yield f"{ledger.environment} has never been applied."
    for name, entry in ledger.steps.items():
        yield f"{name}: {_result(entry)}"
        yield from (f"  {line}" for line in _details(entry))
    if ledger.takeovers:
        yield ""
        yield "Locks taken over:"
        yield from (
            f"  {each.at:%Y-%m-%d %H:%M:%S} UTC: from {each.lock_owner} by {each.by}: {each.reason}"
            for each in ledger.takeovers
        )


def _result(entry: LedgerEntry) -> str:
    verb = f"{entry.verb}, " if entry.verb != "apply" else ""
    attempt = f", attempt {entry.attempt}" if entry.attempt > 1 else ""
    if entry.ended_at is None:
        return f"{verb}{entry.result} since {entry.started_at:%Y-%m-%d %H:%M:%S} UTC by {entry.by}{attempt}"
    took = (entry.ended_at - entry.started_at).total_seconds()
    return f"{verb}{entry.result} at {entry.ended_at:%Y-%m-%d %H:%M:%S} UTC in {took:.0f} s by {entry.by}{attempt}"


def _details(entry: LedgerEntry) -> Iterator[str]:
    yield f"from commit {entry.commit[:12]}, reviewed at {entry.head[:12]}" + (
        f", {entry.run_url}" if entry.run_url else ""
    )
    if entry.request:
        yield f"requested at {entry.request}"
    if entry.evidence:
        yield entry.evidence
    if entry.error:
        yield from entry.error.splitlines()
    for name, output in entry.outputs.items():
        yield f"{name} = {output.value if isinstance(output, Clear) else '(sensitive)'}"
    if entry.undo is not None and entry.undo.none:
        yield f"nothing to undo: {entry.undo.none}"
