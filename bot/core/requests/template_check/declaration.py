"""What a template's declaration says that can't be: each of its parts is valid by itself, and contradicts another."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.core.rendering.assemble import TemplateAt, text_of
from bot.core.rendering.migrations import problems as migration_problems
from bot.core.rendering.parameter_rules import problems as rule_problems
from bot.core.rendering.parameter_types import checked
from bot.core.rendering.parameter_values import ENVIRONMENT, references
from bot.core.rendering.render import ENDING
from bot.errors import Finding, InvalidInput
from bot.model.pipeline import Json
from bot.model.template import DECLARATION
from bot.model.yaml_document import line_of
from bot.names import ParameterName


def declaration_findings(template: TemplateAt) -> Iterator[Finding]:
    """Yield what a declaration says that can't be: of its parts, which its models see one by one, against each other."""
    where = f"{template.where}/{DECLARATION}"
    text = text_of(template.files[DECLARATION], where)
    for place, problem in (
        *_parameter_problems(template),
        *_purpose_problems(template),
        *_chosen_file_problems(template),
        *_unmanaged_problems(template),
        *migration_problems(template.declaration),
    ):
        yield Finding(where, line_of(text, place), problem)
    for position, problem in rule_problems(template.declaration):
        yield Finding(where, line_of(text, ["rules", position]), problem)


def _parameter_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared = template.declaration.parameters
    former = Counter(old for parameter in declared.values() for old in parameter.renamed_from)
    for name, parameter in declared.items():
        for old in parameter.renamed_from:
            if old in declared or former[old] > 1:
                yield (
                    ("parameters", name, "renamed_from"),
                    f"`{old}` is {'still' if old in declared else 'also'} another parameter's name.",
                )
        for reference in references(parameter.derive or ""):
            if reference != ENVIRONMENT and reference not in declared:
                yield ("parameters", name, "derive"), f"unknown parameter `{reference}`."
        if parameter.default is not None:
            place = ("parameters", name, "default")
            yield from ((place, problem) for problem in _value_problems(template, name, parameter.default))
            if parameter.identity:
                yield (
                    place,
                    "an identity parameter can't have a default: clones would share it. `derive` or allocate it, or `set` it in each purpose.",
                )


def _purpose_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared, purposes = template.declaration.parameters, template.declaration.purposes
    if template.declaration.default_purpose not in purposes:
        yield ("default_purpose",), f"unknown purpose `{template.declaration.default_purpose}`."
    for purpose_name, purpose in purposes.items():
        for name, value in purpose.set.items():
            place = ("purposes", purpose_name, "set", name)
            if name not in declared:
                yield place, f"unknown parameter `{name}`."
            elif not (isinstance(value, str) and references(value)):
                yield from ((place, problem) for problem in _value_problems(template, name, value))
        for wanted in (*purpose.match, *purpose.differ):
            parameter = wanted.removeprefix("parameter:")
            if parameter != wanted and parameter not in declared:
                yield ("purposes", purpose_name), f"unknown parameter `{parameter}`."


def _chosen_file_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared, rendered = template.declaration, {path.removesuffix(ENDING) for path in template.files}
    for path, when in declared.files.items():
        if path not in rendered:
            yield (
                ("files", path),
                f"`{path}` is not a file of the template. Name it as it is rendered, without `{ENDING}`.",
            )
        for purpose in when.purpose:
            if purpose not in declared.purposes:
                yield ("files", path), f"unknown purpose `{purpose}`."
        for name, value in when.parameter.items():
            if name not in declared.parameters:
                yield ("files", path), f"unknown parameter `{name}`."
            else:
                yield from ((("files", path), problem) for problem in _value_problems(template, name, value))


def _unmanaged_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    for environment, values in template.declaration.unmanaged.items():
        for name, value in values.items():
            place = ("unmanaged", environment, name)
            if name not in template.declaration.parameters:
                yield place, f"unknown parameter `{name}`."
            else:
                yield from ((place, problem) for problem in _value_problems(template, name, value))


def _value_problems(template: TemplateAt, name: ParameterName, value: Json) -> Iterator[str]:
    try:
        checked(name, template.declaration.parameters[name], value)
    except InvalidInput as error:
        yield str(error)
