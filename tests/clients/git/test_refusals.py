"""What a server refuses for good is told with the way, and with the server's own words."""

import pytest

from bot.clients.git.refusals import refusal

PUSH_PROTECTION = """\
remote: error: GH013: Repository rule violations found for refs/heads/envclone/demo-x.
remote:
remote: - GITHUB PUSH PROTECTION
remote:   —————————————————————————————————————————
remote:     Resolve the following violations before pushing again
remote:
remote:     - Push cannot contain secrets
remote:
remote:      (?) Learn how to resolve a blocked push
remote:      https://docs.github.com/code-security/secret-scanning
remote:
remote:       —— GitHub Personal Access Token ——————————————————————
remote:        locations:
remote:          - commit: 8728dbe67
remote:            path: envs/demo-x/app/terraform.tfvars.json:4
To https://github.example/acme/infra.git
 ! [remote rejected] envclone/demo-x -> envclone/demo-x (push declined due to repository rule violations)
error: failed to push some refs to 'https://github.example/acme/infra.git'
"""


def test_a_secret_in_what_is_pushed_is_told_with_its_place_and_not_as_a_rule_to_be_exempt_from() -> None:
    said = str(refusal("push", PUSH_PROTECTION))
    assert said.startswith("GitHub found a secret in the rendered files")
    assert "bypass" not in said
    assert "> path: envs/demo-x/app/terraform.tfvars.json:4" in said
    assert "Learn how" not in said
    assert "> —————" not in said


@pytest.mark.parametrize(
    "said",
    [
        "refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml` without `workflows` permission",
        "refusing to allow a Personal Access Token to create or update workflow `.github/workflows/x.yml` without `workflow` scope",
    ],
)
def test_a_workflow_among_the_files_is_refused_whatever_the_token(said: str) -> None:
    found = refusal("push", f"To https://github.example/acme/infra.git\n ! [remote rejected] x -> x ({said})\n")
    assert "Keep `.github/` out of the template" in str(found)


def test_what_may_pass_by_itself_is_no_refusal() -> None:
    for said in ("fatal: unable to access 'x': The requested URL returned error: 503", "fatal: early EOF", ""):
        assert refusal("fetch", said) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: This repository was archived so it is read-only.", "Unarchive it"),
        ("error: GH006: Protected branch update failed for refs/heads/envclone/demo-x.", "Let the App push there"),
        ("! [remote rejected] x -> x (protected branch hook declined)", "Let the App push there"),
        ("error: GH013: Repository rule violations found for refs/heads/envclone/demo-x.", "bypass list"),
        ("error: GH007: Your push would publish a private email address.", "under Emails"),
        ("error: GH001: Large files detected.", "out of the template"),
        ("! [remote rejected] x -> x (pre-receive hook declined)", "Whoever runs the server"),
        ("! [remote rejected] x -> x (deny updating a hidden ref)", "Whoever runs the server"),
        ("The `acme` organization has an IP allow list enabled", "Add its address there"),
        ("The `acme` organization has enabled or enforced SAML SSO.", "Authorise it"),
        ("Your account is suspended. Please visit https://support.github.com", "unsuspend it"),
        ("This installation has been suspended", "unsuspend it"),
        ("Access to this repository has been disabled by GitHub staff.", "Ask GitHub's support"),
        ("Permission to acme/infra.git denied to envclone[bot].", "`contents: write`"),
        ("Write access to repository not granted.", "`contents: write`"),
        ("Repository not found.", "Install the App on it"),
        ("fatal: repository 'https://github.example/acme/infra.git/' not found", "Install the App on it"),
    ],
)
def test_each_refusal_for_good_is_told_with_what_to_do(said: str, told: str) -> None:
    found = refusal(
        "push", f"remote: {said}\nerror: failed to push some refs to 'https://github.example/acme/infra.git'\n"
    )
    assert told in str(found)
    assert "`git push`" in str(found)
