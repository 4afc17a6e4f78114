"""Put an environment's directory together: what its template renders, and its manifest."""

import posixpath
from dataclasses import dataclass, field

from pydantic import ValidationError

from bot.complaints import plainly
from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.local_modules import ReadDirectory, modules_outside, nothing_outside
from bot.core.rendering.account_forms import account_problems
from bot.core.rendering.migrations import block_files
from bot.core.rendering.render import ENDING, Parameters, render
from bot.core.tree import File, Tree, broken_links, check_tree, tree_id
from bot.errors import Finding, InvalidInput, Unreadable, UserError
from bot.model.environment import HOOKS, MANIFEST, Manifest
from bot.model.pipeline import Hooks, Pipeline
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.roots import DEFAULT, Roots
from bot.model.template import DECLARATION, Template
from bot.model.yaml_document import dump, line_of, load, unvalidated
from bot.names import EnvironmentName, PurposeName, TemplateName

SCHEMA = ".github/schemas/environment.schema.json"
GENERATED = "# Written by envclone: edit the template or ask for a change; `envclone verify` refuses hand edits.\n"


@dataclass(frozen=True, slots=True)
class TemplateAt:
    """A template at one revision: its declaration, its files, the git tree id of those files, and the cloud that it is for.

    `modules` are the modules outside that its code calls, as they lie in the repository (`core/hcl/local_modules`): no part of its
    revision.
    """

    declaration: Template
    files: Tree
    revision: str
    cloud: CloudFacts
    modules: Tree = field(default_factory=dict)
    roots: Roots = DEFAULT

    @property
    def where(self) -> str:
        """The template's directory, relative to the repository's root."""
        return self.roots.template(self.declaration.name)


def read_template(
    name: TemplateName, files: Tree, cloud: CloudFacts, read: ReadDirectory = nothing_outside, *, roots: Roots = DEFAULT
) -> TemplateAt:
    """Return the template whose directory holds `files`; `read` gives the modules outside.

    Raises `UserError`, `Unreadable` with the line of each mistake.
    """
    declaration = files.get(DECLARATION)
    where = roots.template(name)
    if declaration is None:
        raise UserError(f"{where}/{DECLARATION} does not exist: template `{name}` not found.")
    check_tree(files)
    text = text_of(declaration, f"{where}/{DECLARATION}")
    template = load(text, Template, f"{where}/{DECLARATION}")
    if template.name != name:
        message = f"`name` is `{template.name}`, but its directory is that of `{name}`."
        raise Unreadable(Finding(f"{where}/{DECLARATION}", line_of(text, ["name"]), message))
    read_hooks(files, where)  # what can't be read would be found by nobody before an environment has it
    return TemplateAt(template, files, tree_id(files), cloud, modules_outside(files, read), roots)


def read_hooks(files: Tree, where: str) -> Hooks:
    """Return the hooks declared in a directory's `hooks.yaml`; none when there is no such file."""
    declared = files.get(HOOKS)
    return load(text_of(declared, f"{where}/{HOOKS}"), Hooks, f"{where}/{HOOKS}") if declared else Hooks()


def read_manifest(files: Tree, where: str) -> Manifest:
    """Return the manifest in an environment's directory. Raises `Unreadable`."""
    manifest = files.get(MANIFEST)
    if manifest is None:
        message = (
            "missing, so this directory is not an environment. `/list` shows all environments, `/clone` creates one."
        )
        raise Unreadable(Finding(f"{where}/{MANIFEST}", 1, message))
    return load(text_of(manifest, f"{where}/{MANIFEST}"), Manifest, f"{where}/{MANIFEST}")


def own_manifest(files: Tree, name: EnvironmentName, roots: Roots) -> Manifest:
    """Return the manifest of an environment. Raises `Unreadable`, also when it says that it is of another one."""
    where = roots.environment(name)
    path, manifest = f"{where}/{MANIFEST}", read_manifest(files, where)
    if manifest.name != name:
        line = line_of(text_of(files[MANIFEST], path), ["name"])
        raise Unreadable(Finding(path, line, f"`name` is `{manifest.name}`, but its directory is that of `{name}`."))
    return manifest


def read_pipeline(files: Tree, where: str) -> Pipeline:
    """Return the steps of the environment in this directory."""
    return Pipeline.of(read_manifest(files, where).stacks, read_hooks(files, where))


def read_policy(data: bytes | None, cloud: CloudFacts) -> Policy:
    """Return the policy that is in the file; its defaults when there is none. Raises `Unreadable`."""
    if data is None:
        return Policy()
    text = text_of(File(data), POLICY)
    policy = load(text, Policy, POLICY)
    wrong = [Finding(POLICY, line_of(text, place), message) for place, message in account_problems(policy, cloud)]
    if wrong:
        raise Unreadable(*wrong)
    return policy


def read_roots(data: bytes | None) -> Roots:
    """Return the roots that the policy's file names, whatever else is wrong with it. Raises `Unreadable`."""
    if data is None:
        return DEFAULT
    text = text_of(File(data), POLICY)
    said = unvalidated(text)
    roots = said.get("roots") if isinstance(said, dict) else None
    if roots is None:
        return DEFAULT
    try:
        return Roots.model_validate(roots)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(["roots", *map(str, wrong["loc"])])
        raise Unreadable(
            Finding(POLICY, line_of(text, ["roots", *wrong["loc"]]), f"`{place}`: {plainly(wrong['msg'])}")
        ) from error


def assemble(template: TemplateAt, manifest: Manifest) -> dict[str, File]:
    """Return the files of an environment: a function of the template at its revision and of the manifest alone."""
    return {MANIFEST: manifest_file(manifest, template.roots), **rendered_files(template, manifest)}


def rendered_files(template: TemplateAt, manifest: Manifest) -> dict[str, File]:
    """Return the files of an environment without the manifest, which costs more to write than the others to render."""
    chosen = chosen_files(template, manifest.purpose, manifest.parameters)
    files = render(chosen, template.declaration.parameters, manifest.parameters)
    for path, file in block_files(template.declaration, manifest).items():
        if path in files:
            raise InvalidInput(
                f"{path} is where migrations' blocks are written. Give the template's own file another name."
            )
        files[path] = file
    for path in broken_links(files):
        raise InvalidInput(
            f"{path} is a symlink to `{files[path].link}`, which environments don't get, or not as it is here: a link must lead to a file that "
            "is copied. Commit the file itself."
        )
    if MANIFEST in files:
        raise InvalidInput(f"a template can't contain a file {MANIFEST}: that is the manifest's name. Rename it.")
    return files


def chosen_files(template: TemplateAt, purpose: PurposeName, parameters: Parameters) -> Tree:
    """Return the template's files that an environment of this purpose and with these parameters is rendered from."""
    when = template.declaration.files
    left_out = {path for path, each in when.items() if not each.applies(purpose, parameters)}
    if not left_out:
        return template.files
    return {path: file for path, file in template.files.items() if path.removesuffix(ENDING) not in left_out}


def manifest_file(manifest: Manifest, roots: Roots) -> File:
    """Return the manifest's file in the one form in which it is written."""
    up = posixpath.relpath(".", roots.environment(manifest.name))
    schema, body = dump(manifest, f"{up}/{SCHEMA}").split("\n", 1)
    return File(f"{schema}\n{GENERATED}{body}".encode())


def text_of(file: File, path: str) -> str:
    """Return the file's text. Raises `Unreadable` when it is not UTF-8."""
    try:
        return file.data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        raise Unreadable(Finding(path, line, "not valid UTF-8.")) from error
