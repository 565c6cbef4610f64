/* A network boot program that calls every service of the PXE API, and says on the screen what came of it.
 *
 * A line for each call: its name, AX, the status, and what it told. The whole script runs by !PXE, then by PXENV+; a
 * part of it also in protected mode. It is loaded at 0000:7C00, and returns with AX = 0.
 *
 * It expects `small.txt` of 1000 bytes on the boot server, and no `missing.txt`.
 */

/* Ways to call. */
BY_PXE = 0
BY_PXENV = 1
IN_PROTECTED_MODE = 2

/* Selectors. Those of the stack's own segments follow, in the order of !PXE's descriptors. */
CODE_SELECTOR = 0x08
DATA_SELECTOR = 0x10
FIRST_SELECTOR = 0x18
UNDI_CODE_SELECTOR = FIRST_SELECTOR + 2 * 8

/* Offsets in the structures. */
PXENV_PXE_POINTER = 0x28
PXE_ENTRY = 0x10
PXE_FIRST_SELECTOR = 0x1E
PXE_DESCRIPTORS = 0x20
DESCRIPTOR_COUNT = 7

BLOCK_SIZE = 0xA0
PACKET_SIZE = 1260
TICKS_MAX = 91                          /* 5 seconds */
OUR_PORT = 0xD007                       /* 2000, in network order */
TFTP_PORT = 0x4500                      /* 69 */
FILE_BUFFER_SEGMENT = 0x2000
SMALL_FILE = 1000

        .macro  say text
        .pushsection .data
.Ltext\@: .asciz "\text"
        .popsection
        mov     $.Ltext\@, %si
        call    print
        .endm

        /* " label=" and bytes in the order in which they lie. */
        .macro  show label, address, count
        say     " \label="
        mov     $\address, %si
        mov     $\count, %cx
        call    print_bytes
        .endm

        .macro  show_word label, address
        say     " \label="
        mov     \address, %ax
        call    print_word
        .endm

        .macro  show_dword label, address
        say     " \label="
        mov     \address + 2, %ax
        call    print_word
        mov     \address, %ax
        call    print_word
        .endm

        /* Call with the block as it is. */
        .macro  service name, opcode
        call    new_line
        say     "\name"
        mov     $\opcode, %bx
        call    call_and_tell
        .endm

        /* Call with a block of zeros. */
        .macro  plain_service name, opcode
        call    clear_block
        service "\name", \opcode
        .endm

        .macro  copy_bytes from, to, count
        mov     $\from, %si
        mov     $\to, %di
        mov     $\count, %cx
        rep movsb
        .endm

        .code16
        .text
        .globl  _start
_start:
        cld
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %es, registers_pxenv + 2
        mov     %bx, registers_pxenv
        mov     %edx, registers_physical
        mov     %sp, %bp
        mov     4(%bp), %eax            /* relative to SS */
        mov     %eax, stack_pxe
        mov     %ds, %ax
        mov     %ax, %es
        sti

        call    discover
        movb    $BY_PXE, way
        call    new_line
        say     "--- by !PXE"
        call    script
        movb    $BY_PXENV, way
        call    new_line
        say     "--- by PXENV+"
        call    script
        movb    $IN_PROTECTED_MODE, way
        call    new_line
        say     "--- by !PXE in protected mode"
        call    protected_script
        movb    $BY_PXE, way
        call    new_line
        say     "--- the end"
        call    end_script
        call    new_line
        say     "every call made"
        call    new_line
        xor     %ax, %ax
        lret

/* Finding PXE ------------------------------------------------------------------------------------------------------ */

discover:
        say     "PXENV+ by ES:BX:"
        les     registers_pxenv, %bx
        call    tell_pxenv
        say     "PXENV+ by EDX:"
        les     registers_pxenv, %bx
        call    physical_of_es_bx
        cmp     registers_physical, %eax
        call    tell_same

        say     "!PXE by SS:[SP+4]:"
        les     stack_pxe, %bx
        call    tell_pxe

        say     "PXENV+ by INT 1Ah:"
        mov     $0x5650, %ax
        stc
        int     $0x1a
        sbb     %cx, %cx                /* carry: not there */
        jne     1f
        cmp     $0x564e, %ax
        jne     1f
        call    physical_of_es_bx
        cmp     %eax, %edx
        jne     1f
        cmp     registers_physical, %eax
