"""The clouds that are known: the one that environments are deployed to by default, with what is known of the resources of the others.

A package adds facts of its own through the entry point group `envclone.clouds`; each entry is one `OtherCloud`:

    [project.entry-points."envclone.clouds"]
    acme = "acme_cloud:FACTS"
"""

from collections.abc import Iterator
from importlib.metadata import entry_points

from bot.clouds.aws.facts import FACTS as AWS
from bot.clouds.azure.facts import FACTS as AZURE
from bot.clouds.gcp.facts import FACTS as GCP
from bot.core.cloud_facts import OtherCloud, joined
from bot.errors import UserError

GROUP = "envclone.clouds"


def _installed() -> Iterator[OtherCloud]:
    for entry in entry_points(group=GROUP):
        found = entry.load()
        if not isinstance(found, OtherCloud):
            raise UserError(
                f"`{entry.name}` ({entry.value}), which an installed package adds to `{GROUP}`, is not an `OtherCloud`."
            )
        yield found


FACTS = joined(AWS, (GCP, AZURE, *_installed()))
"""What the core is given. Accounts say by themselves which cloud they are in; what else differs is by type of resource."""
