"""AWS hooks run in our own process: nothing that they are given is a program, an address or a file outside of the environment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.hooks.aws.session import Aws
from bot.hooks.kind import HookFailed
from bot.hooks.registry import built_in

TELLING = re.compile(
    r"(?:^|_)(?:path|dir|file|url|uri|host|addr|endpoint|server|command|program|exec|region|profile|role|proxy|bundle|config)"
)

KNOWN = {
    ("aws.parameter", "path"): "a name in Parameter Store, of a narrow form",
    ("aws.parameter-copy", "source_path"): "a name in Parameter Store, of a narrow form",
    ("aws.parameter-copy", "target_path"): "a name in Parameter Store, of a narrow form",
    ("aws.bucket-seed", "directory"): "held inside the environment's directory: test_bucket_seed",
    ("aws.dns-delegation", "name_servers"): "values of a DNS record; nobody asks them",
    ("aws.ecs-task", "command"): "runs in the container, not here",
    ("aws.ecs-task", "undo_command"): "runs in the container, not here",
}


def names_in(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from schema.get("properties", {})
    for inner in schema.get("$defs", {}).values():
        yield from inner.get("properties", {})


def test_no_input_is_a_program_an_address_or_a_file_outside() -> None:
    kinds = [kind for kind in built_in() if kind.name.startswith("aws.")]
    told = {
        (kind.name, name)
        for kind in kinds
        for name in names_in(kind.inputs.model_json_schema())
        if TELLING.search(name)
    }
    assert told == KNOWN.keys()


@pytest.mark.parametrize(
    "region", ["", "@127.0.0.1:9/#", "127.0.0.1:9/", "eu-west-1.host.example", "eu-west-1\n", "../x", "EU-WEST-1"]
)
def test_a_region_that_is_none_asks_nobody(region: str) -> None:
    with pytest.raises(HookFailed, match="is not a region of AWS") as failed:
        Aws("111111111111", region)
    assert failed.value.is_final


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-east-1", "ap-southeast-4", "us-iso-east-1", "eusc-de-east-1"])
def test_regions_are_regions(region: str) -> None:
    assert Aws("111111111111", region).region == region
