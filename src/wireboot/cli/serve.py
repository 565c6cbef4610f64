"""`wireboot serve`."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from wireboot.cli.options import ConfigOption
from wireboot.config.load import LoadedConfig, load
from wireboot.server.lifecycle import serve as run_server
from wireboot.server.log import open_log


class Mode(StrEnum):
    PROXY = "proxy"
    SERVER = "server"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def serve(
    config: ConfigOption = None,
    interface: Annotated[
        list[str] | None,
        typer.Option(metavar="IF", help="Serve on this interface; may be given again. Default: every usable one."),
    ] = None,
    boot_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder of boot files.")] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="Stand beside a DHCP server (proxy, the default) or be one (server).")
    ] = None,
    log_format: Annotated[LogFormat, typer.Option(help="For people, or one JSON document a line.")] = LogFormat.TEXT,
) -> None:
    """Serve DHCP or ProxyDHCP, Boot Server requests and TFTP, until SIGTERM or Ctrl-C.

    Example: wireboot serve --interface eth1 --boot-dir /srv/boot --mode proxy
    """

    def load_now() -> LoadedConfig:
        return load(config).with_command_line(
            interfaces=interface or (),
            boot_dir=boot_dir,
            mode=cast(Literal["proxy", "server"] | None, mode and mode.value),
        )

    with open_log(log_format.value) as log:
        asyncio.run(run_server(load_now, log))
