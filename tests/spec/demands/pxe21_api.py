"""PXE 2.1 §3: how a boot program finds the API, and what its services do."""

from __future__ import annotations

from tests.spec.demands.demand import may, must, should

_STRUCTURES = (
    must(
        "§3", "A program for BIOS is loaded at 7C00h and called with !PXE and PXENV+ at hand.",
        gap="what holds it are tests of the machine with boot programs, in tests/interop; here only tests/spec counts",
    ),
    must(
        "§3", "PXENV+ says version 2.1, where the stack lies and where !PXE is, and a sum of 0.",
        "test_pxenv_is_known_by_its_signature_its_length_and_its_sum",
        "test_pxenv_says_version_2_1_and_leads_to_bang_pxe",
        "test_pxenv_has_the_entry_by_registers_and_none_for_protected_mode",
        "test_pxenv_tells_where_the_stack_lies",
    ),
    must(
        "§3", "The structure !PXE has entry points and seven descriptors with physical bases, and a sum of 0.",
        "test_bang_pxe_is_known_by_its_signature_its_length_and_its_sum",
        "test_bang_pxe_has_the_entry_by_the_stack",
        "test_seven_descriptors_have_physical_bases",
        "test_an_entry_is_never_at_offset_0",
        "test_the_first_selector_is_the_callers_to_set",
        "test_there_are_no_option_roms",
    ),
    may(
        "§3", "A call-out of the program's own is called while a service waits.",
        gap="!PXE says that there is none, and no boot program known to us sets one",
    ),
)  # fmt: skip

_CALLS = (
    must(
        "§3", "A call answers with exit code 0 or 1 and with a status, preset to failure.",
        "test_success_is_exit_code_0_and_status_0",
        "test_the_status_is_failure_until_a_service_is_done",
        "test_a_service_that_fails_says_why",
    ),
    must(
        "§3", "What is not there is unsupported.",
        "test_an_unknown_service_is_unsupported",
        "test_what_is_withdrawn_is_unsupported",
        "test_reading_to_protected_mode_is_not_supported",
    ),
    must(
        "§3", "Block and buffers lie in memory that is there.",
        "test_a_block_that_memory_ends_in_is_refused",
        "test_a_pointer_into_nothing_is_an_invalid_parameter",
        "test_any_bytes_in_any_block_do_no_harm",
    ),
)  # fmt: skip

_PREBOOT = (
    must(
        "§3", "GET_CACHED_INFO names the stack's own buffer, or copies the packet to the caller's.",
        "test_without_a_buffer_the_stacks_own_is_named",
        "test_with_a_buffer_the_packet_is_copied",
        "test_a_buffer_that_is_too_short_gets_the_beginning",
        "test_there_are_three_packets",
    ),
    may(
        "§3", "A program changes the packet in the stack's own buffer.",
        "test_the_stacks_own_packet_can_be_written_to",
        "test_the_buffer_limit_is_not_written",
    ),
    must(
        "§3", "RESTART_TFTP fetches the next program and starts it, and returns where it cannot.",
        "test_the_next_boot_program_is_fetched_and_handed_over",
        "test_a_caller_goes_on_where_the_next_program_cannot_be_had",
        "test_the_next_program_fits_into_free_base_memory",
    ),
    must(
        "§3", "START_UNDI starts the card's driver and STOP_UNDI takes it away.",
        "test_undi_starts_and_stops",
        "test_boot_programs_leave_in_their_own_order",
    ),
    must(
        "§3", "After UNLOAD_STACK and STOP_BASE the services of UNDI are left, and no others.",
        "test_without_the_base_code_only_undi_is_left",
        "test_unloading_closes_what_is_open",
        "test_unloading_leaves_a_card_alone_that_the_program_has_opened",
    ),
    may(
        "§3", "START_BASE brings the base code back.",
        gap="unsupported, as in most ROMs: what UNLOAD_STACK has freed is the program's from then on",
    ),
)  # fmt: skip

