"""The service's work for one event, done once: all of the service is loaded with it."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.actions.own_settings import own_settings
from bot.cli.serving.composition import service
from bot.clients.store import open_store
from bot.events import Event, LookBack
from bot.jobs.at_once import CarriedOut, carry_out
from bot.service.author_limit import AuthorLimit, CommentsCounted
from bot.service.replies import is_settled


def carried_out(event: Event, scratch: Path) -> Iterator[CarriedOut]:
    """Carry out what an event asks for. Raises `Transient`, `UserError`."""
    settings = own_settings(os.environ, scratch)
    store = open_store(None, scratch)
    with closing(store):
        work = service(settings, store)
        with closing(work.context) as context:
            context.hears_runs_only = True
            if isinstance(event, LookBack):
                # It was made by the clock of this machine, which may be anybody's.
                event = event.model_copy(update={"since": event.since + (context.now() - datetime.now(UTC))})
            request = work.plan_of(f"run-{os.environ.get('GITHUB_RUN_ID', '0')}", event)
            if request is None:
                return
            where = request.event.repository  # type: ignore[union-attr] # an event with a job has one
            github = context.github
            counted = CommentsCounted(
                lambda since: [*github.comments_since(where, since), *github.openings_since(where, since)]
            )
            context.author_limit = AuthorLimit(counted, settings.commands_per_author)
            yield from carry_out(work, request, store, lambda comment: is_settled(context, comment))
