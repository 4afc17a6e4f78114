"""A stack's state lies in its own account's bucket, under its own name."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.backend import StatePlace, misplaced, state_keys, state_place, store_address
from bot.core.tree import File
from bot.model.account import AccountState, PolicyAccount
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName

NAME = EnvironmentName("demo-x")


def backend(bucket: str = '"state"', key: str = '"demo-x/app/terraform.tfstate"', kind: str = "s3") -> bytes:
    return f'terraform {{\n  backend "{kind}" {{\n    bucket = {bucket}\n    key    = {key}\n  }}\n}}\n'.encode()


BUCKET = StatePlace(NAME, "s3", FACTS.backends["s3"], {"bucket": ("state", "state_bucket")}, {}, may_adopt=False)


def found(data: bytes, path: str = "app/backend.tf", place: StatePlace = BUCKET) -> list[str]:
    return [str(f) for f in misplaced({path: File(data)}, [StepName("app")], place, "envs/demo-x")]


def test_its_own_place_is_right() -> None:
    assert found(backend()) == []


@pytest.mark.parametrize("bucket", ['"production-state"', "var.bucket", '"${var.bucket}"'])
def test_another_bucket_is_not(bucket: str) -> None:
    assert found(backend(bucket)) == [
        "envs/demo-x/app/backend.tf:2: the state must be in the account's `state_bucket`, `state`."
    ]


@pytest.mark.parametrize(
    "key",
    ['"production/app/terraform.tfstate"', '"demo-x2/app/x"', '"demo-x/app/../../production/x"', '"demo-x/network/x"', "var.key", '"/demo-x/app/x"'],
)  # fmt: skip
def test_another_environments_key_is_not(key: str) -> None:
    assert found(backend(key=key)) == ["envs/demo-x/app/backend.tf:2: the state's key must begin with `demo-x/app/`."]


def test_what_is_left_to_the_command_line_is_to_be_written() -> None:
    bucket, key = found(b'terraform {\n  backend "s3" {}\n}\n')
    assert "`state`. Write `bucket` into the block: what `-backend-config` gives" in bucket
    assert "`demo-x/app/`. Write `key` into the block" in key


def test_a_stack_without_a_backend_is_found() -> None:
    assert len(found(b'variable "x" {}\n')) == 1
    assert len(found(backend(), "app/inner/backend.tf")) == 1


def test_two_backends_are_both_judged() -> None:
    assert len(found(backend() + backend('"other"'))) == 1


def test_another_kind_of_backend_would_lose_the_state_or_hide_it() -> None:
    said = 'this account keeps its state in the backend `s3`. Write `backend "s3"`.'
    for kind in ("local", "gcs", "http"):
        assert found(backend(kind=kind)) == [f"envs/demo-x/app/backend.tf:2: {said}"]


PLACES: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "gcs": ({"bucket": "acme-state"}, {"prefix": "demo-x/app"}, "prefix"),
    "azurerm": (
        {"storage_account_name": "acme", "container_name": "tfstate"},
        {"key": "demo-x/app/terraform.tfstate"},
        "key",
    ),
    "pg": ({}, {"schema_name": "demo-x_app"}, "schema_name"),
    "http": (
        {"address": "https://state.example.com/v1"},
        {
            "address": "https://state.example.com/v1/demo-x/app",
            "lock_address": "https://state.example.com/v1/demo-x/app/lock",
        },
        "address",
    ),
    "cloud": ({"organization": "acme"}, {"workspaces.name": "demo-x_app"}, "workspaces.name"),
    "remote": (
        {"organization": "acme", "hostname": "tfe.example.com"},
        {"workspaces.name": "demo-x_app"},
        "workspaces.name",
    ),
    "kubernetes": ({"namespace": "terraform"}, {"secret_suffix": "demo-x.app"}, "secret_suffix"),
}
"""For each kind of backend: what the policy says of the account, a right block beside that, and the argument that names whose state it is."""


def written(kind: str, arguments: dict[str, str]) -> bytes:
    lines = "".join(f'    {name} = "{value}"\n' for name, value in arguments.items() if "." not in name)
    for name, value in arguments.items():
        outer, _, inner = name.rpartition(".")
        lines += f'    {outer} {{\n      {inner} = "{value}"\n    }}\n' if outer else ""
    head = "cloud" if kind == "cloud" else f'backend "{kind}"'
    return f"terraform {{\n  {head} {{\n{lines}  }}\n}}\n".encode()


def account(kind: str, store: str = "s3://acme-ledger") -> PolicyAccount:
    state = AccountState.model_validate({"backend": kind, "with": PLACES[kind][0]})
    return PolicyAccount(state=state, store="" if FACTS.backends[kind].store else store)


def manifest(name: str = NAME, **state: str) -> Manifest:
    keys = {stack: {"key": key} for stack, key in state.items()}
    return Manifest.model_validate(
        {
            "name": name,
            "template": "production",
            "revision": "0" * 40,
            "purpose": "demo",
            "owner": "kim",
            "parameters": {},
            "stacks": {"app": {}},
            "state": keys or None,
        }
    )


def place_of(kind: str, **state: str) -> StatePlace:
    protected = (NAME,) if state else ()
    return state_place(manifest(**state), account(kind), Policy(protected=protected), FACTS)


@pytest.mark.parametrize("kind", PLACES)
def test_a_stack_below_another_directory_has_a_place_too(kind: str) -> None:
    fixed, own, _ = PLACES[kind]
    stack = StepName("network/app")
    name = stack if FACTS.backends[kind].separator == "/" else "network-app"
    code = written(kind, {**fixed, **{key: value.replace("app", name) for key, value in own.items()}})
    assert misplaced({f"{stack}/main.tf": File(code)}, [stack], place_of(kind), "envs/demo-x") == []
    assert misplaced(
        {f"{stack}/main.tf": File(written(kind, {**fixed, **own}))}, [stack], place_of(kind), "envs/demo-x"
    )


@pytest.mark.parametrize("kind", PLACES)
def test_each_kind_of_backend_has_a_place_for_each_stack(kind: str) -> None:
    fixed, own, key = PLACES[kind]
    assert found(written(kind, {**fixed, **own}), place=place_of(kind)) == []
    for argument in fixed.keys() - {key}:
        wrong = found(written(kind, {**fixed, **own, argument: "another"}), place=place_of(kind))
        assert len(wrong) == 1
        assert f"`state.with.{argument}`, `{fixed[argument]}`" in wrong[0]
    for other in (
        own[key].replace("demo-x", "production"),
        own[key].replace("app", "network"),
        own[key].replace("app", "app2"),
        "",
    ):
        wrong = found(written(kind, {**fixed, **own, key: other}), place=place_of(kind))
        assert len(wrong) == 1, other
        assert own[key].removesuffix("/terraform.tfstate") in wrong[0]


@pytest.mark.parametrize("kind", PLACES)
def test_no_two_pairs_of_names_have_one_state(kind: str) -> None:
    """Law 5 for every kind: whatever the names, what is right for one stack is wrong for every other."""
    names = [("demo", "x-app"), ("demo-x", "app"), ("demo", "app"), ("demo-x", "app-x")]
    fixed, own, key = PLACES[kind]
    for environment, stack in names:
        for owner, other in names:
            value = own[key].replace("demo-x", environment).replace("app", stack)
            place = state_place(manifest(owner), account(kind), Policy(), FACTS)
            files = {f"{other}/backend.tf": File(written(kind, {**fixed, **own, key: value}))}
            right = misplaced(files, [StepName(other)], place, f"envs/{owner}")
            mine = [each for each in right if "lock_address" not in each.message]
            assert (mine == []) == ((environment, stack) == (owner, other)), (environment, stack, owner, other)


@pytest.mark.parametrize("value", ["https://elsewhere.example.com/demo-x/app", "https://state.example.com/v1/demo-x/app/../../production/app", "https://state.example.com/v1/demo-x/app?x=/production", "https://state.example.com/v1/demo-x/app#x", "https://state.example.com/v1/demo-x/app/%2e%2e/%2e%2e/production/app"])  # fmt: skip
def test_an_address_of_a_state_stays_below_the_accounts(value: str) -> None:
    fixed, own, _ = PLACES["http"]
    assert len(found(written("http", {**fixed, **own, "address": value}), place=place_of("http"))) == 1
    assert len(found(written("http", {**fixed, **own, "lock_address": value}), place=place_of("http"))) == 1


def test_a_protected_environment_keeps_the_state_that_it_has() -> None:
    place = state_place(
        manifest(app="legacy/prod.tfstate"), PolicyAccount(state_bucket="state"), Policy(protected=(NAME,)), FACTS
    )
    assert found(backend(key='"legacy/prod.tfstate"'), place=place) == []
    assert found(backend(), place=place) == [
        "envs/demo-x/app/backend.tf:2: the state's `key` must be `legacy/prod.tfstate`, as `state` in environment.yaml says."
    ]


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("http", "https://elsewhere.example.com/v1/old/app", "must begin with `https://state.example.com/v1/`, where the account"),
        ("http", "https://state.example.com/v10/app", "must begin with `https://state.example.com/v1/`, where the account"),
        ("http", "https://state.example.com/v1/../other/app", "must be a plain path"),
        ("gcs", "old/../production/app", "must be a plain path"),
        ("gcs", "./production/app", "must be a plain path"),
        ("http", "https://state.example.com/v1/old/app", ""),
        ("gcs", "old/production/", ""),
    ],
)  # fmt: skip
def test_a_state_that_exists_lies_in_the_accounts_place_too(kind: str, key: str, said: str) -> None:
    fixed, own, argument = PLACES[kind]
    lines = found(written(kind, {**fixed, **own, argument: key}), place=place_of(kind, app=key))
    assert [said in line for line in lines] == ([True] if said else [])


def test_a_clone_adopts_nothing() -> None:
    place = state_place(manifest(app="production/app/x"), PolicyAccount(state_bucket="state"), Policy(), FACTS)
    said = "`state` may be set in a protected environment only: a clone begins with a state of its own. Remove it."
    assert found(backend(key='"production/app/x"'), place=place) == [f"envs/demo-x/environment.yaml:1: {said}"]


def test_a_stack_that_is_not_there_has_no_state_to_adopt() -> None:
    said = found(written("gcs", {**PLACES["gcs"][0], "prefix": "demo-x/app"}), place=place_of("gcs", data="x"))
    assert said == ["envs/demo-x/environment.yaml:1: `state` names the stack `data`, which does not exist."]


def test_the_objects_beside_the_state_lie_where_the_state_does_or_where_the_policy_says() -> None:
    assert store_address(PolicyAccount(state_bucket="state"), FACTS) == "s3://state"
    assert store_address(account("gcs"), FACTS) == "gs://acme-state"
    assert store_address(account("azurerm"), FACTS) == "azblob://acme/tfstate"
    assert store_address(account("pg"), FACTS) == "s3://acme-ledger"


def test_the_object_of_a_state_is_known_where_it_is_one() -> None:
    def key(kind: str, arguments: dict[str, str]) -> str | None:
        files = {"app/backend.tf": File(written(kind, arguments))}
        return state_keys(files, manifest(), FACTS).get(StepName("app"))

    assert key("s3", {"key": "demo-x/app/terraform.tfstate"}) == "demo-x/app/terraform.tfstate"
    assert key("gcs", {"prefix": "demo-x/app"}) == "demo-x/app/default.tfstate"
    assert key("pg", {"schema_name": "demo-x_app"}) is None


def test_a_host_that_the_policy_does_not_name_is_asked_nothing() -> None:
    fixed, own, _ = PLACES["cloud"]
    said = found(written("cloud", {**fixed, **own, "hostname": "tfe.evil.example"}), place=place_of("cloud"))
    assert len(said) == 1
    assert "`hostname` is not in the account's `state.with`" in said[0]
    fixed = {**PLACES["remote"][0], "hostname": "tfe.evil.example"}
    said = found(written("remote", {**fixed, **own}), place=place_of("remote"))
    assert len(said) == 1
    assert "`state.with.hostname`, `tfe.example.com`" in said[0]
