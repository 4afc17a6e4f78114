"""The job's identity token is asked for by this process alone, for one audience, and what runs in the cage gets no more."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.clients.identity_token import AZURE, identity_token
from bot.clients.terraform.output import TerraformFailed
from bot.clients.terraform.terraform import Terraform
from bot.errors import Unverifiable

SECRET = "may-ask"


class _Actions(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        audience = parse_qs(urlsplit(self.path).query)["audience"][0]
        is_known = self.headers["Authorization"] == f"bearer {SECRET}"
        body = json.dumps({"value": f"token for {audience}"} if is_known else {"message": "no"}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def job() -> Iterator[dict[str, str]]:
    """The variables of a job that may ask."""
    with HTTPServer(("127.0.0.1", 0), _Actions) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/token?api-version=2"
        yield {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET}
        server.shutdown()
        thread.join()


def test_a_job_gets_a_token_for_the_audience_that_it_names(job: dict[str, str]) -> None:
    assert identity_token(job, AZURE) == "token for api://AzureADTokenExchange"
    assert identity_token({}, AZURE) is None


def test_a_refusal_stops_the_run_and_tells_no_token(job: dict[str, str]) -> None:
    with pytest.raises(Unverifiable, match="gave no identity token") as refused:
        identity_token({**job, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "wrong-one"}, AZURE)
    assert "wrong-one" not in str(refused.value)


def test_terraform_gets_azure_s_token_in_a_file_of_its_own_and_can_ask_for_no_other(
    job: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nenv | grep -c ACTIONS_ID >&2\ncat "$ARM_OIDC_TOKEN_FILE_PATH" >&2\nexit 1\n')
    program.chmod(0o755)
    (tmp_path / "stack").mkdir()
    environment = {"PATH": "/usr/bin:/bin", "ARM_USE_OIDC": "true", "ARM_CLIENT_ID": "a", **job}
    opened = Terraform(program, environment).opened(tmp_path / "stack")
    with opened as module, pytest.raises(TerraformFailed, match="code 1") as said:
        module.init()
    assert "0\ntoken for api://AzureADTokenExchange" in str(said.value)


def test_of_other_clouds_no_identity_token_is_asked_for(job: dict[str, str]) -> None:
    environment = {"GOOGLE_OAUTH_ACCESS_TOKEN": "t", "GOOGLE_CLOUD_PROJECT": "p", **job}
    terraform = Terraform(Path("terraform"), environment)
    assert terraform.identity_token() is None
    assert {"GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_CLOUD_PROJECT"} <= terraform.environment.keys()
