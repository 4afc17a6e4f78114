"""One issue for each change that somebody made in several environments: opened, brought up to date and closed by what their own issues say.

A change may come to other environments, or go from some: an issue is found again by any of its signs. Done twice, or cut off and done again, it
leaves GitHub as done once.
"""

from collections.abc import Sequence

from bot.clients.github import GitHub
from bot.clients.github.records import Issue
from bot.core.messages import drift_issue
from bot.core.plans.drift_alike import causes
from bot.names import EnvironmentName, RepositoryName


def report_causes(github: GitHub, repository: RepositoryName) -> Sequence[str]:
    """Bring these issues up to date, and return what was done."""
    issues, done = github.our_issues(repository), list[str]()
    about = {
        EnvironmentName(name): each
        for each in issues
        if each.state == "open" and (name := drift_issue.about(each.body))
    }
    known = sorted((each for each in issues if drift_issue.signs_of_cause(each.body)), key=_open_first)
    for signs, names in causes({name: drift_issue.signs_in(each.body) for name, each in about.items()}).items():
        numbers = {name: about[name].number for name in names}
        title, body = drift_issue.title_of_cause(numbers), drift_issue.body_of_cause(signs, numbers)
        found = next((each for each in known if drift_issue.signs_of_cause(each.body) & signs), None)
        if found is None:
            done.append(f"opened #{github.open_issue(repository, title, body).number}")
            continue
        known.remove(found)
        if (found.state, found.title, found.body.strip()) != ("open", title, body.strip()):
            github.edit_issue(repository, found, title=title, body=body, state="open")
            done.append(f"updated #{found.number}")
    for each in known:
        if each.state == "open":
            github.upsert_comment(repository, each.number, drift_issue.CAUSE_GONE, drift_issue.cause_gone())
            github.edit_issue(repository, each, title=each.title, body=each.body, state="closed")
            done.append(f"closed #{each.number}")
    return done


def _open_first(issue: Issue) -> tuple[bool, int]:
    return issue.state != "open", -issue.number
