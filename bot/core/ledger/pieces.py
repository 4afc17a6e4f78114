"""A text that comes in pieces, line by line or cut anywhere, without the secrets in it.

A secret may begin in one piece and end in a later one: a line of wrapped base64, half of a line. So what may be the beginning of one is
held back until the next piece shows whether it goes on. Of a line that has ended only what begins as a secret does with four characters
is held back, so that a log is not late by a line; up to three characters of a secret may so be shown, and the rest is hidden.
"""

import threading

from bot.core.ledger.redaction import HIDDEN, Secrets

CONTEXT = 256
"""Characters of what was shown that are kept: the beginning of a secret that was too short to be held back, and the blanks after it."""
MOST_HELD = 128 * 1024
"""Characters. No secret that a cloud keeps is as long in base64; what repeats itself for ever could be one for ever."""


class Pieces:
    """What was given last of one text. Safe to use from several threads."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._shown = ""
        self._held = ""
        self._lock = threading.RLock()  # a signal's handler may say something, too

    def shown(self, piece: str) -> str:
        """Return what may be shown now that `piece` has come, masked."""
        with self._lock:
            self._held += piece
            if len(self._held) > MOST_HELD:
                return self.rest()
            return "" if self._secrets.goes_on(self._held) else self._let_go(self._until())

    def rest(self) -> str:
        """Return what is left, masked: the text has ended."""
        with self._lock:
            return self._let_go(len(self._held))

    def _until(self) -> int:
        """Return how many of the characters held belong to no secret that may go on."""
        window = self._shown + self._held
        return max(0, self._secrets.beginning(window) - len(self._shown))

    def _let_go(self, count: int) -> str:
        window, begin = self._shown + self._held, len(self._shown)
        until, said, last = begin + count, list[str](), begin
        for start, end in self._secrets.places(window):
            if end <= begin:
                continue
            if start >= until:
                break
            if end > until:
                until = max(start, begin)  # the end of one secret may be the beginning of the next
                break
            said += [window[last : max(start, last)], HIDDEN]
            last = end
        said.append(window[last:until])
        self._shown, self._held = window[max(0, until - CONTEXT) : until], window[until:]
        return "".join(said)
