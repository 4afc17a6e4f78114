"""An environment's directory, and AWS as moto imitates it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from bot.core.digest import keyed
from bot.core.ledger.redaction import Secrets
from bot.hooks.kind import HookContext
from bot.model.pipeline import Json
from bot.names import EnvironmentName, ParameterName, StepName
from tests.support.cloud import ACCOUNT, REGION, cloud


@dataclass
class Surroundings:
    """What a hook of demo-x would be given, and what it said."""

    directory: Path
    lines: list[str] = field(default_factory=list)
    secrets: Secrets = field(default_factory=Secrets)

    def context(
        self,
        previous: Json = None,
        account: str = ACCOUNT,
        seconds: float = 30,
        networks: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> HookContext:
        parameters: Mapping[ParameterName, Json] = {
            ParameterName("account_id"): account,
            ParameterName("region"): REGION,
        }
        return HookContext(
            environment=EnvironmentName("demo-x"),
            step=StepName("extra"),
            parameters=parameters,
            directory=self.directory,
            environment_variables={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            remaining=lambda: timedelta(seconds=seconds),
            log=self.lines.append,
            keep_secret=self.secrets.add,
            digest=lambda value: keyed(value, "key"),
            previous=previous,
            networks=networks,
        )


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    directory = tmp_path / "demo-x"
    directory.mkdir()
    return Surroundings(directory)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cloud() as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield
