"""Sessions with AWS: each is its owner's alone, and the descriptions of services are read once."""

from bot.clients.aws_session import session


def test_sessions_are_apart_and_share_what_they_read_from_disk() -> None:
    one, other = (
        session("eu-central-1", key_id="id", secret="secret"),
        session("eu-west-1", key_id="id", secret="secret"),
    )
    first, second = one.client("sts"), other.client("sts")
    assert (first.meta.region_name, second.meta.region_name) == ("eu-central-1", "eu-west-1")
    assert one.events is not other.events
    assert one._session.get_component("data_loader") is other._session.get_component("data_loader")