1:      call    tell_same

        say     "!PXE by PXENV+:"
        les     registers_pxenv, %bx
        mov     %es:PXENV_PXE_POINTER(%bx), %eax
        cmp     stack_pxe, %eax
        call    tell_same

        say     "PXENV+ by search:"
        mov     $is_pxenv, %dx
        call    search
        call    physical_of_es_bx
        cmp     registers_physical, %eax
        call    tell_same

        say     "!PXE by search:"
        mov     $is_pxe, %dx
        call    search
        call    physical_of_es_bx
        mov     %eax, %ecx
        les     stack_pxe, %bx
        call    physical_of_es_bx
        cmp     %ecx, %eax
        call    tell_same

        les     registers_pxenv, %bx
        mov     %es:0x0a(%bx), %eax
        mov     %eax, pxenv_entry
        les     stack_pxe, %bx
        mov     %es:PXE_ENTRY(%bx), %eax
        mov     %eax, pxe_entry
        jmp     load_es

tell_pxenv:
        call    is_pxenv
        jmp     tell_valid
tell_pxe:
        call    is_pxe
tell_valid:
        je      1f
        call    load_es
        say     " NOT VALID"
        jmp     new_line
1:      call    load_es
        say     " valid"
        jmp     new_line

tell_same:
        je      1f
        call    load_es
        say     " DIFFERENT"
        jmp     new_line
1:      call    load_es
        say     " the same"
        jmp     new_line

/* ES:BX -> EAX, ES kept. */
physical_of_es_bx:
        xor     %eax, %eax
        mov     %es, %ax
        shl     $4, %eax
        push    %ebx
        movzx   %bx, %ebx
        add     %ebx, %eax
        pop     %ebx
        ret

/* ES:BX to a structure: ZF if its signature, length and sum are right. */
is_pxenv:
        cmpl    $0x4e455850, %es:(%bx)  /* PXEN */
        jne     2f
        cmpw    $0x2b56, %es:4(%bx)     /* V+ */
        jne     2f
        movzbw  %es:8(%bx), %cx
        cmp     $0x2c, %cx
        jne     2f
        jmp     is_sum_zero
is_pxe: cmpl    $0x45585021, %es:(%bx)  /* !PXE */
        jne     2f
        movzbw  %es:4(%bx), %cx
        cmp     $0x58, %cx
        jne     2f
is_sum_zero:
        push    %bx
        xor     %al, %al
1:      add     %es:(%bx), %al
        inc     %bx
        loop    1b
        pop     %bx
        test    %al, %al
2:      ret

/* From the end of base memory down to its free part, a paragraph at a time; DX is the test. ES:BX, or 0:0. */
search:
        mov     0x413, %di
        shl     $6, %di
        mov     $0xa000, %si
1:      dec     %si
        cmp     %di, %si
        jb      2f
        mov     %si, %es
        xor     %bx, %bx
        call    *%dx
        jne     1b
        ret
2:      xor     %bx, %bx
        mov     %bx, %es
        ret

/* The script ------------------------------------------------------------------------------------------------------- */

script:
        call    cached_packets
        call    card
        call    frames
        call    card_states
        call    udp
        call    tftp
        call    tftp_whole_files
        call    file_api
        plain_service "no such service", 0x00fe
        plain_service "START_BASE", 0x0075
        ret

/* What UDP and TFTP do not change, and what does not wait. */
protected_script:
        call    clear_block
        movw    $2, block + 2
        movw    $PACKET_SIZE, block + 4
        movw    $packet, block + 6
        movw    $DATA_SELECTOR, block + 8
        service "GET_CACHED_INFO 2", 0x0071
        show_word "size", block + 4
        call    clear_block
        service "UNDI_GET_INFORMATION", 0x000c
        show_word "mtu", block + 6
        plain_service "UDP_OPEN", 0x0030
        plain_service "UDP_CLOSE", 0x0031
        plain_service "no such service", 0x00fe
        ret

