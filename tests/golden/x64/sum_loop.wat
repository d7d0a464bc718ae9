;;! target = "x86_64"
;;! show = "asm"
;; The loop that most programs consist of: one block, no check, no move.
(module (memory 1)
  (func (export "sum") (param i32 i32) (result i32) (local i32)
    (block (br_if 0 (i32.eqz (local.get 1)))
      (loop
        (local.set 2 (i32.add (local.get 2) (i32.load (local.get 0))))
        (local.set 0 (i32.add (local.get 0) (i32.const 4)))
        (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
    (local.get 2)))
;; sum:
;;   push rbp
;;   mov rbp, rsp
;;   test esi, esi
;;   je L1
;;   mov rax, qword ptr [r15 + 0x28]
;;   xor ecx, ecx
;;   nop
;; L0:
;;   add ecx, dword ptr [rdi + rax]           ; trap: MemoryOutOfBounds
;;   add edi, 4
;;   add esi, -1
;;   jne L0
;;   jmp L2
;; L1:
;;   xor ecx, ecx
;; L2:
;;   mov rax, rcx
;;   pop rbp
;;   ret
