"""The part of `envclone init` that brings the identities of accounts as Terraform: which clouds, and what is known of each account."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from os import environ
from pathlib import Path
from urllib.parse import urlsplit

from bot.cli.local.installing.accounts import SaidAccount, option
from bot.cli.local.installing.installation import Installation
from bot.cli.own_github import GITHUB_COM, own_github
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.commits import asked
from bot.clients.shipped import shipped_roles
from bot.clouds.registry import FACTS
from bot.clouds.roles import ROLE_CODE, issuer_of, shared_values
from bot.core.installation.files import GITHUB, ROLES, UNKEPT
from bot.core.rendering.assemble import read_manifest, read_policy
from bot.core.requests.accounts import REGION
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.template import Choices, Parameter
from bot.names import EnvironmentName, ParameterName, TemplateName
from bot.settings import is_loopback

SHARED = "terraform.tfvars.json"
_TABLE = r"[A-Za-z0-9_.-]{3,255}"
"""Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html."""
LOCK_TABLE = "lock_table"
STATE_BUCKET = ParameterName("state_bucket")
"""What a template calls the bucket of an account's states, if it has a parameter for it, as those that `adopt` writes have."""


class Cloud(StrEnum):
    """A cloud that roles are made in, as the policy names it."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"


def named_clouds(place: Installation) -> Sequence[Cloud]:
    """Return the clouds of the policy's accounts or, while it names none, those whose providers the committed code has."""
    named = {account.cloud or FACTS.key for account in _policy(place.root).accounts.values()}
    return (
        [each for each in Cloud if each in named] if named else [each for each in Cloud if _is_used(place.root, each)]
    )


def names_accounts(place: Installation) -> bool:
    """Say whether the policy names an account."""
    return bool(_policy(place.root).accounts)


def bring_roles(place: Installation, clouds: Sequence[Cloud], said: Mapping[str, SaidAccount]) -> None:
    """Write the code of each cloud, and the values of each account that is known or was said."""
    shared = shared_values(*_trusted(place.root))
    for each in clouds:
        directory = f"{GITHUB}/{ROLES}/{ROLE_CODE[each].directory}"
        for path, newer in shipped_roles(ROLE_CODE[each]).items():
            place.bring(path, newer)
        place.begin(f"{directory}/{SHARED}", shared)
        for account, values in _accounts(place.root, each, said).items():
            place.begin(f"{directory}/{account}.tfvars.json", values)
    if clouds:
        place.put(f"{GITHUB}/{ROLES}/.gitignore", UNKEPT.encode())


def _trusted(root: Path) -> tuple[str, str]:
    """Return the repository whose jobs get the roles, and who signs their tokens if that is not github.com.

    Both are empty where a person has to say it, since a wrong one lets strangers in: a checkout with an `upstream` has somebody's fork as
    its `origin`. A name from another server may be anybody's on github.com, so the two are only said together.
    """
    github = own_github(root, environ)
    if github is None or asked(root, "remote", "get-url", "upstream") is not None:
        return "", ""
    host = urlsplit(github.server).hostname or ""
    return github.repository, "" if host == GITHUB_COM or is_loopback(host) else issuer_of(host)


def roles_left(
    place: Installation, clouds: Sequence[Cloud], said: Mapping[str, SaidAccount], branch: str
) -> Iterator[str]:
    """Yield how an administrator makes the roles of each cloud that the default branch's policy has no account of."""
    named = _policy(place.root).accounts
    merged = _merged_accounts(place.root, branch)
    old = {
        account.cloud or FACTS.key
        for name, account in named.items()
        if name not in said and (merged is None or name in merged)
    }
    for each in clouds:
        if each in old:
            continue
        accounts = list(_accounts(place.root, each, said)) or ["ACCOUNT"]
        directory = f"{GITHUB}/{ROLES}/{ROLE_CODE[each].directory}"
        making = (
            f"make the roles of each account ({', '.join(accounts)}), as its administrator, in {directory}: `terraform init`, "
            f"`terraform workspace new {accounts[0]}`, `terraform apply -var-file={accounts[0]}.tfvars.json` (it asks for what the file lacks)"
        )
        if set(accounts) <= named.keys():
            yield f"{making}; {POLICY} names them already"
            continue
        known = {**found_accounts(place.root, each), **said}.values()
        options = " ".join(option(one) for one in known if one.cloud == each and one.id not in named)
        yield (
            f"{making}, and put what `terraform output -raw account` prints below `accounts:` in {POLICY}"
            + (f", or run this again with `{options}`" if options else "")
        )


def _merged_accounts(root: Path, branch: str) -> Collection[str] | None:
    """Return the accounts that the default branch's policy names, as far as this checkout has heard; None if it can't be seen."""
    commits = (
        asked(root, "rev-parse", "--verify", "--quiet", f"refs/{each}/{branch}") for each in ("remotes/origin", "heads")
    )
    commit = next((each for each in commits if each), None)
    if commit is None:
        return None
    text = asked(root, "show", f"{commit.decode().strip()}:{POLICY}")
    try:
        return read_policy(text, FACTS).accounts.keys() if text else ()
    except UserError:
        return None


