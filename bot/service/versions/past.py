"""An environment as it was when the default branch was at another commit, to make a clone of that."""

from bot.clients.git.history.past import commit_at
from bot.commands.model import Clone
from bot.commands.moments import time_of
from bot.core.markdown import code
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt
from bot.core.requests.clone import PastSource
from bot.errors import UserError
from bot.names import TemplateName
from bot.service.repository import Repository


def past_source(repo: Repository, command: Clone) -> PastSource | None:
    """Return the source as it was when the command says; None when it says nothing. Raises `UserError`, `Transient`."""
    if command.at is None:
        return None
    commit, name = _commit(repo, command.at), command.source
    then = repo.at(commit)
    manifest = then.manifest(name)
    if manifest is None:
        raise UserError(f"There was no {code(name)} at {code(commit[:12])} yet. Name a later commit or date.")
    return PastSource(commit, CodeSide(manifest, then.code(name)))


def past_template(repo: Repository, name: TemplateName, past: PastSource) -> TemplateAt:
    """Return the template as it was then, with modules as they are now: those of the clone are. Raises `UserError`."""
    files = repo.mirror.read_tree(past.commit, repo.roots.template(name))
    return repo.read_template(name, files)


def _commit(repo: Repository, text: str) -> str:
    time = time_of(text)
    if time is not None and time > repo.context.now():
        raise UserError(f"{code(text)} is in the future. {_leave_out(text)}")
    if text in {repo.branch, "HEAD"}:
        raise UserError(f"{code(text)} is the branch itself, which is cloned anyway. {_leave_out(text)}")
    commit = commit_at(repo.mirror.path, repo.commit, text)
    if commit is None and time is None:
        tagged = repo.mirror.tagged(text)
        commit = repo.mirror.history.was_at(tagged, repo.commit) if tagged is not None else None
    if commit is None:
        said = "had no commit before" if time is not None else "was never at"
        raise UserError(
            f"{code(repo.branch)} {said} {code(text)}. Name one of its commits, a tag on it, or a date: "
            f"{code('/clone production@2026-10-01 as …')}."
        )
    return commit


def _leave_out(text: str) -> str:
    return f"Leave out {code('@' + text)} to clone what is there now."
