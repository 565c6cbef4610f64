/* A network boot program that computes for a while: LOOPS times five instructions, between two words on the screen. */

LOOPS = 20000000
CELL = 0x6000                           /* away from the code: emulators watch the pages that hold some */

        .code16
        .globl _start
_start:
        mov     $begin, %si
        call    print
        mov     $LOOPS, %ecx
1:      add     %ecx, %eax
        mov     %eax, CELL
        xor     CELL, %edx
        dec     %ecx
        jnz     1b
        mov     $end, %si
        call    print
        xor     %ax, %ax
        lret

print:
        xor     %ax, %ax
        mov     %ax, %ds
        cld
2:      lodsb
        test    %al, %al
        jz      3f
        mov     $0x0E, %ah
        mov     $0x0007, %bx
        push    %si
        int     $0x10
        pop     %si
        jmp     2b
3:      ret

begin:  .asciz  "loop begins\r\n"
end:    .asciz  "loop ends\r\n"
