"""Sync in the core: values are kept, renamed, new or gone, and hand edits are merged (law 8)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.git.merge_file import merge_text
from bot.clouds.registry import FACTS
from bot.commands.model import Clone, Sync
from bot.core.messages.sync_text import migrations, removed_steps
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.inventory import Claim, Inventory
from bot.core.rendering.migrations import pending
from bot.core.rendering.synced_values import moved
from bot.core.rendering.verify import verify
from bot.core.requests.change import Unchanged
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import SyncDraft, Synced, SyncSubject, draft_sync
from bot.core.requests.template_check.proof import check_template
from bot.core.requests.template_history import TemplateStep, TemplateVersion, behind, between
from bot.core.tree import File, Tree
from bot.errors import HandEdit
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy, Quota
from bot.names import EnvironmentName, ParameterName, TemplateName
from tests.support import example
from tests.support.budget import examples

NAME = EnvironmentName("demo-x")
POLICY = Policy(quota=Quota(total=1000, per_owner=1000))
MAIN = "app/main.tf"
REGION = '  region: {type: string, description: The region., pattern: "[a-z0-9-]+"}\n'
GREETING = "  greeting: {type: string, default: hello, description: Any text.}\n"


def template(declaration: str = example.DECLARATION) -> TemplateAt:
    found = {**example.template_files(), "template.yaml": File(declaration.encode())}
    return read_template(TemplateName("shop"), found, FACTS)


def newer(main: bytes = example.MAIN + b"# newer\n", declaration: str = example.DECLARATION) -> TemplateAt:
    files = {**template(declaration).files, MAIN: File(main)}
    return read_template(TemplateName("shop"), files, FACTS)


def clone(**command: object) -> Manifest:
    asked = replace(example.asked(), command=Clone(example.production().name, NAME, **command))  # type: ignore[arg-type]
    drafted = draft_clone(asked, example.base())
    assert isinstance(drafted, Draft), drafted
    return drafted.manifest


def subject(after: TemplateAt, manifest: Manifest | None = None, files: Tree | None = None) -> SyncSubject:
    before = template()
    manifest = manifest or clone()
    production = example.production(before)
    return SyncSubject(
        manifest=manifest,
        files=assemble(before, manifest) if files is None else files,
        before=before,
        after=after,
        policy=POLICY,
        inventory=Inventory({production.name: production, manifest.name: manifest}),
        merge_text=merge_text,
        source=CodeSide(production, assemble(before, production)) if manifest.source else None,
    )


def sync(of: SyncSubject, **values: str) -> SyncDraft:
    given = {ParameterName(name): value for name, value in values.items()}
    return draft_sync(Sync(of.manifest.name, set=given), of, example.NOW)


def synced(of: SyncSubject, **values: str) -> Synced:
    found = sync(of, **values)
    assert isinstance(found, Synced), found
    return found


def edited(of: SyncSubject, path: str, data: bytes) -> SyncSubject:
    return replace(of, files={**of.files, path: File(data)})


@examples(25)
@given(st.sampled_from(["", "# one\n", 'output "more" {\n  value = 1\n}\n']), st.integers(1, 9))
def test_law_8_without_hand_edits_sync_is_the_new_rendering_byte_for_byte(text: str, app_min: int) -> None:
    after = newer(example.MAIN + b"# newer\n" + text.encode())
    of = subject(after, clone(set={ParameterName("app_min"): str(app_min)}))
    found = synced(of)
    assert found.files == assemble(after, found.manifest)
    assert found.conflicts == []
    assert found.manifest.parameters == of.manifest.parameters
    assert verify(NAME, found.files, after) == []


@examples(15)
@given(st.integers(0, 3), st.sampled_from(["# by hand\n", "\n"]))
def test_law_8_a_hand_edit_outside_of_what_the_template_changed_survives_and_verify_names_it(
    line: int, text: str
) -> None:
    after, lines = newer(), example.MAIN.decode().splitlines(keepends=True)
    ours = "".join([*lines[:line], text, *lines[line:]])
    found = synced(edited(subject(after), MAIN, ours.encode()))
    assert found.files[MAIN].data.decode() == f"{ours}# newer\n"
    assert found.conflicts == []
    (finding,) = verify(NAME, found.files, after)
    assert isinstance(finding, HandEdit)


def test_law_8_sync_twice_is_sync_once() -> None:
    after = newer()
    once = synced(edited(subject(after), MAIN, b"# by hand\n" + example.MAIN))
    again = replace(subject(after, once.manifest, once.files), before=after)
    assert isinstance(sync(again), Unchanged)


def test_law_8_an_unchanged_template_changes_nothing() -> None:
    found = sync(edited(subject(template()), MAIN, b"# by hand\n"))
    assert isinstance(found, Unchanged)
    assert "is at revision" in found.reason


def test_a_conflict_is_named_fails_the_check_whoever_approves_and_stops_the_next_sync() -> None:
    after = newer(example.MAIN.replace(b'"String"', b'"SecureString"'))
    of = edited(subject(after), MAIN, example.MAIN.replace(b'"String"', b'"StringList"'))
    found = synced(of)
    (conflict,) = found.conflicts
    assert (conflict.path, conflict.lines) == (MAIN, ((4, 10),))
    (finding,) = verify(NAME, found.files, after)
    assert (finding.path, finding.line) == (f"envs/demo-x/{MAIN}", 4)
    assert "a sync left a conflict in lines 4 to 10" in finding.message
    assert not isinstance(finding, HandEdit)
    next_one = replace(subject(newer(), found.manifest, found.files), before=after)
    refused = sync(next_one)
    assert isinstance(refused, Refused)
    assert "app/main.tf:4: lines 4 to 10" in refused.reason


def test_a_comment_in_the_manifest_never_becomes_a_conflict() -> None:
    of = subject(newer())
    spoilt = edited(of, MANIFEST, of.files[MANIFEST].data.replace(b"revision:", b"# why\nrevision:"))
    assert synced(spoilt).files == synced(of).files


def test_overrides_are_kept_and_what_the_purpose_sets_follows_it() -> None:
    declaration = example.DECLARATION.replace("{db_class: small, app_min: 1,", "{db_class: medium, app_min: 2,")
    of = subject(newer(declaration=declaration), clone(set={ParameterName("app_min"): "3"}))
    found = synced(of).manifest
    assert (found.parameters[ParameterName("db_class")], found.parameters[ParameterName("app_min")]) == ("medium", 3)
    assert found.overrides == ("app_min",)
    what = moved(of.manifest, found, of.after.declaration)
    assert (what.changed, what.added, what.gone) == (["db_class"], [], [])


def test_a_new_parameter_gets_its_default_and_one_that_is_gone_is_named() -> None:
    declaration = example.DECLARATION.replace(
        GREETING, "  colour: {type: string, default: red, description: A colour.}\n"
    )
    tfvars = example.TFVARS.replace('  "greeting": {{ greeting | json }},\n', "")
    after = read_template(
        TemplateName("shop"),
        {**template(declaration).files, "app/terraform.tfvars.json.j2": File(tfvars.encode())},
        FACTS,
    )
    of = subject(after)
    found = synced(of).manifest
    assert found.parameters[ParameterName("colour")] == "red"
    what = moved(of.manifest, found, after.declaration)
    assert (what.added, what.gone, what.renamed) == (["colour"], ["greeting"], {})


def test_a_renamed_parameter_keeps_its_value_and_that_it_was_set_by_hand() -> None:
    declaration = example.DECLARATION.replace("  greeting: {type", "  salute: {renamed_from: [welcome, greeting], type")
    tfvars = example.TFVARS.replace("{{ greeting", "{{ salute")
    after = read_template(
        TemplateName("shop"),
        {**template(declaration).files, "app/terraform.tfvars.json.j2": File(tfvars.encode())},
        FACTS,
    )
    of = subject(after, clone(set={ParameterName("greeting"): "good day"}))
    found = synced(of)
    assert found.manifest.parameters[ParameterName("salute")] == "good day"
    assert found.manifest.overrides == ("salute",)
    assert found.files["app/terraform.tfvars.json"] == of.files["app/terraform.tfvars.json"]
    assert moved(of.manifest, found.manifest, after.declaration).renamed == {"greeting": "salute"}
    assert verify(NAME, found.files, after) == []


def test_what_nothing_gives_a_value_is_asked_for_with_the_line_to_type() -> None:
    of = subject(newer(declaration=example.DECLARATION.replace(GREETING, GREETING + REGION)))
    refused = sync(of)
    assert isinstance(refused, Refused)
    assert "`region` is new: The region." in refused.reason
    assert "Comment `/sync demo-x --set region=…`" in refused.reason
    found = synced(of, region="eu-west-1").manifest
    assert found.parameters[ParameterName("region")] == "eu-west-1"
    assert found.overrides == ("region",)
    wrong = sync(of, region="EU")
    assert isinstance(wrong, Refused)
    assert "region" in wrong.reason


def test_a_value_that_the_newer_template_refuses_is_asked_for_again() -> None:
    declaration = example.DECLARATION.replace("min: 1, max: 20, default: 1", "min: 2, max: 20, default: 2")
    declaration = declaration.replace("app_min: 1, payments_url", "payments_url")
    of = subject(newer(declaration=declaration))
    refused = sync(of)
    assert isinstance(refused, Refused)
    assert "/sync demo-x --set app_min=…" in refused.reason
    assert synced(of, app_min="2").manifest.parameters[ParameterName("app_min")] == 2


def test_a_value_that_it_has_is_changed_by_set_and_not_by_sync() -> None:
    refused = sync(subject(newer()), greeting="hi")
    assert isinstance(refused, Refused)
    assert "/set demo-x greeting=…" in refused.reason


def test_a_value_to_be_held_alone_is_allocated_and_claimed() -> None:
    more = "  peer_cidr: {type: cidr, identity: true, allocate: {pool: 10.200.0.0/16, prefix: 24}, description: Another.}\n"
    found = synced(subject(newer(declaration=example.DECLARATION.replace(GREETING, GREETING + more))))
    value = str(found.manifest.parameters[ParameterName("peer_cidr")])
    assert found.claims == [Claim(ParameterName("peer_cidr"), value)]
    assert synced(subject(newer())).claims == []


def test_production_keeps_all_its_values() -> None:
    production = example.production()
    of = subject(newer(), production)
    found = synced(of)
    assert found.manifest.parameters == production.parameters
    assert found.files[MAIN].data.endswith(b"# newer\n")
    assert verify(production.name, found.files, of.after) == []


@pytest.mark.parametrize(
    ("main", "message"),
    [
        (example.MAIN + b'data "external" "x" {\n  program = ["id"]\n}\n', "app/main.tf:10"),
        (example.MAIN + b'resource "aws_sns_topic" "x" {\n  name = "x-111111111111"\n}\n', "app/main.tf:11"),
    ],
)
def test_what_the_check_would_refuse_is_refused_at_once(main: bytes, message: str) -> None:
    refused = sync(subject(newer(main)))
    assert isinstance(refused, Refused)
    assert "The pull request's check would fail" in refused.reason
    assert message in refused.reason


def test_values_that_break_a_rule_of_the_newer_template_are_to_be_changed_first() -> None:
    more = "  app_max: {type: number, default: 2, description: The most tasks.}\n"
    rules = "rules:\n- {at_most: [app_min, app_max], description: The fewest are not more than the most.}\n"
    declaration = example.DECLARATION.replace(GREETING, GREETING + more) + rules
    of = subject(newer(declaration=declaration), clone(set={ParameterName("app_min"): "3"}))
    refused = sync(of)
    assert isinstance(refused, Refused)
    assert "must be at most `app_max`" in refused.reason
    assert "with `/set demo-x …`, then sync" in refused.reason
    assert synced(of, app_max="5").manifest.parameters[ParameterName("app_max")] == 5


def test_a_purpose_that_is_gone_is_said() -> None:
    declaration = example.DECLARATION.replace("  qa: {description: To test.", "  tests: {description: To test.")
    refused = sync(subject(newer(declaration=declaration), clone(purpose="qa")))
    assert isinstance(refused, Refused)
    assert "has no such purpose" in refused.reason


def test_migrations_rewrite_values_once_and_in_order_also_when_revisions_are_skipped() -> None:
    first = "migrations:\n  sizes:\n    description: Sizes have other names.\n    values: {greeting: {hello: hi}, app_min: {'3': 4}}\n"
    second = f"{first}  again:\n    description: And again.\n    values: {{greeting: {{hi: good day, hello: wrong}}}}\n"
    manifest = clone(set={ParameterName("app_min"): "3"})
    one, both = (newer(declaration=f"{example.DECLARATION}{text}") for text in (first, second))

    def values(found: Synced) -> tuple[object, ...]:
        return tuple(found.manifest.parameters[ParameterName(name)] for name in ("greeting", "app_min"))

    skipped = synced(subject(both, manifest))
    assert values(skipped) == ("good day", 4)
    assert skipped.manifest.overrides == ("app_min",)
    then = synced(subject(one, manifest))
    assert values(then) == ("hi", 4)
    again = replace(subject(both, then.manifest, then.files), before=one)
    assert synced(again).files == skipped.files
    later = newer(example.MAIN + b"# later\n", f"{example.DECLARATION}{second}")
    back = skipped.manifest.model_copy(
        update={"parameters": {**skipped.manifest.parameters, ParameterName("greeting"): "hi"}}
    )
    unmoved = replace(subject(later, back, assemble(both, back)), before=both)
    assert values(synced(unmoved)) == ("hi", 4), "what somebody chose after a migration is not migrated again"


def test_a_migration_is_shown_and_what_it_writes_must_be_valid() -> None:
    text = "migrations:\n  sizes:\n    description: Sizes | have other names.\n    values: {app_min: {'3': 99}, app_mni: {'1': 2}}\n"
    at = template(f"{example.DECLARATION}{text}")
    said = "\n".join(map(str, check_template(at, None, example.asked()).findings))
    assert "unknown parameter `app_mni`. A migration names parameters as they are called now." in said
    assert "99" in said
    shown = migrations(pending(template().declaration, at.declaration))
    assert shown.endswith("- `sizes`: Sizes \\| have other names.")
    assert migrations(pending(at.declaration, at.declaration)) == ""


def test_former_names_belong_to_one_parameter() -> None:
    declaration = example.DECLARATION.replace("  greeting: {", "  greeting: {renamed_from: [domain, motd], ")
    declaration = declaration.replace("  zones: {", "  zones: {renamed_from: [motd], ")
    at = template(declaration)
    found = check_template(at, None, example.asked())
    said = [str(each) for each in found.findings]
    assert any("`domain` is still another parameter's name." in line for line in said)
    assert sum("`motd` is also another parameter's name." in line for line in said) == 2


def test_former_names_belong_to_one_hook() -> None:
    at = template()
    hooks = example.HOOKS.replace("smoke: {", "smoke: {renamed_from: [app, probe], ")
    more = hooks.splitlines()[-1].replace("smoke:", "more:").replace("app, probe", "probe")
    files = {**at.files, "hooks.yaml": File(f"{hooks.rstrip()}\n{more}\n".encode())}
    said = [str(each) for each in check_template(replace(at, files=files), None, example.asked()).findings]
    assert any("hooks.yaml:2: `app` is still a step of its own." in line for line in said)
    assert sum("`probe` is also the former name of another step." in line for line in said) == 2


def test_how_far_behind_is_counted_in_revisions() -> None:
    history = [TemplateVersion(f"c{at}", f"{at}" * 40, f"Change {at}") for at in (3, 2, 1)]
    manifest = clone()
    at = {revision: manifest.model_copy(update={"revision": revision * 40}) for revision in "1239"}
    for revision, count in {"3": 0, "2": 1, "1": 2, "9": None}.items():
        assert behind([at[revision]], {manifest.template: history}) == {NAME: count}
    assert between(history, "1" * 40, "3" * 40) == TemplateStep(history[:2])
    assert between(history, "3" * 40, "2" * 40) == TemplateStep(history[:1], is_back=True)
    assert between(history, "9" * 40, "2" * 40) == TemplateStep(None)


def test_a_template_that_says_how_conflicts_look_is_followed_and_what_stands_beside_that_is_not() -> None:
    said = b"<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n"
    files = {**template().files, "app/merging.md": File(said)}
    before = read_template(TemplateName("shop"), files, FACTS)
    manifest = clone().model_copy(update={"revision": before.revision})
    after = read_template(TemplateName("shop"), {**files, MAIN: File(example.MAIN + b"# newer\n")}, FACTS)
    of = replace(subject(after, manifest, assemble(before, manifest)), before=before)
    found = synced(of)
    assert found.conflicts == []
    assert verify(NAME, found.files, after) == []
    left = edited(of, "app/merging.md", said + said.replace(b"HEAD", b"as edited by hand"))
    refused = sync(left)
    assert isinstance(refused, Refused)
    assert "app/merging.md:6: lines 6 to 10" in refused.reason


def test_what_the_template_asks_for_keeps_what_was_said() -> None:
    declaration = example.DECLARATION.replace("  zones:", f"{REGION}{REGION.replace('region', 'site')}  zones:")
    of = subject(newer(declaration=declaration))
    refused = draft_sync(Sync(NAME, "1a2b3c4", {ParameterName("region"): "eu-west"}), of, example.NOW)
    assert isinstance(refused, Refused)
    assert f"`/sync {NAME} to 1a2b3c4 --set region=eu-west --set site=…`" in refused.reason


def test_a_renamed_stack_keeps_its_hand_edits_and_is_not_said_to_be_gone() -> None:
    declared = example.DECLARATION.replace("  network: {", "  net: {renamed_from: [network], ").replace(
        "network", "net"
    )
    declared = declared.replace("renamed_from: [net]", "renamed_from: [network]").replace("The net.", "The network.")
    files = {path.replace("network/", "net/"): file for path, file in template().files.items()}
    after = read_template(TemplateName("shop"), {**files, "template.yaml": File(declared.encode())}, FACTS)
    before = subject(after)
    [path, *_] = [path for path in before.files if path.startswith("network/") and path.endswith(".tf")]
    by_hand = before.files[path].data + b"# by hand\n"
    found = synced(edited(before, path, by_hand))
    assert not found.conflicts
    assert found.files[path.replace("network/", "net/")].data == by_hand
    assert not any(each.startswith("network/") for each in found.files)
    assert list(removed_steps(before.manifest, found.manifest)) == [
        "**The stack `network` is now called `net`.** The apply moves its state there; nothing is recreated."
    ]