def _accounts(root: Path, cloud: Cloud, said: Mapping[str, SaidAccount]) -> Mapping[str, bytes]:
    """Return the variables of each account of a cloud that the policy names, that was said or is found, as far as they are known."""
    policy, code = _policy(root), ROLE_CODE[cloud]
    in_code = found_accounts(root, cloud)
    tables = {name: each.facts.get(LOCK_TABLE, "") for name, each in in_code.items()}
    found = {
        number: code.values(number, account.region, account.state_bucket, tables.get(number, ""))
        for name, account in policy.accounts.items()
        for number in [account.id or name]
        if (account.cloud or FACTS.key) == cloud
    }
    others = said if policy.accounts else {**in_code, **said}
    for each in others.values():
        if each.cloud == cloud and each.id not in found:
            region, bucket = (each.facts.get(key, "") for key in ("region", STATE_BUCKET))
            found[each.id] = code.values(each.id, region, bucket, tables.get(each.id, ""))
    return found


def found_accounts(root: Path, cloud: Cloud) -> Mapping[str, SaidAccount]:
    """Return the accounts of a cloud that protected environments and templates name, each with what they say of it."""
    policy, form = _policy(root), FACTS.accounts[cloud]
    found: dict[str, SaidAccount] = {}
    for account, region, bucket, files in _named(Checkout(root, policy.roots), policy):
        if re.fullmatch(form.account, account) and account not in found:
            facts = {
                "region": (region or _written(files, "region|location", form.region), form.region),
                STATE_BUCKET: (bucket, form.bucket),
                LOCK_TABLE: (_written(files, ROLE_CODE[cloud].locked_by, _TABLE), _TABLE),
            }
            known = {key: value for key, (value, pattern) in facts.items() if re.fullmatch(pattern, value)}
            found[account] = SaidAccount(account, cloud, known)
    return found


def _named(checkout: Checkout, policy: Policy) -> Iterator[tuple[str, str, str, Tree]]:
    """Yield the accounts of protected environments and those that templates give clones, each with its region and bucket as far as they are said.

    The last is the code that may say more of it.
    """
    for name in policy.protected:
        try:
            files = checkout.environment(EnvironmentName(name))
            values = read_manifest(files, checkout.roots.environment(EnvironmentName(name))).parameters
        except UserError:
            continue
        account = next((str(values[key]) for key in policy.account_parameters if values.get(key)), "")
        yield account, str(values.get(REGION, "")), str(values.get(STATE_BUCKET, "")), files
    for each in checkout.templates():
        files = checkout.template(TemplateName(each))
        try:
            found = checkout.read_template(TemplateName(each), files)
        except UserError:
            continue
        declared = found.declaration.parameters
        bucket = declared[STATE_BUCKET].derive if STATE_BUCKET in declared else None
        region = str(declared[REGION].default or "") if REGION in declared else ""
        code = {path: _filled(file, declared) for path, file in files.items()}
        said = (declared[key] for key in policy.account_parameters if key in declared)
        for text in (text for one in said for text in (one.derive, one.default, *_choices(one)) if text):
            yield str(text), region, bucket if bucket and "{" not in bucket else "", code


def _filled(file: File, declared: Mapping[ParameterName, Parameter]) -> File:
    """Return a template's file with the texts that every clone has."""
    known = {str(name): each.derive for name, each in declared.items() if each.derive and "{" not in each.derive}
    filled = re.sub(
        rb"\{\{ (\w+) \}\}", lambda found: known.get(found[1].decode(), found[0].decode()).encode(), file.data
    )
    return File(filled)


def _written(files: Tree, arguments: str, form: str) -> str:
    """Return what code says of one of the arguments, if it says one thing alone."""
    if not arguments:
        return ""
    named = re.compile(rf'^\s*(?:{arguments})\s*=\s*"(?P<said>{form})"', re.MULTILINE)
    texts = (each.data.decode("utf-8", "replace") for each in files.values())
    found = {each["said"] for text in texts for each in named.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def _choices(parameter: Parameter) -> Sequence[object]:
    return parameter.allocate.choices if isinstance(parameter.allocate, Choices) else ()


def _is_used(root: Path, cloud: Cloud) -> bool:
    """Say whether a committed file of Terraform's has something of a cloud's provider."""
    written = rf'^[[:space:]]*(provider|resource|data)[[:space:]]+"{ROLE_CODE[cloud].provider}["_]'
    return asked(root, "grep", "--quiet", "--cached", "-E", written, "--", "*.tf", "*.tf.j2") is not None


def unread(place: Installation) -> Iterator[str]:
    """Yield what a person has to correct in a policy that can't be read, since nothing of it counted here."""
    try:
        own_checkout(place.root).policy()
    except UserError as error:
        yield f"correct {POLICY} and run this again, since its accounts could not be read: {' '.join(str(error).split())}"


def _policy(root: Path) -> Policy:
    try:
        return own_checkout(root).policy()
    except UserError:
        return Policy()  # `unread` says so
