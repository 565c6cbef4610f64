"""The relay agent information option. wireboot is server and client, and no relay."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_3046 = Document("RFC 3046", "DHCP relay agent information option", (
    must(
        "§2.0", "The option is read as a relay writes it.",
        "test_what_a_real_relay_added_is_read",
    ),
    must(
        "§2.1", "A relay adds the option to requests and takes it out of replies.",
        gap="wireboot is no relay",
    ),
    may(
        "§2.1", "A bridge that is no relay adds the option and leaves `giaddr` empty.",
        "test_a_switch_that_is_no_relay_names_its_port_all_the_same",
    ),
    may(
        "§2.1", "A client passes over the option where a relay has left it in.",
        "test_what_a_relay_adds_is_passed_over",
    ),
    must(
        "§2.2", "A server returns the whole option, unchanged, in every reply.",
        "test_every_reply_returns_the_information_unchanged",
        "test_the_relays_information_goes_back",
    ),
    should(
        "§2.2", "It is the last option of the reply.",
        "test_the_information_is_the_last_option",
        "test_information_before_other_options_is_written_behind_them",
    ),
    must(
        "§2.2", "It is not put into `file` or `sname`.",
        "test_the_information_is_kept_when_other_options_must_go",
    ),
    must(
        "§2.2", "Where it does not fit whole the reply goes without it.",
        "test_information_that_fits_nowhere_is_left_out_whole",
        "test_the_relays_information_that_fits_nowhere_is_left_out",
    ),
    must(
        "§2.2", "A server that makes nothing of it returns it all the same.",
        "test_an_unknown_suboption_is_returned_too",
    ),
    may(
        "§2.2", "A server chooses address and settings by it.",
        "test_an_address_is_reserved_for_a_client_or_a_port",
        "test_a_class_has_those_who_say_what_it_asks_for",
    ),
))  # fmt: skip
