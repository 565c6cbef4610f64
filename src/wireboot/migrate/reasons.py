"""Reasons and remedies that several servers' settings share.

"Yet" is said of this translation: what wireboot itself can do, docs/reference/configuration.md tells.
"""

from __future__ import annotations

AUTHORITATIVE = (
    "wireboot refuses addresses that are another's or of another network in any case; "
    "import the leases as well, so that it knows its clients"
)
BY_MAC = "only reservations by MAC are carried over yet"
FILES_BY_CLASS_REMEDY = "name the file in a profile, and the profile for the machines that are to have it"
INSIDE_OPTIONS = "options inside options are not set yet"
NO_CLASSES = "who gets no address is not carried over yet"
NO_CLASSES_REMEDY = "a subnet without `pools` serves only machines with a reservation"
NOTHING_FOR_PXE = "nothing is to be done for PXE"
NOTHING_TO_DO = "nothing is to be done"
NOT_CARRIED_OVER = "it is not carried over yet"
ONE_LEASE_TIME = "one lease time for each subnet is carried over yet"
ONE_LINK = "each is a subnet of its own here: a client gets an address of the one that its relay or interface is in"
OPTIONS_BY_CLASS = "only options of whole subnets are carried over yet"
OPTIONS_BY_CLASS_REMEDY = "set it in the subnet, if it may be for everybody"
POOLS_BY_CLASS = "only pools for everybody are carried over yet"
POOLS_BY_CLASS_REMEDY = "reserve addresses for those machines"
SEE_LEASE_TIME = "see `lease_time_s`"
SEE_REFERENCE = "see docs/reference/configuration.md"
