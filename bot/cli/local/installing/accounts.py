"""The accounts that `envclone init` writes into a policy: as they were typed, with what the code of the roles makes of the rest."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.clouds.account_questions import ACCOUNT_QUESTIONS, AccountQuestion
from bot.clouds.registry import FACTS
from bot.errors import InvalidInput
from bot.model.pipeline import Json
from bot.names import shown

FORM = "--account ID[,KEY=VALUE]..."
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}"


@dataclass(frozen=True, slots=True)
class SaidAccount:
    """An account by its id, its cloud's name in the policy, and the facts that are known of it, by their keys in `--account`."""

    id: str
    cloud: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, account: str) -> "SaidAccount":
        """Return an account of which its id alone is known. Raises `InvalidInput` for what is no cloud's."""
        cloud = next((each for each in ACCOUNT_QUESTIONS if re.fullmatch(FACTS.accounts[each].account, account)), None)
        if cloud is None:
            raise InvalidInput(
                f"{shown(account)} is not an account's id: it is the number of an AWS account, the id of a Google Cloud project, or the id of an Azure "
                "subscription."
            )
        return cls(account, cloud)

    @classmethod
    def parsed(cls, text: str) -> "SaidAccount":
        """Read `ID[,KEY=VALUE]...`. Raises `InvalidInput`."""
        account, *pairs = text.split(",")
        said = cls.of(account.strip())
        for pair in pairs:
            key, _, value = pair.partition("=")
            said = said.knowing(key.strip(), value.strip())
        return said

    def questions(self) -> Sequence[AccountQuestion]:
        """Return what there is to know of an account of its cloud."""
        return ACCOUNT_QUESTIONS[self.cloud]

    def knowing(self, key: str, value: str) -> "SaidAccount":
        """Return it with one more fact. Raises `InvalidInput` for one that the cloud does not have, or of another form."""
        keys = [each.key for each in self.questions()]
        if key not in keys:
            raise InvalidInput(
                f"{shown(key)} is not a property of the account {self.id}. Write {', '.join(f'`{each}=`' for each in keys)}."
            )
        if re.fullmatch(self._form(key), value) is None:
            raise InvalidInput(
                f"`{key}` of the account {self.id} is {shown(value)}, which does not match `{self._form(key)}`."
            )
        return replace(self, facts={**self.facts, key: value})

    def offered(self, question: AccountQuestion) -> str:
        """Return what a fact is, if it is known or follows from the others; else nothing."""
        return self.facts.get(question.key, "") or question.default.format(id=self.id)

    def missing(self) -> Sequence[str]:
        """Return the keys of what is neither known nor follows."""
        return [each.key for each in self.questions() if not self.offered(each)]

    def in_policy(self) -> dict[str, Json]:
        """Return it as it stands below `accounts:` in the policy, where nothing is missing."""
        found: dict[str, Json] = {} if self.cloud == FACTS.key else {"cloud": self.cloud}
        for each in self.questions():
            place = found
            for name in each.place[:-1]:
                place = place.setdefault(name, {})  # type: ignore[assignment]  # made here, a line above
            place[each.place[-1]] = self.offered(each)
        if isinstance(found.get("state"), dict):
            found["state"] = {"backend": FACTS.accounts[self.cloud].backend, **found["state"]}  # type: ignore[dict-item]
        return found

    def _form(self, key: str) -> str:
        forms = FACTS.accounts[self.cloud]
        said = {"region": forms.region, "state_bucket": forms.bucket, "plan_role": forms.role, "apply_role": forms.role}
        return {**said, **forms.identity}.get(key, _NAME)


def option(account: SaidAccount) -> str:
    """Return the option that says what is missing of an account."""
    return ",".join([f"--account {account.id}", *(f"{key}=…" for key in account.missing())])


def by_id(accounts: Iterable[SaidAccount]) -> dict[str, SaidAccount]:
    """Return accounts by their ids; what is said later counts."""
    return {each.id: each for each in accounts}