/* A stack that has been told to go. */
end_script:
        plain_service "UNLOAD_STACK", 0x0070
        plain_service "UDP_OPEN", 0x0030
        plain_service "TFTP_CLOSE", 0x0021
        movb    $BY_PXENV, way
        plain_service "STOP_BASE", 0x0076
        plain_service "UNDI_GET_INFORMATION", 0x000c
        plain_service "UNDI_SHUTDOWN", 0x0005
        plain_service "STOP_UNDI", 0x0015
        ret

cached_packets:
        movw    $1, packet_type
1:      call    clear_block
        mov     packet_type, %ax
        mov     %ax, block + 2
        service "GET_CACHED_INFO", 0x0071
        show_word "type", packet_type
        show_word "size", block + 4
        call    message_type
        incw    packet_type
        cmpw    $3, packet_type
        jbe     1b

        mov     $3, %ax
        call    copy_packet
        copy_bytes packet + 0x14, server_ip, 4
        show    "siaddr", server_ip, 4
        mov     $2, %ax
        call    copy_packet
        copy_bytes packet + 0x10, own_ip, 4
        copy_bytes packet + 0x1c, own_mac, 6
        show    "yiaddr", own_ip, 4
        show    "chaddr", own_mac, 6

        call    clear_block
        movw    $9, block + 2
        service "GET_CACHED_INFO 9", 0x0071
        ret

/* AX: the type. */
copy_packet:
        push    %ax
        call    clear_block
        pop     %ax
        mov     %ax, block + 2
        movw    $PACKET_SIZE, block + 4
        movw    $packet, block + 6
        service "GET_CACHED_INFO copied", 0x0071
        show_word "size", block + 4
        ret

/* Option 53 of the packet that the block points to. */
message_type:
        les     block + 6, %bx
        add     $0xf0, %bx              /* behind the magic cookie */
        mov     $1024, %cx
1:      mov     %es:(%bx), %al
        cmp     $53, %al
        je      3f
        inc     %bx
        test    %al, %al                /* padding has no length */
        je      2f
        movzbw  %es:(%bx), %ax
        add     %ax, %bx
        inc     %bx
2:      loop    1b
        call    load_es
        say     " NO MESSAGE TYPE"
        ret
3:      mov     %es:2(%bx), %al
        mov     %al, number
        call    load_es
        show    "message", number, 1
        ret

card:
        plain_service "UNDI_GET_INFORMATION", 0x000c
        show_word "mtu", block + 6
        show_word "hw", block + 8
        show    "address", block + 0x0c, 6
        plain_service "UNDI_GET_NIC_TYPE", 0x0012
        show    "type", block + 2, 1
        show_word "vendor", block + 3
        plain_service "UNDI_GET_IFACE_INFO", 0x0013
        say     " "
        mov     $block + 2, %si
        call    print
        show_dword "flags", block + 0x16
        plain_service "UNDI_GET_STATISTICS", 0x000d
        plain_service "UNDI_CLEAR_STATISTICS", 0x000e
        plain_service "UNDI_GET_STATISTICS", 0x000d
        show_dword "sent", block + 2
        call    clear_block
        movl    $0x020100e0, block + 2  /* 224.0.1.2 */
        service "UNDI_GET_MCAST_ADDRESS", 0x0011
        show    "address", block + 6, 6
        call    clear_block
        copy_bytes own_mac, block + 2, 6
        service "UNDI_SET_STATION_ADDRESS", 0x000a
        call    clear_block
        movb    $1, block + 2           /* a group's address */
        service "UNDI_SET_STATION_ADDRESS", 0x000a
        plain_service "UNDI_INITIATE_DIAGS", 0x000f
        plain_service "UNDI_FORCE_INTERRUPT", 0x0010
        ret

