"""What the policy lets code do before it is planned with credentials."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from bot.model.base import Document

ProviderSource: TypeAlias = Annotated[str, AfterValidator(str.lower)]
"""To Terraform `Acme/Any` is `acme/any`."""


class StaticCheckRules(Document):
    """What code may do before it is planned with credentials: an allow-list, checked before `terraform init`."""

    providers: tuple[ProviderSource, ...] | None = Field(
        default=None,
        description="Source addresses of the providers that may run; if left out, the cloud's own and those that reach nothing "
        "outside (archive, local, null, random, time, tls, and Terraform's built-in one).",
    )
    module_sources: tuple[str, ...] = Field(
        default=(),
        description="Sources of modules outside the repository that may be called, with their `?ref=` and `//…` or without; for one of a registry, "
        "perhaps with the versions that may be installed (`NAMESPACE/NAME/PROVIDER >= 5.0, < 6`). `SOURCE *` takes any version, even of "
        "a call that names none.",
    )
    reading_modules: tuple[str, ...] = Field(
        default=(),
        description="Modules that may compute which files they read: sources of modules outside the repository, as in `module_sources` and with all "
        "modules in the same download, and directories of the repository (`modules/project`). They read what the process that plans may.",
    )
    data_sources: tuple[str, ...] = Field(
        default=(),
        description="Data sources that may be read besides the harmless ones: those that return objects, secrets, tokens or "
        "another program's answer, and those of providers that the cloud does not know.",
    )
    data_sources_forbidden: Annotated[
        tuple[str, ...],
        Field(
            description="Data sources, or providers by the prefix of their types, that may be read only if `data_sources` names them."
        ),
    ] = ("external", "http", "terraform_remote_state")
    remote_states: tuple[str, ...] = Field(
        default=(),
        description="States that `terraform_remote_state` may read besides those of the environment's own stacks, each by the address of its object, as "
        "`store` of an account has it.",
    )
    provider_arguments: dict[ProviderSource, tuple[str, ...]] = Field(
        default={},
        description="Arguments and blocks that the configuration of a provider may have, by its source address, besides the "
        "cloud's own list.",
    )
    account_guard: Annotated[
        bool,
        Field(
            description="Whether a provider block must name the account that it may touch. Without it the runner's credentials "
            "alone decide, and the account that they belong to."
        ),
    ] = True
    assume_role: tuple[str, ...] = Field(
        default=(),
        description="Roles that a provider block may assume, each as the code writes it: a role, or an expression such as "
        "`var.deploy_role`.",
    )
    exec: tuple[str, ...] = Field(
        default=(),
        description="Programs that a provider may start for its credentials, each a whole line with all arguments; `*` stands "
        "for one argument, for example `kubelogin get-token --server-id *`.",
    )
    probe_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(),
        description="Private networks that `http.probe` may ask while an environment is planned, for example `10.20.0.0/16`.",
    )
    functions: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")], ...] = Field(
        default=(),
        description="Functions of a newer Terraform that code may call, besides those that are known to read nothing.",
    )
    paths: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,80}\.[A-Za-z_][A-Za-z0-9_-]{0,80}$")], ...] = Field(
        default=(),
        description="Arguments that may begin with `/` because they name no file of the machine that plans, each with its type of resources, for "
        "example `restapi_object.path`. Needed for providers whose arguments are not known.",
    )
    imports: Annotated[
        bool,
        Field(
            description="Whether `import` blocks may take over what exists: those of a protected environment, and of a clone those with "
            "a `for_each`."
        ),
    ] = False
    provisioners: Annotated[
        bool, Field(description="Whether provisioners may run programs while an environment is applied.")
    ] = False
