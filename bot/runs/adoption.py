"""Take over a production directory: template, manifest, rendered production and policy, with the proof that nothing changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.work_tree import replace_directory
from bot.clients.terraform_directories import root_of
from bot.clouds.registry import FACTS
from bot.core.adoption.adopt import Adoption, adopt
from bot.core.adoption.hooks import ProposedHook
from bot.core.adoption.maps import maps_by_environment
from bot.core.adoption.settled import as_in_production, called_in_both, given_elsewhere
from bot.core.adoption.stacks import policy_text
from bot.core.adoption.taken_over import first_difference
from bot.core.checks.files.by_name import is_state
from bot.core.checks.required_providers import LOCK
from bot.core.messages.reference.generated_docs import schema_files
from bot.core.parity.directories.compare import sides_likeness
from bot.core.parity.directories.sides import Side
from bot.core.rendering.assemble import TemplateAt, assemble, rendered_files
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.parameter_values import RequestedEnvironment, resolve
from bot.core.rendering.render import ENDING
from bot.core.requests.clone import CloneRequest
from bot.core.requests.preflight import CheckRules
from bot.core.requests.template_check.proof import Proof, a_clone, check_template
from bot.core.tree import CODE, File, Tree
from bot.errors import Finding, InvalidInput, Unverifiable
from bot.hooks.validate import JUDGES
from bot.model.environment import HOOKS, Manifest
from bot.model.pipeline import Json
from bot.model.policy import PATH as POLICY
from bot.model.template import DECLARATION
from bot.names import EnvironmentName, Login, ParameterName, TemplateName
from bot.runs.directory_parity import ADOPT, AskedSide, read_pair


@dataclass(frozen=True, slots=True)
class AdoptionRequest:
    """What is taken over (`production`), what it is held against (`other`, empty for nothing), and how it is to be called.

    `anew` replaces what an earlier run wrote. `workspace` is Terraform's, in which production's state lies.
    """

    production: str
    other: str
    name: EnvironmentName
    owner: Login
    now: datetime
    anew: bool = False
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class AdoptedProduction:
    """What was taken over. `changed` are files that production is not rendered to as they were, each with how: none, or the proof fails.

    What is `undecided` may not stay; what is `as_in_production` in every clone may be meant so, unless somebody has decided otherwise.
    `is_again` says that the template was there already and was left as it is.
    """

    adoption: Adoption
    template: TemplateAt
    manifest: Manifest
    changed: Mapping[str, str]
    proof: Proof
    undecided: Sequence[Finding]
    as_in_production: Sequence[Finding]
    is_again: bool
    policy_is_new: bool
    is_protected: bool

    @property
    def where(self) -> str:
        """The directory of the environment."""
        return self.template.roots.environment(self.manifest.name)

    @property
    def hooks(self) -> Sequence[ProposedHook]:
        """Return the hooks that are proposed, without those of a kind that the template declares already."""
        declared = self.template.files.get(HOOKS, File(b"")).data.decode()
        return [each for each in self.adoption.hooks if f"uses: {each.kind}" not in declared]


def adopt_directory(here: Path, asked: AdoptionRequest) -> AdoptedProduction:
    """Write the template and all that it needs, or go on from what is there. Raises `UserError`, `Unverifiable`."""
    _check_there(here, asked)
    production = AskedSide(asked.production, workspace=asked.workspace)
    root, (ours, theirs) = read_pair(here, AskedSide(asked.other) if asked.other else production, production, ADOPT)
    unread = [note for side in ((theirs, ours) if asked.other else (theirs,)) for note in side.notes if note.is_unread]
    if unread:
        raise Unverifiable(
            f"{unread[0].place} {unread[0].text}. Nothing was written: make it readable, and run this again."
        )
    checkout, template_name = own_checkout(root), TemplateName(asked.name)
    _check_free(checkout, asked.name)
    found = adopt(
        str(asked.name),
        theirs,
        ours if asked.other else None,
        sides_likeness(ours, theirs, FACTS),
        roots=checkout.roots,
    )
    there = {} if asked.anew else checkout.template(template_name)
    files, stuck = (there, []) if there else _exact(checkout, asked, found)
    files = {**_kept(checkout.template(template_name)), **files}
    template = checkout.read_template(template_name, files)
    manifest = _manifest(checkout, asked, found, template)
    rendered = assemble(template, manifest)
    if not there:
        replace_directory(root / checkout.roots.template(template_name), files)
    checkout.write_environment(asked.name, rendered)
    policy_is_new = not (root / POLICY).exists()
    if policy_is_new:
        _write(root, {POLICY: File(policy_text(str(asked.name), theirs, FACTS).encode())})
    schemas = {path: File(text.encode()) for path, text in schema_files(FACTS).items() if not (root / path).exists()}
    _write(root, schemas)
    changed = {
        path: first_difference(file, rendered.get(path))
        for path, file in found.written.items()
        if rendered.get(path) != file
    }
    request = CloneRequest(a_clone(asked.name, asked.owner, checkout.roots), None, asked.owner, asked.now)
    proof = check_template(template, manifest, request, CheckRules(checkout.policy(), FACTS, JUDGES))
    return AdoptedProduction(
        found,
        template,
        manifest,
        changed,
        proof,
        [*found.undecided, *maps_by_environment(template, theirs.label), *_states(theirs)],
        [
            *stuck,
            *as_in_production(found.as_in_production, found.files if there else files, template),
            *called_in_both(found.parameters, template),
            *given_elsewhere(found.given_elsewhere, template),
        ],
        bool(there),
        policy_is_new,
        asked.name in checkout.policy().protected,
    )


def _kept(there: Tree) -> Tree:
    """Return what a person added to a template that is made anew: locks, hooks and their programs. Its code comes from production again."""
    return {
        path: file
        for path, file in there.items()
        if path.endswith(LOCK) or not path.removesuffix(ENDING).endswith(CODE)
    }


def _states(side: Side) -> Iterator[Finding]:
    """Yield the states that lie beside the code: nothing finds them there once production is planned in its new directory."""
    for note in side.notes:
        if is_state(note.place):
            yield Finding(
                note.place,
                1,
                "is a state beside the code, so it was not adopted. Name a backend in the code, and move the state there with "
                "`terraform init -migrate-state`, before production is planned.",
            )


def _exact(checkout: Checkout, asked: AdoptionRequest, found: Adoption) -> tuple[dict[str, File], list[Finding]]:
    """Return the template's files; a file that isn't rendered to exactly what it was is taken over as it is."""
    files, stuck = dict(found.files), list[Finding]()
    template = checkout.read_template(TemplateName(asked.name), {DECLARATION: files[DECLARATION]})
    manifest = _manifest(checkout, asked, found, template)
    for path in [path for path in found.files if path.endswith(ENDING)]:
        target = path.removesuffix(ENDING)
        # Each file by itself: all of them each time would take minutes for a large production, and one bad file would spoil all.
        if _rendered(replace(template, files={path: files[path]}), manifest).get(target) != found.written[target]:
            del files[path]
            files[target] = found.written[target]
            stuck.append(
                Finding(
                    f"{template.where}/{target}",
                    1,
                    "could not be filled in exactly, so it has no parameters: it stays as production has it.",
                )
            )
    return files, stuck


def _rendered(template: TemplateAt, manifest: Manifest) -> Mapping[str, File]:
    try:
        return rendered_files(template, manifest)
    except InvalidInput:
        return {}


def _manifest(checkout: Checkout, asked: AdoptionRequest, found: Adoption, template: TemplateAt) -> Manifest:
    named = {ParameterName(each.name): each.value for each in found.parameters}
    values = {name: value for name, value in named.items() if name in template.declaration.parameters}
    here = None if asked.anew else checkout.read_inventory().inventory.live.get(asked.name)
    if here is not None:
        purpose = template.declaration.purposes.get(here.purpose)
        given = {name for name in (purpose.set if purpose else {}) if name not in here.overrides}
        kept = {
            name: value
            for name, value in here.parameters.items()
            if name in template.declaration.parameters and name not in given
        }
        return here.model_copy(
            update={
                "revision": template.revision,
                "parameters": _completed(
                    template, here, {**{k: v for k, v in values.items() if k not in given}, **kept}
                ),
                "stacks": template.declaration.stacks,
            }
        )
    said = {
        "name": asked.name,
        "template": asked.name,
        "revision": template.revision,
        "purpose": asked.name,
        "owner": asked.owner,
        "parameters": values,
        "stacks": template.declaration.stacks,
        **({"state": found.state} if found.state else {}),
    }
    return Manifest.model_validate(said)


def _completed(
    template: TemplateAt, here: Manifest, values: Mapping[ParameterName, Json]
) -> Mapping[ParameterName, Json]:
    """Return production's values with those of parameters that somebody has declared since. Raises `InvalidInput` for one without a value."""
    declaration, where = template.declaration, f"{template.where}/{DECLARATION}"
    if here.purpose not in declaration.purposes:
        raise InvalidInput(f"{where}: {here.name} has the purpose `{here.purpose}`: keep it under `purposes`.")
    chosen = declaration.purposes[here.purpose].set
    for name, parameter in declaration.parameters.items():
        follows = parameter.derive is not None or parameter.allocate is not None or parameter.default is not None
        if name not in values and name not in chosen and not follows:
            raise InvalidInput(
                f"{where}: `{name}` has no value in {here.name}. Add `{name}: …` under `set:` of the purpose "
                f"`{here.purpose}`, and run this again."
            )
    return resolve(
        template.declaration, RequestedEnvironment(here.name, here.purpose, values, None), Inventory({here.name: here})
    )


def _write(place: Path, files: Mapping[str, File]) -> None:
    for path, file in files.items():
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        if file.executable:
            target.chmod(0o755)


def _check_there(here: Path, asked: AdoptionRequest) -> None:
    """Say where production is by now, if it was taken over and its old directory removed."""
    if AskedSide(asked.production).at(here).exists():
        return
    checkout = own_checkout(root_of(here, [here]))
    if checkout.environment(asked.name) and checkout.template(TemplateName(asked.name)):
        raise Unverifiable(
            f"{asked.production} does not exist: {asked.name} lies in {checkout.roots.environment(asked.name)} now. Edit "
            f"{checkout.roots.template(asked.name)}, and run `envclone render {asked.name}`."
        )


def _check_free(checkout: Checkout, name: EnvironmentName) -> None:
    """Refuse a name whose environment exists but whose template doesn't: it is somebody else's."""
    if checkout.environment(name) and not checkout.template(TemplateName(name)):
        raise Unverifiable(
            f"{checkout.roots.environment(name)} already exists, without {checkout.roots.template(name)}. Choose another name, `--as NAME`; or remove it, "
            "if an earlier run wrote it."
        )
