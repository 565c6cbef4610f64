"""Every way in which a network boot can fail, by the number that PXE firmware shows for it.

Each row has its page in `docs/reference/errors/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from wireboot.protocols.tftp.fetch import FetchFailed, FetchProblem
from wireboot.protocols.tftp.packet import ErrorCode


@dataclass(frozen=True, slots=True)
class PxeError:
    """Why a boot failed."""

    code: str
    """Such as PXE-E53."""
    text: str
    hint: str
    """What to do about it."""
    detail: str = ""
    """What was seen this time."""

    def because(self, detail: str) -> PxeError:
        """The same error with what was seen."""
        return PxeError(self.code, self.text, self.hint, detail)


ARP_TIMEOUT = PxeError(
    "PXE-E11",
    "The server does not answer ARP.",
    "The address that the client was told may be another machine's, or need a router: compare `siaddr` and option 54 "
    "of the offer with the Boot Server's address, and check the netmask and the router in the DHCP settings.",
)
INTEGRITY = PxeError(
    "PXE-E21",
    "The credential is not intact.",
    "Make it anew with `wireboot credential sign`. If it is good on the server, something on the way alters it.",
)
NOT_VERIFIED = PxeError(
    "PXE-E22",
    "The boot file is not what its credential vouches for.",
    "The file was changed after it was signed, or was signed by somebody who is not trusted here: compare with "
    "`wireboot credential verify`, and sign again if the file is right.",
)
TFTP_OPEN_TIMEOUT = PxeError(
    "PXE-E32",
    "The TFTP server does not answer the read request.",
    "See that TFTP is served at this address and that a firewall lets UDP port 69 in and the answers, which come from "
    "other ports, out.",
)
TFTP_READ_TIMEOUT = PxeError(
    "PXE-E35",
    "The TFTP server went silent in the middle of the file.",
    "Look for packet loss on the way. A block size above what the path carries shows in this way too.",
)
TFTP_ERROR = PxeError(
    "PXE-E36",
    "The TFTP server broke off with an error.",
    "The server's own log says why.",
)
TFTP_CANNOT_OPEN = PxeError(
    "PXE-E38",
    "The transfer cannot be opened.",
    "The server named for the file cannot be a host: compare `siaddr` in its reply with the TFTP server's address.",
)
TOO_MANY_PACKETS = PxeError(
    "PXE-E3A",
    "More of the file came than there is room for.",
    "A credential has some KiB: see that the Boot Server names it, and not the boot file, when it is asked for one.",
)
FILE_NOT_FOUND = PxeError(
    "PXE-E3B",
    "The TFTP server has no such file.",
    "Put the file in place, or correct the boot file's name; upper and lower case and the folder count.",
)
ACCESS_VIOLATION = PxeError(
    "PXE-E3C",
    "The TFTP server does not give out the file.",
    "The file has to be readable for the server, and to lie below its boot folder.",
)
PACKET_INVALID = PxeError(
    "PXE-E3F",
    "The TFTP server does not keep to the protocol.",
    "Something else may answer on that port, or the server may agree to options that were not asked for; a capture "
    "shows which.",
)
NO_OFFERS = PxeError(
    "PXE-E51",
    "No DHCP offer came.",
    "See that a DHCP server serves this network, that it has addresses left, and that a relay forwards to it. A switch "
    "port that takes half a minute to come up (spanning tree) looks the same.",
)
NO_ADDRESS = PxeError(
    "PXE-E52",
    "Offers of boot services came, but no offer of an address.",
    "A ProxyDHCP service gives no addresses: a DHCP server has to stand beside it. See that one answers here.",
)
NO_BOOT_FILE = PxeError(
    "PXE-E53",
    "An address came, but nobody named a boot file.",
    "Start a ProxyDHCP service on this network, or set the boot file in the DHCP server for this architecture.",
)
NO_PROXY_REPLY = PxeError(
    "PXE-E55",
    "The ProxyDHCP service on port 4011 does not answer.",
    "A DHCP server that sends option 60 promises such a service on its own host: start it there and let UDP port 4011 "
    "through, or take option 60 out of the DHCP server.",
)
MENU_INVALID = PxeError(
    "PXE-E74",
    "The boot menu or its prompt is missing or malformed.",
    "Without discovery control bit 3 and a boot file, tags 9 and 10 of option 43 are both needed, and no entry may be "
    "empty.",
)
DISCOVERY_ADDRESS_INVALID = PxeError(
    "PXE-E76",
    "The multicast address for Boot Server discovery is missing or malformed.",
    "Put a multicast address into tag 7 of option 43, or set bit 1 of discovery control (tag 6).",
)
SERVER_LIST_INVALID = PxeError(
    "PXE-E77",
    "The list of Boot Servers is missing or malformed.",
    "Tag 8 of option 43 lists a type, a count and that many unicast addresses. It is needed where discovery control "
    "(tag 6) forbids both broadcast and multicast, or all servers not listed.",
)
NO_BOOT_SERVER = PxeError(
    "PXE-E78",
    "No Boot Server of the chosen type answers.",
    "See that a Boot Server of this type runs, and that it can be reached in a way that discovery control allows: "
    "UDP port 4011 by unicast or multicast, port 67 by broadcast.",
)
FILE_TOO_LARGE = PxeError(
    "PXE-E79",
    "The boot file is larger than this client takes.",
    "See that the boot file's name is a loader's and not, say, an ISO image's.",
)
NO_CREDENTIALS = PxeError(
    "PXE-E7A",
    "The authenticity test is required, and no Boot Server offers a credential.",
    "Sign the boot file with `wireboot credential sign` for one of the anchors that this client trusts, and have the "
    "Boot Server offer it. A server that knows nothing of credentials stays silent.",
)
SERVER_ADDRESS_MISSING = PxeError(
    "PXE-E7B",
    "A boot file is named, but no server to fetch it from.",
    "The reply that names the file has to say the server in `siaddr` or option 54.",
)
CANCELLED = PxeError(
    "PXE-EA0",
    "The boot was cancelled.",
    "Choose an item of the boot menu; `--menu-item` does it without a keyboard.",
)

ERRORS = tuple(row for row in list(globals().values()) if isinstance(row, PxeError))

_REFUSALS = {
    ErrorCode.FILE_NOT_FOUND: FILE_NOT_FOUND,
    ErrorCode.ACCESS_VIOLATION: ACCESS_VIOLATION,
}
_PROBLEMS = {
    FetchProblem.NO_ANSWER: TFTP_OPEN_TIMEOUT,
    FetchProblem.SILENCE: TFTP_READ_TIMEOUT,
    FetchProblem.FILE_TOO_LARGE: FILE_TOO_LARGE,
    FetchProblem.PACKET_INVALID: PACKET_INVALID,
    FetchProblem.NO_MULTICAST: TFTP_OPEN_TIMEOUT,
}


def fetch_error(failed: FetchFailed) -> PxeError:
    """What a download that failed means for the boot."""
    if failed.problem is FetchProblem.REFUSED:
        error = next((error for code, error in _REFUSALS.items() if code == failed.code), TFTP_ERROR)
    else:
        error = _PROBLEMS[failed.problem]
    return error.because(f"{failed.file} from {failed.server.host}" + (f": {failed.text}" if failed.text else ""))