frames:
        /* A closed card. */
        plain_service "UNDI_CLOSE", 0x0007
        plain_service "UNDI_SET_PACKET_FILTER", 0x000b
        call    clear_block
        movw    $1, block + 2
        service "UNDI_ISR", 0x0014
        show_word "function", block + 2
        call    fill_transmit
        service "UNDI_TRANSMIT", 0x0008

        call    clear_block
        movw    $3, block + 4           /* to us, and to all */
        service "UNDI_OPEN", 0x0006
        call    clear_block
        movb    $3, block + 2
        service "UNDI_SET_PACKET_FILTER", 0x000b
        call    clear_block
        movw    $1, block + 2
        movl    $0x005e0001, block + 4
        movw    $0x0201, block + 8
        service "UNDI_SET_MCAST_ADDRESS", 0x0009
        call    clear_block
        movw    $9, block + 2           /* one too many */
        service "UNDI_SET_MCAST_ADDRESS", 0x0009
        plain_service "UNDI_RESET_ADAPTER", 0x0004
        call    fill_transmit
        service "UNDI_TRANSMIT", 0x0008
        call    hear_answer
        plain_service "UNDI_CLOSE", 0x0007
        ret

/* Who has the server's address? To all, by the stack's own header. */
fill_transmit:
        copy_bytes own_mac, arp_sender_mac, 6
        copy_bytes own_ip, arp_sender_ip, 4
        copy_bytes server_ip, arp_target_ip, 4
        call    clear_block
        movb    $2, block + 2           /* ARP */
        movb    $1, block + 3           /* broadcast */
        movw    $transmit_descriptor, block + 8
        ret

/* Other frames may come as well; nothing is said of them. */
hear_answer:
        movb    $0, transmits_told
        movw    $0, answer_header
        call    start_clock
1:      call    clock_has_run_out
        jae     8f
        mov     $1, %ax
        call    ask_isr
        jne     9f
        cmpw    $0, block + 2           /* ours */
        jne     1b
        mov     $2, %ax
2:      call    ask_isr
        jne     9f
        mov     block + 2, %ax
        test    %ax, %ax                /* done */
        je      5f
        cmp     $2, %ax
        je      3f
        cmp     $3, %ax
        jne     9f
        call    keep_answer
        jmp     4f
3:      incb    transmits_told
4:      mov     $3, %ax
        jmp     2b
5:      cmpw    $0, answer_header
        je      1b

        call    new_line
        say     "UNDI_ISR answered:"
        show    "sent", transmits_told, 1
        show_word "header", answer_header
        show    "protocol", answer_protocol, 1
        show    "packet", answer_packet, 1
        show    "from", answer_mac, 6
        ret
8:      call    new_line
        say     "UNDI_ISR NOT ANSWERED"
        ret
9:      call    new_line
        say     "UNDI_ISR FAILED"
        show_word "status", block
        show_word "function", block + 2
        ret

/* AX: the function. ZF if the call succeeded. */
ask_isr:
        push    %ax
        call    clear_block
        pop     %ax
        mov     %ax, block + 2
        mov     $0x0014, %bx
        call    call_service
        test    %ax, %ax
        ret

/* If the frame of the block is an ARP reply of the server's, keep what was told of it. */
keep_answer:
        les     block + 0x0a, %bx
        cmpw    $0x0608, %es:12(%bx)
        jne     load_es
        cmpw    $0x0200, %es:20(%bx)
        jne     load_es
        mov     %es:28(%bx), %eax
        cmp     server_ip, %eax
        jne     load_es
        mov     %es:22(%bx), %eax
        mov     %eax, answer_mac
        mov     %es:26(%bx), %ax
        mov     %ax, answer_mac + 4
        mov     block + 8, %ax
        mov     %ax, answer_header
        mov     block + 0x0e, %ax
        mov     %ax, answer_protocol    /* and answer_packet */
        jmp     load_es