_TFTP = (
    must(
        "§3", "TFTP OPEN negotiates the size of packets, of 512 bytes at least.",
        "test_the_size_of_packets_is_negotiated",
        "test_packets_have_at_least_512_bytes",
        "test_a_server_without_options_has_packets_of_512_bytes",
    ),
    must(
        "§3", "TFTP READ gives one packet after the other, numbered from 1, the last of them shorter.",
        "test_a_file_is_read_block_by_block",
        "test_packets_are_numbered_from_1",
        "test_nothing_can_be_read_while_tftp_is_closed",
    ),
    must(
        "§3", "TFTP CLOSE ends a transfer under way.",
        "test_closing_in_the_middle_of_a_file_tells_the_server",
        "test_closing_at_the_end_says_nothing",
    ),
    must(
        "§3", "TFTP READ_FILE reads a file at once, by multicast where the block names a group.",
        "test_a_file_is_read_as_a_whole",
        "test_a_file_has_to_fit_its_buffer",
        "test_a_file_is_read_by_multicast",
    ),
    must(
        "§3", "TFTP GET_FSIZE tells the size of a file, or that the server does not say.",
        "test_the_size_of_a_file_is_told",
        "test_a_server_without_options_does_not_tell_the_size",
    ),
    must(
        "§3", "TFTP and UDP are not open together.",
        "test_a_file_is_not_read_beside_udp",
        "test_udp_is_not_open_beside_tftp",
    ),
    should(
        "§3", "A second TFTP OPEN fails while the first is open.",
        gap="programs forget to close; the forgotten connection is closed for them",
    ),
    must(
        "§3", "A gateway in the block is used for this file, or this datagram.",
        "test_a_gateway_is_used_for_one_file",
        "test_a_gateway_is_used_for_one_datagram",
    ),
    must(
        "§3", "The status says why a file does not come.",
        "test_a_refusal_is_told",
        "test_a_server_that_does_not_answer_is_told",
        "test_a_server_that_goes_silent_is_told",
        "test_a_server_that_does_not_answer_arp_is_told",
    ),
)  # fmt: skip

_UDP = (
    must(
        "§3", "UDP is opened once and closed, and can be neither read nor written while it is closed.",
        "test_udp_is_open_once",
        "test_nothing_can_be_done_while_udp_is_closed",
    ),
    must(
        "§3", "UDP OPEN can change the station's address.",
        "test_a_source_address_is_the_hosts_from_then_on",
        "test_a_host_without_an_address_gets_one_by_opening_udp",
    ),
    must(
        "§3", "UDP READ gives a datagram with its addresses and ports, and never waits for one.",
        "test_a_datagram_is_read_with_its_two_ends",
        "test_reading_does_not_wait",
        "test_what_is_longer_than_the_buffer_is_cut",
    ),
    must(
        "§3", "UDP READ gives what is for one address or port alone, where the block names one.",
        "test_a_port_can_be_asked_for",
        "test_an_address_can_be_asked_for",
    ),
    must(
        "§3", "UDP WRITE sends from port 2069 where the block names none.",
        "test_a_datagram_is_written",
        "test_without_a_source_port_it_is_2069",
    ),
    must(
        "§3", "UDP WRITE says what it cannot send, and that nobody answers ARP.",
        "test_a_card_that_does_not_send_fails_the_call",
        "test_a_neighbour_who_does_not_answer_arp_is_told",
    ),
)  # fmt: skip

_UNDI = (
    must(
        "§3", "UNDI's card goes through its states, and each service is there in some of them.",
        "test_the_states_are_gone_through_up_and_down",
        "test_a_service_is_there_in_its_states_only",
        "test_nothing_is_sent_before_open",
    ),
    must(
        "§3", "UNDI lets in what packet filter and list of groups say.",
        "test_the_filter_says_what_comes_in",
        "test_a_list_of_groups_takes_the_place_of_the_one_before",
    ),
    must(
        "§3", "The station address is set before the card is open.",
        "test_the_station_address_is_set_before_open_only",
        "test_the_station_has_the_address_that_was_set",
    ),
    must(
        "§3", "UNDI TRANSMIT sends a frame of many pieces, with a header of its making where it is asked for one.",
        "test_a_frame_is_put_together_from_its_pieces",
        "test_undi_makes_the_header_for_the_protocols_it_knows",
        "test_a_frame_with_its_header_leaves_as_it_is",
    ),
    must(
        "§3", "UNDI ISR tells of each frame that was sent or has come.",
        "test_an_interrupt_is_ours_while_there_is_something_to_tell",
        "test_frames_are_told_one_by_one_and_what_was_sent_after_them",
        "test_a_frame_is_told_by_protocol_and_address",
    ),
    must(
        "§3", "UNDI tells what the card is and what it has counted.",
        "test_the_card_tells_what_it_is",
        "test_the_kind_of_card_is_told_as_pci_knows_it",
        "test_the_interface_is_ethernet_and_is_polled",
        "test_statistics_count_frames_until_they_are_cleared",
    ),
    may(
        "§3", "UNDI runs the card's diagnostics and forces an interrupt.",
        gap="there is no such card: both are unsupported",
    ),
    may(
        "§3", "UNDI GET_STATE tells the state.",
        gap="it has the number of STOP_UNDI, which programs call and need",
    ),
)  # fmt: skip

_CACHED_PACKETS = (
    must(
        "§3.3.2", "DHCPDISCOVER, DHCPACK and the Boot Server's reply are kept as they came.",
        "test_the_packets_are_kept_as_they_came",
        "test_without_a_boot_server_the_ack_is_the_reply_too",
    ),
)  # fmt: skip

API = (*_STRUCTURES, *_CALLS, *_PREBOOT, *_TFTP, *_UDP, *_UNDI, *_CACHED_PACKETS)
