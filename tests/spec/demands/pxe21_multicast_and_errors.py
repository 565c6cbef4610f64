"""PXE 2.1 §2.3, MTFTP; and its list of errors."""

from __future__ import annotations

from tests.spec.demands.demand import must

MTFTP = (
    must(
        "§2.3", "A client joins the group and listens for the listen timeout before it asks.",
        "test_a_client_listens_before_it_asks",
        "test_who_hears_a_transmission_does_not_ask",
    ),
    must(
        "§2.3", "After silence it sends a plain read request to the server port, three times at most.",
        "test_an_unanswered_request_is_sent_three_times",
        "test_plain_tftp_does_where_multicast_does_not",
    ),
    must(
        "§2.3", "Block 1 goes to the group and to the client that asked, later blocks to the group alone.",
        "test_block_1_goes_to_the_opener_and_to_the_group",
        "test_every_later_block_goes_to_the_group_alone",
    ),
    must(
        "§2.3", "Who gets both copies of block 1 acknowledges; who gets one has another for a master.",
        "test_who_gets_block_1_both_ways_acknowledges",
        "test_the_two_copies_may_come_in_either_order",
        "test_block_2_without_an_own_copy_of_block_1_means_that_another_is_master",
    ),
    must(
        "§2.3", "A client that gets its own copies only falls back to plain TFTP.",
        "test_an_own_copy_alone_means_that_multicast_does_not_work_here",
        "test_without_multicast_reaching_it_a_client_is_told_to_try_plain_tftp",
    ),
    must(
        "§2.3", "The master acknowledges every block, also those it has.",
        "test_the_master_acknowledges_what_it_has_already",
        "test_the_master_resends_its_acknowledgement",
    ),
    must(
        "§2.3", "The others acknowledge nothing and keep what they hear, in any order.",
        "test_another_first_packet_means_a_transmission_that_began_earlier",
        "test_a_client_that_misses_blocks_gets_them_in_a_later_transmission",
    ),
    must(
        "§2.3", "Who lacks blocks waits, the shorter the more is missing, and listens and asks again.",
        "test_the_wait_before_the_next_request_is_the_shorter_the_more_is_missing",
        "test_silence_ends_a_transmission_for_a_listener",
        "test_pxe21_mtftp.py::test_a_killed_master_is_succeeded",
    ),
    must(
        "§2.3", "Only the opener's acknowledgements count, and a request for a file under way is ignored.",
        "test_only_the_openers_acknowledgements_count",
        "test_a_request_for_a_file_under_way_is_ignored",
        "test_the_openers_repeated_request_brings_block_1_again_until_it_is_acknowledged",
    ),
    must(
        "§2.3", "The server repeats a block, and gives a silent opener up.",
        "test_block_1_is_resent_both_ways_and_later_ones_to_the_group",
        "test_who_stays_silent_is_given_up_and_the_file_is_idle_again",
    ),
    must(
        "§2.3", "A group carries one file, and a transmission the whole of it.",
        "test_two_files_go_to_two_groups_at_once",
        "test_who_joins_in_the_middle_gets_the_head_in_the_next_transmission",
        "test_one_transmission_serves_all_who_listen",
    ),
    must(
        "§2.3", "Blocks have 512 bytes and 16-bit numbers, and no options are negotiated.",
        "test_options_are_not_negotiated",
        "test_pxe21_mtftp.py::test_a_file_of_more_blocks_than_numbers_is_refused",
    ),
    must(
        "§2.3", "A client listens to the server's address and port only.",
        "test_only_the_server_at_its_port_is_listened_to",
    ),
)  # fmt: skip

ERRORS = (
    must(
        "appendix", "Every failure has its number and text.",
        "test_each_error_has_a_page_and_each_page_an_error",
        "test_codes_are_unique_and_texts_are_sentences",
        "test_every_failed_download_has_its_code",
    ),
    must(
        "appendix", "E11: nobody answers ARP.",
        "test_a_server_that_is_not_there_is_e11",
        "test_who_does_not_answer_is_asked_four_times_and_given_up",
    ),
    must(
        "appendix", "E32 and E35: the server does not answer, or not any more.",
        "test_no_answer_to_the_request_is_e32",
        "test_silence_in_the_middle_is_e35",
        "test_a_closed_port_is_e32",
    ),
    must(
        "appendix", "E36, E3B and E3C: the server refuses, has no such file, or forbids it.",
        "test_the_servers_error_says_which",
    ),
    must(
        "appendix", "E51, E52, E53 and E55: no offer, no address, no boot file, no answer from port 4011.",
        "test_no_offer_is_e51",
        "test_proxy_offers_alone_are_e52",
        "test_no_boot_file_is_e53",
        "test_all_services_are_asked_in_turn",
    ),
    must(
        "appendix", "E74, E76, E77 and E78: menu, group or list make no sense, or no Boot Server answers.",
        "test_tags_that_make_no_sense_are_refused",
        "test_a_type_that_nobody_serves_is_e78",
    ),
    must(
        "appendix", "E79: the boot file does not fit.",
        "test_too_large_is_e79",
    ),
    must(
        "appendix", "E7A: no credential. E21 and E22: it is not intact, or of another file.",
        "test_nobody_offers_a_credential_is_e7a",
        "test_what_is_not_vouched_for_never_comes_out",
    ),
    must(
        "appendix", "E7B: a boot file and no server to have it from.",
        "test_a_file_without_a_server_is_e7b",
    ),
    must(
        "appendix", "EA0: somebody cancels the boot.",
        "test_escape_cancels_the_boot",
    ),
)  # fmt: skip
