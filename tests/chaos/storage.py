"""What goes wrong between a run and the objects beside the state: S3 that refuses, is slow, or does what it is asked and never says so."""

import random
import threading
import time
from collections import Counter

from tests.support.forwarder import Forward, ForwardedAnswer, ForwardedRequest

FAULTS = 0.06
"""The part of requests that go wrong; each kind of trouble has its share."""
SLOW = (0.2, 2.0)
"""Seconds by which an answer is late."""


class Storage:
    """Stands between a run and S3. `between` is for `tests.support.forwarder`."""

    def __init__(self, bucket: str, chance: random.Random, counted: "Counter[str]") -> None:
        self._start, self._chance, self._counted = f"/{bucket}", chance, counted
        self._lock = threading.Lock()
        self.is_calm = True
        self.asked = 0
        """Requests so far: how far a run has come."""

    def between(self, request: ForwardedRequest, forward: Forward) -> ForwardedAnswer | None:
        with self._lock:
            self.asked += 1
            fate, late = self._chance.random(), self._chance.uniform(*SLOW)
            kind = self._chance.choice(
                ("503 from S3", "slow answers of S3", "lost answers of S3", "truncated answers of S3")
            )
            if self.is_calm or fate > FAULTS or not request.target.startswith(self._start):
                return forward(request)
            self._counted[kind] += 1
        if kind.startswith("503"):
            body = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            return ForwardedAnswer(503, {"Content-Type": "application/xml"}, body)
        answer = forward(request)
        if kind.startswith("slow"):
            time.sleep(late)
            return answer
        if kind.startswith("lost"):
            return None
        return ForwardedAnswer(answer.status, answer.headers, answer.body, cut=True)
