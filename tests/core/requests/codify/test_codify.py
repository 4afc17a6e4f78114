"""The environment whose code says what is there: by a parameter, by a line of its own, or without what is gone."""

import pytest

from bot.clients.git.merge_file import merge_text
from bot.commands.model import Codify
from bot.core.plans.drift_facts import DriftFact, DriftFacts
from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.rendering.merge import EditedDirectory
from bot.core.requests.change import Changed, ChangeSubject, Unchanged
from bot.core.requests.codify.codify import CodifyDraft, CodifySubject, chosen, draft_codify
from bot.core.requests.refusal import Refused
from bot.model.pipeline import Json
from bot.model.policy import Policy
from bot.names import EnvironmentName, ParameterName, StepName
from tests.core.parity.by_code.test_codified import GREETING, template
from tests.support import example

PRODUCTION = EnvironmentName("production")
MORE = b"""# Seen by everybody.
resource "aws_lb" "this" {
  name = "lb"
  size = 1
}

resource "aws_dns" "many" {
  for_each = toset(["a", "b"])
  ttl      = 60
}
resource "aws_alarm" "this" {
  of = aws_lb.this.name
}
"""


def fact(address: str, there: dict[str, Json] | None = None, should: dict[str, Json] | None = None) -> DriftFact:
    how = "gone" if there is None else "changed"
    return DriftFact(step=StepName("app"), address=address, how=how, there=there or {}, should=should or {})


def drafted(*facts: DriftFact, at: TemplateAt | None = None, addresses: tuple[str, ...] = ()) -> CodifyDraft:
    at = at or template(MORE)
    manifest = example.production(at)
    files = assemble(at, manifest)
    change = ChangeSubject(manifest, at, Policy(), directory=EditedDirectory(files, merge_text))
    found = DriftFacts(environment=PRODUCTION, commit="c" * 40, changes=facts)
    return draft_codify(Codify(PRODUCTION, addresses), CodifySubject(change, files), found, example.NOW)


def main_tf(found: CodifyDraft) -> str:
    assert isinstance(found, Changed), found
    return found.files["app/main.tf"].data.decode()


def test_a_parameter_that_explains_it_is_set_and_the_rest_is_written_where_it_stands() -> None:
    found = drafted(fact(GREETING, {"value": "salve", "tier": "Advanced"}, {"value": "hello"}))
    assert isinstance(found, Changed)
    assert found.manifest.parameters[ParameterName("greeting")] == "salve"
    assert '  value = var.greeting\n  tier = "Advanced"\n}' in main_tf(found)
    assert found.notes == ()


def test_one_thing_after_the_other_is_taken_up_and_what_can_t_be_is_named() -> None:
    secret = fact("aws_lb.this", {"size": 2}, {"size": 1}).model_copy(update={"secret": ("key",)})
    found = drafted(secret, fact('aws_dns.many["a"]', {"ttl": 5}, {"ttl": 60}), fact("aws_lb.this"), fact("aws_new.x"))
    assert main_tf(found).count("size = 2") == 1
    assert isinstance(found, Changed)
    assert found.notes == (
        "`app/aws_lb.this`: `key` is secret",
        '`app/aws_dns.many["a"]`: `app/aws_dns.many["b"]:ttl` would change with it',
        f"`app/aws_lb.this`: `app/main.tf:{main_tf(found).splitlines().index('  of = aws_lb.this.name') + 1}` still uses it",
        "`app/aws_new.x`: it is not in the code",
    )


def test_what_a_block_says_to_terraform_itself_is_nothing_that_was_found() -> None:
    hidden = fact("aws_lb.this", {"lifecycle": [{"ignore_changes": ["size"]}]}, {})
    after = fact("aws_alarm.this", {"depends_on": ["aws_lb.this"], "size": 2}, {})
    found = drafted(hidden, after)
    assert isinstance(found, Refused)
    assert "`app/aws_lb.this`: `lifecycle` is not the name of an argument" in found.reason
    assert "`app/aws_alarm.this`: `depends_on` is not the name of an argument" in found.reason


def test_documents_and_odd_keys_are_found_again_in_the_code() -> None:
    more = b'resource "aws_x" "y" {\n  policy = jsonencode({ a = 1 })\n  tags   = {\n    b = "c"\n  }\n}\n'
    there: dict[str, Json] = {"policy": '{"a": [{"b": "c"}]}', "tags": {"b": "c", "cost center": "7"}}
    found = drafted(fact("aws_x.y", there, {"policy": '{"a":1}', "tags": {"b": "c"}}), at=template(more))
    assert isinstance(found, Changed)
    assert found.notes == ()
    assert 'jsonencode({"a" = [{"b" = "c"}]})' in main_tf(found)
    assert '    b = "c"\n    "cost center" = "7"\n' in main_tf(found)


def test_what_is_gone_is_taken_out_once_nothing_uses_it() -> None:
    found = drafted(fact("aws_alarm.this"), fact("aws_lb.this"))
    assert "aws_lb" not in main_tf(found)
    assert "Seen by everybody" not in main_tf(found)
    assert "aws_dns" in main_tf(found)


def test_where_nothing_can_be_done_the_way_out_is_named() -> None:
    found = drafted(fact("aws_new.x"))
    assert isinstance(found, Refused)
    assert str(found.reason).endswith(
        "Comment `/repair production` to put back what was there, or change the template."
    )
    assert isinstance(drafted(), Unchanged)


@pytest.mark.parametrize("said", ['app/aws_lb.main["a"]', "app/aws_lb.main[a]", "app/aws_lb.*"])
def test_an_instance_is_found_by_its_address_with_and_without_the_quotes_that_a_comment_loses(said: str) -> None:
    facts = DriftFacts(
        environment=PRODUCTION, commit="c" * 40, changes=(fact('aws_lb.main["a"]'), fact("aws_sns_topic.b"))
    )
    assert [each.address for each in chosen(Codify(PRODUCTION, (said,)), facts)] == ['aws_lb.main["a"]']
