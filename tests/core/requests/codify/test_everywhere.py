"""The template that says what was changed in several environments alike, and what is left to people."""

from bot.clients.git.merge_file import merge_text
from bot.commands.model import Codify
from bot.core.plans.drift_alike import sign
from bot.core.plans.drift_facts import DriftFact, DriftFacts
from bot.core.rendering.assemble import assemble
from bot.core.rendering.merge import EditedDirectory
from bot.core.requests.change import ChangeSubject
from bot.core.requests.codify.codify import CodifySubject
from bot.core.requests.codify.everywhere import TemplateChange, TemplateDraft, draft_everywhere
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.model.policy import Policy
from bot.names import EnvironmentName
from tests.core.parity.by_code.test_codified import template
from tests.core.requests.codify.test_codify import MORE, PRODUCTION, fact
from tests.support import example

OTHER = EnvironmentName("demo-x")
SIZE = fact("aws_lb.this", {"size": 2}, {"size": 1})


def drafted(*facts: DriftFact, edited: bytes = b"") -> TemplateDraft:
    at = template(MORE)
    manifest = example.production(at)
    files = assemble(at, manifest)
    if edited:
        files = {**files, "app/main.tf": File(files["app/main.tf"].data + edited)}
    subject = ChangeSubject(manifest, at, Policy(), directory=EditedDirectory(files, merge_text))
    found = DriftFacts(environment=PRODUCTION, commit="c" * 40, changes=facts)
    elsewhere = {OTHER: {sign(PRODUCTION, each) for each in facts}, PRODUCTION: {"none of its own"}}
    return draft_everywhere(Codify(PRODUCTION, everywhere=True), CodifySubject(subject, files), found, elsewhere)


def test_the_template_s_own_line_is_edited_and_who_has_it_is_named() -> None:
    found = drafted(SIZE)
    assert isinstance(found, TemplateChange), found
    assert found.files["app/main.tf"].data.count(b"size = 2") == 1
    assert found.taken == {"`app/aws_lb.this`": [OTHER]}
    assert {path for path, file in found.files.items() if template(MORE).files.get(path) != file} == {"app/main.tf"}


def test_what_names_the_environment_or_was_edited_by_hand_is_left_to_people() -> None:
    named = fact("aws_lb.this", {"name": "lb-of-production"}, {"name": "lb"})
    found = drafted(SIZE, named)
    assert isinstance(found, TemplateChange)
    assert found.left == ["`app/aws_lb.this`: what is there names `production`"]
    refused = drafted(SIZE, edited=b"# Mine.\n")
    assert isinstance(refused, Refused)
    assert "`app/main.tf` is rendered, or was edited by hand" in refused.reason
    nothing = drafted(named)
    assert isinstance(nothing, Refused)
    assert "To keep it in `production` alone, comment `/codify production`." in nothing.reason
