"""Who the service is at GitHub, as its settings say. Light, so that whoever only asks GitHub loads none of the product's work."""

from datetime import timedelta

from bot.clients.github import GITHUB_COM, AppCredentials, Credentials, GitHub, Pacing, Token
from bot.clients.github.github_time import GitHubTime
from bot.errors import UserError
from bot.settings import PUBLIC_API, Settings


def github_client(settings: Settings) -> GitHub:
    """Return GitHub as the settings say: as an app or with a token. Raises `UserError`."""
    pacing = GITHUB_COM if settings.github_api_url.rstrip("/") == PUBLIC_API else Pacing()
    time = GitHubTime()
    return GitHub(
        _credentials(settings, time),
        api_url=settings.github_api_url,
        pacing=Pacing(
            per_minute=settings.content_per_minute or pacing.per_minute,
            per_hour=settings.content_per_hour or pacing.per_hour,
            longest_wait=timedelta(seconds=5),
        ),
        time=time,
    )


def _credentials(settings: Settings, time: GitHubTime) -> Credentials:
    if settings.github_app_id is not None and settings.github_private_key is not None:
        return AppCredentials(
            settings.github_app_id, settings.github_private_key.get_secret_value(), settings.github_api_url, time
        )
    if settings.github_token is not None:
        return Token(settings.github_token.get_secret_value(), settings.github_login)
    raise UserError("No GitHub credentials: set ENVCLONE_GITHUB_APP_ID and its key, or ENVCLONE_GITHUB_TOKEN.")
