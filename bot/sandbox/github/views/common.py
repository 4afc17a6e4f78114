"""GitHub's JSON for accounts, repositories and apps."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.accounts import AccountRecord, AppRecord, Caller, InstallationRecord
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.urls import node_id

# Suffix of each address under a repository's REST address, exactly as GitHub names and templates them.
REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def moment(time: datetime) -> str:
    """Return a time as GitHub writes it: `2026-11-22T09:30:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_moment(time: datetime | None) -> str | None:
    """Return a time as GitHub writes it, or None."""
    return None if time is None else moment(time)


def account_view(forge: Forge, account: AccountRecord) -> JsonObject:
    """A "simple user"."""
    url = forge.urls.user(account)
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("BOT" if account.type == "Bot" else "U", account.id),
        "avatar_url": f"{forge.urls.base}/avatars/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{forge.urls.base}/{account.login.replace('[bot]', '')}",
        **{name: url + suffix for name, suffix in USER_URLS.items()},
        "type": account.type,
        "user_view_type": "public",
        "site_admin": False,
    }


def profile_view(forge: Forge, account: AccountRecord) -> JsonObject:
    """A "public user", as `/user` and `/users/{login}` give it."""
    return {
        **account_view(forge, account),
        **dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username")),
        "name": account.login,
        "blog": "",
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": moment(account.created_at),
        "updated_at": moment(account.created_at),
    }


def organization_view(forge: Forge, account: AccountRecord) -> JsonObject:
    """An organization as webhook payloads carry it."""
    url = f"{forge.urls.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{forge.urls.base}/avatars/u/{account.id}?v=4",
        "description": "",
    }


def minimal_repository_view(forge: Forge, repository: RepositoryRecord) -> JsonObject:
    """A "minimal repository"."""
    url = forge.urls.repository(repository)
    return {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
        "owner": account_view(forge, repository.owner),
        "html_url": forge.urls.page(repository),
        "description": repository.description,
        "fork": repository.parent_id is not None,
        "url": url,
        **{name: url + suffix for name, suffix in REPOSITORY_URLS.items()},
    }


def repository_view(forge: Forge, repository: RepositoryRecord) -> JsonObject:
    """A "repository", as pull requests and webhook payloads have it."""
    open_issues = forge.state.open_issues(repository)
    clone = forge.urls.clone(repository)
    host = forge.urls.base.partition("://")[2]
    return {
        **minimal_repository_view(forge, repository),
        "created_at": moment(repository.created_at),
        "updated_at": moment(repository.pushed_at),
        "pushed_at": moment(repository.pushed_at),
        "git_url": f"git://{host}/{repository.full_name}.git",
        "ssh_url": f"git@{host.partition(':')[0]}:{repository.full_name}.git",
        "clone_url": clone,
        "svn_url": forge.urls.page(repository),
        **dict.fromkeys(("homepage", "language", "mirror_url", "license")),
        **dict.fromkeys(("size", "stargazers_count", "watchers_count", "forks_count", "forks", "watchers"), 0),
        **dict.fromkeys(("has_issues", "has_projects", "has_downloads", "has_wiki", "allow_forking"), True),
        "archived": repository.archived,
        **dict.fromkeys(("has_pages", "has_discussions", "disabled", "is_template"), False),
        "open_issues_count": open_issues,
        "open_issues": open_issues,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
    }


def full_repository_view(forge: Forge, repository: RepositoryRecord, viewer: Caller) -> JsonObject:
    """A "full repository", with what the caller may do in it."""
    role = forge.state.role(repository, viewer.account)
    order = ("pull", "triage", "push", "maintain", "admin")
    rank = ("read", "triage", "write", "maintain", "admin")
    reach = rank.index(role) if role in rank else (2 if viewer.app else -1)
    return {
        **repository_view(forge, repository),
        "permissions": {name: index <= reach for index, name in reversed(list(enumerate(order)))},
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_update_branch": False,
        "subscribers_count": 0,
        "network_count": 0,
    }


def app_view(forge: Forge, app: AppRecord) -> JsonObject:
    """An "integration"."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "owner": account_view(forge, app.owner),
        "name": app.name,
        "description": "",
        "external_url": f"{forge.urls.base}/apps/{app.slug}",
        "html_url": f"{forge.urls.base}/apps/{app.slug}",
        "created_at": moment(app.created_at),
        "updated_at": moment(app.created_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def maybe_app_view(forge: Forge, app: AppRecord | None) -> JsonObject | None:
    """An "integration", or null for what a person did."""
    return None if app is None else app_view(forge, app)


def installation_view(forge: Forge, installation: InstallationRecord) -> JsonObject:
    """An "installation"."""
    urls = forge.urls
    app = installation.app
    return {
        "id": installation.id,
        "client_id": app.client_id,
        "account": account_view(forge, installation.account),
        "repository_selection": "all" if installation.repository_ids is None else "selected",
        "access_tokens_url": f"{urls.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{urls.api}/installation/repositories",
        "html_url": f"{urls.base}/organizations/{installation.account.login}/settings/installations/{installation.id}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": installation.account.id,
        "target_type": installation.account.type,
        "permissions": dict(installation.permissions),
        "events": list(app.events),
        "created_at": moment(installation.created_at),
        "updated_at": moment(installation.created_at),
        **dict.fromkeys(("single_file_name", "suspended_by", "suspended_at")),
        "has_multiple_single_files": False,
        "single_file_paths": [],
    }
