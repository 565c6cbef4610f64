"""What a boot came to, as one JSON document and as lines for people."""

from __future__ import annotations

from wireboot.client.account_report import account_document, ended_well
from wireboot.client.execute import ProgramEnded
from wireboot.endpoint import Event
from wireboot.protocols.pxe.client_events import Booted, BootEnded, Failed, LocalBoot, Outcome, StepReached
from wireboot.protocols.pxe.client_identity import ClientIdentity
from wireboot.protocols.pxe.errors import PxeError
from wireboot.wire.addresses import format_link_address
from wireboot.wire.iana import architecture_name


class BootReport:
    """Takes in the events of one boot."""

    def __init__(self, identity: ClientIdentity) -> None:
        self._identity = identity
        self._steps: list[StepReached] = []
        self.outcome: Outcome | None = None
        self._ended: ProgramEnded | None = None
        """The boot program's run, where there was one."""

    def observe(self, event: Event) -> None:
        if isinstance(event, StepReached):
            self._steps.append(event)
        elif isinstance(event, BootEnded):
            self.outcome = event.outcome
        elif isinstance(event, ProgramEnded):
            self._ended = event

    @property
    def succeeded(self) -> bool:
        """The menu's way back to the local disk counts: it is what was asked for."""
        booted = isinstance(self.outcome, Booted | LocalBoot)
        return booted and (self._ended is None or ended_well(self._ended.account))

    def document(self) -> dict[str, object]:
        """The contract of `wireboot boot --json`. Every key is there in every outcome; what was not come to is null."""
        booted = self.outcome if isinstance(self.outcome, Booted) else None
        return {
            "outcome": {Booted: "booted", LocalBoot: "local"}.get(type(self.outcome), "failed"),
            "error": _error(self.outcome.error) if isinstance(self.outcome, Failed) else None,
            "client": self._client(),
            "address": str(booted.address.ip) if booted else self._detail("address"),
            "dhcp_server": str(booted.dhcp_server) if booted else self._detail("dhcp_server"),
            "boot_server": str(booted.boot_server) if booted else self._detail("boot_server"),
            "boot_file": booted.boot_file if booted else self._detail("boot_file"),
            "size_bytes": booted.size_bytes if booted else None,
            "sha256": booted.sha256 if booted else None,
            "transport": booted.transport if booted else None,
            "authentic": booted.authentic if booted else None,
            "steps": [
                {"step": each.step, "name": each.name, "at_s": round(each.at_s, 3), "detail": dict(each.detail)}
                for each in self._steps
            ],
            "execution": None if self._ended is None else _execution(self._ended),
        }

    def _client(self) -> dict[str, object]:
        identity = self._identity
        return {
            "mac": format_link_address(identity.link_address),
            "uuid": None if identity.uuid is None else str(identity.uuid),
            "arch": architecture_name(identity.architectures[0]),
            "vendor_class": identity.class_identifier,
        }

    def _detail(self, key: str) -> object:
        """As far as a boot that failed came to know it."""
        return next((each.detail[key] for each in reversed(self._steps) if key in each.detail), None)


def _execution(ended: ProgramEnded) -> dict[str, object]:
    return {**account_document(ended.account), "never_typed": [typing.seen for typing in ended.never_typed]}


def _error(error: PxeError) -> dict[str, str]:
    return {"code": error.code, "text": error.text, "hint": error.hint, "detail": error.detail}
