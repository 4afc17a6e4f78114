"""Terraform (or OpenTofu) on one root module: init, plan, show, apply, output, unlock.

    terraform = Terraform(Path("/usr/bin/terraform"), os.environ)
    with terraform.opened(checkout / "envs/demo-x/network") as module:
        module.init()
        saved = module.plan({"vpc_id": "vpc-1"})
        plan = read_plan(module.show(saved))
        module.apply(saved)

Nothing stays in the checkout. Plan files and plan JSON hold secrets in clear: they, Terraform's data directory and
the file with the inputs lie in a directory that only this user can read, and that is gone when the module is closed.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bot.clients.cage import NOTHING, Cage
from bot.clients.identity_token import AZURE, identity_token
from bot.clients.lock_owner import user_name
from bot.clients.process import ProcessOptions, ProcessResult, TimedOut, stream
from bot.clients.terraform.access import access
from bot.clients.terraform.checked_providers import as_they_are, checked_providers, is_expected
from bot.clients.terraform.installed import downloaded_code, foreign, handed
from bot.clients.terraform.machine_settings import without_machine_settings
from bot.clients.terraform.output import (
    Diagnostic,
    TerraformEvent,
    TerraformFailed,
    TerraformTimedOut,
    failure,
    read_event,
    redacted,
)
from bot.clients.terraform.passed_on import SHORT_LIVED, passed_on
from bot.clients.terraform.plan_options import LOCK_TIMEOUT, ORDINARY, PlanOptions, SavedPlan
from bot.clients.terraform.plugin_cache import plugin_cache_to_itself
from bot.clients.terraform.selected import Selected
from bot.clients.terraform.unread_states import without_states
from bot.clients.terraform.unsaved_state import saved_afterwards
from bot.clients.terraform.workspace import Lent, state_apart, workspace_at
from bot.core.checks.paths.planned import planned_path_findings
from bot.core.checks.required_providers import LOCK
from bot.core.checks.static_checks import GateRules
from bot.core.plans.stack_inputs import Output
from bot.core.tree import UNSAVED_STATE, Tree
from bot.errors import Unverifiable
from bot.model.pipeline import Json
from bot.names import ParameterName

INIT_TIMEOUT = timedelta(minutes=10)
"""A provider is some 700 MB to fetch and unpack where there is neither mirror nor cache."""
PLAN_TIMEOUT = timedelta(minutes=30)
"""A step's own default timeout, for callers that have none."""
SHORT_TIMEOUT = timedelta(minutes=5)
"""Reading a plan or the state takes seconds: 3 for 80 resources, most of it the start of the provider."""
_NO_STATE = b'{"format_version": "1.0"}'
"""What `terraform show -json` says where nothing was ever applied."""

OnEvent = Callable[[TerraformEvent], None]


def _ignored(event: TerraformEvent) -> None:
    """Take no notice."""


