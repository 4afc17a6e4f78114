"""What a state holds and the code lacks: what is asked of Terraform, and what becomes of the code that it writes."""

import json

import pytest

from bot.core.hcl.parser import blocks
from bot.core.plans.from_state import (
    StateResource,
    StateResources,
    import_blocks,
    lacking,
    read_state_resources,
    without_unset,
    written_code,
)
from bot.errors import Unverifiable

IDS = ("id", "arn")
TOPIC = StateResource(
    "aws_sns_topic", "alarms", {"id": "arn:aws:sns:x:1:alarms", "arn": "arn:aws:sns:x:1:alarms", "name": "alarms"}
)
QUEUE = StateResource(
    "aws_sqs_queue",
    "jobs",
    {
        "id": "https://sqs/1/jobs",
        "arn": "arn:aws:sqs:x:1:jobs",
        "delay": 5,
        "policy": "x",
        "name": "jobs-1",
        "name_prefix": "jobs-",
    },
)
HEAD = """\
# __generated__ by Terraform
# Please review these resources and move them into your main configuration files.

# __generated__ by Terraform from "https://sqs/1/jobs"
"""


def test_ids_become_references_null_becomes_what_the_state_knows_and_secrets_stay_out() -> None:
    secret = StateResource(
        "aws_ssm_parameter", "key", {"id": "/acme/key", "value": "hunter22", "tier": "Standard"}, frozenset({"value"})
    )
    generated = HEAD + (
        'resource "aws_sqs_queue" "jobs" {\n  delay  = null\n  name_prefix = "jobs-"\n  target = "arn:aws:sns:x:1:alarms"\n  tags = {\n    topic = "arn:aws:sns:x:1:alarms"\n  }\n  name = "alarms"\n}\n\n'
        'resource "aws_ssm_parameter" "key" {\n  tier  = null\n  prefix = ""\n  value = null # sensitive\n  other = null\n}\n'
    )
    code = written_code(generated, [QUEUE, secret], [TOPIC, QUEUE, secret], IDS)
    assert code.text == (
        'resource "aws_sqs_queue" "jobs" {\n  delay  = 5\n  target = aws_sns_topic.alarms.arn\n  tags = {\n    topic = aws_sns_topic.alarms.arn\n  }\n  name = "alarms"\n}\n\n'
        'resource "aws_ssm_parameter" "key" {\n  tier  = "Standard"\n  value = null # sensitive\n}\n'
    )
    assert code.secret == ["aws_ssm_parameter.key:value"]
    assert "hunter22" not in code.text
    assert len(blocks("x.tf", code.text.encode())) == 2


def test_two_resources_that_name_each_other_get_one_reference() -> None:
    pair = [StateResource("terraform_data", name, {"id": f"id-of-{name}"}) for name in ("one", "two")]
    generated = "".join(
        f'resource "terraform_data" "{name}" {{\n  input = "id-of-{other}"\n}}\n'
        for name, other in (("one", "two"), ("two", "one"))
    )
    assert written_code(generated, pair, pair, IDS).text == (
        'resource "terraform_data" "one" {\n  input = terraform_data.two.id\n}\n'
        'resource "terraform_data" "two" {\n  input = "id-of-one"\n}\n'
    )


def test_an_id_that_two_have_or_that_may_be_any_word_is_no_reference() -> None:
    alike = [StateResource("a_b", name, {"id": "shared-id"}) for name in ("x", "y")]
    short = StateResource("a_b", "z", {"id": "prod"})
    ours = StateResource("a_b", "ours", {"id": "our-own-id"})
    generated = 'resource "a_b" "ours" {\n  one = "shared-id"\n  two = "prod"\n  three = "our-own-id"\n  four = "${x}-shared-id"\n}\n'
    assert written_code(generated, [ours], [*alike, short, ours], IDS).text == generated


def test_an_id_that_another_resource_repeats_is_that_of_the_one_which_it_names() -> None:
    arn = "arn:aws:secretsmanager:x:1:secret:pay"
    one = StateResource("a_secret", "pay", {"id": arn, "arn": arn})
    version = StateResource("a_version", "pay", {"id": f"{arn}|current", "arn": arn})
    generated = f'resource "a_version" "pay" {{\n  secret_id = "{arn}"\n}}\n'
    assert "secret_id = a_secret.pay.arn\n" in written_code(generated, [version], [one, version], IDS).text


def test_of_lines_that_are_refused_only_those_go_that_say_nothing() -> None:
    text = 'resource "a_b" "x" {\n  days = 0\n  name = "x"\n  size  = 5\n  tags = {}\n}\n'
    assert without_unset(text, {2, 3, 4}) == text.replace("  days = 0\n", "")


def test_a_value_of_the_state_is_never_syntax() -> None:
    hostile = StateResource(
        "terraform_data", "x", {"id": 'a"${file("/etc/passwd")}', "input": '"\n}\n%{ for x in y }${z}'}
    )
    (block,) = blocks("imports.tf", import_blocks([hostile]).encode())
    assert block.type == "import"
    text = written_code('resource "terraform_data" "x" {\n  input = null\n}\n', [hostile], [hostile], IDS).text
    (resource,) = blocks("x.tf", text.encode())
    assert [setting.name for setting in resource.settings] == ["input"]
    assert "$${z}" in text
    assert "%%{ for" in text


def test_what_stands_in_modules_or_several_times_is_left_to_a_person() -> None:
    one = {"mode": "managed", "type": "a_b", "name": "x", "address": "a_b.x", "values": {"id": "1"}}
    document = {
        "values": {
            "root_module": {
                "resources": [
                    one,
                    {**one, "name": "n", "address": "a_b.n[0]", "index": 0},
                    {**one, "mode": "data", "name": "d"},
                ],
                "child_modules": [
                    {"resources": [{**one, "address": "module.gone.a_b.x"}]},
                    {"resources": [{**one, "address": "module.kept[0].a_b.x"}]},
                ],
            }
        }
    }
    state = read_state_resources(json.dumps(document).encode())
    assert lacking(state, {"a_b.n"}, {"kept"}) == StateResources(state.single, ["module.gone.a_b.x"])
    assert lacking(state, {"a_b.x"}, {"kept", "gone"}) == StateResources([], ["a_b.n[0]"])


@pytest.mark.parametrize("document", [b"", b"[]", b'{"values": {"root_module": {"resources": [{"mode": "managed"}]}}}'])
def test_a_state_that_is_none_is_not_read_as_an_empty_one(document: bytes) -> None:
    with pytest.raises(Unverifiable, match="could not be read"):
        read_state_resources(document)