card_states:
        plain_service "UNDI_SHUTDOWN", 0x0005
        call    clear_block
        movw    $3, block + 4
        service "UNDI_OPEN", 0x0006
        plain_service "UNDI_CLEANUP", 0x0002
        plain_service "STOP_UNDI", 0x0015
        plain_service "UNDI_STARTUP", 0x0001
        plain_service "START_UNDI", 0x0000
        plain_service "UNDI_STARTUP", 0x0001
        plain_service "UNDI_INITIALIZE", 0x0003
        ret

udp:
        call    fill_write
        service "UDP_WRITE", 0x0033
        call    fill_read
        service "UDP_READ", 0x0032
        plain_service "UDP_CLOSE", 0x0031
        plain_service "UDP_OPEN", 0x0030
        plain_service "UDP_OPEN", 0x0030
        call    fill_tftp_open
        service "TFTP_OPEN", 0x0020
        call    fill_read
        service "UDP_READ", 0x0032
        call    fill_write
        service "UDP_WRITE", 0x0033

        call    start_clock
1:      call    clock_has_run_out
        jae     2f
        call    fill_read
        mov     $0x0032, %bx
        call    call_service
        test    %ax, %ax
        jne     1b
2:      call    new_line
        say     "UDP_READ answered:"
        show_word "status", block
        show    "to", block + 6, 4
        show    "port", block + 0x0c, 2
        show    "error", packet, 4
        plain_service "UDP_CLOSE", 0x0031
        ret

fill_write:
        call    clear_block
        mov     server_ip, %eax
        mov     %eax, block + 2
        movw    $OUR_PORT, block + 0x0a
        movw    $TFTP_PORT, block + 0x0c
        movw    $request_end - request, block + 0x0e
        movw    $request, block + 0x10
        ret

fill_read:
        call    clear_block
        movw    $OUR_PORT, block + 0x0c
        movw    $PACKET_SIZE, block + 0x0e
        movw    $packet, block + 0x10
        ret

tftp:
        call    fill_block_read
        service "TFTP_READ", 0x0022
        plain_service "TFTP_CLOSE", 0x0021
        call    fill_tftp_open
        copy_bytes missing, block + 0x0a, missing_size
        service "TFTP_OPEN missing.txt", 0x0020
        call    fill_tftp_open
        movw    $100, block + 0x8c
        service "TFTP_OPEN of 100 bytes", 0x0020
        call    fill_tftp_open
        service "TFTP_OPEN", 0x0020
        show_word "size", block + 0x8c
        plain_service "UDP_OPEN", 0x0030
1:      call    fill_block_read
        service "TFTP_READ", 0x0022
        show_word "packet", block + 2
        show_word "size", block + 4
        cmpw    $0, block
        jne     2f
        cmpw    $512, block + 4
        je      1b
2:      plain_service "TFTP_CLOSE", 0x0021
        call    fill_block_read
        service "TFTP_READ", 0x0022
        ret

fill_tftp_open:
        call    clear_block
        mov     server_ip, %eax
        mov     %eax, block + 2
        copy_bytes small, block + 0x0a, small_size
        movw    $TFTP_PORT, block + 0x8a
        movw    $512, block + 0x8c
        ret

fill_block_read:
        call    clear_block
        movw    $packet, block + 6
        ret

tftp_whole_files:
        call    fill_read_file
        service "TFTP_READ_FILE", 0x0023
        show_dword "size", block + 0x82
        call    sum_file
        call    fill_read_file
        movl    $100, block + 0x82
        service "TFTP_READ_FILE into 100 bytes", 0x0023
        call    fill_read_file
        copy_bytes missing, block + 2, missing_size
        service "TFTP_READ_FILE missing.txt", 0x0023
        plain_service "TFTP_READ_FILE_PMODE", 0x0024
        call    fill_tftp_open
        movl    $0, block + 0x8a
        service "TFTP_GET_FSIZE", 0x0025
        show_dword "size", block + 0x8a
        call    fill_tftp_open
        copy_bytes missing, block + 0x0a, missing_size
        service "TFTP_GET_FSIZE missing.txt", 0x0025
        call    fill_read_file
        copy_bytes missing, block + 2, missing_size
        service "RESTART_TFTP missing.txt", 0x0073
        ret