class Terraform:
    """The program, and the environment that it may see: of `environment` only what Terraform and the clouds need is passed on.

    With `rules`, `init` refuses what the policy's gate does not allow to be installed, before anything of it is run. `reach` is
    what it and hooks' programs may reach of the machine besides their own. `variables` are the account's own, and secret.
    """

    def __init__(
        self,
        binary: Path,
        environment: Mapping[str, str],
        rules: GateRules | None = None,
        reach: Cage = NOTHING,
        *,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.secrets = tuple(variables.values())
        self.binary = binary
        self.rules = rules
        self.reach = reach
        kept = passed_on(environment)
        self._process = environment
        self.environment = {**kept, **variables, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}

    def identity_token(self) -> str | None:
        """Return what Azure's provider and backend are to show, if this job is one of an application of Azure; else None."""
        wants = self.environment.get("ARM_USE_OIDC") == "true"
        return identity_token(self._process, AZURE) if wants else None

    @contextmanager
    def opened(self, directory: Path, secrets: Sequence[str] = ()) -> Iterator["RootModule"]:
        """Yield the root module in `directory`. `secrets` never leave it in an event or an error."""
        with tempfile.TemporaryDirectory(prefix="envclone-") as private:  # mkdtemp makes it 0700
            workspace = workspace_at(directory, self.rules.cloud) if self.rules is not None else None
            secret = (*secrets, *self.secrets)
            if self.rules is None:
                yield RootModule(self, directory, Path(private), Selected(secret))
                return
            with without_machine_settings(directory, self.rules.cloud) as arguments:
                yield RootModule(self, directory, Path(private), Selected(secret, workspace, tuple(arguments)))


class RootModule:
    """One root module with its private directory. Every verb raises `TerraformFailed`, or `TimedOut` from `process`."""

    def __init__(self, terraform: Terraform, directory: Path, private: Path, selected: Selected) -> None:
        self.directory = directory
        self._terraform = terraform
        self.private = self._private = private
        self._data = private / "data"
        self._secrets = selected.secrets
        self._workspace = selected.workspace
        self._backend = selected.backend
        self._is_new = False
        self._lent = b""
        self._plans = 0
        self._checked: Mapping[str, Path] = {}

    def init(self, timeout: timedelta = INIT_TIMEOUT) -> None:
        """Prepare providers, modules and the backend, by the lock file as it is. Safe side by side."""
        self._initialize(timeout, self._backend)
        if self._workspace is not None and not self._workspace.is_remote:
            listed = self._captured(["workspace", "list"], SHORT_TIMEOUT).decode("utf-8", "replace")
            self._is_new = self._workspace.name not in listed.replace("*", " ").split()
        if self._terraform.rules is not None:
            lock = self.directory / LOCK
            written = lock.read_bytes() if lock.is_file() else b""
            found = [*foreign(self._data, self._terraform.rules, written)]
            found = found or [*handed(self.directory, self._data, self._terraform.rules)]
            refused = [Diagnostic("error", each) for each in found]
            if refused:
                raise TerraformFailed("init", refused)
        if self._workspace is None or not self._workspace.is_remote:
            self._checked = checked_providers(self._data, self._cage("plan").writes)

    def downloaded_code(self) -> Mapping[str, Tree]:
        """Return the code of the modules that `init` downloaded, by Terraform's key of each."""
        return downloaded_code(self._private / "data")

    def _initialize(self, timeout: timedelta, backend: Sequence[str] = ()) -> None:
        with plugin_cache_to_itself(self._terraform.environment):
            self._run(["init", "-input=false", "-lockfile=readonly", "-json", *backend], timeout)

    def plan(
        self,
        inputs: Mapping[str, Json] | Mapping[ParameterName, Json],
        options: PlanOptions = ORDINARY,
        on_event: OnEvent = _ignored,
        timeout: timedelta = PLAN_TIMEOUT,
    ) -> SavedPlan:
        """Plan with `inputs` as values of variables, over the module's own `terraform.tfvars.json`."""
        self._plans += 1
        saved = SavedPlan(self._private / f"plan-{self._plans}")
        variables = self._private / f"inputs-{self._plans}.tfvars.json"
        variables.touch(mode=0o600)
        variables.write_text(json.dumps(dict(inputs)))
        arguments = ["plan", "-input=false", "-json", f"-out={saved.path}", f"-var-file={variables}"]
        arguments += [_lock_timeout(options.lock_timeout)] if options.lock else ["-lock=false"]
        arguments += ["-refresh-only"] if options.refresh_only else []
        arguments += ["-destroy"] if options.destroy else []
        arguments += [f"-generate-config-out={options.generate}"] if options.generate else []
        with without_states(self.directory, options.unread_states):
            if (self._is_new or self._lent) and not options.lock:
                with self._apart(timeout):
                    self._run(arguments, timeout, on_event)
            else:
                self._run(arguments, timeout, on_event)
                self._is_new = False  # Terraform made the workspace
        return saved

    @contextmanager
    def _apart(self, timeout: timedelta) -> Iterator[None]:
        """Work on a state of our own: the one that was lent, or an empty one, since looking at a workspace would make it."""
        kept, self._data = self._data, self._private / "data-apart"
        workspace = self._workspace.name if self._workspace is not None else None
        try:
            with state_apart(self.directory, self._private, Lent(self._lent, workspace)):
                self._initialize(timeout)
                yield
        finally:
            self._data = kept

    def show(self, saved: SavedPlan, timeout: timedelta = SHORT_TIMEOUT) -> bytes:
        """Return the plan as JSON. It holds secrets in clear: hand it to `read_plan` and forget it."""
        document = self._captured(["show", "-json", str(saved.path)], timeout)
        if (rules := self._terraform.rules) is not None:
            found = planned_path_findings(document, rules, os.path.lexists)
            if refused := [Diagnostic("error", each) for each in found]:
                raise TerraformFailed("plan", refused)
        return document

    def show_state(self, timeout: timedelta = SHORT_TIMEOUT) -> bytes:
        """Return the state as JSON. It holds secrets in clear: hand it to `read_state` and forget it."""
        return _NO_STATE if self._is_new else self._captured(["show", "-json"], timeout)

    def apply(self, saved: SavedPlan, on_event: OnEvent = _ignored, timeout: timedelta = PLAN_TIMEOUT) -> None:
        """Apply exactly the saved plan."""
        push, wait = ["state", "push"], _lock_timeout(LOCK_TIMEOUT)
        with saved_afterwards(self.directory, lambda: self._captured([*push, wait, UNSAVED_STATE], SHORT_TIMEOUT)):
            self._run(["apply", "-input=false", "-json", wait, str(saved.path)], timeout, on_event)

    def outputs(self, timeout: timedelta = SHORT_TIMEOUT) -> dict[str, Output]:
        """Return the outputs in the state; none when nothing was applied yet."""
        with self._apart(timeout) if self._lent else nullcontext():
            text = b"{}" if self._is_new and not self._lent else self._captured(["output", "-json"], timeout)
        try:
            found: dict[str, dict[str, Any]] = json.loads(text)
            return {name: Output(item["value"], item["sensitive"]) for name, item in found.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unverifiable("The outputs in the Terraform state could not be read") from None

    def pull_state(self, timeout: timedelta = SHORT_TIMEOUT) -> bytes:
        """Return the state as it is stored; empty when there is none. It holds secrets in clear."""
        return b"" if self._is_new else self._captured(["state", "pull"], timeout)

    def push_state(self, state: bytes, *, over: bool, timeout: timedelta = SHORT_TIMEOUT) -> None:
        """Store a state, under its lock; with `over` in place of one of another lineage, which the caller has found to be empty."""
        file = self._private / "pushed.tfstate"
        file.touch(mode=0o600)
        file.write_bytes(state)
        force = ["-force"] if over else []
        self._captured(["state", "push", *force, _lock_timeout(LOCK_TIMEOUT), str(file)], timeout)
        self._is_new = False  # Terraform made the workspace

    def lend_state(self, state: bytes) -> None:
        """Let plans that take no lock, and outputs, be of this state in place of the module's own, unless it is empty."""
        self._lent = state

    def force_unlock(self, lock_id: str) -> None:
        """Remove a state lock that a dead run left behind; `lock_id` is in `StateLocked`."""
        if re.fullmatch(r"[0-9a-fA-F-]{8,64}", lock_id) is None:
            raise ValueError("not the id of a lock")
        self._captured(["force-unlock", "-force", lock_id], SHORT_TIMEOUT)

    def _run(self, arguments: Sequence[str], timeout: timedelta, on_event: OnEvent = _ignored) -> None:
        """Run a command that writes a stream of JSON; raise its errors as `TerraformFailed`."""
        errors: list[Diagnostic] = []

        def on_line(line: bytes) -> None:
            event = read_event(line, self._secrets)
            if event is None or (self._checked and is_expected(event)):
                return
            if event.diagnostic is not None and event.diagnostic.severity == "error":
                errors.append(event.diagnostic)
            on_event(event)

        try:
            finished = self._stream(arguments, on_line, timeout)
        except TimedOut as over:
            raise TerraformTimedOut(over, errors) from over
        if finished.code != 0:
            raise self._failure(arguments[0], errors, finished)

    def _captured(self, arguments: Sequence[str], timeout: timedelta) -> bytes:
        lines: list[bytes] = []
        words = 2 if arguments[0] in {"state", "workspace"} else 1
        finished = self._stream([*arguments[:words], "-no-color", *arguments[words:]], lines.append, timeout)
        if finished.code != 0:
            raise self._failure(arguments[0], [], finished)
        return b"".join(lines)

    def _stream(self, arguments: Sequence[str], on_line: Callable[[bytes], None], timeout: timedelta) -> ProcessResult:
        # It names who holds a state's lock by the user, which it can't look up in its cage.
        own = {"TF_DATA_DIR": str(self._data), "TMPDIR": str(self._private), "USER": user_name()}
        # `init` finds other workspaces only in the default one, and on HCP Terraform only the one that is named.
        if self._workspace is not None and (self._workspace.is_remote or arguments[0] not in {"init", "workspace"}):
            own["TF_WORKSPACE"] = self._workspace.name
        if (token := self._terraform.identity_token()) is not None:
            file = self._private / "identity-token"
            file.touch(mode=0o600)
            file.write_text(token)
            own["ARM_OIDC_TOKEN_FILE_PATH"] = str(file)
        if arguments[0] not in {"init", "workspace"}:
            own |= as_they_are(self._checked, self._private, self._terraform.environment)
        environment = {**SHORT_LIVED, **self._terraform.environment, **own}
        argv, cage = [str(self._terraform.binary), *arguments], self._cage(arguments[0])
        try:
            return stream(argv, on_line, ProcessOptions(self.directory, environment, timeout, cage=cage))
        except FileNotFoundError:
            raise Unverifiable(f"{self._terraform.binary} or {self.directory} does not exist") from None

    def _cage(self, command: str) -> Cage:
        reached = access(self.directory, self._private, self._terraform.environment, installs=command == "init")
        return reached + self._terraform.reach

    def _failure(self, command: str, errors: Sequence[Diagnostic], finished: ProcessResult) -> TerraformFailed:
        text = redacted(finished.stderr.strip()[-2000:], self._secrets)
        return failure(command, errors, finished.code, text)


def _lock_timeout(timeout: timedelta) -> str:
    return f"-lock-timeout={int(timeout.total_seconds())}s"
