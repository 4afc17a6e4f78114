"""Render the Helm chart with Helm's own library for each way to run it, and hold what comes out: `make check-chart`."""

import re
import sys
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml

CHART = Path(__file__).parent.parent / "docs/operate/helm"
NEEDED: dict[str, Any] = {"image": "registry.example/envclone@sha256:0", "githubAppId": 7}
INGRESS = {"host": "envclone.example.com", "className": "nginx", "tlsSecret": "tls"}
WAYS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "PostgreSQL": ({}, ["Deployment", "NetworkPolicy", "Service"]),
    "SQLite": ({"postgresql": False}, ["Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Service"]),
    "all of it": (
        {"ingress": INGRESS, "metricsNamespace": "monitoring", "settings": {"ENVCLONE_LOG_LEVEL": "DEBUG"}},
        ["Deployment", "Ingress", "NetworkPolicy", "Service"],
    ),
}


def rendered(values: dict[str, Any]) -> dict[str, Any]:
    """Return the objects by their kind."""
    texts = helm.Chart.load(str(CHART)).render({**NEEDED, **values}, name="envclone", namespace="tools")
    found = [each for text in texts.values() for each in yaml.safe_load_all(text) if each]
    assert not re.search(r"<no value>|<nil>", "".join(texts.values()))
    return {each["kind"]: each for each in found}


def main() -> int:
    """Say what was rendered; any assertion that fails ends it."""
    report = helm.lint(str(CHART), NEEDED, strict=True, quiet=True)
    assert not report["errors"], report
    for way, (values, kinds) in WAYS.items():
        found = rendered(values)
        assert sorted(found) == kinds, (way, sorted(found))
        spec = found["Deployment"]["spec"]
        with_postgresql = values.get("postgresql", True)
        assert spec["replicas"] == (2 if with_postgresql else 1)
        assert ("strategy" in spec) is not with_postgresql
        (container,) = spec["template"]["spec"]["containers"]
        names = {each["name"] for each in container["env"]}
        assert ("ENVCLONE_DATABASE_URL_FILE" in names) is with_postgresql
        assert all(isinstance(each.get("value", ""), str) for each in container["env"]), "Kubernetes takes texts alone"
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted == {each["name"] for each in spec["template"]["spec"]["volumes"]}
        print(f"{way}: {', '.join(kinds)}")
    for left_out, said in (("image", "by digest"), ("githubAppId", "Say which App")):
        refusal = ""
        try:
            rendered({left_out: ""})
        except helm.HelmRenderError as error:
            refusal = str(error)
        assert said in refusal, f"{left_out} may be left out: {refusal}"
    print(f"Rendered with Helm {helm.helm_sdk_version()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
