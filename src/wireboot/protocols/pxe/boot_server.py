"""The Boot Server: answers who asks it for the boot file, on 4011 or by broadcast on 67 (PXE 2.1 §2.2.5)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from wireboot.endpoint import Datagram, DatagramDropped
from wireboot.errors import DecodeError
from wireboot.protocols.dhcp4.endpoint import Answer
from wireboot.protocols.dhcp4.message import Message
from wireboot.protocols.dhcp4.options import VENDOR_SPECIFIC, MessageType
from wireboot.protocols.dhcp4.reply import start_reply
from wireboot.protocols.pxe import vendor_options
from wireboot.protocols.pxe.boot_answer import told
from wireboot.protocols.pxe.boot_file import mtftp_tags, with_boot_file
from wireboot.protocols.pxe.decision import BootFile, NoBootFile, Policy
from wireboot.protocols.pxe.events import BootFileNamed, CredentialNamed, CredentialNotHeld
from wireboot.protocols.pxe.identity import PxeClient, identify
from wireboot.protocols.pxe.vendor_options import BOOT_ITEM, CREDENTIAL_BIT, CREDENTIAL_TYPES, BootItem
from wireboot.wire.iana import Port
from wireboot.wire.option_table import Options


class BootServer:
    """A `Dhcp4Service` for ports 4011 and 67. It remembers nothing: any request may come first."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def answer(self, request: Message, received: Datagram, now: float) -> Answer | None:  # noqa: ARG002  # the service's form
        if request.message_type is not MessageType.REQUEST:
            return None
        asked_here = received.local.port != Port.DHCP_SERVER
        tags = _tags(request, strict=asked_here)
        item = _boot_item(tags, strict=asked_here)
        if item is None and not asked_here:
            # Without a boot item it asks a DHCP server for an address.
            return None
        client = identify(request)
        if client is None:
            return None
        server = received.local.host
        assert isinstance(server, IPv4Address), server
        reply = replace(start_reply(request, MessageType.ACK, server), ciaddr=request.ciaddr)
        if item is None:
            return Answer(*told(reply, client, self._policy, server, "Boot Server", request.ciaddr))
        layer = item.layer & ~CREDENTIAL_BIT
        boot_file = self._policy.boot_item(client, item.server_type, layer)
        if isinstance(boot_file, NoBootFile):
            # Another Boot Server may have it.
            detail = f"type {item.server_type}, layer {layer}: {boot_file.rule}"
            return _silence(received, "asks for a Boot Server type or layer not served", detail)
        if item.layer & CREDENTIAL_BIT:
            types = tags.get(CREDENTIAL_TYPES)
            if types is None:
                return _silence(received, "wants a credential and does not say of which type")
            return self._name_credential(reply, client, server, item, boot_file, types)
        return self._name_boot_file(reply, client, server, item, boot_file)

    def _name_boot_file(
        self, reply: Message, client: PxeClient, server: IPv4Address, item: BootItem, boot_file: BootFile
    ) -> Answer:
        tags = Options({**mtftp_tags(boot_file, client), **Options().with_option(BOOT_ITEM, item)})
        event = BootFileNamed(
            client, boot_file, server, "Boot Server", reply.ciaddr, server_type=item.server_type, layer=item.layer
        )
        return Answer(with_boot_file(reply, boot_file.name, server, tags, self._policy.quirk_effect(client)), (event,))

    def _name_credential(
        self,
        reply: Message,
        client: PxeClient,
        server: IPv4Address,
        item: BootItem,
        boot_file: BootFile,
        types: tuple[int, ...],
    ) -> Answer:
        """The first type that the client takes and we hold (PXE 2.1 §2.2.6)."""
        layer = item.layer & ~CREDENTIAL_BIT
        held = {each.credential_type: each for each in boot_file.credentials if each.is_for(item.server_type, layer)}
        credential = next((held[each] for each in types if each in held), None)
        if credential is None:
            return Answer(None, (CredentialNotHeld(client, boot_file.name, types),))
        # Fetched by TFTP always, hence no tags 1 to 5.
        tags = Options().with_option(BOOT_ITEM, item).with_option(CREDENTIAL_TYPES, (credential.credential_type,))
        event = CredentialNamed(
            client, boot_file.name, credential.file, credential.credential_type, server, reply.ciaddr
        )
        return Answer(with_boot_file(reply, credential.file, server, tags, self._policy.quirk_effect(client)), (event,))


def _tags(request: Message, *, strict: bool) -> Options:
    """Raises DecodeError for malformed ones where `strict`; elsewhere they are as good as none."""
    try:
        return vendor_options.decode(request.options.get(VENDOR_SPECIFIC) or b"")
    except DecodeError:
        if strict:
            raise
        # On port 67 other vendors' clients have an option 43 of their own making.
        return Options()


def _boot_item(tags: Options, *, strict: bool) -> BootItem | None:
    """What is asked for; strictness as above."""
    try:
        return tags.get(BOOT_ITEM)
    except DecodeError:
        if strict:
            raise
        return None


def _silence(received: Datagram, reason: str, detail: str = "") -> Answer:
    return Answer(None, (DatagramDropped("boot server", reason, received.peer, received.interface, detail),))
