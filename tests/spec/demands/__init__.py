"""What the papers ask for, one row a demand, and the tests that hold it.

docs/reference/conformance.md is made of these rows (tests/support/conformance.py).
"""

from __future__ import annotations

from tests.spec.demands.demand import Document
from tests.spec.demands.dhcp_extensions import DHCP_EXTENSIONS
from tests.spec.demands.pxe21 import PXE_21
from tests.spec.demands.rfc1350 import RFC_1123, RFC_1350
from tests.spec.demands.rfc2090 import RFC_2090
from tests.spec.demands.rfc2131 import RFC_2131
from tests.spec.demands.rfc2132 import RFC_2132
from tests.spec.demands.rfc3046 import RFC_3046
from tests.spec.demands.rfc3396 import RFC_3396
from tests.spec.demands.rfc4578 import RFC_4578
from tests.spec.demands.tftp_options import RFC_2347, RFC_2348, RFC_2349, RFC_7440

DOCUMENTS: tuple[Document, ...] = (
    PXE_21,
    RFC_2131,
    RFC_2132,
    RFC_3046,
    RFC_3396,
    RFC_4578,
    *DHCP_EXTENSIONS,
    RFC_1350,
    RFC_1123,
    RFC_2090,
    RFC_2347,
    RFC_2348,
    RFC_2349,
    RFC_7440,
)
