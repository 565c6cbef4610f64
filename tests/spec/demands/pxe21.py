"""PXE 2.1, which has no RFC's words: what a client or server cannot do without is a MUST."""

from __future__ import annotations

from tests.spec.demands.demand import Document
from tests.spec.demands.pxe21_api import API
from tests.spec.demands.pxe21_multicast_and_errors import ERRORS, MTFTP
from tests.spec.demands.pxe21_protocol import BOOT_SERVER, CREDENTIALS, DHCP, PROXY_DHCP
from tests.spec.demands.pxe21_tags import TAGS, VENDOR_OPTIONS

PXE_21 = Document(
    "PXE 2.1",
    "Preboot Execution Environment",
    (*DHCP, *PROXY_DHCP, *VENDOR_OPTIONS, *BOOT_SERVER, *CREDENTIALS, *MTFTP, *API, *TAGS, *ERRORS),
)
