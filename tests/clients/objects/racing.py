"""What each process of a race does. It imports little, because every process of the race imports it anew."""

from pathlib import Path

from bot.clients.objects.directory import DirectoryStore
from bot.clients.objects.store import Conflict


def rounds_won(path: Path, rounds: int) -> int:
    """Try to be the first to create each round's object; return how often that worked."""
    won = 0
    for number in range(rounds):
        try:
            DirectoryStore(path).write(f"round/{number}", str(won).encode(), if_absent=True)
            won += 1
        except Conflict:
            continue
    return won
