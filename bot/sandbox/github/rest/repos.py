"""REST: users, repositories, branches, references, commits and file contents."""

from __future__ import annotations

import base64
from urllib.parse import quote

from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.auth import read
from bot.sandbox.github.git.bare import GitReference, TreeEntry
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.routing import Operations, RestCall
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import account_view, full_repository_view, profile_view
from bot.sandbox.github.views.pulls import commit_view, full_commit_view, pull_view

table = Operations()
CONTENTS = read("contents")
# The legacy name of each role, which `permission` shows; `role_name` shows the role itself.
LEGACY = {"maintain": "write", "triage": "read"}


@table.on("GET", "/rate_limit")
def get_rate_limit(call: RestCall) -> RestAnswer:
    """What the caller may still ask this hour."""
    rate = call.rate
    return RestAnswer({"resources": {"core": rate, "search": rate}, "rate": rate})


@table.on("GET", "/user")
def get_authenticated_user(call: RestCall) -> RestAnswer:
    """The person who asks; apps have no user."""
    if call.by.app is not None:
        raise ApiError(403, "Resource not accessible by integration")
    return RestAnswer(profile_view(call.forge, call.by.account))


@table.on("GET", "/users/{login}")
def get_user(call: RestCall) -> RestAnswer:
    """Anybody's profile."""
    account = call.forge.state.account(call.path["login"])
    if account is None:
        raise not_found()
    return RestAnswer(profile_view(call.forge, account))


@table.on("GET", "/repos/{owner}/{repo}")
def get_repository(call: RestCall) -> RestAnswer:
    """A repository."""
    repository = call.repository(read("metadata"))
    return RestAnswer(full_repository_view(call.forge, repository, call.by))


@table.on("GET", "/repos/{owner}/{repo}/collaborators")
def list_collaborators(call: RestCall) -> RestAnswer:
    """People with a role of their own; with `permission`, those whose role includes it."""
    repository = call.repository(read("metadata"))
    wanted = call.query.get("permission", "pull")
    found = [
        (account, role)
        for account in call.forge.state.accounts.values()
        if account.type == "User"
        and (role := call.forge.state.roles.get((repository.id, account.id), "none"))
        and _permissions(role).get(wanted)
    ]
    return call.listing(
        found,
        lambda pair: {**account_view(call.forge, pair[0]), "permissions": _permissions(pair[1]), "role_name": pair[1]},
    )


@table.on("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission")
def get_permission(call: RestCall) -> RestAnswer:
    """What an account may do: `permission` admin, write, read or none, and the finer `role_name`."""
    repository = call.repository(read("metadata"))
    account = call.forge.state.account(call.path["login"])
    if account is None or account.type != "User":
        raise ApiError(404, f"{call.path['login']} is not a user")
    role = call.forge.state.role(repository, account)
    permission = LEGACY.get(role, role)
    user: JsonObject = {**account_view(call.forge, account), "permissions": _permissions(role), "role_name": role}
    return RestAnswer({"permission": permission, "role_name": role, "user": user})


def _permissions(role: str) -> JsonObject:
    roles = ("read", "triage", "write", "maintain", "admin")
    reach = roles.index(role) if role in roles else -1
    names = ("pull", "triage", "push", "maintain", "admin")
    return {name: index <= reach for index, name in enumerate(names)}


