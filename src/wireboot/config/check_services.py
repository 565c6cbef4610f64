"""Checks of what wireboot stands on: interfaces, ports, the database."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from wireboot.config.findings import Finding, Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig
from wireboot.wire.iana import Port

ERROR = Severity.ERROR

_DHCP_PORTS: dict[int, str] = {
    Port.DHCP_SERVER: "the DHCP server",
    Port.DHCP_CLIENT: "DHCP clients",
    Port.BOOT_SERVER: "the PXE boot server",
}


def interfaces(loaded: LoadedConfig, host: HostFacts) -> Iterator[Finding]:
    up = {interface.name: interface for interface in host.interfaces}
    there = ", ".join(sorted({*up, *host.interfaces_down})) or "none"
    for index, name in enumerate(loaded.config.network.interfaces):
        where = ("network", "interfaces", index)
        if name in host.interfaces_down:
            yield loaded.finding(ERROR, where, f"interface {name} is down", f"`ip link set {name} up` brings it up")
        elif name not in up:
            yield loaded.finding(ERROR, where, f"there is no interface {name}", f"this machine has: {there}")
        elif not up[name].ipv4:
            remedy = f"give it one, for example with `ip address add 10.77.0.1/24 dev {name}`"
            yield loaded.finding(ERROR, where, f"interface {name} has no IPv4 address", remedy)
    if not loaded.config.network.interfaces and not host.served_addresses(loaded.config):
        what = "no network interface is up and has an IPv4 address"
        remedy = f"bring one up and give it an address; this machine has: {there}"
        yield loaded.finding(ERROR, ("network",), what, remedy)


def ports(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    config = loaded.config
    taken_by = _DHCP_PORTS.get(config.tftp.port)
    if taken_by is not None and config.dhcp4.mode != "off":
        what = f"TFTP port {config.tftp.port} is the port of {taken_by}"
        yield loaded.finding(ERROR, ("tftp", "port"), what, "use 69, which firmware expects")
    if config.http.port == config.admin.listen.port:
        what = f"[admin] listens on TCP port {config.admin.listen.port}, and so does [http]"
        where = ("admin", "listen") if ("admin", "listen") in loaded.positions else ("http", "port")
        yield loaded.finding(ERROR, where, what, "give one of them another port")


def database(loaded: LoadedConfig, _host: HostFacts) -> Iterator[Finding]:
    """Nothing of the URL is repeated beyond its scheme: there may be a password in it."""
    url = loaded.config.database.url
    if url is None:
        return
    scheme = url.partition(":")[0]
    where = ("database", "url")
    file = f'`url = "sqlite:///{loaded.config.state_dir / "wireboot.sqlite"}"`'
    server = '`url = "postgresql+psycopg://wireboot@db.example/wireboot"`'
    if scheme == "sqlite":
        if not url.startswith("sqlite:////") or url.endswith("/"):
            what = "the URL does not name a file by its full path, so that leases may be lost"
            yield loaded.finding(ERROR, where, what, f"use four slashes and a full path: {file}")
    elif scheme in ("postgresql", "postgresql+psycopg"):
        if (wrong := _wrong_with_server_url(url)) is not None:
            yield loaded.finding(ERROR, where, wrong, f"write it as in {server}; %40 stands for @ in a password")
    else:
        remedy = f"use SQLite: {file}, or PostgreSQL: {server}"
        yield loaded.finding(ERROR, where, f"no database is known by {scheme!r}", remedy)


def _wrong_with_server_url(url: str) -> str | None:
    try:
        location = make_url(url)
    except (ArgumentError, ValueError):
        return "this is no URL of a database"
    return None if location.database else "the URL names no database"


SERVICE_CHECKS = (interfaces, ports, database)
