"""REST: apps, installations and their tokens, and the rate limit."""

from __future__ import annotations

from bot.sandbox.github.answers import ApiError, RestAnswer, not_found
from bot.sandbox.github.auth import LEVELS, reads, require_app
from bot.sandbox.github.records.accounts import InstallationRecord, Level, Permissions
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.tokens import issue_installation_token
from bot.sandbox.github.views.common import app_view, installation_view, moment, repository_view

table = Operations()


class TokenRequest(RequestBody):
    """What an installation token is narrowed to."""

    repositories: list[str] | None = None
    repository_ids: list[int] | None = None
    permissions: dict[str, Level] | None = None


@table.on("GET", "/app")
def get_app(call: RestCall) -> RestAnswer:
    """The app that asks."""
    return RestAnswer(app_view(call.forge, require_app(call.identity)))


@table.on("GET", "/app/installations")
def list_installations(call: RestCall) -> RestAnswer:
    """Where the app that asks is installed."""
    app = require_app(call.identity)
    found = [i for i in call.forge.state.installations.values() if i.app.id == app.id]
    return call.listing(found, lambda installation: installation_view(call.forge, installation))


def _own_installation(call: RestCall) -> InstallationRecord:
    app = require_app(call.identity)
    installation = call.forge.state.installations.get(call.number("installation"))
    if installation is None or installation.app.id != app.id:
        raise not_found()
    return installation


@table.on("GET", "/app/installations/{installation}")
def get_installation(call: RestCall) -> RestAnswer:
    """One installation of the app that asks."""
    return RestAnswer(installation_view(call.forge, _own_installation(call)))


@table.on("GET", "/repos/{owner}/{repo}/installation")
def get_repository_installation(call: RestCall) -> RestAnswer:
    """The installation through which the app that asks reaches a repository."""
    app = require_app(call.identity)
    repository = call.forge.state.repository(f"{call.path['owner']}/{call.path['repo']}")
    for installation in call.forge.state.installations.values():
        if repository is None or installation.app.id != app.id or installation.account.id != repository.owner.id:
            continue
        if installation.repository_ids is None or repository.id in installation.repository_ids:
            return RestAnswer(installation_view(call.forge, installation))
    raise not_found()


@table.on("POST", "/app/installations/{installation}/access_tokens")
def create_access_token(call: RestCall) -> RestAnswer:
    """Make a token that lives for an hour, for all or some of the installation's repositories and permissions."""
    installation = _own_installation(call)
    wanted = call.body(TokenRequest)
    permissions = _narrowed(installation.permissions, wanted.permissions)
    repository_ids = _chosen(call, installation, wanted)
    token = issue_installation_token(call.forge.state, installation, permissions, repository_ids)
    body: dict[str, object] = {
        "token": token.secret,
        "expires_at": moment(token.expires_at) if token.expires_at else "",
        "permissions": dict(permissions),
        "repository_selection": "all" if repository_ids is None else "selected",
    }
    if repository_ids is not None:
        chosen = [r for r in call.forge.state.repositories.values() if r.id in repository_ids]
        body["repositories"] = [repository_view(call.forge, repository) for repository in chosen]
    return RestAnswer(body, 201)


@table.on("GET", "/installation/repositories")
def list_repositories(call: RestCall) -> RestAnswer:
    """The repositories that an installation token reaches."""
    state = call.forge.state
    if call.by.installation_id is None:
        raise ApiError(403, "You must authenticate with an installation access token in order to list repositories.")
    found = [repository for repository in state.repositories.values() if reads(state, call.by, repository)]
    page = call.page(found)
    views = [repository_view(call.forge, repository) for repository in page.items]
    selection = "all" if call.by.repository_ids is None else "selected"
    body = {"total_count": page.total, "repository_selection": selection, "repositories": views}
    return RestAnswer(body, headers=page.headers)


def _narrowed(permissions: Permissions, wanted: Permissions | None) -> Permissions:
    if not wanted:
        # An empty object asks for everything, too: PyGithub sends one when it wants no narrowing.
        return permissions
    for name, level in wanted.items():
        if name not in permissions or LEVELS[level] > LEVELS[permissions[name]]:
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    return wanted


def _chosen(call: RestCall, installation: InstallationRecord, wanted: TokenRequest) -> frozenset[int] | None:
    if wanted.repositories is None and wanted.repository_ids is None:
        return installation.repository_ids
    repositories = call.forge.state.repositories.values()
    names = {name.casefold() for name in wanted.repositories or ()}
    ids = set(wanted.repository_ids or ())
    reachable = [
        repository
        for repository in repositories
        if repository.owner.id == installation.account.id
        and (installation.repository_ids is None or repository.id in installation.repository_ids)
    ]
    chosen = [r for r in reachable if r.name.casefold() in names or r.id in ids]
    if len(chosen) < max(len(names), len(ids)):
        message = (
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
        raise ApiError(422, message)
    return frozenset(repository.id for repository in chosen)
