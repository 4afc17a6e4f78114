"""A secret across the end of a line of base64, and the work that other long texts make."""

import base64

import pytest

from bot.core.ledger.redaction import HIDDEN, Secrets

SECRET = "correct horse battery staple"
BEHIND = 80


@pytest.mark.parametrize("before", [0, 20, 40, 41, 42, 50])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n  ", "\\n", "\\r\\n", "\\\\n"])
def test_a_secret_is_hidden_across_the_lines_of_base64(before: int, end: str) -> None:
    secrets = Secrets()
    secrets.add(SECRET)
    whole = base64.b64encode(b"." * before + SECRET.encode() + b"." * BEHIND).decode()
    wrapped = end.join(whole[start : start + 64] for start in range(0, len(whole), 64))
    text = f"data:{end}{wrapped}{end}:end"
    assert text in secrets
    head, tail = (
        secrets.hide(text).removeprefix(f"data:{end}").removesuffix(f"{end}:end").replace(end, "").split(HIDDEN)
    )
    assert whole.startswith(head)
    assert whole.endswith(tail)
    # Six bits a letter: the first and the last letter of the secret may share one with what is beside it.
    assert len(head) * 6 // 8 <= before + 1
    assert len(tail.rstrip("=")) * 6 // 8 <= BEHIND + 1


@pytest.mark.parametrize(
    "text", ["A" * 64 + "\n" + "B" * 20, "word\n" * 100, "A" * 400_000, ("A" * 64 + "\n") * 20_000, "\\n" * 200_000]
)
def test_a_text_without_a_secret_stays_what_it_is(text: str) -> None:
    secrets = Secrets()
    secrets.add(SECRET)
    assert secrets.hide(text) == text
    assert text not in secrets
