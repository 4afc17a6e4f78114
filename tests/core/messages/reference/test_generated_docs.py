"""The generated documents say what the models and the command table say, and the shipped files keep to the schemas."""

import json
from functools import cache

import jsonschema_rs
import pytest
import yaml

from bot.cli.local import schema as generated
from bot.cli.local.schema import with_settings
from bot.commands.specs import TABLE
from bot.core.messages.reference.generated_docs import FORMATS
from bot.settings import ALIASES, Settings
from tests import ROOT


@cache
def documents() -> dict[str, str]:
    return generated.documents()


def test_every_generated_document_is_up_to_date() -> None:
    assert {path: (ROOT / path).read_text("utf-8") for path in documents()} == documents(), "run `make docs`"


def test_the_readme_holds_every_setting_and_its_other_names_in_one_table() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == with_settings(text), "run `make docs`"
    for name in (*(field.upper() for field in Settings.model_fields), *ALIASES):
        assert f"`ENVCLONE_{name}`" in text, name
        assert f"`ENVCLONE_{name}`" in documents()["docs/settings.md"], name


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert all(f"## /{spec.verb}" in text and spec.example in text for spec in TABLE)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("template", "templates/production/template.yaml"),
        ("hooks", "templates/production/hooks.yaml"),
        ("environment", "envs/production/environment.yaml"),
        ("policy", ".github/envclone.yml"),
    ],
)
def test_the_shipped_files_keep_to_the_shipped_schemas(schema: str, path: str) -> None:
    assert schema in FORMATS
    description = json.loads((ROOT / ".github" / "schemas" / f"{schema}.schema.json").read_text("utf-8"))
    text = (ROOT / path).read_text("utf-8")
    jsonschema_rs.validate(description, yaml.safe_load(text))
    assert path.startswith(".github") or f"{schema}.schema.json" in text.splitlines()[0]


@pytest.mark.parametrize("name", FORMATS)
def test_every_key_of_a_format_says_what_it_means(name: str) -> None:
    found = json.loads(documents()[f".github/schemas/{name}.schema.json"])
    objects = {name: found, **found["$defs"]}
    bare = [
        f"{called}.{key}"
        for called, each in objects.items()
        for key, value in each.get("properties", {}).items()
        if "description" not in value and "const" not in value
    ]
    assert not bare


def test_what_all_types_of_parameters_have_is_explained_once() -> None:
    page = documents()["docs/formats.md"]
    assert page.count("| `settable` |") == 1
    assert page.index("### Parameters of every type") < page.index("| `settable` |") < page.index("### BoolParameter")