fill_read_file:
        call    clear_block
        copy_bytes small, block + 2, small_size
        movl    $0x10000, block + 0x82
        movl    $FILE_BUFFER_SEGMENT * 16, block + 0x86
        mov     server_ip, %eax
        mov     %eax, block + 0x8a
        ret

/* Of the bytes that have come, modulo 65536. */
sum_file:
        mov     $FILE_BUFFER_SEGMENT, %ax
        mov     %ax, %es
        xor     %bx, %bx
        xor     %dx, %dx
        mov     $SMALL_FILE, %cx
1:      movzbw  %es:(%bx), %ax
        add     %ax, %dx
        inc     %bx
        loop    1b
        mov     %dx, number
        call    load_es
        show_word "sum", number
        ret

file_api:
        plain_service "FILE_OPEN", 0x00e0
        plain_service "FILE_CLOSE", 0x00e1
        plain_service "FILE_SELECT", 0x00e2
        plain_service "FILE_READ", 0x00e3
        plain_service "GET_FILE_SIZE", 0x00e4
        plain_service "FILE_EXEC", 0x00e5
        plain_service "FILE_API_CHECK", 0x00e6
        plain_service "FILE_EXIT_HOOK", 0x00e7
        plain_service "FILE_CMDLINE", 0x00e8
        ret

/* Calls ------------------------------------------------------------------------------------------------------------ */

/* BX: the service. */
call_and_tell:
        call    call_service
        push    %ax
        say     " "
        pop     %ax
        call    print_word
        say     " "
        mov     block, %ax
        call    print_word
        ret

/* BX: the service. AX: what it returned. All else must be kept by the stack; it is watched for that. */
call_service:
        mov     %sp, kept_sp
        mov     $0x5151, %si
        mov     $0xb9b9, %bp
        mov     $block, %di
        cmpb    $BY_PXENV, way
        je      1f
        ja      2f
        push    %ds
        push    %di
        push    %bx
        lcall   *pxe_entry
        add     $6, %sp
        jmp     3f
1:      lcall   *pxenv_entry
        jmp     3f
2:      call    call_in_protected_mode
3:      cmp     kept_sp, %sp
        jne     4f
        cmp     $0x5151, %si
        jne     4f
        cmp     $0xb9b9, %bp
        jne     4f
        cmp     $block, %di
        jne     4f
        cld
        jmp     load_es
4:      mov     kept_sp, %sp
        push    %ax
        cld
        call    load_es
        say     " REGISTERS LOST"
        pop     %ax
        ret

/* With 16-bit segments on a stack of our own. */
call_in_protected_mode:
        call    build_descriptors
        mov     %ss, kept_ss
        mov     %sp, kept_sp_too
        cli
        lgdt    gdt_pointer
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmp    $CODE_SELECTOR, $1f
1:      mov     $DATA_SELECTOR, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $protected_stack_end, %sp
        push    %ds
        push    %di
        push    %bx
        lcall   *pxe_protected_entry
        add     $6, %sp
        mov     %ax, number
        mov     %cr0, %eax
        and     $~1, %al
        mov     %eax, %cr0
        ljmp    $0, $2f
2:      xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     kept_ss, %ss
        mov     kept_sp_too, %sp
        sti
        mov     number, %ax
        ret

/* The stack's own descriptors, with the bases that !PXE tells; and the first selector told to the stack. */
build_descriptors:
        push    %si
        push    %di
        push    %bx
        les     stack_pxe, %bx
        movw    $FIRST_SELECTOR, %es:PXE_FIRST_SELECTOR(%bx)
        mov     %es:PXE_ENTRY(%bx), %ax
        mov     %ax, pxe_protected_entry
        movw    $UNDI_CODE_SELECTOR, pxe_protected_entry + 2
        mov     $stack_descriptors, %di
        mov     $DESCRIPTOR_COUNT, %cx
