"""The options of TFTP: RFC 2347, 2348, 2349 and 7440, both sides."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_2347 = Document("RFC 2347", "TFTP option extension", (
    must(
        "", "Option names are read in any case.",
        "test_option_names_are_read_in_any_case_and_answered_as_written",
        "test_names_are_read_in_any_case",
    ),
    must(
        "", "The order of options means nothing.",
        "test_the_order_of_options_is_free",
    ),
    must(
        "", "An option is given once.",
        "test_an_option_given_twice_counts_once",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    must(
        "", "Options that the server does not know are left out of its answer.",
        "test_unknown_options_are_left_out",
        "test_values_that_are_no_decimal_number_are_left_out",
    ),
    must(
        "", "An option left out of the answer is as if it had not been asked for.",
        "test_an_oack_may_leave_everything_out",
    ),
    must(
        "", "The answer has no option that was not asked for.",
        "test_nothing_is_accepted_that_was_not_asked_for",
        "test_an_oack_for_a_request_without_options_is_refused",
    ),
    must(
        "", "The OACK takes the place of the first packet, and is acknowledged as block 0.",
        "test_an_oack_comes_first_and_ack_0_answers_it",
        "test_an_oack_is_acknowledged_as_block_0",
        "test_a_lost_oack_is_sent_again_until_ack_0",
        "test_the_ack_of_the_oack_is_sent_again",
    ),
    must(
        "", "With no option accepted there is no OACK.",
        "test_a_request_whose_options_are_all_refused_gets_data_at_once",
    ),
    must(
        "", "A client that dislikes the OACK sends error 8, and the transfer is over.",
        "test_a_client_may_reject_the_options",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    may(
        "", "A client whose options are refused asks again without.",
        "test_a_server_that_dislikes_options_is_asked_without",
        "test_options_are_given_up_once",
        "test_a_request_without_options_after_one_with_them_is_a_transfer_of_its_own",
    ),
    must(
        "", "A server without options sends the file as ever.",
        "test_a_server_without_options_sends_block_1_at_once",
    ),
    must(
        "", "A request has no more than 512 bytes.",
        gap="not measured: a name of 255 bytes and all options stay below, unless the name is beyond ASCII",
    ),
    must(
        "", "Options of a write request are answered with an OACK in place of ACK 0.",
        gap="write requests are refused, by choice",
    ),
))  # fmt: skip

RFC_2348 = Document("RFC 2348", "TFTP blocksize option", (
    must(
        "", "Sizes from 8 to 65464 bytes are valid.",
        "test_sizes_from_8_to_65464_are_accepted",
        "test_other_sizes_are_left_out",
        "test_what_no_server_would_accept_cannot_be_asked_for",
    ),
    must(
        "", "The server's size is the client's or smaller.",
        "test_a_size_beyond_the_limit_is_lowered_to_it",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    must(
        "", "The client uses the size that the server answers, or ends with error 8.",
        "test_blocks_have_the_size_that_the_server_answers",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    must(
        "", "A block shorter than the agreed size ends the file.",
        "test_the_file_is_cut_into_blocks_of_the_agreed_size",
        "test_blocks_have_the_size_that_the_server_answers",
    ),
    should(
        "", "Blocks travel in one piece.",
        "test_blocks_fit_the_interface_unless_set_otherwise",
    ),
))  # fmt: skip

RFC_2349 = Document("RFC 2349", "TFTP timeout interval and transfer size options", (
    must(
        "", "A timeout is from 1 to 255 seconds, and accepted as it is or not at all.",
        "test_a_timeout_is_accepted_as_it_is",
        "test_any_other_timeout_is_left_out",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    must(
        "", "The agreed timeout is the time between two tries.",
        "test_the_agreed_timeout_is_the_interval_between_resends",
    ),
    must(
        "", "A client asks for the size with 0.",
        "test_a_request_names_the_options_wanted",
    ),
    must(
        "", "The OACK has the size of the file in bytes.",
        "test_the_size_of_the_file_is_told",
        "test_a_file_of_another_size_than_announced_is_not_delivered",
    ),
    may(
        "", "A client ends a transfer with error 3 when the file is too large.",
        "test_a_file_announced_as_too_large_is_not_begun",
        "test_other_aborts_are_no_probe",
    ),
    may(
        "", "The size is left out where it is not known.",
        "test_the_size_of_a_text_is_not_told",
    ),
    must(
        "", "In a write request the size is that of the file to come.",
        gap="write requests are refused, by choice",
    ),
))  # fmt: skip

RFC_7440 = Document("RFC 7440", "TFTP windowsize option", (
    must(
        "§3", "Windows from 1 to 65535 blocks are valid.",
        "test_the_window_is_what_was_asked_or_smaller",
        "test_other_windows_are_left_out",
        "test_what_no_server_would_accept_cannot_be_asked_for",
    ),
    must(
        "§3", "The server's window is the client's or smaller.",
        "test_the_window_is_what_was_asked_or_smaller",
        "test_an_oack_that_was_not_asked_for_is_refused",
    ),
    must(
        "§3", "The client uses the window that the server answers; without the option it is 1.",
        "test_the_window_is_what_the_server_answers",
        "test_a_window_not_agreed_is_1",
    ),
    must(
        "§4", "A window is sent for each ACK, and acknowledged with its last block.",
        "test_a_window_goes_out_after_ack_0_and_the_next_after_its_last_block",
        "test_a_window_is_acknowledged_with_its_last_block",
    ),
    must(
        "§4", "A short block ends its window and the file.",
        "test_a_short_block_ends_the_last_window",
        "test_a_short_block_ends_its_window_and_the_file",
    ),
    should(
        "§4", "After a gap the client acknowledges the last block in order.",
        "test_a_gap_is_acknowledged_once_with_the_last_block_before_it",
        "test_each_gap_is_acknowledged",
    ),
    must(
        "§4", "The server goes on behind the block that was acknowledged.",
        "test_an_ack_amid_the_window_restarts_it_behind_that_block",
        "test_the_window_begins_anew_after_a_gap",
    ),
    must(
        "§4", "Without an ACK the window is sent again.",
        "test_without_an_ack_the_whole_window_is_sent_again",
        "test_a_window_that_comes_again_is_acknowledged_once",
    ),
    should(
        "§6", "Retries are bounded.",
        "test_a_client_lost_amid_the_file_is_a_failure",
        "test_the_last_window_unanswered_counts_as_complete_but_unconfirmed",
    ),
    should(
        "§6", "Windows are no larger than buffers and network bear.",
        "test_a_window_is_bounded_in_bytes_as_well",
    ),
    should(
        "§7", "A forged request does not turn the server against somebody else.",
        "test_before_the_address_is_proven_one_packet_is_out_at_most",
    ),
))  # fmt: skip
