"""Golden texts of an environment's later life: synced, promoted, rolled back and repaired, and followed in a rollout."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from bot.clients.git.merge_file import merge_text
from bot.clouds.registry import FACTS
from bot.commands.model import Sync
from bot.core.messages import apply_comment, sync_text
from bot.core.messages import change_pull_request as changes
from bot.core.messages.plan_comment import Whole
from bot.core.messages.rollouts import issue as rollout_issue
from bot.core.messages.rollouts import wave_pull_request
from bot.core.messages.rollouts.wave_pull_request import ROOM, ProposedWave
from bot.core.messages.sync_text import ProposedSync, SourceParity
from bot.core.messages.versions import imports, repaired
from bot.core.messages.versions.evidence import Evidence
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.parity.certificate import CertifiedSubject, certify
from bot.core.plans.written_imports import WrittenImports
from bot.core.rendering.assemble import read_template
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.migrations import pending
from bot.core.requests.codify.codify import REASON
from bot.core.requests.commit_trailers import AsIn, Trailers
from bot.core.requests.sync import SyncConflict, Synced, SyncSubject, draft_sync
from bot.core.requests.template_history import TemplateStep, TemplateVersion
from bot.core.requests.versions.repair import RepairProposal, plan_shown, unconfirmed
from bot.core.rollout.next_actions import next_actions
from bot.core.rollout.record import MemberStage, RolloutMember, RolloutRecord
from bot.core.tree import File
from bot.errors import HandEdit
from bot.model.environment import Awaited, Manifest, Waiver
from bot.model.pipeline import Hook
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.model.rollout import RolloutPolicy
from bot.names import EnvironmentName, ParameterName, StepName, TemplateName
from tests.golden import inputs as i
from tests.support import example

Texts = Mapping[str, Callable[[], str]]

ISSUE = "https://github.example/acme/infra/issues/50"
DECLARATION = example.DECLARATION.replace(
    "  greeting: {type: string, default: hello,", "  salute: {type: string, renamed_from: [greeting], default: hello,"
).replace("  tags: {type: map, default: {}, description: More tags.}", "  region: {type: string, default: eu-west-1, description: The region.}") + (
    "migrations:\n  two_zones: {description: Two zones are enough., values: {zones: {'[\"a\", \"b\", \"c\"]': [a, b]}}}\n"
)  # fmt: skip
TFVARS = example.TFVARS.replace('"greeting": {{ greeting', '"greeting": {{ salute').replace('"tags": {{ tags', '"region": {{ region')  # fmt: skip
FILES = {**example.template_files(), "template.yaml": File(DECLARATION.encode()), "app/terraform.tfvars.json.j2": File(TFVARS.encode())}  # fmt: skip
BEFORE, AFTER = example.template(), read_template(TemplateName("shop"), FILES, FACTS)
ASKS = {ParameterName("region"): "`region` is new: The region."}
STEP = TemplateStep(
    (
        TemplateVersion("2" * 40, AFTER.revision, "Say which region"),
        TemplateVersion("1" * 40, "e" * 40, "Use two zones (#12)"),
    )
)


def synced() -> Synced:
    """Return the clone, brought to the newer revision."""
    base = example.base()
    inventory = Inventory({i.PRODUCTION.name: i.PRODUCTION, i.NAME: i.CLONE})
    source = CodeSide(i.PRODUCTION, base.source_files)
    subject = SyncSubject(i.CLONE, i.DRAFT.files, BEFORE, AFTER, Policy(), inventory, merge_text, source)
    found = draft_sync(Sync(i.NAME), subject, i.NOW)
    assert isinstance(found, Synced), found
    return found


def _sync(*conflicts: SyncConflict) -> str:
    return changes.body(_proposed_sync(*conflicts))


def _proposed_sync(*conflicts: SyncConflict) -> changes.ProposedChange:
    found, base = synced(), example.base()
    side = CodeSide(found.manifest, found.files)
    after = compare(CodeSide(i.PRODUCTION, base.source_files), side, AFTER, i.NOW).parity
    edits = [HandEdit("envs/demo-x/app/main.tf", 4, 'edited by hand: the template renders `type = "String"`')]
    sync = ProposedSync(
        STEP,
        conflicts,
        edits,
        None if conflicts else SourceParity(i.comparison().parity, after),
        pending(BEFORE.declaration, AFTER.declaration),
    )
    return changes.ProposedChange(
        i.CLONE, found.manifest, i.PRODUCTION, AFTER, ["app/terraform.tfvars.json"], (), (i.REQUEST,), rollout=ISSUE, sync=sync
    )  # fmt: skip


def _wave() -> ProposedWave:
    """Return a wave of two, of which one is planned and one comes from another revision; it has no room to say what changes there."""
    first = replace(_proposed_sync(), requests=())
    name = EnvironmentName("demo-y")
    before, after = (each.model_copy(update={"name": name}) for each in (first.before, first.after))
    other = replace(first, before=before.model_copy(update={"revision": "f" * 40}), after=after, files=["x" * ROOM])
    planned = RolloutMember(
        MemberStage.PLANNED, 51, Risk.IN_PLACE, "0 to add, 1 to change, 0 to destroy", is_shared=True
    )
    return ProposedWave(
        [(first, planned), (other, RolloutMember(MemberStage.PLANNING, 51, is_shared=True))], 2, 3, ISSUE
    )


def waiting() -> Manifest:
    """Return a clone that waits for the value of `ASKS`."""
    return i.CLONE.model_copy(update={"awaits": Awaited(revision=AFTER.revision, missing=tuple(ASKS))})


def _sync_that_asks() -> str:
    proposed = changes.ProposedChange(i.CLONE, waiting(), i.PRODUCTION, BEFORE, [], (), (i.REQUEST,), asks=ASKS)
    return f"{sync_text.waits(waiting())}\n\n{changes.body(proposed)}"


def evidence(name: EnvironmentName, edits: int = 0) -> Evidence:
    parity = i.comparison().parity
    subject = CertifiedSubject(i.COMMIT, "a" * 40, "b" * 40, "c" * 40, TemplateName("shop"), "d" * 40)
    return Evidence(
        AsIn(name, i.COMMIT), i.CLONE.revision, i.NOW, i.RUN, apply_comment.summary(i.LIVE, 60_000),
        certify(parity, (), subject, i.NOW), edits,
    )  # fmt: skip


def _promoted() -> str:
    values = {**i.PRODUCTION.parameters, ParameterName("app_min"): 3}
    after = i.PRODUCTION.model_copy(update={"parameters": values})
    return changes.body(
        changes.ProposedChange(
            i.PRODUCTION, after, None, BEFORE, ["app/terraform.tfvars.json"], (), (i.REQUEST,), evidence=(evidence(i.NAME, 1),)
        )
    )  # fmt: skip


def _hook(address: str) -> Hook:
    return Hook.model_validate(
        {
            "uses": "http.probe",
            "description": "Is it there?",
            "with": {"url": {"value": address}},
            "undo": {"none": "a probe leaves nothing"},
        }
    )


def _rolled_back() -> str:
    wider = i.CLONE.model_copy(update={"parameters": {**i.CLONE.parameters, ParameterName("app_min"): 3}})
    here, there = _hook("https://demo-x.example/new"), _hook("https://demo-x.example")
    return changes.body(
        changes.ProposedChange(
            wider, i.CLONE, i.PRODUCTION, BEFORE, ["app/terraform.tfvars.json", "hooks.yaml"], (), (i.REQUEST,),
            evidence=(evidence(i.NAME),), hooks=({i.SMOKE: here, StepName("seed"): here}, {i.SMOKE: there}),
        )
    )  # fmt: skip


def _repaired(source: Manifest | None) -> str:
    before = i.CLONE if source else i.PRODUCTION
    after = before.model_copy(update={"repaired_at": i.NOW})
    return changes.body(changes.ProposedChange(before, after, source, BEFORE, [], (), (i.REQUEST,)))


def _codified() -> str:
    waiver = Waiver(what="app/aws_lb.this:size", reason=REASON, owner=i.CLONE.owner, expires_at=i.NOW)
    after = i.CLONE.model_copy(update={"waivers": (waiver,)})
    files = {**i.DRAFT.files, "app/main.tf": File(example.MAIN.replace(b'"String"', b'"SecureString"'))}
    found = compare(CodeSide(i.CLONE, i.DRAFT.files), CodeSide(after, files), BEFORE, i.NOW).parity.differences
    left = "- `app/aws_db_instance.this`: `password` is secret"
    return changes.body(
        changes.ProposedChange(
            i.CLONE, after, i.PRODUCTION, BEFORE, ["app/main.tf"], found, (i.REQUEST,), codified=left
        )
    )  # fmt: skip


def _imports() -> str:
    files = ["app/imported.tf"]
    return changes.body(
        changes.ProposedChange(i.PRODUCTION, i.PRODUCTION, None, BEFORE, files, (), (i.REQUEST,), codified="")
    )


def _written() -> str:
    found = WrittenImports(
        environment=i.PRODUCTION.name,
        commit=i.COMMIT,
        step=StepName("app"),
        code='resource "aws_db_instance" "reports" {\n  name = "reports"\n}\n',
        secret=("aws_db_instance.reports:password",),
        changed=("aws_db_instance.reports: update",),
    )
    refused = imports.import_changes("envs/production/app/imported.tf", found.changed)
    return f"{imports.written(found, Whole('plan-production', 'https://github.example/run/1'))}\n{refused}"


def _confirmed() -> str:
    repair = RepairProposal(
        i.NAME, 12, i.COMMIT, {"alice"}, plan_shown(i.COMMIT, "1 to change", "…"), is_protected=False
    )
    unplanned, protected = replace(repair, plan=None), replace(repair, is_protected=True)
    refused = [
        unconfirmed("0" * 12, by, each)
        for by, each in (("bob", protected), ("bob", unplanned), ("Alice", repair), ("bob", repair))
    ]
    assert repaired.marker(repair) in repaired.thumb(repair)
    thumbs = [repaired.thumb(repair), repaired.thumb_seen(repair, "bob")]
    said = [repaired.offer(repair), *thumbs, repaired.confirmed(repair), repaired.not_merged(repair)]
    return "\n\n".join([*said, *(each.reason for each in refused if each is not None)])


def _titles() -> str:
    more = {
        ParameterName(name): value
        for name, value in (("app_min", 3), ("db_class", "large"), ("greeting", "hi"), ("zones", ["a"]))
    }
    found = [
        changes.title(i.CLONE, i.CLONE.model_copy(update={"revision": AFTER.revision})),
        changes.title(i.CLONE, i.CLONE.model_copy(update={"repaired_at": i.NOW})),
        changes.title(i.CLONE, i.CLONE.model_copy(update={"expires_at": i.NOW + timedelta(days=9)})),
        changes.title(i.CLONE, i.CLONE.model_copy(update={"parameters": {**i.CLONE.parameters, **more}})),
        changes.title(i.CLONE, i.CLONE, Trailers(i.NAME, i.REQUEST.by, as_in=AsIn(i.NAME, i.COMMIT))),
        changes.title(i.CLONE, i.CLONE, Trailers(i.NAME, i.REQUEST.by, is_codified=True)),
    ]
    return "\n".join(f"- {title}" for title in found)


_NAMES = tuple(EnvironmentName(f"demo-{letter}") for letter in "abcdef")
_POLICY = Policy(rollout=RolloutPolicy.model_validate({"enabled": True, "pause": "1h"}))
RECORD = RolloutRecord(
    template=TemplateName("shop"),
    revision=AFTER.revision,
    commit=i.COMMIT,
    waves=(_NAMES[:3], _NAMES[3:], (i.PRODUCTION.name,)),
    started_at=i.NOW - timedelta(hours=2),
)
_STAGES = (
    RolloutMember(MemberStage.APPLIED, 51),
    RolloutMember(MemberStage.PLANNED, 52, Risk.REPLACE, is_ours=True),
    RolloutMember(MemberStage.PLANNING, 53),
    *[RolloutMember(MemberStage.WAITING)] * 4,
)
_FAILED = RolloutMember(MemberStage.FAILED, 52, note="demo-b: app failed")
_ASKS = RolloutMember(MemberStage.REFUSED, note="`region` needs a value: comment `/sync demo-c --set region=…`.")
_ENDED = (
    RolloutMember(MemberStage.APPLIED, 51),
    RolloutMember(MemberStage.DECLINED, 52),
    RolloutMember(MemberStage.GONE),
)


def _rollout(*members: RolloutMember, is_paused: bool = False) -> Callable[[], str]:
    def text() -> str:
        order = [name for wave in RECORD.waves for name in wave]
        standing = dict(zip(order, [*members, *_STAGES[len(members) :]], strict=True))
        todo = next_actions(RECORD, _POLICY, standing, i.NOW, is_paused=is_paused)
        shown = rollout_issue.ShownRollout(RECORD, todo, standing, _POLICY, i.NOW)
        body = rollout_issue.body(shown).split("-->\n", 2)[2]  # without the record, which is packed
        return f"# {rollout_issue.title(RECORD, todo)}\n\n{body}"

    return text


VERSIONS: Texts = {
    "versions/sync": _sync,
    "versions/sync-asks": _sync_that_asks,
    "versions/sync-with-conflict": lambda: _sync(SyncConflict("app/main.tf", ((4, 10),)), SyncConflict("app/logo.bin")),
    "versions/promote": _promoted,
    "versions/rollback": _rolled_back,
    "versions/repair": lambda: _repaired(i.PRODUCTION),
    "versions/codify": _codified,
    "versions/codify-imports": _imports,
    "versions/codify-written": _written,
    "versions/repair-confirmed": _confirmed,
    "versions/repair-of-production": lambda: _repaired(None),
    "versions/titles": _titles,
    "rollouts/running": _rollout(),
    "rollouts/paused": _rollout(is_paused=True),
    "rollouts/stopped": _rollout(_STAGES[0], _FAILED, _ASKS),
    "rollouts/waiting": _rollout(*_ENDED),
    "rollouts/done": _rollout(*_ENDED, *[_STAGES[0]] * 4),
    "rollouts/wave": lambda: f"**{wave_pull_request.title(_wave())}**\n\n{wave_pull_request.body(_wave())}",
    "rollouts/superseded": lambda: rollout_issue.superseded(54, []),
    "rollouts/superseded-with-pull-requests-left": lambda: rollout_issue.superseded(54, [52, 53]),
    "rollouts/taken-back": lambda: rollout_issue.superseded(None, [52]),
    "rollouts/off": lambda: rollout_issue.OFF,
    "rollouts/over": lambda: rollout_issue.OVER,
    "rollouts/steered": lambda: "\n".join(f"- {said}" for said in rollout_issue.STEERED.values()),
    "rollouts/elsewhere": lambda: rollout_issue.elsewhere([50, 54]),
    "rollouts/none": lambda: rollout_issue.elsewhere([]),
}  # fmt: skip