@table.on("GET", "/repos/{owner}/{repo}/branches/{branch:path}")
def get_branch(call: RestCall) -> RestAnswer:
    """A branch, its commit and its protection."""
    repository = call.repository(CONTENTS)
    name = call.path["branch"]
    sha = call.forge.bare(repository).reference(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    rules = repository.protection(name)
    checks = list(rules.required_checks) if rules else []
    url = f"{call.forge.urls.repository(repository)}/branches/{quote(name)}"
    level = "non_admins" if rules and checks else "off"
    return RestAnswer(
        {
            "name": name,
            "commit": commit_view(call.forge, repository, call.forge.bare(repository).commit(sha)),
            "_links": {"self": url, "html": f"{call.forge.urls.page(repository)}/tree/{quote(name)}"},
            "protected": rules is not None,
            "protection": {
                "enabled": rules is not None,
                "required_status_checks": {"enforcement_level": level, "contexts": checks, "checks": []},
            },
            "protection_url": f"{url}/protection",
        }
    )


def _ref_view(call: RestCall, repository: RepositoryRecord, found: GitReference) -> JsonObject:
    api = call.forge.urls.repository(repository)
    return {
        "ref": found.name,
        "node_id": node_id("REF", f"{repository.id}:{found.name}"),
        "url": f"{api}/git/{quote(found.name)}",
        "object": {"sha": found.sha, "type": found.kind, "url": f"{api}/git/{found.kind}s/{found.sha}"},
    }


@table.on("GET", "/repos/{owner}/{repo}/git/ref/{ref:path}")
def get_ref(call: RestCall) -> RestAnswer:
    """One reference by its full name without `refs/`."""
    repository = call.repository(CONTENTS)
    name = f"refs/{call.path['ref']}"
    rows = call.forge.bare(repository).references(name)
    for row in rows:
        if row[0] == name:
            return RestAnswer(_ref_view(call, repository, row))
    raise not_found()


@table.on("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref:path}")
def list_matching_refs(call: RestCall) -> RestAnswer:
    """All references that begin with a name."""
    repository = call.repository(CONTENTS)
    rows = call.forge.bare(repository).references(f"refs/{call.path['ref']}")
    return RestAnswer([_ref_view(call, repository, row) for row in rows if not row[0].startswith("refs/pull/")])


def resolved(call: RestCall, repository: RepositoryRecord, revision: str) -> str:
    """Return the commit that a client names, or raise 422 as GitHub does for an unknown one."""
    sha = call.forge.commit_id(repository, revision)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {revision}")
    return sha


@table.on("GET", "/repos/{owner}/{repo}/commits/{ref:path}")
def get_commit(call: RestCall) -> RestAnswer:
    """A commit by branch, tag or id, with its files."""
    repository = call.repository(CONTENTS)
    commit = call.forge.bare(repository).commit(resolved(call, repository, call.path["ref"]))
    if "application/vnd.github.sha" in call.accept:
        return RestAnswer(commit.sha.encode(), headers={"Content-Type": "application/vnd.github.sha"})
    return RestAnswer(full_commit_view(call.forge, repository, commit))


@table.on("GET", "/repos/{owner}/{repo}/commits/{sha}/pulls")
def list_commit_pulls(call: RestCall) -> RestAnswer:
    """The pull requests that brought, or would bring, a commit."""
    repository = call.repository(read("pull_requests"), CONTENTS)
    sha = resolved(call, repository, call.path["sha"])
    bare = call.forge.bare(repository)
    found = [
        (issue, issue.pull)
        for issue in call.forge.state.issues_of(repository)
        if issue.pull is not None
        and (
            sha in (issue.pull.head_sha, issue.pull.merge_commit_sha)
            or (
                bare.is_ancestor(call.forge.state.rebased.get(sha, sha), issue.pull.head_sha)
                and not bare.is_ancestor(sha, issue.pull.base_sha)
            )
        )
    ]
    return call.listing(found, lambda pair: pull_view(call.forge, repository, *pair))


@table.on("GET", "/repos/{owner}/{repo}/contents")
def get_root_contents(call: RestCall) -> RestAnswer:
    """The root directory."""
    return _contents(call, "")


@table.on("GET", "/repos/{owner}/{repo}/contents/{path:path}")
def get_contents(call: RestCall) -> RestAnswer:
    """A file, or the list of a directory, at `?ref=` (the default branch)."""
    return _contents(call, call.path["path"].strip("/"))


def _contents(call: RestCall, path: str) -> RestAnswer:
    repository = call.repository(CONTENTS)
    ref = call.query.get("ref", repository.default_branch)
    sha = call.forge.commit_id(repository, ref)
    if sha is None:
        raise ApiError(404, f"No commit found for the ref {ref}")
    bare = call.forge.bare(repository)
    entry = bare.entry(sha, path) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.kind == "tree":
        return RestAnswer([_entry_view(call, repository, ref, child) for child in bare.children(sha, path)])
    content = bare.blob(entry.sha)
    if "raw" in call.accept:
        return RestAnswer(content, headers={"Content-Type": "application/vnd.github.raw+json; charset=utf-8"})
    encoded = base64.encodebytes(content).decode()
    return RestAnswer({**_entry_view(call, repository, ref, entry), "encoding": "base64", "content": encoded})


def _entry_view(call: RestCall, repository: RepositoryRecord, ref: str, entry: TreeEntry) -> JsonObject:
    api = call.forge.urls.repository(repository)
    page = call.forge.urls.page(repository)
    is_directory = entry.kind == "tree"
    url = f"{api}/contents/{quote(entry.path)}?ref={quote(ref)}"
    git_url = f"{api}/git/{'trees' if is_directory else 'blobs'}/{entry.sha}"
    html_url = f"{page}/{'tree' if is_directory else 'blob'}/{quote(ref)}/{quote(entry.path)}"
    return {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size,
        "url": url,
        "html_url": html_url,
        "git_url": git_url,
        "download_url": None if is_directory else f"{page}/raw/{quote(ref)}/{quote(entry.path)}",
        "type": "dir" if is_directory else "file",
        "_links": {"self": url, "git": git_url, "html": html_url},
    }
