"""TFTP, both sides, with what RFC 1123 corrects."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_1350 = Document("RFC 1350", "The TFTP protocol (revision 2)", (
    must(
        "§1", "The modes `octet` and `netascii` are served.",
        "test_the_mode_is_read_in_any_case",
        "test_netascii_ends_lines_with_cr_lf_and_marks_other_crs",
    ),
    should(
        "§1", "The mode `mail` is not.",
        "test_other_modes_are_illegal",
    ),
    must(
        "§2", "A file comes in blocks of 512 bytes, and a shorter one ends it.",
        "test_rfc1350_tftp.py::test_a_file_comes_in_blocks_of_512_bytes_and_ends_with_a_shorter_one",
        "test_rfc1350_tftp_client.py::test_a_file_comes_in_blocks_of_512_bytes_and_ends_with_a_shorter_one",
        "test_a_block_larger_than_agreed_ends_the_transfer",
    ),
    must(
        "§2", "A block is sent when the one before is acknowledged, and each block is acknowledged.",
        "test_the_next_block_waits_for_the_ack_of_the_last",
        "test_a_block_out_of_turn_is_not_taken",
    ),
    must(
        "§2", "Who waits in vain sends its last packet again.",
        "test_a_lost_block_is_sent_again_at_growing_intervals",
        "test_a_lost_packet_is_met_by_sending_the_last_one_again",
        "test_the_request_is_sent_again_from_the_same_port",
    ),
    must(
        "§2", "A transfer that does not go on is given up after some tries.",
        "test_a_client_that_never_answers_is_given_up",
        "test_a_server_that_does_not_answer_is_given_up",
        "test_a_server_that_goes_silent_is_given_up",
    ),
    must(
        "§4", "A request goes to port 69, and the answers come from a port that the server chooses.",
        "test_a_request_goes_to_the_servers_port_in_octet_mode",
        "test_the_server_answers_from_a_port_of_its_own",
        "test_acks_go_to_the_port_that_the_server_has_chosen",
    ),
    should(
        "§4", "No port is chosen twice in a row.",
        "test_two_requests_from_one_port_meet_two_transfer_ids",
        "test_one_client_uses_three_ports_at_most",
    ),
    must(
        "§4", "A packet from another source is answered with error 5 and disturbs nothing.",
        "test_rfc1350_tftp.py::test_a_stranger_is_refused_and_the_transfer_goes_on",
        "test_rfc1350_tftp_client.py::test_a_stranger_is_refused_and_the_transfer_goes_on",
    ),
    must(
        "§4", "A request that comes twice is one request, and the second of two answers is refused.",
        "test_a_repeated_request_is_the_same_transfer",
        "test_a_second_answer_to_a_repeated_request_is_refused",
    ),
    may(
        "§4", "A client writes files to the server.",
        gap="write requests are refused, by choice: nobody who boots has anything to write",
    ),
    must(
        "§5", "Packets have the opcodes and fields of figures 5-1 to 5-4, texts end with a NUL.",
        "test_packets_have_the_form_of_the_rfc",
        "test_anything_else_is_no_packet",
        "test_the_file_name_ends_at_its_first_nul",
    ),
    must(
        "§5", "The mode may be written in capitals, small letters or both.",
        "test_the_mode_is_read_in_any_case",
    ),
    must(
        "§5", "Blocks are numbered from 1, each one more than the last.",
        "test_the_next_block_waits_for_the_ack_of_the_last",
        "test_what_is_no_answer_to_a_request_is_none",
    ),
    must(
        "§5", "A read request is answered with DATA or ERROR.",
        "test_the_mode_is_read_in_any_case",
        "test_what_is_not_served_is_refused_with_its_code",
        "test_a_malformed_request_is_an_illegal_operation",
    ),
    must(
        "§6", "The side that sent the last block repeats it until it is acknowledged or time is over.",
        "test_a_lost_last_ack_ends_the_transfer_complete_but_unconfirmed",
    ),
    should(
        "§6", "The side that acknowledged it stays for a while, to do so again.",
        "test_the_client_stays_for_a_while_and_acknowledges_the_last_block_again",
        "test_a_late_ack_after_the_end_is_met_with_silence",
    ),
    must(
        "§7", "An ERROR ends the transfer.",
        "test_an_error_from_the_client_ends_the_transfer_at_once",
        "test_an_error_amid_the_file_ends_the_transfer",
    ),
    must(
        "§7", "An ERROR is neither acknowledged nor repeated.",
        "test_an_error_is_never_answered",
        "test_an_error_from_a_stranger_is_not_answered",
        "test_whoever_gives_up_tells_the_server",
    ),
    must(
        "§7", "Who cannot go on says so with an ERROR.",
        "test_a_file_that_fails_meanwhile_is_reported_to_both_sides",
        "test_a_file_that_does_not_fit_is_given_back",
    ),
    may(
        "§7", "A packet that makes no sense ends the transfer.",
        gap="only an ERROR does: other packets are easy to forge, and are passed over",
    ),
    must(
        "appendix", "ERROR codes: 1 not found, 2 access violation, 3 full, 4 illegal, 5 unknown transfer ID.",
        "test_what_is_not_served_is_refused_with_its_code",
        "test_writing_is_refused",
        "test_a_malformed_request_is_an_illegal_operation",
        "test_the_servers_error_says_which",
    ),
))  # fmt: skip

RFC_1123 = Document("RFC 1123", "Requirements for internet hosts: TFTP", (
    must(
        "§4.2.3.1", "An ACK that comes twice sends nothing twice (the Sorcerer's Apprentice).",
        "test_repeated_acks_are_ignored",
        "test_equal_acks_restart_the_window_once",
        "test_a_repeated_acknowledgement_sends_nothing_again",
        "test_a_request_that_goes_back_is_answered_by_the_timer_alone",
    ),
    must(
        "§4.2.3.2", "The time to wait adapts to the line, and grows with each try.",
        "test_a_slow_line_is_not_sent_each_block_twice",
        "test_a_lost_block_is_sent_again_at_growing_intervals",
    ),
    should(
        "§4.2.3.4", "What an administrator has not set out to be read is not given.",
        "test_what_is_not_served_is_refused_with_its_code",
    ),
    should(
        "§4.2.3.5", "A request to a broadcast address is passed over in silence.",
        "test_a_request_that_no_single_host_has_sent_is_dropped",
        "test_what_was_sent_to_everybody_or_to_another_port_gets_no_answer",
    ),
))  # fmt: skip
