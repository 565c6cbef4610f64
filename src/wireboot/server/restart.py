"""What of a changed configuration a running server takes up, and what has to wait for a restart."""

from __future__ import annotations

from wireboot.config.model import Configuration

_READ_AT_START = ("state_dir", "tftp", "pxe", "http", "admin", "database")
"""Keys that sockets and files were opened by."""


def as_it_can_run(new: Configuration, running: Configuration) -> Configuration:
    """`new`, but as `running` in all that waits for a restart.

    What clients are told of Boot Server groups, of multicast and of addresses is what the sockets were opened for.
    """
    kept: dict[str, object] = {key: getattr(running, key) for key in _READ_AT_START}
    if new.dhcp4.mode != running.dhcp4.mode:
        # The other mode's subnets are not this one's to lend.
        kept["dhcp4"] = running.dhcp4
    if mtftp_port(new) != mtftp_port(running):
        kept["mtftp"] = running.mtftp
    return new.model_copy(update=kept)


def keys_for_restart(new: Configuration, running: Configuration) -> list[str]:
    """The keys of `new` that a running server does not take up."""
    keys = [key for key in _READ_AT_START if getattr(new, key) != getattr(running, key)]
    if new.dhcp4.mode != running.dhcp4.mode:
        keys.append("dhcp4.mode")
    if mtftp_port(new) != mtftp_port(running):
        keys.append("mtftp")
    return keys


def mtftp_port(config: Configuration) -> int | None:
    """The port that MTFTP is served on; None where nothing is sent by it."""
    return config.mtftp.server_port if config.mtftp.files else None
