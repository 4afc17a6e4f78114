"""The product of `make demo-evolution`: its policy rolls out in waves, and its change brings production along."""

from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.core.rendering.assemble import assemble, read_manifest
from bot.sandbox.evolution.stages import STAGES
from bot.sandbox.evolution.story import CLONES
from bot.sandbox.leaflets import LEAFLETS, change, leaflets
from bot.sandbox.rehearsal import PRODUCTION
from tests import ROOT


def test_the_change_is_a_newer_revision_of_which_production_is_rendered(tmp_path: Path) -> None:
    here = leaflets(tmp_path / "monorepo", ROOT)
    before = read_manifest(Checkout(here).environment(PRODUCTION), "envs/production")
    for path, data in change(here).items():
        (here / path).write_bytes(data)
    checkout = Checkout(here)
    after = read_manifest(checkout.environment(PRODUCTION), "envs/production")
    template = checkout.read_template(LEAFLETS.template, checkout.template(LEAFLETS.template))
    assert before.revision != after.revision == template.revision
    assert assemble(template, after) == checkout.environment(PRODUCTION)
    policy = checkout.policy()
    assert policy.rollout.enabled
    assert policy.may_be_created == (PRODUCTION,)
    assert policy.accounts
    purposes = {words.split()[1] for words in CLONES.values()}
    assert purposes <= {str(name) for name in template.declaration.purposes}
    first = [str(purpose) for wave in policy.rollout.waves for purpose in wave.purposes]
    assert purposes - set(first) == {"showroom"}, "the last wave is whoever no wave names"


def test_every_stage_of_the_story_is_told_apart() -> None:
    assert len({stage.key for stage in STAGES}) == len(STAGES)
    assert all(len(stage.title) <= 66 for stage in STAGES), "a stage is one line of 80 columns with its seconds"
