;;! target = "x86_64"
;;! show = "asm"
;; The index is clamped to the default before it is used: also when the processor guesses.
(module (func (export "f") (param i32) (result i32)
  (block (block (block (block (block
    (br_table 0 1 2 3 4 (local.get 0)))
    (return (i32.const 10)))
    (return (i32.const 20)))
    (return (i32.const 30)))
    (return (i32.const 40)))
  (i32.const 50)))
;; f:
;;   push rbp
;;   mov rbp, rsp
;;   mov eax, 4
;;   cmp edi, eax
;;   cmovb eax, edi
;;   lea rcx, [const]
;;   movsxd rax, dword ptr [rcx + rax*4]
;;   add rcx, rax
;;   jmp rcx
;;   mov eax, 0xa
;;   pop rbp
;;   ret
;;   mov eax, 0x14
;;   pop rbp
;;   ret
;;   mov eax, 0x1e
;;   pop rbp
;;   ret
;;   mov eax, 0x28
;;   pop rbp
;;   ret
;;   mov eax, 0x32
;;   pop rbp
;;   ret
