"""GitHub Actions on this machine: the repository's real workflow files, run by `act` without containers.

`runner.Runner` listens to the sandbox's GitHub and starts what GitHub would start. Third-party actions are answered by
the stand-ins beside this file, which do the same thing against the sandbox: a real `git fetch`, a real STS call.

What is not GitHub: a `pull_request` trigger starts nothing, because its workflow file comes from the pull request and
would run on this machine; one token serves all jobs of a run, with all the permissions its jobs declare together; the
rules of `environment:` are not enforced (the tests hold the workflow files to them).
"""
