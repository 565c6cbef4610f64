"""TFTP's multicast option, both sides. The paper is experimental and its sections have no numbers."""

from __future__ import annotations

from tests.spec.demands.demand import Document, may, must, should

RFC_2090 = Document("RFC 2090", "TFTP multicast option", (
    must(
        "", "A client asks with an empty value.",
        "test_the_option_is_asked_for_with_an_empty_value",
    ),
    must(
        "", "The answer is the group, its port, and 1 for the master or 0.",
        "test_the_first_client_becomes_the_master",
        "test_further_clients_are_told_to_listen",
        "test_assignments_are_read_and_written",
    ),
    must(
        "", "All clients that ask for a file in the same way hear one transfer.",
        "test_all_who_ask_together_share_one_transfer",
        "test_clients_with_another_block_size_or_interface_have_another_group",
    ),
    may(
        "", "Other options are agreed besides.",
        "test_block_size_and_file_size_are_agreed_besides",
    ),
    may(
        "", "A server that cannot serve a group leaves the option out.",
        "test_the_option_is_left_out_where_it_cannot_be_met",
        "test_without_a_free_group_a_client_has_a_transfer_of_its_own",
        "test_a_file_of_more_blocks_than_numbers_goes_to_each_client_alone",
    ),
    must(
        "", "Blocks go to the group, each asked for by the master's ACK of the one before.",
        "test_an_acknowledgement_asks_for_the_block_after_it",
        "test_the_master_acknowledges_0_and_every_block",
    ),
    must(
        "", "The other clients listen and do not acknowledge.",
        "test_a_listener_acknowledges_the_last_block_only_and_only_when_it_has_all",
        "test_a_master_may_become_a_listener_again",
    ),
    must(
        "", "A master may ask for just the blocks that it lacks.",
        "test_a_master_may_ask_for_the_blocks_it_lacks_and_no_others",
        "test_a_master_skips_what_it_has",
        "test_a_client_missing_every_third_block_asks_for_those_alone",
    ),
    must(
        "", "When the master is done, or gone, the server makes another client the master by a new OACK.",
        "test_when_the_master_is_done_the_next_one_is",
        "test_a_silent_master_is_followed_by_the_next_client",
        "test_rfc2090_multicast.py::test_a_killed_master_is_succeeded",
    ),
    may(
        "", "The group and port of a later OACK are left empty, and then are as before.",
        "test_a_new_master_asks_for_its_first_missing_block",
        "test_an_empty_assignment_before_any_other_is_passed_over",
    ),
    must(
        "", "A new master asks for the first block that it lacks.",
        "test_a_new_master_asks_for_its_first_missing_block",
        "test_who_joins_in_the_middle_gets_the_head_when_it_is_master",
    ),
    must(
        "", "A client that is done, master or not, acknowledges the last block or sends an ERROR.",
        "test_clients_that_have_the_whole_file_are_not_asked_to_be_master",
        "test_an_error_ends_one_client_and_not_the_others",
        "test_who_aborts_tells_the_server",
    ),
    must(
        "", "An OACK that is not answered is sent again.",
        "test_an_unanswered_assignment_is_repeated_and_then_given_up",
        "test_a_repeated_request_gets_the_same_answer",
    ),
    should(
        "", "A client that hears no blocks falls back to plain TFTP.",
        "test_after_three_timeouts_without_blocks_plain_tftp_is_to_be_tried",
        "test_without_a_usable_offer_plain_tftp_is_to_be_tried",
        "test_a_server_that_does_not_answer_leaves_plain_tftp_to_be_tried",
    ),
    must(
        "", "Only blocks of the server, at the agreed group and port, count.",
        "test_blocks_count_from_the_server_to_the_group_only",
    ),
))  # fmt: skip