1:      mov     %es:PXE_DESCRIPTORS + 2(%bx), %eax
        movw    $0xffff, (%di)
        mov     %eax, 2(%di)
        mov     $0x92, %dl              /* data, to be written */
        cmp     $DESCRIPTOR_COUNT - 2, %cx
        je      2f
        cmp     $2, %cx
        jne     3f
2:      mov     $0x9a, %dl              /* UNDI's and the base code's code */
3:      mov     %dl, 5(%di)
        movw    $0, 6(%di)
        add     $8, %di
        add     $8, %bx
        loop    1b
        pop     %bx
        pop     %di
        pop     %si
        jmp     load_es

clear_block:
        mov     $block, %di
        mov     $BLOCK_SIZE, %cx
        xor     %al, %al
        rep stosb
        ret

load_es:
        push    %ds
        pop     %es
        ret

/* Time ------------------------------------------------------------------------------------------------------------- */

start_clock:
        mov     0x46c, %eax
        mov     %eax, clock_start
        ret

/* CF clear if it has. */
clock_has_run_out:
        mov     0x46c, %eax
        sub     clock_start, %eax
        cmp     $TICKS_MAX, %eax
        ret

/* The screen ------------------------------------------------------------------------------------------------------- */

new_line:
        push    %ax
        mov     $13, %al
        call    print_character
        mov     $10, %al
        call    print_character
        pop     %ax
        ret

/* DS:SI, up to a NUL. */
print:  lodsb
        test    %al, %al
        je      1f
        call    print_character
        jmp     print
1:      ret

/* CX bytes from DS:SI. */
print_bytes:
        lodsb
        call    print_byte
        loop    print_bytes
        ret

print_word:
        xchg    %al, %ah
        call    print_byte
        xchg    %al, %ah
print_byte:
        push    %ax
        shr     $4, %al
        call    print_digit
        pop     %ax
        push    %ax
        and     $15, %al
        call    print_digit
        pop     %ax
        ret
print_digit:
        add     $'0', %al
        cmp     $'9', %al
        jbe     print_character
        add     $'A' - '9' - 1, %al
print_character:
        pusha
        mov     $0x0e, %ah
        mov     $7, %bx
        int     $0x10
        popa
        ret

/* Data ------------------------------------------------------------------------------------------------------------- */

        .data
way:            .byte   0
transmits_told: .byte   0

request:        .byte   0, 1
missing:        .asciz  "missing.txt"
        missing_size = . - missing
                .asciz  "octet"
request_end:
small:          .asciz  "small.txt"
        small_size = . - small

arp_request:    .byte   0, 1, 8, 0, 6, 4, 0, 1
arp_sender_mac: .fill   6
arp_sender_ip:  .fill   4
                .fill   6
arp_target_ip:  .fill   4
        arp_size = . - arp_request

transmit_descriptor:
                .word   arp_size
                .word   arp_request, 0
                .word   0               /* no more blocks */

        .align  8
gdt:            .quad   0
                .word   0xffff, 0
                .byte   0, 0x9a, 0, 0   /* code from 0 on, 16 bits */
                .word   0xffff, 0
                .byte   0, 0x92, 0, 0   /* data from 0 on */
stack_descriptors:
                .fill   DESCRIPTOR_COUNT * 8
        gdt_size = . - gdt
gdt_pointer:    .word   gdt_size - 1
                .long   gdt

        .bss
registers_pxenv: .skip  4
registers_physical: .skip 4
stack_pxe:      .skip   4
pxe_entry:      .skip   4
pxenv_entry:    .skip   4
pxe_protected_entry: .skip 4
kept_sp:        .skip   2
kept_sp_too:    .skip   2
kept_ss:        .skip   2
packet_type:    .skip   2
number:         .skip   2
clock_start:    .skip   4
own_ip:         .skip   4
own_mac:        .skip   6
server_ip:      .skip   4
answer_mac:     .skip   6
answer_header:  .skip   2
answer_protocol: .skip  1
answer_packet:  .skip   1
        .align  2
block:          .skip   BLOCK_SIZE
packet:         .skip   PACKET_SIZE
protected_stack: .skip  0x800
protected_stack_end:
