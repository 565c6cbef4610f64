"""Translations of other servers' configurations, and what `wireboot check` would say to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Interface, ip_interface
from pathlib import Path

from wireboot.boot.loaders import FoundLoaders
from wireboot.config.check import check
from wireboot.config.findings import Severity
from wireboot.config.host import HostFacts
from wireboot.config.load import LoadedConfig, parse
from wireboot.config.model import Configuration
from wireboot.config.model_dhcp4 import Dhcp4Reservation
from wireboot.endpoint import Interface
from wireboot.migrate.sources import SourceText, SourceUnreadableError
from wireboot.migrate.translate import Origin, Translated, translate
from wireboot.wire.addresses import format_link_address

VECTORS = Path(__file__).parents[1] / "vectors" / "migrate"
SERVER = IPv4Interface("10.77.0.1/24")
"""An address of the machine that translates."""


class Files:
    """A folder of texts."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def read(self, name: str) -> SourceText:
        if name not in self._texts:
            raise SourceUnreadableError(f"{name} is not there")
        return SourceText(name, self._texts[name])

    def names_in(self, folder: str) -> Sequence[str]:
        names = [name for name in self._texts if name.startswith(f"{folder}/")]
        if not names:
            raise SourceUnreadableError(f"{folder} is not there")
        return names


def translated(
    text: str, origin: Origin | None, *, own: Sequence[IPv4Interface] = (), files: Mapping[str, str] | None = None
) -> Translated:
    return translate([SourceText("main.conf", text)], origin, Files(files or {}), own)


def loaded(result: Translated) -> LoadedConfig:
    """The result as wireboot reads it. Raises ConfigurationError."""
    return parse(result.toml.encode(), Path("wireboot.toml"))


def config(result: Translated) -> Configuration:
    return loaded(result).config


def told(result: Translated) -> list[tuple[str, int | None, str]]:
    """The severity, line and text of each finding."""
    return [(finding.severity.value, finding.line, finding.what) for finding in result.findings]


def lines(result: Translated) -> list[int | None]:
    """Where something was not translated, or means something else."""
    return [finding.line for finding in result.findings if finding.severity is Severity.WARNING]


def mac_of(reservation: Dhcp4Reservation) -> str:
    assert reservation.mac is not None
    return format_link_address(reservation.mac)


def check_errors(result: Translated) -> list[str]:
    """What `wireboot check` refuses on a machine that has the interfaces and boot files named."""
    configuration = loaded(result)
    names = configuration.config.network.interfaces or ("eth0",)
    host = HostFacts(
        interfaces=tuple(
            Interface(name, at, bytes(6), 1500, (ip_interface("192.0.2.1/32"),)) for at, name in enumerate(names)
        ),
        boot_file_exists=lambda _: True,
        loaders=FoundLoaders({}),
        boot_dir_exists=True,
    )
    return [str(finding) for finding in check(configuration, host) if finding.severity is Severity.ERROR]
